//! `Connection`: a WebSocket connection for threads.

mod arguments;
mod closing;
mod pings;
mod receiving;
mod sending;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use rustpython_vm::builtins::{PyBaseExceptionRef, PyStr, PyType};
use rustpython_vm::class::StaticType;
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::function::{ArgIntoFloat, FuncArgs, PySetterValue};
use rustpython_vm::object::{Traverse, TraverseFn};
use rustpython_vm::types::{Constructor, Iterable};
use rustpython_vm::{AsObject, Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass};
use tauraro_engine::websocket as engine;

use super::assembler::{Assembler, GetArgs, GetIterArgs, assigned};
use super::flow_control::FlowControl;
use super::fragments::Fragments;
use super::frame_queue::{FrameQueue, Marks};
use super::message_iterator::MessageIterator;
use super::protocol_mutex::ProtocolMutex;
use super::reader::Reader;
use super::reader_token::ReaderToken;
use super::send_context::SendContext;
use super::socket_handle::SocketHandle;
use super::waiting::{Deadline, InterruptibleMutex, OneShotEvent, lock};
use crate::errors;
use crate::protocol::{OutputPiece, ProtocolObject};

pub(super) use arguments::WaitArgs;
use arguments::{CloseArgs, OpenArgs, PingArgs, PongArgs, SendArgs, StateArgs, TrySendArgs};
use pings::Ping;
pub(super) use receiving::run;
pub(super) use sending::Flush;

/// The native part of connections for threads. `websockets.sync.connection.Connection` derives from it.
///
/// Any thread may call any method at any time. The order of what is sent is the order in which threads had
/// `protocol_mutex`; it is not held while a thread waits for the network, so that a peer that reads slowly
/// does not keep the connection from reading.
#[pyclass(module = "websockets.sync.connection", name = "BaseConnection", traverse = "manual")]
#[derive(Debug, PyPayload)]
pub(crate) struct Connection {
    pub(super) core: Arc<Core>,
    assembler: PyRef<Assembler>,
    /// Serializes the use of the protocol.
    mutex: Arc<InterruptibleMutex>,
    objects: PyMutex<Objects>,
    /// Whether the socket is a plain one, which is used through its descriptor.
    plain: AtomicBool,
    /// When the closing handshake must be over.
    close_deadline: Mutex<Option<Deadline>>,
    /// A fragmented message is being sent.
    sending: AtomicBool,
    pings: PyMutex<Vec<Ping>>,
    /// The bits of a number of seconds.
    latency: AtomicU64,
    legacy_warning: AtomicBool,
}

/// The state that the threads of a connection share without keeping it alive.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) socket_handle: SocketHandle,
    pub(super) reader_token: ReaderToken,
    pub(super) queue: Arc<FrameQueue>,
    outgoing: Outgoing,
    /// Nothing is read any more, and the socket is closed.
    pub(super) ended: OneShotEvent,
    /// Handling what arrived failed.
    crashed: AtomicBool,
    /// The thread that handles what arrived is in a method of the socket.
    in_socket: AtomicBool,
    /// The thread that handles what arrived; 0 while there is none.
    handler: AtomicU64,
}

#[derive(Debug, Default)]
struct Objects {
    socket: Option<PyObjectRef>,
    protocol: Option<Arc<ProtocolObject>>,
    /// Why the connection was lost.
    exception: Option<PyBaseExceptionRef>,
}

/// What is to be written to the socket.
#[derive(Debug, Default)]
struct Outgoing {
    pieces: PyMutex<VecDeque<OutputPiece>>,
    /// Held by the thread that writes.
    writing: InterruptibleMutex,
}

// SAFETY: each object is visited once; while another thread has a lock, what it protects is in use.
#[expect(unsafe_code, reason = "the garbage collector's interface")]
unsafe impl Traverse for Connection {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        self.assembler.traverse(visit);
        if let Some(objects) = self.objects.try_lock() {
            objects.socket.traverse(visit);
            objects.exception.traverse(visit);
            if let Some(protocol) = objects.protocol.as_ref() {
                protocol.traverse(visit);
            }
        }
        if let Some(pings) = self.pings.try_lock() {
            for ping in pings.iter() {
                ping.traverse(visit);
            }
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // Ends the thread that reads.
        self.core.reader_token.close();
        self.core.queue.close();
        self.core.socket_handle.close();
    }
}

