//! `websockets.protocol.Protocol`.

use std::fmt;
use std::sync::Arc;

use rustpython_vm::builtins::{PyBaseExceptionRef, PyStrRef};
use rustpython_vm::common::lock::{PyMutex, PyMutexGuard};
use rustpython_vm::function::{ArgBytesLike, ArgIntoBool, OptionalArg, PySetterValue};
use rustpython_vm::object::{Traverse, TraverseFn};
use rustpython_vm::types::{Constructor, DefaultConstructor, Initializer};
use rustpython_vm::{
    AsObject, FromArgs, Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass,
};
use tauraro_engine::websocket as engine;

use super::attributes::{Attributes, assigned, limit};
use super::overrides::OverrideCache;
use super::{failure, log};
use crate::errors;
use crate::frames::members::{self, or_none};
use crate::frames::{Close, Frame};

/// Reads the opening handshake of a connection.
///
/// It is called without any lock held, and holds no reference to the protocol or other objects.
pub(crate) trait Handshake: fmt::Debug + Send + Sync {
    /// Takes what it reads off `data`. True says that the handshake is over, and what follows is frames, unless
    /// the handshake was abandoned by [`Protocol::discard`].
    ///
    /// # Errors
    /// For the caller of `receive_data`; a failed handshake is not an error.
    fn receive_data(&self, protocol: &Py<Protocol>, data: &mut &[u8], vm: &VirtualMachine) -> PyResult<bool>;

    /// The stream ended before the handshake was over.
    ///
    /// # Errors
    /// For the caller of `receive_eof`.
    fn receive_eof(&self, protocol: &Py<Protocol>, vm: &VirtualMachine) -> PyResult<()>;
}

/// What a protocol reports to its connection.
#[derive(Debug)]
pub(crate) enum Event {
    /// A frame that arrived.
    Frame(engine::Frame),
    /// A `Request` or `Response`; of a protocol that is called through its Python methods, any event.
    Object(PyObjectRef),
}

/// Protocol(side, *, state=1, max_size=1048576, logger=None)
/// --
///
/// One end of a WebSocket connection without its socket. Pass what arrives to `receive_data` and `receive_eof`;
/// send what `data_to_send` returns, and handle what `events_received` returns.
///
/// `max_size` is the maximum size of a message, in bytes, after inflating; or a tuple of that and the maximum size
/// of a frame. None is no limit. `logger` is `websockets.client` or `websockets.server` by default.
#[expect(clippy::doc_markdown, reason = "the first line is the signature that Python shows")]
#[pyclass(module = "websockets.protocol", name = "Protocol", traverse = "manual")]
#[derive(Debug, Default, PyPayload)]
pub(crate) struct Protocol {
    inner: PyMutex<Inner>,
    pub(super) override_cache: OverrideCache,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) machine: engine::Protocol,
    pub(super) debug: bool,
    pub(super) logger: Option<PyObjectRef>,
    /// Created when it is first read.
    id: Option<PyObjectRef>,
    pub(super) origin: Option<PyObjectRef>,
    pub(super) subprotocol: Option<PyObjectRef>,
    /// `None` for an empty list that was not read yet.
    pub(super) extensions: Option<PyObjectRef>,
    pub(super) handshake: Option<Arc<dyn Handshake>>,
    pub(super) handshake_exc: Option<PyObjectRef>,
    /// What the connection failed with, if Python has raised it or has read it.
    pub(super) parser_exc: Option<PyBaseExceptionRef>,
    /// Requests and responses; they come before frames.
    pub(super) heads: Vec<PyObjectRef>,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            machine: engine::Protocol::new(
                engine::Side::Client,
                engine::State::Connecting,
                engine::Limits::default(),
            ),
            debug: false,
            logger: None,
            id: None,
            origin: None,
            subprotocol: None,
            extensions: None,
            handshake: None,
            handshake_exc: None,
            parser_exc: None,
            heads: Vec::new(),
        }
    }
}

