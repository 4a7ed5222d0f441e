//! `websockets.protocol.Protocol`.

use std::fmt;
use std::sync::Arc;

use rustpython_vm::builtins::{PyBaseExceptionRef, PyStrRef};
use rustpython_vm::common::lock::{PyMutex, PyMutexGuard};
use rustpython_vm::function::{ArgBytesLike, ArgIntoBool, OptionalArg, PySetterValue};
use rustpython_vm::object::{Traverse, TraverseFn};
use rustpython_vm::types::{Constructor, DefaultConstructor, Initializer};
use rustpython_vm::{
    AsObject, FromArgs, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass,
};
use tauraro_engine::websocket::close::ABNORMAL_CLOSURE;
use tauraro_engine::websocket::{Close, Frame, Item, Limits, Opcode, Protocol, Side, State};

use super::native::Known;
use super::{failure, log};
use crate::errors;
use crate::frames::members::{self, or_none};
use crate::frames::{PyClose, PyFrame};

/// What reads the opening handshake off a connection.
///
/// It is called without any lock held, and holds no reference to the protocol or other objects.
pub(crate) trait Handshake: fmt::Debug + Send + Sync {
    /// Takes what it reads off `data`. True says that the handshake is over, and what follows is frames, unless
    /// it was given up by [`PyProtocol::discard`].
    ///
    /// # Errors
    /// What the caller of `receive_data` is to see; a failed handshake is none.
    fn receive_data(
        &self,
        protocol: &Py<PyProtocol>,
        data: &mut &[u8],
        vm: &VirtualMachine,
    ) -> PyResult<bool>;

    /// The stream ended before the handshake was over.
    ///
    /// # Errors
    /// What the caller of `receive_eof` is to see.
    fn receive_eof(&self, protocol: &Py<PyProtocol>, vm: &VirtualMachine) -> PyResult<()>;
}

/// What a connection is told by its protocol.
#[derive(Debug)]
pub(crate) enum Event {
    /// A frame arrived.
    Frame(Frame),
    /// A `Request` or `Response` arrived.
    Handshake(PyObjectRef),
}

/// Protocol(side, *, state=1, max_size=1048576, logger=None)
/// --
///
/// One end of a WebSocket connection without its socket. Give it what arrives, by `receive_data` and
/// `receive_eof`; take what is to be sent from `data_to_send`, and what happened from `events_received`.
///
/// `max_size` is what a message may have, in bytes, after inflating; or that and what a frame may have, as a
/// tuple. None is no limit. `logger` is `websockets.client` or `websockets.server` by default.
#[pyclass(module = "websockets.protocol", name = "Protocol", traverse = "manual")]
#[derive(Debug, Default, PyPayload)]
pub(crate) struct PyProtocol {
    inner: PyMutex<Inner>,
    pub(super) known: Known,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) machine: Protocol,
    pub(super) debug: bool,
    pub(super) logger: Option<PyObjectRef>,
    /// Made when it is first asked for.
    id: Option<PyObjectRef>,
    origin: Option<PyObjectRef>,
    subprotocol: Option<PyObjectRef>,
    /// None is an empty list that nobody has seen.
    pub(super) extensions: Option<PyObjectRef>,
    pub(super) handshake: Option<Arc<dyn Handshake>>,
    handshake_exc: Option<PyObjectRef>,
    /// What the connection failed with, if Python has raised it or has asked for it.
    pub(super) parser_exc: Option<PyBaseExceptionRef>,
    /// Requests and responses; they come before frames.
    pub(super) heads: Vec<PyObjectRef>,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            machine: Protocol::new(Side::Client, State::Connecting, Limits::default()),
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

