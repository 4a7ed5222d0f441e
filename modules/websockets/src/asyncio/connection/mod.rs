//! The native part of `websockets.asyncio.connection.Connection`.

mod registration;
mod state;

pub(crate) use registration::{from_object, register_coroutine_functions, register_with_transports};

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};

use rustpython_vm::builtins::{PyBaseException, PyBaseExceptionRef, PyDictRef, PyType};
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::function::{ArgBytesLike, FuncArgs, OptionalArg, PySetterValue};
use rustpython_vm::object::{Traverse, TraverseFn};
use rustpython_vm::types::{Constructor, Initializer};
use rustpython_vm::{
    AsObject, FromArgs, Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass,
};
use tauraro_asyncio::futures;
use tauraro_bridge::{coroutine, stepped_coroutine, with_vm};

use super::assembler::{Assembler, DecodeArgs};
use super::fragments::Fragments;
use super::messages::Messages;
use super::receiving::{self, Receive};
use super::sending::{self, Send};
use super::{closing, pings};
use crate::errors;
use crate::protocol::ProtocolObject;

/// The state that changes during the life of the connection.
#[derive(Default)]
pub(crate) struct Inner {
    pub(crate) transport: Option<PyObjectRef>,
    pub(crate) messages: Option<PyRef<Assembler>>,
    /// When the peer has to have closed the TCP connection, by the clock of the loop.
    pub(crate) close_deadline: Option<f64>,
    /// The timer that ends the connection then.
    pub(crate) close_timer: Option<PyObjectRef>,
    /// The futures that wait until a fragmented message is sent; `None` while none is being sent.
    pub(crate) sending: Option<Vec<PyObjectRef>>,
    /// The pings without a response, in order: payloads, with futures and times of sending.
    pub(crate) pings: Option<PyDictRef>,
    /// Why the connection is lost.
    pub(crate) error: Option<PyBaseExceptionRef>,
    /// `connection_lost_waiter`, once a script has read it.
    pub(crate) lost_waiter: Option<PyObjectRef>,
    /// The futures that wait for the end of the connection.
    pub(crate) waiters: Vec<PyObjectRef>,
    /// The futures that wait until the transport's buffer has room.
    pub(crate) drains: Vec<PyObjectRef>,
}

/// The native part of connections: everything that runs for each message.
#[pyclass(module = "_websockets_asyncio", name = "Connection", traverse = "manual")]
#[derive(Default, PyPayload)]
pub(crate) struct Connection {
    protocol: OnceLock<ProtocolObject>,
    event_loop: OnceLock<PyObjectRef>,
    pub(crate) inner: PyMutex<Inner>,
    paused: AtomicBool,
    lost: AtomicBool,
    sending: AtomicBool,
    /// The bits of a number of seconds.
    latency: AtomicU64,
    /// The version of the object's class that is known to override nothing; 0 for none.
    plain_version: AtomicU32,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("lost", &self.is_lost()).finish_non_exhaustive()
    }
}

// SAFETY: each object is visited once, and `clear` gives away what it takes.
#[expect(unsafe_code, reason = "the garbage collector's interface")]
unsafe impl Traverse for Connection {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        if let Some(protocol) = self.protocol.get() {
            protocol.traverse(visit);
        }
        if let Some(event_loop) = self.event_loop.get() {
            visit(event_loop);
        }
        let Some(inner) = self.inner.try_lock() else { return };
        inner.transport.traverse(visit);
        inner.close_timer.traverse(visit);
        inner.messages.traverse(visit);
        inner.sending.traverse(visit);
        inner.pings.traverse(visit);
        inner.error.traverse(visit);
        inner.lost_waiter.traverse(visit);
        inner.waiters.traverse(visit);
        inner.drains.traverse(visit);
    }

    fn clear(&mut self, out: &mut Vec<PyObjectRef>) {
        out.extend(self.protocol.take().map(ProtocolObject::into_object));
        out.extend(self.event_loop.take());
        let inner = std::mem::take(&mut *self.inner.lock());
        out.extend(inner.transport);
        out.extend(inner.close_timer);
        out.extend(inner.messages.map(PyObjectRef::from));
        out.extend(inner.sending.into_iter().flatten());
        out.extend(inner.pings.map(PyObjectRef::from));
        out.extend(inner.error.map(PyObjectRef::from));
        out.extend(inner.lost_waiter);
        out.extend(inner.waiters);
        out.extend(inner.drains);
    }
}