// SAFETY: each reference is visited once, unless another thread holds the lock, when they are in use.
#[expect(unsafe_code, reason = "the garbage collector's interface")]
unsafe impl Traverse for Protocol {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        if let Some(inner) = self.inner.try_lock() {
            inner.logger.traverse(visit);
            inner.id.traverse(visit);
            inner.origin.traverse(visit);
            inner.subprotocol.traverse(visit);
            inner.extensions.traverse(visit);
            inner.handshake_exc.traverse(visit);
            inner.parser_exc.traverse(visit);
            inner.heads.traverse(visit);
        }
    }
}

/// The arguments of `Protocol`.
#[derive(FromArgs)]
pub(crate) struct ProtocolArgs {
    #[pyarg(any)]
    side: PyObjectRef,
    #[pyarg(named, optional)]
    state: OptionalArg<PyObjectRef>,
    #[pyarg(named, optional)]
    max_size: OptionalArg<PyObjectRef>,
    #[pyarg(named, default)]
    logger: Option<PyObjectRef>,
}

/// The arguments of methods that send data.
#[derive(FromArgs)]
pub(crate) struct DataArgs {
    #[pyarg(any)]
    data: ArgBytesLike,
    #[pyarg(any, default = ArgIntoBool::TRUE)]
    fin: ArgIntoBool,
}

/// The arguments of `send_continuation`.
#[derive(FromArgs)]
pub(crate) struct ContinuationArgs {
    #[pyarg(any)]
    data: ArgBytesLike,
    #[pyarg(any)]
    fin: ArgIntoBool,
}

/// The arguments of `send_close`.
#[derive(FromArgs)]
pub(crate) struct CloseArgs {
    #[pyarg(any, optional)]
    code: Option<PyObjectRef>,
    #[pyarg(any, optional, py_default = "''")]
    reason: Option<PyStrRef>,
}

/// The arguments of `fail`.
#[derive(FromArgs)]
pub(crate) struct FailArgs {
    #[pyarg(any)]
    code: PyObjectRef,
    #[pyarg(any, optional, py_default = "''")]
    reason: Option<PyStrRef>,
}

/// The limits that the argument `max_size` sets: for messages, or for messages and frames.
///
/// # Errors
/// `TypeError` and `ValueError` for anything else.
fn limits(vm: &VirtualMachine, value: OptionalArg<PyObjectRef>) -> PyResult<engine::Limits> {
    let OptionalArg::Present(value) = value else { return Ok(engine::Limits::default()) };
    if vm.is_none(&value)
        || !value.class().slots.flags.has_feature(rustpython_vm::types::PyTypeFlags::SEQUENCE)
    {
        return Ok(engine::Limits { message: limit(vm, &value)?, fragment: None });
    }
    let both: Vec<PyObjectRef> = value.try_to_value(vm)?;
    let [message, fragment] = both.as_slice() else {
        return Err(vm.new_value_error("max_size must be a size or a tuple of two sizes"));
    };
    Ok(engine::Limits { message: limit(vm, message)?, fragment: limit(vm, fragment)? })
}