impl Constructor for Connection {
    type Args = FuncArgs;

    fn py_new(_class: &Py<PyType>, _args: FuncArgs, vm: &VirtualMachine) -> PyResult<Self> {
        let queue = Arc::new(FrameQueue::default());
        let core = Core {
            socket_handle: SocketHandle::new().map_err(|error| closing::os_error(&error, vm))?,
            reader_token: ReaderToken::default(),
            queue: queue.clone(),
            outgoing: Outgoing::default(),
            ended: OneShotEvent::default(),
            crashed: AtomicBool::new(false),
            in_socket: AtomicBool::new(false),
            handler: AtomicU64::new(0),
        };
        Ok(Self {
            core: Arc::new(core),
            assembler: Assembler::over(queue).into_ref(&vm.ctx),
            mutex: Arc::default(),
            objects: PyMutex::default(),
            plain: AtomicBool::new(false),
            close_deadline: Mutex::default(),
            sending: AtomicBool::new(false),
            pings: PyMutex::default(),
            latency: AtomicU64::new(0),
            legacy_warning: AtomicBool::new(false),
        })
    }
}

impl Connection {
    /// The protocol object.
    ///
    /// # Errors
    /// `RuntimeError` before `__init__`.
    fn handle(&self, vm: &VirtualMachine) -> PyResult<Arc<ProtocolObject>> {
        let handle = self.objects.lock().protocol.clone();
        handle.ok_or_else(|| vm.new_runtime_error("the connection has not been initialized"))
    }

    /// The socket object.
    ///
    /// # Errors
    /// `RuntimeError` before `__init__`.
    fn socket_object(&self, vm: &VirtualMachine) -> PyResult {
        let socket = self.objects.lock().socket.clone();
        socket.ok_or_else(|| vm.new_runtime_error("the connection has not been initialized"))
    }

    /// Records why the connection is lost, unless that is known already.
    fn set_exception(&self, exception: PyBaseExceptionRef) {
        let mut objects = self.objects.lock();
        if objects.exception.is_none() {
            objects.exception = Some(exception);
        }
    }

    /// When the closing handshake must be over, from now on if that was not decided before.
    fn closing_deadline(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<Deadline> {
        if let Some(deadline) = *lock(&zelf.close_deadline) {
            return Ok(deadline);
        }
        let deadline = Self::deadline_by(zelf, "close_timeout", vm)?;
        Ok(*lock(&zelf.close_deadline).get_or_insert(deadline))
    }

    /// The end of the time that an attribute of the connection gives, in seconds.
    fn deadline_by(zelf: &Py<Self>, name: &'static str, vm: &VirtualMachine) -> PyResult<Deadline> {
        let timeout: Option<ArgIntoFloat> =
            zelf.as_object().get_attr(vm.ctx.intern_str(name), vm)?.try_into_value(vm)?;
        Ok(Deadline::after(timeout.map(Into::into)))
    }

    /// Whether a method is not the one of this class.
    pub(super) fn overrides(zelf: &Py<Self>, name: &'static str, vm: &VirtualMachine) -> bool {
        let name = vm.ctx.intern_str(name);
        match (zelf.class().get_attr(name), Self::static_type().get_attr(name)) {
            (Some(found), Some(own)) => !found.is(&own),
            _ => true,
        }
    }

    /// Warns, once, when a client's connection is used as it was before `connect` became a context manager.
    fn warn_if_legacy(&self, vm: &VirtualMachine) -> PyResult<()> {
        if !self.legacy_warning.load(Relaxed) || !self.legacy_warning.swap(false, Relaxed) {
            return Ok(());
        }
        let message = "connect() must be used as a context manager: with connect(...) as websocket: ...; \
                       alternatively, use websocket = connect(..., legacy=True) to connect directly";
        let category = vm.ctx.exceptions.deprecation_warning.to_owned();
        let warn = errors::attribute(vm, "warnings", "warn")?;
        warn.call((message, category), vm).map(drop)
    }

    /// Logs with the connection's logger.
    fn log(
        zelf: &Py<Self>,
        level: &'static str,
        message: &str,
        error: &PyBaseExceptionRef,
        vm: &VirtualMachine,
    ) {
        let logged = || -> PyResult<()> {
            let logger = zelf.as_object().get_attr(vm.ctx.intern_str("logger"), vm)?;
            let mut args = FuncArgs::from(vec![vm.ctx.new_str(message).into()]);
            args.kwargs.insert("exc_info".into(), error.clone().into());
            logger.get_attr(vm.ctx.intern_str(level), vm)?.call_with_args(args, vm).map(drop)
        };
        if let Err(error) = logged() {
            vm.run_unraisable(error, None, zelf.to_owned().into());
        }
    }

    /// Logs if the connection logs its details.
    fn debug(zelf: &Py<Self>, message: &str, error: &PyBaseExceptionRef, vm: &VirtualMachine) {
        let debug = zelf.as_object().get_attr(vm.ctx.intern_str("debug"), vm);
        if debug.is_ok_and(|debug| debug.try_to_bool(vm).unwrap_or(false)) {
            Self::log(zelf, "debug", message, error, vm);
        }
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Iterable))]
impl Connection {
    /// Takes over a connected socket and the protocol object that is to speak over it. Nothing is read before
    /// a thread runs the `_reader()`.
    #[pymethod]
    fn _open(zelf: &Py<Self>, args: OpenArgs, vm: &VirtualMachine) -> PyResult<()> {
        let marks = Marks::new(args.high, args.low).map_err(|message| vm.new_value_error(message))?;
        zelf.core.queue.set_marks(|own| *own = marks);
        let plain = args.sock.class().is(&*errors::attribute(vm, "socket", "socket")?);
        let descriptor = vm
            .call_method(&args.sock, "fileno", ())
            .and_then(|descriptor| descriptor.try_to_value::<i32>(vm))
            .ok();
        // Without one, the thread that reads ends at once.
        if let Some(descriptor) = descriptor {
            // A socket that was closed has none, or one that is not valid.
            let _ = zelf.core.socket_handle.open(descriptor);
        }
        zelf.plain.store(plain, Relaxed);
        let protocol = Some(Arc::new(ProtocolObject::new(args.protocol)));
        let new = Objects { socket: Some(args.sock), protocol, exception: None };
        drop(std::mem::replace(&mut *zelf.objects.lock(), new));
        Ok(())
    }