// SAFETY: each reference is visited once, unless another thread holds the lock, when all are to be kept.
#[expect(unsafe_code, reason = "a collector can only be told by an unsafe trait")]
unsafe impl Traverse for PyProtocol {
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

/// A limit in bytes; None is none.
fn limit(vm: &VirtualMachine, value: &PyObject) -> PyResult<Option<u64>> {
    if vm.is_none(value) {
        return Ok(None);
    }
    let number = value.try_index(vm)?;
    // What is below zero lets nothing through.
    Ok(Some(
        u64::try_from(number.as_bigint())
            .unwrap_or_else(|_| if number.as_bigint() < &0.into() { 0 } else { u64::MAX }),
    ))
}

/// `max_size`, as scripts give it: a limit of messages, or that and one of frames.
///
/// # Errors
/// `TypeError` and `ValueError` for anything else.
pub(crate) fn limits(vm: &VirtualMachine, value: OptionalArg<PyObjectRef>) -> PyResult<Limits> {
    let OptionalArg::Present(value) = value else { return Ok(Limits::default()) };
    if vm.is_none(&value)
        || !value.class().slots.flags.has_feature(rustpython_vm::types::PyTypeFlags::SEQUENCE)
    {
        return Ok(Limits { message: limit(vm, &value)?, fragment: None });
    }
    let both: Vec<PyObjectRef> = value.try_to_value(vm)?;
    let [message, fragment] = both.as_slice() else {
        return Err(vm.new_value_error("max_size must be a size or a tuple of two sizes"));
    };
    Ok(Limits { message: limit(vm, message)?, fragment: limit(vm, fragment)? })
}

impl PyProtocol {
    pub(super) fn lock(&self) -> PyMutexGuard<'_, Inner> {
        self.inner.lock()
    }

    /// Makes a new protocol of the object, as `__init__` of this class and of others based on it does.
    ///
    /// # Errors
    /// What the logger raises.
    pub(crate) fn start(
        zelf: &Py<Self>,
        side: Side,
        state: State,
        limits: Limits,
        logger: Option<PyObjectRef>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let logger = match logger {
            Some(logger) => logger,
            None => log::default_logger(side, vm)?,
        };
        let debug = log::is_debug(&logger, vm)?;
        let mut machine = Protocol::new(side, state, limits);
        machine.set_verbose(debug);
        machine.set_state(state);
        let new = Inner { machine, debug, logger: Some(logger), ..Inner::default() };
        let old = std::mem::replace(&mut *zelf.lock(), new);
        drop(old);
        Self::settle(zelf, vm)
    }

    fn exchange<T>(&self, replace: impl FnOnce(&mut Inner) -> T) {
        // What was there is dropped when the lock is released.
        let old = replace(&mut self.lock());
        drop(old);
    }

    /// Sets what the connection does to frames: a list of extensions.
    pub(crate) fn set_extensions(&self, extensions: PyObjectRef) {
        self.exchange(|inner| inner.extensions.replace(extensions));
    }

    /// Sets the subprotocol that was agreed on.
    pub(crate) fn set_subprotocol(&self, subprotocol: Option<PyObjectRef>) {
        self.exchange(|inner| std::mem::replace(&mut inner.subprotocol, subprotocol));
    }

    /// Sets the value of the `Origin` header.
    pub(crate) fn set_origin(&self, origin: Option<PyObjectRef>) {
        self.exchange(|inner| std::mem::replace(&mut inner.origin, origin));
    }

    /// Sets why the opening handshake failed.
    pub(crate) fn set_handshake_exc(&self, exception: Option<PyObjectRef>) {
        self.exchange(|inner| std::mem::replace(&mut inner.handshake_exc, exception));
    }

    /// Gives all that arrives to what reads the handshake, until it is over.
    pub(crate) fn set_handshake(&self, handshake: Arc<dyn Handshake>) {
        self.exchange(|inner| inner.handshake.replace(handshake));
    }

    /// Makes a request or response that arrived an event.
    pub(crate) fn push_event(&self, event: PyObjectRef) {
        self.lock().heads.push(event);
    }

    /// Sends bytes that are no frame.
    pub(crate) fn push_output(&self, bytes: &[u8]) {
        self.lock().machine.push_output(bytes);
    }

    /// Which end of the connection this is.
    pub(crate) fn side(&self) -> Side {
        self.lock().machine.side()
    }

    /// How far the connection has come.
    pub(crate) fn state(&self) -> State {
        self.lock().machine.state()
    }

    /// Whether the connection should end soon.
    pub(crate) fn close_expected(&self) -> bool {
        self.lock().machine.close_expected()
    }

    /// What the connection failed with, if it did.
    pub(crate) fn parser_exception(&self, vm: &VirtualMachine) -> Option<PyBaseExceptionRef> {
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
            if inner.machine.state() != State::Closed {
                return Err(vm.new_exception_msg(
                    vm.ctx.exceptions.assertion_error.to_owned(),
                    "connection isn't closed yet".into(),
                ));
            }
            let machine = &inner.machine;
            let order = machine.received_then_sent();
            (machine.close_received().cloned(), machine.close_sent().cloned(), order)
        };
        let ok = [&received, &sent].into_iter().all(|close| close.as_ref().is_some_and(Close::is_ok));
        let close = |close: Option<Close>| or_none(vm, close.map(|close| PyClose::of(&close, vm)));
        let exception = errors::connection_closed(vm, ok, close(received), close(sent), order);
        exception.set_cause(self.parser_exception(vm));
        Ok(exception)
    }
}