impl Protocol {
    pub(super) fn lock(&self) -> PyMutexGuard<'_, Inner> {
        self.inner.lock()
    }

    /// Initializes the object, as `__init__` does, for the first time or again.
    ///
    /// # Errors
    /// What the logger raises.
    fn start(
        zelf: &Py<Self>,
        side: engine::Side,
        state: engine::State,
        limits: engine::Limits,
        logger: Option<PyObjectRef>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let logger = match logger {
            Some(logger) => logger,
            None => log::default_logger(side, vm)?,
        };
        let debug = log::is_debug(&logger, vm)?;
        let mut machine = engine::Protocol::new(side, state, limits);
        machine.set_verbose(debug);
        machine.set_state(state);
        let new = Inner { machine, debug, logger: Some(logger), ..Inner::default() };
        let old = std::mem::replace(&mut *zelf.lock(), new);
        drop(old);
        Self::flush_pending(zelf, vm)
    }

    pub(super) fn exchange<T>(&self, replace: impl FnOnce(&mut Inner) -> T) {
        // The old value is dropped after the lock is released.
        let old = replace(&mut self.lock());
        drop(old);
    }

    /// Passes everything that arrives to `handshake`, until that is over.
    pub(crate) fn set_handshake(&self, handshake: Arc<dyn Handshake>) {
        self.exchange(|inner| inner.handshake.replace(handshake));
    }

    /// Adds a request or response to the events.
    pub(crate) fn push_event(&self, event: PyObjectRef) {
        self.lock().heads.push(event);
    }

    /// Sends bytes that are not a frame.
    pub(crate) fn push_output(&self, bytes: &[u8]) {
        self.lock().machine.push_output(bytes);
    }

    /// Which end of the connection this is.
    pub(crate) fn side(&self) -> engine::Side {
        self.lock().machine.side()
    }

    /// The state of the connection.
    pub(crate) fn state(&self) -> engine::State {
        self.lock().machine.state()
    }

    /// Whether the connection should end soon.
    pub(crate) fn close_expected(&self) -> bool {
        self.lock().machine.close_expected()
    }

    /// The exception that the connection failed with, if it did.
    pub(super) fn parser_exception(&self, vm: &VirtualMachine) -> Option<PyBaseExceptionRef> {
        let error = {
            let mut inner = self.lock();
            if let Some(exception) = &inner.parser_exc {
                return Some(exception.clone());
            }
            inner.machine.take_error()?
        };
        let exception = failure::exception(vm, &error);
        Some(self.lock().parser_exc.get_or_insert(exception).clone())
    }

    /// A new exception that says how the connection was closed.
    ///
    /// # Errors
    /// `AssertionError` unless it is closed.
    pub(crate) fn closed_exception(&self, vm: &VirtualMachine) -> PyResult<PyBaseExceptionRef> {
        let (received, sent, order) = {
            let inner = self.lock();
            if inner.machine.state() != engine::State::Closed {
                return Err(vm.new_exception_msg(
                    vm.ctx.exceptions.assertion_error.to_owned(),
                    "connection isn't closed yet".into(),
                ));
            }
            let machine = &inner.machine;
            let order = machine.received_then_sent();
            (machine.close_received().cloned(), machine.close_sent().cloned(), order)
        };
        let ok = [&received, &sent].into_iter().all(|close| close.as_ref().is_some_and(engine::Close::is_ok));
        let close = |close: Option<engine::Close>| or_none(vm, close.map(|close| Close::of(&close, vm)));
        let exception = errors::connection_closed(vm, ok, close(received), close(sent), order);
        exception.set_cause(self.parser_exception(vm));
        Ok(exception)
    }
}

impl DefaultConstructor for Protocol {}

impl Initializer for Protocol {
    type Args = ProtocolArgs;

    fn init(zelf: &Py<Self>, args: ProtocolArgs, vm: &VirtualMachine) -> PyResult<()> {
        let side = members::to_side(vm, &args.side)?;
        let state = match args.state {
            OptionalArg::Present(state) => members::to_state(vm, &state)?,
            OptionalArg::Missing => engine::State::Open,
        };
        Self::start(zelf, side, state, limits(vm, args.max_size)?, args.logger, vm)
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer, Attributes))]
impl Protocol {
    /// `receive_data(data)`
    ///
    /// Processes bytes that arrived. Wrong ones fail the connection, and `parser_exc` says why. Raises
    /// `EOFError` after `receive_eof`.
    #[pymethod(name = "receive_data")]
    fn py_receive_data(zelf: &Py<Self>, data: ArgBytesLike, vm: &VirtualMachine) -> PyResult<()> {
        // A mutable buffer is not kept locked while Python code runs.
        Self::receive_data(zelf, &data.borrow_buf_unlocked(vm)?, vm)
    }