impl Constructor for Connection {
    type Args = FuncArgs;

    fn py_new(_class: &Py<PyType>, _args: FuncArgs, _vm: &VirtualMachine) -> PyResult<Self> {
        Ok(Self::default())
    }
}

#[derive(FromArgs)]
pub(crate) struct ConnectionArgs {
    #[pyarg(positional)]
    protocol: PyObjectRef,
}

impl Initializer for Connection {
    type Args = ConnectionArgs;

    fn init(zelf: &Py<Self>, args: ConnectionArgs, vm: &VirtualMachine) -> PyResult<()> {
        let event_loop = futures::running_loop(vm)?;
        let known = zelf.protocol.set(ProtocolObject::new(args.protocol)).is_err();
        if known || zelf.event_loop.set(event_loop).is_err() {
            return Err(vm.new_runtime_error("the connection is already initialized"));
        }
        Ok(())
    }
}

#[derive(FromArgs)]
struct SendArgs {
    #[pyarg(any)]
    message: PyObjectRef,
    #[pyarg(any, optional)]
    text: Option<PyObjectRef>,
}

#[derive(FromArgs)]
struct CloseArgs {
    #[pyarg(any, optional, py_default = "1000")]
    code: OptionalArg<PyObjectRef>,
    #[pyarg(any, optional, py_default = "''")]
    reason: OptionalArg<PyObjectRef>,
}

#[derive(FromArgs)]
struct PingArgs {
    #[pyarg(any, optional)]
    data: Option<PyObjectRef>,
}

#[derive(FromArgs)]
struct PongArgs {
    #[pyarg(any, optional, py_default = "b''")]
    data: OptionalArg<PyObjectRef>,
}

/// An argument that may be missing or `None`.
fn not_none(value: Option<PyObjectRef>, vm: &VirtualMachine) -> Option<PyObjectRef> {
    value.filter(|value| !vm.is_none(value))
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer))]
impl Connection {
    /// Receives the next message: a coroutine.
    ///
    /// The message is a `str` or `bytes`, according to how it was sent; `decode=False` gives `bytes` in any case,
    /// which saves decoding, and `decode=True` a `str`.
    ///
    /// Raises `ConnectionClosedOK` once the connection is closed and every message was received,
    /// `ConnectionClosedError` if it was not closed as it should be, and `ConcurrencyError` while another
    /// coroutine is receiving. Cancelling it loses no message.
    #[pymethod]
    fn recv(zelf: PyRef<Self>, args: DecodeArgs, vm: &VirtualMachine) -> PyResult {
        let decode = args.get(vm)?;
        Ok(stepped_coroutine(vm, "Connection.recv", Receive::from_connection(zelf, decode)))
    }

    /// Receives the next message in fragments, each as soon as it is there: an asynchronous iterator.
    ///
    /// It has to be exhausted: before that, no other message can be received. Fragments are `str` or `bytes`, with
    /// `decode` as in `recv`; raises what `recv` raises.
    #[pymethod]
    fn recv_streaming(
        zelf: PyRef<Self>,
        args: DecodeArgs,
        vm: &VirtualMachine,
    ) -> PyResult<PyRef<Fragments>> {
        let messages = zelf.messages(vm)?;
        Ok(Fragments::new(messages, Some(zelf), args.get(vm)?).into_ref(&vm.ctx))
    }