impl DefaultConstructor for PyProtocol {}

impl Initializer for PyProtocol {
    type Args = ProtocolArgs;

    fn init(zelf: &Py<Self>, args: ProtocolArgs, vm: &VirtualMachine) -> PyResult<()> {
        let side = members::to_side(vm, &args.side)?;
        let state = match args.state {
            OptionalArg::Present(state) => members::to_state(vm, &state)?,
            OptionalArg::Missing => State::Open,
        };
        Self::start(zelf, side, state, limits(vm, args.max_size)?, args.logger, vm)
    }
}

fn given(value: PySetterValue, vm: &VirtualMachine) -> Option<PyObjectRef> {
    match value {
        PySetterValue::Assign(value) if !vm.is_none(&value) => Some(value),
        _ => None,
    }
}

fn number(value: Option<u64>, vm: &VirtualMachine) -> PyObjectRef {
    or_none(vm, value.map(|value| vm.ctx.new_int(value)))
}

fn close_of(value: PySetterValue, vm: &VirtualMachine) -> PyResult<Option<Close>> {
    let Some(value) = given(value, vm) else { return Ok(None) };
    let close: PyRef<PyClose> = value.try_into_value(vm)?;
    close.to_engine(vm).map(Some)
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer))]
impl PyProtocol {
    /// `receive_data(data)`
    ///
    /// Processes bytes that arrived. What is wrong with them fails the connection and is `parser_exc`; nothing
    /// is raised but `EOFError` after `receive_eof`.
    #[pymethod(name = "receive_data")]
    fn py_receive_data(zelf: &Py<Self>, data: ArgBytesLike, vm: &VirtualMachine) -> PyResult<()> {
        // A buffer that may change is not kept locked while Python code runs.
        Self::receive_data(zelf, &data.borrow_buf_unlocked(vm)?, vm)
    }