    /// `receive_eof()`
    ///
    /// Processes the end of the stream; calling it again does nothing.
    #[pymethod(name = "receive_eof")]
    fn py_receive_eof(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::receive_eof(zelf, vm)
    }

    /// `send_continuation(data, fin)`
    ///
    /// Sends another fragment of a message, the last one if `fin`. Raises `ProtocolError` unless a message is
    /// being sent in fragments, `InvalidState` unless the connection is open.
    #[pymethod]
    fn send_continuation(zelf: &Py<Self>, args: ContinuationArgs, vm: &VirtualMachine) -> PyResult<()> {
        Self::send_data(
            zelf,
            engine::opcode::CONTINUATION,
            &args.data.borrow_buf_unlocked(vm)?,
            args.fin.into_bool(),
            vm,
        )
    }

    /// `send_text(data, fin=True)`
    ///
    /// Sends text that is encoded in UTF-8, or its first fragment unless `fin`. Raises `ProtocolError` while a
    /// message is being sent in fragments, `InvalidState` unless the connection is open.
    #[pymethod]
    fn send_text(zelf: &Py<Self>, args: DataArgs, vm: &VirtualMachine) -> PyResult<()> {
        Self::send_data(
            zelf,
            engine::opcode::TEXT,
            &args.data.borrow_buf_unlocked(vm)?,
            args.fin.into_bool(),
            vm,
        )
    }

    /// `send_binary(data, fin=True)`
    ///
    /// Sends bytes, or their first fragment unless `fin`. Raises as `send_text` does.
    #[pymethod]
    fn send_binary(zelf: &Py<Self>, args: DataArgs, vm: &VirtualMachine) -> PyResult<()> {
        Self::send_data(
            zelf,
            engine::opcode::BINARY,
            &args.data.borrow_buf_unlocked(vm)?,
            args.fin.into_bool(),
            vm,
        )
    }

    /// `send_close(code=None, reason='')`
    ///
    /// Begins the closing handshake. Raises `ProtocolError` for a code that must not be sent or a reason that
    /// has no code or is longer than 123 bytes, `InvalidState` unless the connection is open.
    #[pymethod(name = "send_close")]
    fn py_send_close(zelf: &Py<Self>, args: CloseArgs, vm: &VirtualMachine) -> PyResult<()> {
        let code = args.code.map(|code| members::to_close_code(vm, &code)).transpose()?;
        let reason = text(args.reason, vm)?;
        Self::send_close(zelf, code, &reason, vm)
    }

    /// `send_ping(data)`
    ///
    /// Sends a ping. Raises `ProtocolError` for more than 125 bytes, `InvalidState` unless the connection is
    /// open or closing.
    #[pymethod(name = "send_ping")]
    fn py_send_ping(zelf: &Py<Self>, data: ArgBytesLike, vm: &VirtualMachine) -> PyResult<()> {
        Self::send_ping(zelf, &data.borrow_buf_unlocked(vm)?, vm)
    }

    /// `send_pong(data)`
    ///
    /// Sends a pong. Raises as `send_ping` does.
    #[pymethod(name = "send_pong")]
    fn py_send_pong(zelf: &Py<Self>, data: ArgBytesLike, vm: &VirtualMachine) -> PyResult<()> {
        Self::send_pong(zelf, &data.borrow_buf_unlocked(vm)?, vm)
    }

    /// `fail(code, reason='')`
    ///
    /// Fails the connection: sends a close frame if none was sent, unless the code is 1006, and ignores everything
    /// that still arrives. Raises `ProtocolError` for a code that must not be sent.
    #[pymethod(name = "fail")]
    fn py_fail(zelf: &Py<Self>, args: FailArgs, vm: &VirtualMachine) -> PyResult<()> {
        let code = members::to_close_code(vm, &args.code)?;
        let reason = text(args.reason, vm)?;
        Self::fail(zelf, code, &reason, vm)
    }