    /// Receives message after message, until the connection is closed. Raises `ConnectionClosedError` if it was
    /// not closed as it should be.
    #[pymethod]
    fn __aiter__(zelf: PyRef<Self>) -> Messages {
        Messages::new(zelf)
    }

    /// Sends a message: a coroutine.
    ///
    /// A `str` is sent as text; `bytes`, a `bytearray` or a `memoryview` as bytes. `text=True` sends bytes that are
    /// UTF-8 as text, `text=False` the UTF-8 of text as bytes. The items of an iterable or asynchronous iterable are
    /// sent as the fragments of one message.
    ///
    /// Waits while the transport's buffer is full. Raises `ConnectionClosed` when the connection is closed and
    /// `TypeError` for anything else, a mapping among it.
    #[pymethod]
    fn send(zelf: PyRef<Self>, args: SendArgs, vm: &VirtualMachine) -> PyResult {
        let text = not_none(args.text, vm).map(|text| text.try_to_bool(vm)).transpose()?;
        Ok(stepped_coroutine(vm, "Connection.send", Send::new(zelf, args.message, text)))
    }

    /// Closes the connection with a code and a reason, and waits until it is closed: a coroutine.
    ///
    /// Does nothing when it is closed already.
    #[pymethod]
    fn close(zelf: PyRef<Self>, args: CloseArgs, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "Connection.close", move |mode| async move {
            let (code, reason) = with_vm(|vm| {
                let code = match args.code {
                    OptionalArg::Present(code) => code,
                    OptionalArg::Missing => errors::attribute(vm, "websockets.frames", "CloseCode")?
                        .get_attr("NORMAL_CLOSURE", vm)?,
                };
                Ok((code, args.reason.unwrap_or_else(|| vm.ctx.empty_str.to_owned().into())))
            })?;
            closing::close(&zelf, &mode, code, reason).await?;
            Ok(with_vm(|vm| vm.ctx.none()))
        })
    }

    /// Waits until the connection is closed: a coroutine.
    #[pymethod]
    fn wait_closed(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "Connection.wait_closed", move |mode| async move {
            closing::lost(&zelf, &mode).await?;
            Ok(with_vm(|vm| vm.ctx.none()))
        })
    }

    /// Sends a ping: a coroutine, whose result is a future.
    ///
    /// The future is resolved when the peer has responded, with the latency in seconds; it need not be awaited.
    /// `data` is the payload, four random bytes by default. Raises `ConnectionClosed` when the connection is closed
    /// and `ConcurrencyError` when a ping with this payload is already pending.
    #[pymethod]
    fn ping(zelf: PyRef<Self>, args: PingArgs, vm: &VirtualMachine) -> PyObjectRef {
        let data = not_none(args.data, vm);
        coroutine(vm, "Connection.ping", move |mode| async move { pings::ping(&zelf, &mode, data).await })
    }

    /// Sends an unsolicited pong: a coroutine. `data` is the payload, nothing by default.
    #[pymethod]
    fn pong(zelf: PyRef<Self>, args: PongArgs, vm: &VirtualMachine) -> PyObjectRef {
        let data = args.data.unwrap_or_else(|| vm.ctx.empty_bytes.clone().into());
        coroutine(vm, "Connection.pong", move |mode| async move {
            pings::pong(&zelf, &mode, data).await?;
            Ok(with_vm(|vm| vm.ctx.none()))
        })
    }

    /// Pings the peer every `ping_interval` seconds, and ends the connection if it does not answer within
    /// `ping_timeout` seconds: a coroutine, which ends with the connection.
    #[pymethod]
    fn keepalive(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "Connection.keepalive", move |mode| async move {
            pings::keepalive(&zelf, &mode).await?;
            Ok(with_vm(|vm| vm.ctx.none()))
        })
    }

    /// Writes what the protocol has to send, and finishes sending: a coroutine.
    #[pymethod]
    fn _finish_send(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "Connection._finish_send", move |mode| async move {
            let outcome = with_vm(|vm| sending::flush_and_check(&zelf, zelf.protocol(vm)?, vm))?;
            sending::finish_send(&zelf, &mode, outcome).await?;
            Ok(with_vm(|vm| vm.ctx.none()))
        })
    }

    /// Waits for the end of a connection that is not in the expected state, and raises: a coroutine.
    #[pymethod]
    fn _raise_not_open(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "Connection._raise_not_open", move |mode| async move {
            sending::finish_send(&zelf, &mode, sending::SendOutcome::NotOpen).await?;
            Ok(with_vm(|vm| vm.ctx.none()))
        })
    }

    /// Ends the connection because of an exception, unless the exception leaves it as it was, and raises: a
    /// coroutine.
    #[pymethod]
    fn _fail(zelf: PyRef<Self>, error: PyRef<PyBaseException>, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "Connection._fail", move |mode| async move {
            let outcome = with_vm(|vm| sending::handle_error(&zelf, error, vm))?;
            sending::finish_send(&zelf, &mode, outcome).await?;
            Ok(with_vm(|vm| vm.ctx.none()))
        })
    }

    /// Processes an event of the protocol. Subclasses may override it.
    #[pymethod]
    fn process_event(zelf: &Py<Self>, event: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        receiving::process_event(zelf, &event, vm)
    }

    /// Processes a request or response; subclasses define how.
    #[pymethod]
    fn _process_handshake(_zelf: &Py<Self>, event: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        Err(vm.new_assertion_error(format!("unexpected event: {}", event.class().name())))
    }

    /// Resolves the pings that a pong with this payload responds to.
    #[pymethod]
    fn acknowledge_pings(zelf: &Py<Self>, data: ArgBytesLike, vm: &VirtualMachine) -> PyResult<()> {
        let data = data.borrow_buf().to_vec();
        pings::acknowledge(zelf, &data, vm)
    }

    /// Raises `ConnectionClosed` in the tasks that wait for pongs.
    #[pymethod]
    fn terminate_pending_pings(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        pings::terminate(zelf, vm)
    }

    /// Writes what the protocol has to send to the transport.
    #[pymethod]
    fn send_data(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        sending::flush(zelf, zelf.protocol(vm)?, vm)
    }

    /// Records why the connection is lost, unless that is known.
    #[pymethod(name = "set_connection_exc")]
    fn py_set_connection_exc(zelf: &Py<Self>, error: Option<PyRef<PyBaseException>>) {
        zelf.set_connection_exc(error);
    }

    // The interface of `asyncio.Protocol`.

    /// The transport is connected.
    #[pymethod]
    fn connection_made(zelf: &Py<Self>, transport: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let object = zelf.as_object();
        let mark = |name: &'static str| object.get_attr(vm.ctx.intern_str(name), vm);
        let marks = (mark("max_queue_high")?.try_into_value(vm)?, mark("max_queue_low")?.try_into_value(vm)?);
        let pause = transport.get_attr("pause_reading", vm)?;
        let resume = transport.get_attr("resume_reading", vm)?;
        let messages = Assembler::make(marks, pause, resume, vm)?;
        let limits = (mark("write_limit_high")?, mark("write_limit_low")?);
        vm.call_method(&transport, "set_write_buffer_limits", limits)?;
        let mut inner = zelf.inner.lock();
        let before = (inner.messages.replace(messages), inner.transport.replace(transport));
        drop(inner);
        drop(before);
        Ok(())
    }

    /// The transport is closed, because of an exception or not.
    #[pymethod]
    fn connection_lost(
        zelf: &Py<Self>,
        error: Option<PyRef<PyBaseException>>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        closing::connection_lost(zelf, error, vm)
    }

    /// Makes `send` wait.
    #[pymethod]
    fn pause_writing(zelf: &Py<Self>) {
        zelf.set_paused(true);
    }

    /// Lets `send` continue.
    #[pymethod]
    fn resume_writing(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        sending::resume(zelf, vm)
    }

    /// Processes bytes from the peer.
    #[pymethod]
    fn data_received(zelf: &Py<Self>, data: ArgBytesLike, vm: &VirtualMachine) -> PyResult<()> {
        // Not locked while Python runs.
        let data = data.borrow_buf().to_vec();
        receiving::data_received(zelf, &data, vm)
    }

    /// Processes the end of the peer's stream.
    #[pymethod]
    fn eof_received(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        receiving::eof_received(zelf, vm)
    }

    // Attributes.

    /// The protocol object.
    #[pygetset(name = "protocol")]
    fn py_protocol(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        Ok(zelf.handle(vm)?.object().clone())
    }

    /// The event loop that runs the connection.
    #[pygetset(name = "loop")]
    fn py_loop(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        zelf.event_loop(vm).cloned()
    }

    /// The transport, once there is one.
    #[pygetset(name = "transport")]
    fn py_transport(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        zelf.transport(vm)
    }

    #[pygetset(setter, name = "transport")]
    fn set_transport(zelf: &Py<Self>, value: PySetterValue) {
        let transport = match value {
            PySetterValue::Assign(transport) => Some(transport),
            PySetterValue::Delete => None,
        };
        let before = std::mem::replace(&mut zelf.inner.lock().transport, transport);
        drop(before);
    }

    /// The `Assembler` of messages, once there is a transport.
    #[pygetset]
    fn recv_messages(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyRef<Assembler>> {
        zelf.messages(vm)
    }

    /// When the closing handshake has to be over, by the clock of the loop; `None` before it begins.
    #[pygetset]
    fn close_deadline(zelf: &Py<Self>) -> Option<f64> {
        zelf.inner.lock().close_deadline
    }

    #[pygetset(setter)]
    fn set_close_deadline(zelf: &Py<Self>, deadline: Option<f64>) {
        zelf.inner.lock().close_deadline = deadline;
    }

    /// The pings without a response: payloads, with futures and times of sending.
    #[pygetset]
    fn pending_pings(zelf: &Py<Self>, vm: &VirtualMachine) -> PyDictRef {
        zelf.pings(vm)
    }

    /// How long the last answered ping took, in seconds; 0.0 before there was one.
    #[pygetset]
    fn latency(zelf: &Py<Self>) -> f64 {
        f64::from_bits(zelf.latency.load(Relaxed))
    }

    #[pygetset(setter, name = "latency")]
    fn py_set_latency(zelf: &Py<Self>, latency: f64) {
        zelf.set_latency(latency);
    }

    /// Why the connection was lost: the cause of `ConnectionClosed`.
    #[pygetset]
    fn connection_exc(zelf: &Py<Self>) -> Option<PyBaseExceptionRef> {
        zelf.inner.lock().error.clone()
    }

    /// The `ConnectionClosed` exception of a closed connection.
    #[pygetset]
    fn close_exc(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyBaseExceptionRef> {
        zelf.protocol(vm)?.close_exc(vm)?;
        Ok(zelf.closed_exception(vm))
    }

    /// Whether the transport's buffer is full.
    #[pygetset(name = "paused")]
    fn py_paused(zelf: &Py<Self>) -> bool {
        zelf.is_paused()
    }

    /// Whether a fragmented message is being sent: `True` or `None`.
    #[pygetset]
    fn send_in_progress(zelf: &Py<Self>) -> Option<bool> {
        zelf.is_sending().then_some(true)
    }

    /// A future that ends when the connection is closed. Not to be cancelled.
    #[pygetset]
    fn connection_lost_waiter(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        let known = zelf.inner.lock().lost_waiter.clone();
        if let Some(known) = known {
            return Ok(known);
        }
        let future = futures::create(zelf.event_loop(vm)?, vm)?;
        let future = zelf.inner.lock().lost_waiter.get_or_insert(future).clone();
        if zelf.is_lost() {
            futures::resolve(&future, vm.ctx.none(), vm)?;
        }
        Ok(future)
    }
}