    /// `receive_eof()`
    ///
    /// Processes the end of the stream; called again, it does nothing.
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
            Opcode::Continuation,
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
        Self::send_data(zelf, Opcode::Text, &args.data.borrow_buf_unlocked(vm)?, args.fin.into_bool(), vm)
    }

    /// `send_binary(data, fin=True)`
    ///
    /// Sends bytes, or their first fragment unless `fin`. Raises as `send_text` does.
    #[pymethod]
    fn send_binary(zelf: &Py<Self>, args: DataArgs, vm: &VirtualMachine) -> PyResult<()> {
        Self::send_data(zelf, Opcode::Binary, &args.data.borrow_buf_unlocked(vm)?, args.fin.into_bool(), vm)
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
    #[pymethod]
    fn send_ping(zelf: &Py<Self>, data: ArgBytesLike, vm: &VirtualMachine) -> PyResult<()> {
        Self::send_control(zelf, Opcode::Ping, &data.borrow_buf_unlocked(vm)?, vm)
    }

    /// `send_pong(data)`
    ///
    /// Sends a pong. Raises as `send_ping` does.
    #[pymethod]
    fn send_pong(zelf: &Py<Self>, data: ArgBytesLike, vm: &VirtualMachine) -> PyResult<()> {
        Self::send_control(zelf, Opcode::Pong, &data.borrow_buf_unlocked(vm)?, vm)
    }

    /// `fail(code, reason='')`
    ///
    /// Fails the connection: sends a close frame if none was sent, unless the code is 1006, and looks at nothing
    /// that arrives any more. Raises `ProtocolError` for a code that must not be sent.
    #[pymethod(name = "fail")]
    fn py_fail(zelf: &Py<Self>, args: FailArgs, vm: &VirtualMachine) -> PyResult<()> {
        let code = members::to_close_code(vm, &args.code)?;
        let reason = text(args.reason, vm)?;
        Self::fail(zelf, code, &reason, vm)
    }

    /// `events_received()`
    ///
    /// What arrived since the last call: a list of frames, and of the request or response of the opening
    /// handshake.
    #[pymethod]
    fn events_received(zelf: &Py<Self>, vm: &VirtualMachine) -> Vec<PyObjectRef> {
        let events = zelf.take_events().into_iter();
        events
            .map(|event| match event {
                Event::Frame(frame) => PyFrame::of(frame, vm).into(),
                Event::Handshake(head) => head,
            })
            .collect()
    }

    /// `data_to_send()`
    ///
    /// What is to be sent since the last call: a list of bytes, where `SEND_EOF`, which is empty, says to
    /// half-close the connection.
    #[pymethod]
    fn data_to_send(zelf: &Py<Self>, vm: &VirtualMachine) -> Vec<PyObjectRef> {
        let output = zelf.take_output();
        let items = output.items().map(|item| match item {
            Item::Bytes(bytes) => vm.ctx.new_bytes(bytes.to_vec()).into(),
            Item::Eof => vm.ctx.empty_bytes.clone().into(),
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
    /// Processes a frame that arrived. Called only where it is overridden.
    #[pymethod]
    fn recv_frame(zelf: &Py<Self>, frame: PyRef<PyFrame>, vm: &VirtualMachine) -> PyResult<()> {
        Self::receive_frame(zelf, &frame, vm)
    }

    /// `send_frame(frame)`
    ///
    /// Sends a frame, as it is but for the extensions. Called only where it is overridden.
    #[pymethod(name = "send_frame")]
    fn py_send_frame(zelf: &Py<Self>, frame: PyRef<PyFrame>, vm: &VirtualMachine) -> PyResult<()> {
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
        zelf.exchange(|inner| std::mem::replace(&mut inner.id, given(value, vm)));
    }

    /// The logger, or logger adapter.
    #[pygetset]
    fn logger(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        zelf.logger_object(vm)
    }

    /// Replaces the logger.
    #[pygetset(setter)]
    fn set_logger(zelf: &Py<Self>, value: PySetterValue, vm: &VirtualMachine) {
        zelf.exchange(|inner| std::mem::replace(&mut inner.logger, given(value, vm)));
    }

    /// Whether everything is logged; found out when the protocol is made.
    #[pygetset]
    fn debug(zelf: &Py<Self>) -> bool {
        zelf.is_debug()
    }

    /// Changes whether everything is logged.
    #[pygetset(setter)]
    fn set_debug(zelf: &Py<Self>, value: bool) {
        let mut inner = zelf.lock();
        inner.debug = value;
        inner.machine.set_verbose(value);
    }

    /// Which end of the connection this is, a member of `Side`.
    #[pygetset(name = "side")]
    fn py_side(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        members::side(vm, zelf.side())
    }

    /// How far the connection has come, a member of `State`.
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

    /// What a message may have, in bytes, or None.
    #[pygetset]
    fn max_message_size(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        number(zelf.lock().machine.limits().message, vm)
    }

    /// Changes what a message may have.
    #[pygetset(setter)]
    fn set_max_message_size(zelf: &Py<Self>, value: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let message = limit(vm, &value)?;
        let machine = &mut zelf.lock().machine;
        machine.set_limits(Limits { message, ..machine.limits() });
        Ok(())
    }

    /// What a frame may have, in bytes, or None.
    #[pygetset]
    fn max_fragment_size(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        number(zelf.lock().machine.limits().fragment, vm)
    }

    /// Changes what a frame may have.
    #[pygetset(setter)]
    fn set_max_fragment_size(zelf: &Py<Self>, value: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let fragment = limit(vm, &value)?;
        let machine = &mut zelf.lock().machine;
        machine.set_limits(Limits { fragment, ..machine.limits() });
        Ok(())
    }

    /// The size so far of the message that arrives in fragments, in bytes, or None.
    #[pygetset]
    fn current_size(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        number(zelf.lock().machine.received_size(), vm)
    }

    /// Whether a message is being sent in fragments.
    #[pygetset]
    fn expect_continuation_frame(zelf: &Py<Self>) -> bool {
        zelf.lock().machine.sends_fragments()
    }

    /// The value of the `Origin` header, or None.
    #[pygetset]
    fn origin(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        let origin = zelf.lock().origin.clone();
        or_none(vm, origin)
    }

    /// Replaces the origin.
    #[pygetset(setter, name = "origin")]
    fn py_set_origin(zelf: &Py<Self>, value: PySetterValue, vm: &VirtualMachine) {
        zelf.set_origin(given(value, vm));
    }

    /// The subprotocol that was agreed on, or None.
    #[pygetset]
    fn subprotocol(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        let subprotocol = zelf.lock().subprotocol.clone();
        or_none(vm, subprotocol)
    }

    /// Replaces the subprotocol.
    #[pygetset(setter, name = "subprotocol")]
    fn py_set_subprotocol(zelf: &Py<Self>, value: PySetterValue, vm: &VirtualMachine) {
        zelf.set_subprotocol(given(value, vm));
    }

    /// The extensions that were agreed on, in the order in which they encode.
    #[pygetset]
    fn extensions(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        let mut inner = zelf.lock();
        inner.extensions.get_or_insert_with(|| vm.ctx.new_list(Vec::new()).into()).clone()
    }

    /// Replaces the extensions.
    #[pygetset(setter, name = "extensions")]
    fn py_set_extensions(zelf: &Py<Self>, value: PyObjectRef) {
        zelf.set_extensions(value);
    }

    /// Why the opening handshake failed, or None.
    #[pygetset]
    fn handshake_exc(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        let exception = zelf.lock().handshake_exc.clone();
        or_none(vm, exception)
    }

    /// Replaces it.
    #[pygetset(setter, name = "handshake_exc")]
    fn py_set_handshake_exc(zelf: &Py<Self>, value: PySetterValue, vm: &VirtualMachine) {
        zelf.set_handshake_exc(given(value, vm));
    }

    /// What the connection failed with, or None.
    #[pygetset]
    fn parser_exc(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        or_none(vm, zelf.parser_exception(vm))
    }

    /// What the peer's close frame said, or None.
    #[pygetset]
    fn close_rcvd(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        let close = zelf.lock().machine.close_received().cloned();
        or_none(vm, close.map(|close| PyClose::of(&close, vm)))
    }

    /// Replaces it.
    #[pygetset(setter)]
    fn set_close_rcvd(zelf: &Py<Self>, value: PySetterValue, vm: &VirtualMachine) -> PyResult<()> {
        let received = close_of(value, vm)?;
        let machine = &mut zelf.lock().machine;
        machine.set_close(received, machine.close_sent().cloned(), machine.received_then_sent());
        Ok(())
    }

    /// What our close frame said, or None.
    #[pygetset]
    fn close_sent(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        let close = zelf.lock().machine.close_sent().cloned();
        or_none(vm, close.map(|close| PyClose::of(&close, vm)))
    }

    /// Replaces it.
    #[pygetset(setter)]
    fn set_close_sent(zelf: &Py<Self>, value: PySetterValue, vm: &VirtualMachine) -> PyResult<()> {
        let sent = close_of(value, vm)?;
        let machine = &mut zelf.lock().machine;
        machine.set_close(machine.close_received().cloned(), sent, machine.received_then_sent());
        Ok(())
    }

    /// Whether the peer's close frame came before ours was sent; None unless there are both.
    #[pygetset]
    fn close_rcvd_then_sent(zelf: &Py<Self>) -> Option<bool> {
        zelf.lock().machine.received_then_sent()
    }

    /// Replaces it.
    #[pygetset(setter)]
    fn set_close_rcvd_then_sent(zelf: &Py<Self>, value: Option<bool>) {
        let machine = &mut zelf.lock().machine;
        machine.set_close(machine.close_received().cloned(), machine.close_sent().cloned(), value);
    }

    /// Whether the end of our stream was, or is to be, sent.
    #[pygetset]
    fn eof_sent(zelf: &Py<Self>) -> bool {
        zelf.lock().machine.eof_sent()
    }

    /// The code of the peer's close frame, 1006 if there was none; None until the connection is closed.
    #[pygetset]
    fn close_code(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        let code = {
            let inner = zelf.lock();
            if inner.machine.state() != State::Closed {
                return Ok(vm.ctx.none());
            }
            inner.machine.close_received().map_or(ABNORMAL_CLOSURE, |close| close.code)
        };
        if (1005..=1006).contains(&code) {
            return members::close_code(vm, code);
        }
        Ok(vm.ctx.new_int(code).into())
    }

    /// The reason of the peer's close frame, empty if there was none; None until the connection is closed.
    #[pygetset]
    fn close_reason(zelf: &Py<Self>) -> Option<String> {
        let inner = zelf.lock();
        let closed = inner.machine.state() == State::Closed;
        closed.then(|| inner.machine.close_received().map(|close| close.reason.clone()).unwrap_or_default())
    }

    /// A new exception that says how the connection was closed. Raises `AssertionError` until it is.
    #[pygetset]
    fn close_exc(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyBaseExceptionRef> {
        zelf.closed_exception(vm)
    }
}

/// A reason, which goes over the wire in UTF-8.
fn text(reason: Option<PyStrRef>, vm: &VirtualMachine) -> PyResult<String> {
    let Some(reason) = reason else { return Ok(String::new()) };
    Ok(reason.try_as_utf8(vm)?.as_str().to_owned())
}