    /// What the background thread is to run: it reads the connection until its end.
    #[pymethod]
    fn _reader(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<Reader> {
        Reader::new(zelf, vm)
    }

    /// The socket.
    #[pygetset]
    fn socket(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        zelf.socket_object(vm)
    }

    #[pygetset(setter)]
    fn set_socket(zelf: &Py<Self>, value: PySetterValue, vm: &VirtualMachine) -> PyResult<()> {
        let value = assigned(value, vm)?;
        let old = zelf.objects.lock().socket.replace(value.clone());
        if !old.is_some_and(|old| old.is(&value)) {
            zelf.plain.store(false, Relaxed);
        }
        Ok(())
    }

    /// The protocol object.
    #[pygetset]
    fn protocol(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        Ok(zelf.handle(vm)?.object().clone())
    }

    #[pygetset(setter)]
    fn set_protocol(zelf: &Py<Self>, value: PySetterValue, vm: &VirtualMachine) -> PyResult<()> {
        let handle = Arc::new(ProtocolObject::new(assigned(value, vm)?));
        let old = zelf.objects.lock().protocol.replace(handle);
        drop(old);
        Ok(())
    }

    /// The lock that serialises what is done with the protocol object.
    #[pygetset]
    fn protocol_mutex(zelf: &Py<Self>) -> ProtocolMutex {
        ProtocolMutex::new(zelf.mutex.clone())
    }

    /// What makes messages of the frames that arrive.
    #[pygetset]
    fn recv_messages(zelf: &Py<Self>) -> PyRef<Assembler> {
        zelf.assembler.clone()
    }

    /// The lock that is taken while reading pauses because too many frames wait to be read.
    #[pygetset]
    fn recv_flow_control(zelf: &Py<Self>) -> FlowControl {
        zelf.assembler.flow_control()
    }

    /// Whether a fragmented message is being sent.
    #[pygetset]
    fn send_in_progress(zelf: &Py<Self>) -> bool {
        zelf.sending.load(Relaxed)
    }

    #[pygetset(setter)]
    fn set_send_in_progress(
        zelf: &Py<Self>,
        value: PySetterValue<bool>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        zelf.sending.store(assigned(value, vm)?, Relaxed);
        Ok(())
    }

    /// How long the last ping took to be answered, in seconds; 0.0 before the first.
    #[pygetset]
    fn latency(zelf: &Py<Self>) -> f64 {
        f64::from_bits(zelf.latency.load(Relaxed))
    }

    #[pygetset(setter)]
    fn set_latency(zelf: &Py<Self>, value: PySetterValue<ArgIntoFloat>, vm: &VirtualMachine) -> PyResult<()> {
        zelf.latency.store(f64::from(assigned(value, vm)?).to_bits(), Relaxed);
        Ok(())
    }

    /// Whether `connect()` was called and not entered, about which the next call of a method is to warn.
    #[pygetset]
    fn pending_legacy_warning(zelf: &Py<Self>) -> bool {
        zelf.legacy_warning.load(Relaxed)
    }

    #[pygetset(setter)]
    fn set_pending_legacy_warning(
        zelf: &Py<Self>,
        value: PySetterValue<bool>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        zelf.legacy_warning.store(assigned(value, vm)?, Relaxed);
        Ok(())
    }

    /// Why the connection was lost, if it was not closed in good order.
    #[pygetset]
    fn connection_exc(zelf: &Py<Self>) -> Option<PyBaseExceptionRef> {
        zelf.objects.lock().exception.clone()
    }

    /// Sets `connection_exc` unless it is set.
    #[pymethod]
    fn set_connection_exc(zelf: &Py<Self>, exception: PyBaseExceptionRef) {
        zelf.set_exception(exception);
    }

    /// The exception for a method of a connection that is closed.
    #[pygetset]
    fn close_exc(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyBaseExceptionRef> {
        Self::closed_exception(zelf, vm)
    }

    /// Receives the next message: a `str` for text and `bytes` for a binary one, or what `decode` says: with
    /// False it is always `bytes`, with True always a `str`.
    ///
    /// Waits until it is there, in full, or for `timeout` seconds. With a timeout of 0 it must be there already.
    ///
    /// Raises `ConnectionClosed` when the connection is closed (`ConnectionClosedOK` or `ConnectionClosedError`),
    /// `TimeoutError`, and `ConcurrencyError` while another thread receives.
    #[pymethod]
    fn recv(zelf: &Py<Self>, args: GetArgs, vm: &VirtualMachine) -> PyResult {
        zelf.warn_if_legacy(vm)?;
        Self::receive(zelf, args.timeout.map(Into::into), args.decode.map(Into::into), vm)
    }

    /// Receives the next message fragment by fragment: an iterator over `str` or `bytes`, as `recv()` would
    /// return. It must be iterated over to its end before another message can be received.
    #[pymethod]
    fn recv_streaming(zelf: PyRef<Self>, args: GetIterArgs, vm: &VirtualMachine) -> PyResult<Fragments> {
        zelf.warn_if_legacy(vm)?;
        Ok(Fragments::of_connection(zelf, args.decode.map(Into::into)))
    }

    /// Sends a message: text for a `str`, a binary one for `bytes`, `bytearray` and `memoryview`, unless `text`
    /// says otherwise. Of an iterable of these, all of one type, each item becomes a fragment.
    ///
    /// Raises `ConnectionClosed` when the connection is closed, `ConcurrencyError` while a fragmented message
    /// is being sent, and `TypeError` for anything else, a mapping included.
    #[pymethod]
    fn send(zelf: &Py<Self>, args: SendArgs, vm: &VirtualMachine) -> PyResult<()> {
        zelf.warn_if_legacy(vm)?;
        Self::send_message(zelf, &args.message, args.text.map(Into::into), vm)
    }

    /// Closes the connection, with a code and a reason for the peer, and waits until it is closed. Does nothing
    /// if it is closed already.
    ///
    /// The peer has `close_timeout` seconds to answer.
    #[pymethod]
    fn close(zelf: &Py<Self>, args: CloseArgs, vm: &VirtualMachine) -> PyResult<()> {
        zelf.warn_if_legacy(vm)?;
        Self::close_with(zelf, args.code.into_option(), args.reason.into_option(), vm)
    }

    /// Waits until the connection is closed, for `timeout` seconds at most. Returns whether it is.
    #[pymethod]
    fn wait_closed(zelf: &Py<Self>, args: WaitArgs, vm: &VirtualMachine) -> PyResult<bool> {
        zelf.core.ended.wait(Deadline::after(args.timeout.map(Into::into)), vm)
    }

    /// Sends a ping. Returns a `threading.Event` that is set when it is answered, and with `ack_on_close=True`
    /// also when the connection is closed. Without `data`, four random bytes are sent.
    ///
    /// Raises `ConnectionClosed` when the connection is closed, and `ConcurrencyError` if a ping with the same
    /// data has not been answered.
    #[pymethod]
    fn ping(zelf: &Py<Self>, args: PingArgs, vm: &VirtualMachine) -> PyResult {
        zelf.warn_if_legacy(vm)?;
        Self::send_ping(zelf, args.data, args.ack_on_close, vm)
    }

    /// Sends a pong that no ping asked for.
    ///
    /// Raises `ConnectionClosed` when the connection is closed.
    #[pymethod]
    fn pong(zelf: &Py<Self>, args: PongArgs, vm: &VirtualMachine) -> PyResult<()> {
        zelf.warn_if_legacy(vm)?;
        Self::send_pong(zelf, args.data.into_option(), vm)
    }

    /// A context in which the protocol may be used: it takes `protocol_mutex`, checks that the connection is in
    /// `expected_state`, and at its end sends what there is to be sent.
    ///
    /// It raises `ConnectionClosed` if the connection is in another state or is lost, and waits for the end of
    /// the connection if the protocol expects it.
    #[pymethod]
    fn send_context(zelf: PyRef<Self>, args: StateArgs) -> SendContext {
        let expected = match args.expected_state {
            Some(0) => engine::State::Connecting,
            Some(2) => engine::State::Closing,
            Some(3) => engine::State::Closed,
            _ => engine::State::Open,
        };
        SendContext::new(zelf, expected)
    }

    /// Sends what the protocol has to send. The caller has `protocol_mutex`.
    #[pymethod]
    fn send_data(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::collect(zelf, zelf.handle(vm)?.protocol(vm), vm)?;
        Self::flush(zelf, sending::Flush::All, vm)
    }

    /// Handles an event: frames are for `recv` and `ping`; the request or response of the opening handshake is
    /// for `_handle_handshake`.
    #[pymethod]
    fn process_event(zelf: &Py<Self>, event: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        Self::handle_object(zelf, event, vm).map(drop)
    }

    /// Handles the request or response of the opening handshake.
    #[pymethod]
    fn _handle_handshake(_zelf: &Py<Self>, _event: PyObjectRef) {}

    /// Called at the end, when nothing is read any more.
    #[pymethod]
    fn _reading_ended(_zelf: &Py<Self>) {}

    /// Reads the connection until its end, and closes it.
    #[pymethod]
    fn recv_events(zelf: PyRef<Self>, vm: &VirtualMachine) {
        let core = zelf.core.clone();
        receiving::run(&core, || Some(zelf.clone()), vm);
    }

    /// Sets the events of the pings that a pong answers: the one with this data and those before it.
    #[pymethod]
    fn acknowledge_pings(zelf: &Py<Self>, data: rustpython_vm::function::ArgBytesLike, vm: &VirtualMachine) {
        let data = data.borrow_buf().to_vec();
        Self::acknowledge(zelf, &data, vm);
    }

    /// Closes the socket, which ends the connection at once. Whoever waits for a message gets `ConnectionClosed`.
    #[pymethod]
    fn close_socket(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::shut(zelf, vm)
    }

    /// Sends a message as far as that is possible without waiting, if the connection is open. Returns None when
    /// that is done, True when `_flush()` must do the rest, or why the message cannot be sent.
    #[pymethod]
    fn _try_send(zelf: &Py<Self>, args: TrySendArgs, vm: &VirtualMachine) -> PyResult {
        Self::try_send(zelf, &args.message, args.text, vm)
    }

    /// Sends all that waits to be sent.
    #[pymethod]
    fn _flush(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::flush(zelf, sending::Flush::All, vm)
    }
}

impl Iterable for Connection {
    fn iter(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult {
        Ok(MessageIterator::new(zelf).into_pyobject(vm))
    }
}

/// The text of an attribute of an exception, for a message.
fn text_attribute(object: &rustpython_vm::PyObject, name: &'static str, vm: &VirtualMachine) -> String {
    object
        .get_attr(vm.ctx.intern_str(name), vm)
        .and_then(|value| value.str(vm))
        .map(|value: PyRef<PyStr>| value.to_string())
        .unwrap_or_default()
}