    /// `events_received()`
    ///
    /// The events since the last call: a list of the request or response of the opening handshake, and of frames.
    #[pymethod]
    fn events_received(zelf: &Py<Self>, vm: &VirtualMachine) -> Vec<PyObjectRef> {
        let events = zelf.take_events().into_iter();
        events
            .map(|event| match event {
                Event::Frame(frame) => Frame::of(frame, vm).into(),
                Event::Object(head) => head,
            })
            .collect()
    }

    /// `data_to_send()`
    ///
    /// What is to be sent since the last call: a list of bytes, where `SEND_EOF`, which is empty, means to
    /// half-close the connection.
    #[pymethod]
    fn data_to_send(zelf: &Py<Self>, vm: &VirtualMachine) -> Vec<PyObjectRef> {
        let output = zelf.take_output();
        let items = output.items().map(|item| match item {
            engine::Item::Bytes(bytes) => vm.ctx.new_bytes(bytes.to_vec()).into(),
            engine::Item::Eof => vm.ctx.empty_bytes.clone().into(),
        });
        items.collect()
    }

    /// `close_expected()`
    ///
    /// Whether the peer should end the connection soon: if it does not, end it.
    #[pymethod(name = "close_expected")]
    fn py_close_expected(zelf: &Py<Self>) -> bool {
        zelf.close_expected()
    }

    /// `recv_frame(frame)`
    ///
    /// Processes a frame that arrived. Only called if it is overridden.
    #[pymethod]
    fn recv_frame(zelf: &Py<Self>, frame: PyRef<Frame>, vm: &VirtualMachine) -> PyResult<()> {
        Self::receive_frame(zelf, &frame, vm)
    }

    /// `send_frame(frame)`
    ///
    /// Sends a frame, encoded by the extensions. Only called if it is overridden.
    #[pymethod(name = "send_frame")]
    fn py_send_frame(zelf: &Py<Self>, frame: PyRef<Frame>, vm: &VirtualMachine) -> PyResult<()> {
        Self::send_frame(zelf, frame, vm)
    }

    /// `send_eof()`
    ///
    /// Ends the stream, once.
    #[pymethod(name = "send_eof")]
    fn py_send_eof(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::send_eof(zelf, vm)
    }

    /// A UUID for logs.
    #[pygetset]
    fn id(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        if let Some(id) = &zelf.lock().id {
            return Ok(id.clone());
        }
        let id = errors::attribute(vm, "uuid", "uuid4")?.call((), vm)?;
        Ok(zelf.lock().id.get_or_insert(id).clone())
    }

    /// Replaces the UUID.
    #[pygetset(setter)]
    fn set_id(zelf: &Py<Self>, value: PySetterValue, vm: &VirtualMachine) {
        zelf.exchange(|inner| std::mem::replace(&mut inner.id, assigned(value, vm)));
    }

    /// The logger, or logger adapter.
    #[pygetset]
    fn logger(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        zelf.logger_object(vm)
    }

    /// Replaces the logger.
    #[pygetset(setter)]
    fn set_logger(zelf: &Py<Self>, value: PySetterValue, vm: &VirtualMachine) {
        zelf.exchange(|inner| std::mem::replace(&mut inner.logger, assigned(value, vm)));
    }

    /// Which end of the connection this is, a member of `Side`.
    #[pygetset(name = "side")]
    fn py_side(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        members::side(vm, zelf.side())
    }

    /// The state of the connection, a member of `State`.
    #[pygetset(name = "state")]
    fn py_state(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        members::state(vm, zelf.state())
    }

    /// Changes the state.
    #[pygetset(setter, name = "state")]
    fn py_set_state(zelf: &Py<Self>, value: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let state = members::to_state(vm, &value)?;
        Self::set_state(zelf, state, vm)
    }
}

/// A close reason as UTF-8, which is how it is sent.
fn text(reason: Option<PyStrRef>, vm: &VirtualMachine) -> PyResult<String> {
    let Some(reason) = reason else { return Ok(String::new()) };
    Ok(reason.try_as_utf8(vm)?.as_str().to_owned())
}
