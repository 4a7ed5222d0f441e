//! `Connection`: the asyncio protocol between a transport and the engine's machine.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use rustpython_vm::builtins::{PyBaseException, PyBaseExceptionRef, PyTuple, PyType};
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::function::ArgBytesLike;
use rustpython_vm::{
    AsObject, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass,
};
use tauraro_asyncio::futures;
use tauraro_asyncio::transport::{NativeTransport, Receiver, register_receiver};
use tauraro_engine::server::{self as engine, Event, Framed, Next, Overdue, ResponseError};

use crate::dispatch;
use crate::request::Request;
use crate::service::Service;

/// So many bytes behind a request, or of a body that is not taken, stop the reading.
const READ_AHEAD: usize = 64 << 10;
/// How long what arrives after the last response is discarded, in milliseconds.
const LINGER: u64 = 2_000;

struct State {
    machine: engine::Connection,
    transport: Option<PyObjectRef>,
    /// Host and port of the client, once somebody has asked.
    peer: Option<PyObjectRef>,
    /// The request that is not yet answered.
    request: Option<PyRef<Request>>,
    /// A head that waits for the first piece of its body.
    head: Vec<u8>,
    /// Futures of those who wait until the transport takes more.
    drains: Vec<PyObjectRef>,
    paused_reading: bool,
    /// When the last response was sent, if what arrives is discarded since.
    lingering: Option<u64>,
}

/// A connection of a client.
#[pyclass(module = "_tauraro", name = "Connection")]
#[derive(PyPayload)]
pub(crate) struct Connection {
    pub(crate) service: PyRef<Service>,
    state: PyMutex<State>,
    number: AtomicU64,
    processing: AtomicBool,
    paused_writing: AtomicBool,
    lost: AtomicBool,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("lost", &self.lost).finish_non_exhaustive()
    }
}

/// Has transports hand over what arrives without a Python call.
pub(crate) fn register(class: &'static Py<PyType>, vm: &VirtualMachine) {
    fn of<'a>(protocol: &'a PyObject, vm: &VirtualMachine) -> PyResult<&'a Py<Connection>> {
        protocol.downcast_ref::<Connection>().ok_or_else(|| vm.new_type_error("a connection is required"))
    }
    let receiver = Receiver {
        data_received: |protocol, data, vm| Connection::receive(of(protocol, vm)?, data, vm),
        eof_received: |protocol, vm| Connection::receive_eof(of(protocol, vm)?, vm),
    };
    register_receiver(class, receiver, vm);
}

/// The Python exception of an error of a handler's.
pub(crate) fn exception(error: &ResponseError, vm: &VirtualMachine) -> PyBaseExceptionRef {
    match error {
        ResponseError::Status(_)
        | ResponseError::Name(_)
        | ResponseError::Value(_)
        | ResponseError::Framing(_) => vm.new_value_error(error.to_string()),
        _ => vm.new_runtime_error(error.to_string()),
    }
}

impl Connection {
    pub(crate) fn new(service: PyRef<Service>) -> Self {
        let machine = engine::Connection::new(service.limits, service.timeouts, service.now());
        let state = State {
            machine,
            transport: None,
            peer: None,
            request: None,
            head: Vec::new(),
            drains: Vec::new(),
            paused_reading: false,
            lingering: None,
        };
        Self {
            service,
            state: PyMutex::new(state),
            number: AtomicU64::new(u64::MAX),
            processing: AtomicBool::new(false),
            paused_writing: AtomicBool::new(false),
            lost: AtomicBool::new(false),
        }
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.lost.load(Relaxed)
    }

    pub(crate) fn transport(&self) -> Option<PyObjectRef> {
        self.state.lock().transport.clone()
    }

    /// Host and port of the client, or `None` for a Unix socket.
    pub(crate) fn peer(&self, vm: &VirtualMachine) -> PyResult {
        let known = self.state.lock().peer.clone();
        if let Some(known) = known {
            return Ok(known);
        }
        let Some(transport) = self.transport() else { return Ok(vm.ctx.none()) };
        let name = vm.call_method(&transport, "get_extra_info", ("peername",))?;
        let peer = match name.downcast_ref::<PyTuple>().map(rustpython_vm::Py::as_slice) {
            Some([host, port, ..]) => vm.ctx.new_tuple(vec![host.clone(), port.clone()]).into(),
            _ => vm.ctx.none(),
        };
        self.state.lock().peer = Some(peer.clone());
        Ok(peer)
    }

    /// What is raised where the client has gone.
    pub(crate) fn disconnected(vm: &VirtualMachine) -> PyBaseExceptionRef {
        let class = vm.ctx.exceptions.connection_reset_error.to_owned();
        vm.new_exception_msg(class, "the client has disconnected".into())
    }

    /// Checks that this is the request that is being answered.
    fn check_current(&self, request: &Py<Request>, vm: &VirtualMachine) -> PyResult<()> {
        if self.is_lost() {
            return Err(Self::disconnected(vm));
        }
        if self.is_current(request) {
            return Ok(());
        }
        Err(vm.new_runtime_error("the response is complete"))
    }

    pub(crate) fn is_current(&self, request: &Py<Request>) -> bool {
        self.state.lock().request.as_ref().is_some_and(|current| current.is(request))
    }

    /// Whether the bytes of the current response have begun.
    pub(crate) fn has_started(&self) -> bool {
        self.state.lock().machine.has_started()
    }

    fn write(&self, parts: &[&[u8]], vm: &VirtualMachine) -> PyResult<()> {
        let Some(transport) = self.transport() else { return Ok(()) };
        if parts.iter().all(|part| part.is_empty()) {
            return Ok(());
        }
        match NativeTransport::of(&transport, vm) {
            Some(native) => native.write_vectored(parts, vm),
            None => vm.call_method(&transport, "write", (vm.ctx.new_bytes(parts.concat()),)).map(drop),
        }
    }

    fn call_transport(&self, method: &'static str, vm: &VirtualMachine) -> PyResult<()> {
        match self.transport() {
            Some(transport) => vm.call_method(&transport, method, ()).map(drop),
            None => Ok(()),
        }
    }

    /// Takes bytes of the client.
    fn receive(zelf: &Py<Self>, data: &[u8], vm: &VirtualMachine) -> PyResult<()> {
        {
            let mut state = zelf.state.lock();
            if state.lingering.is_some() {
                return Ok(());
            }
            state.machine.receive(data, zelf.service.now());
        }
        Self::process(zelf, vm)
    }

    /// Takes the end of what the client sends; whether the transport stays open for writing.
    fn receive_eof(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<bool> {
        let (request, cut, started, busy) = {
            let mut state = zelf.state.lock();
            state.machine.receive_eof();
            let machine = &state.machine;
            (state.request.clone(), machine.is_cut(), machine.has_started(), machine.is_busy())
        };
        if let Some(request) = request {
            request.tell_disconnected(vm)?;
            if cut || started {
                Self::abort(zelf, vm)?;
                return Ok(false);
            }
        }
        Ok(busy)
    }

    /// Acts on what has arrived.
    fn process(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        if zelf.processing.swap(true, Relaxed) {
            // A response ended within the loop below, which goes on.
            return Ok(());
        }
        let outcome = Self::process_events(zelf, vm);
        zelf.processing.store(false, Relaxed);
        outcome.and_then(|()| Self::pace_reading(zelf, vm))
    }

    /// The next event, after what a body that is discarded calls for.
    fn next_event(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<Option<Event>> {
        let next = {
            let mut state = zelf.state.lock();
            if let Some(event) = state.machine.next_event() {
                return Ok(Some(event));
            }
            state.machine.after_discarding(zelf.service.now())
        };
        if next != Next::KeepAlive {
            Self::go_on(zelf, next, vm)?;
            return Ok(None);
        }
        Ok(zelf.state.lock().machine.next_event())
    }

    fn process_events(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        while let Some(event) = Self::next_event(zelf, vm)? {
            match event {
                Event::Request(head) => {
                    let request = Request::make(zelf, head, vm)?;
                    // Dropped unlocked: what scripts attached to it may run Python.
                    let before = zelf.state.lock().request.replace(request.clone());
                    drop(before);
                    dispatch::begin(zelf, &request, vm)?;
                }
                Event::Body(piece) => {
                    let request = zelf.state.lock().request.clone();
                    if let Some(request) = request {
                        request.add_body(piece, vm)?;
                        dispatch::check_size(zelf, &request, vm)?;
                    }
                }
                Event::End => {
                    let request = zelf.state.lock().request.clone();
                    if let Some(request) = request {
                        request.complete_body(vm)?;
                        dispatch::complete(&request, vm)?;
                    }
                }
                Event::Refused(refusal) => {
                    return Self::refuse(zelf, &refusal, vm);
                }
            }
        }
        Ok(())
    }

    /// Answers what breaks the protocol, and ends the connection.
    fn refuse(zelf: &Py<Self>, refusal: &engine::Refusal, vm: &VirtualMachine) -> PyResult<()> {
        let mut out = Vec::new();
        let (written, request) = {
            let mut state = zelf.state.lock();
            let written = state.machine.refuse(refusal, Some(&zelf.service.date()), &mut out);
            state.head.clear();
            (written, state.request.take())
        };
        if let Some(request) = request {
            request.fail_body(refusal.reason, vm)?;
            request.end(vm)?;
        }
        if !written {
            return Self::abort(zelf, vm);
        }
        zelf.write(&[&out], vm)?;
        Self::go_on(zelf, Next::Linger, vm)
    }

    /// What follows a response.
    fn go_on(zelf: &Py<Self>, next: Next, vm: &VirtualMachine) -> PyResult<()> {
        match next {
            Next::KeepAlive => Ok(()),
            Next::Close => zelf.call_transport("close", vm),
            Next::Linger => {
                let Some(transport) = zelf.transport() else { return Ok(()) };
                if !vm.call_method(&transport, "can_write_eof", ())?.try_to_bool(vm)? {
                    return zelf.call_transport("close", vm);
                }
                {
                    let mut state = zelf.state.lock();
                    state.lingering = Some(zelf.service.now());
                    if state.paused_reading {
                        state.paused_reading = false;
                        drop(state);
                        zelf.call_transport("resume_reading", vm)?;
                    }
                }
                zelf.call_transport("write_eof", vm)
            }
        }
    }

    /// Stops reading while much waits to be taken, and goes on when it was.
    pub(crate) fn pace_reading(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        let method = {
            let mut state = zelf.state.lock();
            if zelf.is_lost() || state.lingering.is_some() {
                return Ok(());
            }
            let body = state.request.as_ref().map_or(0, |request| request.untaken_body());
            let pause = state.machine.pending() > READ_AHEAD || body > READ_AHEAD;
            if pause == state.paused_reading {
                return Ok(());
            }
            state.paused_reading = pause;
            let now = zelf.service.now();
            if pause {
                state.machine.pause_body(now);
                "pause_reading"
            } else {
                if state.request.as_ref().is_some_and(|request| request.is_being_read()) {
                    state.machine.read_body(now, &mut Vec::new());
                }
                "resume_reading"
            }
        };
        zelf.call_transport(method, vm)
    }

    /// Somebody waits for the body: sends `100 Continue` if the client waits for it.
    pub(crate) fn read_body(zelf: &Py<Self>, request: &Py<Request>, vm: &VirtualMachine) -> PyResult<()> {
        let mut out = Vec::new();
        {
            let mut state = zelf.state.lock();
            if state.request.as_ref().is_none_or(|current| !current.is(request)) {
                return Ok(());
            }
            state.machine.read_body(zelf.service.now(), &mut out);
        }
        zelf.write(&[&out], vm)
    }

    /// Begins the response. Its head is sent with the first piece of the body.
    pub(crate) fn start_response(
        &self,
        request: &Py<Request>,
        status: u16,
        fields: &[(Vec<u8>, Vec<u8>)],
        length: Option<u64>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        self.check_current(request, vm)?;
        let mut state = self.state.lock();
        if self.service.is_stopping() {
            state.machine.close_after_response();
        }
        let fields = fields.iter().map(|(name, value)| (name.as_slice(), value.as_slice()));
        let date = self.service.date();
        let State { machine, head, .. } = &mut *state;
        let outcome = machine.start_response(status, fields, length, Some(&date), head);
        drop(state);
        request.set_status(status);
        outcome.map_err(|error| exception(&error, vm))
    }

    /// Sends an interim response.
    pub(crate) fn inform(
        &self,
        request: &Py<Request>,
        status: u16,
        fields: &[(Vec<u8>, Vec<u8>)],
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        self.check_current(request, vm)?;
        let mut out = Vec::new();
        let fields = fields.iter().map(|(name, value)| (name.as_slice(), value.as_slice()));
        let outcome = self.state.lock().machine.inform(status, fields, &mut out);
        outcome.map_err(|error| exception(&error, vm))?;
        self.write(&[&out], vm)
    }

    /// Sends a piece of the body, and the end of the response if it is the last.
    pub(crate) fn send_body(
        zelf: &Py<Self>,
        request: &Py<Request>,
        data: &[u8],
        last: bool,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        zelf.check_current(request, vm)?;
        let mut after: Vec<u8> = Vec::new();
        let (before, framed, then) = {
            let mut state = zelf.state.lock();
            let mut before = std::mem::take(&mut state.head);
            let framed = match state.machine.frame_body(data.len(), &mut before) {
                Ok(framed) => framed,
                Err(error) => {
                    let too_long = matches!(error, ResponseError::TooLong { .. });
                    state.head = before;
                    drop(state);
                    if too_long {
                        // What was announced cannot be kept.
                        Self::abort(zelf, vm)?;
                    }
                    return Err(exception(&error, vm));
                }
            };
            if framed == Framed::Chunk {
                after.extend_from_slice(b"\r\n");
            }
            let mut then = None;
            if last {
                match state.machine.finish_response(zelf.service.now(), &mut after) {
                    Ok(next) => {
                        state.request = None;
                        then = Some(next);
                    }
                    Err(error) => {
                        drop(state);
                        Self::abort(zelf, vm)?;
                        return Err(exception(&error, vm));
                    }
                }
            }
            (before, framed, then)
        };
        if framed == Framed::Omitted {
            zelf.write(&[&before, &after], vm)?;
        } else {
            request.count_sent(data.len());
            zelf.write(&[&before, data, &after], vm)?;
        }
        let Some(next) = then else { return Ok(()) };
        request.end(vm)?;
        if zelf.service.access_log {
            dispatch::log(zelf, request, vm)?;
        }
        match next {
            Next::KeepAlive if zelf.service.is_stopping() => zelf.call_transport("close", vm),
            Next::KeepAlive => Self::process(zelf, vm),
            next => Self::go_on(zelf, next, vm),
        }
    }

    /// A future to wait for before more is written; nothing while the transport takes it.
    pub(crate) fn drain(&self, vm: &VirtualMachine) -> PyResult<Option<PyObjectRef>> {
        if !self.paused_writing.load(Relaxed) || self.is_lost() {
            return Ok(None);
        }
        let future = futures::create(&self.service.event_loop, vm)?;
        self.state.lock().drains.push(future.clone());
        Ok(Some(future))
    }

    /// Leaves HTTP: gives the transport, and what arrived behind the request.
    pub(crate) fn upgrade(
        zelf: &Py<Self>,
        request: &Py<Request>,
        vm: &VirtualMachine,
    ) -> PyResult<(PyObjectRef, Vec<u8>)> {
        zelf.check_current(request, vm)?;
        let (transport, rest) = {
            let mut state = zelf.state.lock();
            let rest = state.machine.upgrade().map_err(|error| exception(&error, vm))?;
            state.request = None;
            (state.transport.take(), rest)
        };
        request.end(vm)?;
        zelf.service.leave(zelf.number.load(Relaxed));
        match transport {
            Some(transport) => Ok((transport, rest)),
            None => Err(Self::disconnected(vm)),
        }
    }

    /// Ends the connection at once.
    pub(crate) fn abort(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        zelf.call_transport("abort", vm)
    }

    /// Ends the connection if nothing is being answered on it, else after the response.
    pub(crate) fn stop(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        let busy = {
            let mut state = zelf.state.lock();
            state.machine.close_after_response();
            state.machine.is_busy()
        };
        if busy { Ok(()) } else { zelf.call_transport("close", vm) }
    }

    /// Ends the connection if its client took too long.
    pub(crate) fn check_time(zelf: &Py<Self>, now: u64, vm: &VirtualMachine) -> PyResult<()> {
        let Some(transport) = zelf.transport() else { return Ok(()) };
        let unsent = match NativeTransport::of(&transport, vm) {
            Some(native) => native.buffered(),
            None => vm.call_method(&transport, "get_write_buffer_size", ())?.try_to_value(vm)?,
        };
        let (overdue, lingering) = {
            let mut state = zelf.state.lock();
            state.machine.note_unsent(unsent, now);
            (state.machine.overdue(now), state.lingering)
        };
        if let Some(since) = lingering {
            // The last response is still being sent, or what arrives is discarded.
            return match overdue {
                Some(Overdue::Write) => Self::abort(zelf, vm),
                _ if unsent == 0 && now.saturating_sub(since) >= LINGER => zelf.call_transport("close", vm),
                _ => Ok(()),
            };
        }
        match overdue {
            None => Ok(()),
            Some(Overdue::Head) => {
                Self::refuse(zelf, &engine::Refusal::new(408, "the head took too long"), vm)
            }
            // A body that is discarded has had its response.
            Some(Overdue::Body) if !zelf.state.lock().machine.is_busy() => zelf.call_transport("close", vm),
            Some(Overdue::Body) => {
                Self::refuse(zelf, &engine::Refusal::new(408, "the body took too long"), vm)
            }
            Some(Overdue::FirstByte | Overdue::Idle) => zelf.call_transport("close", vm),
            Some(Overdue::Write) => Self::abort(zelf, vm),
        }
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION))]
impl Connection {
    /// Begins with a transport.
    #[pymethod]
    fn connection_made(zelf: &Py<Self>, transport: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        zelf.state.lock().transport = Some(transport);
        if let Some(number) = zelf.service.enter(zelf) {
            zelf.number.store(number, Relaxed);
            return if zelf.service.is_stopping() { zelf.call_transport("close", vm) } else { Ok(()) };
        }
        let mut out = Vec::new();
        let refusal = engine::Refusal::new(503, "too many connections");
        zelf.state.lock().machine.refuse(&refusal, Some(&zelf.service.date()), &mut out);
        zelf.write(&[&out], vm)?;
        zelf.call_transport("close", vm)
    }

    /// Takes bytes of the client.
    #[pymethod]
    fn data_received(zelf: &Py<Self>, data: ArgBytesLike, vm: &VirtualMachine) -> PyResult<()> {
        // Not locked while Python runs.
        let data = data.borrow_buf().to_vec();
        Self::receive(zelf, &data, vm)
    }

    /// Takes the end of what the client sends.
    #[pymethod]
    fn eof_received(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<bool> {
        Self::receive_eof(zelf, vm)
    }

    /// Ends with the transport.
    #[pymethod]
    fn connection_lost(
        zelf: &Py<Self>,
        _error: Option<PyRef<PyBaseException>>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        zelf.lost.store(true, Relaxed);
        zelf.service.leave(zelf.number.load(Relaxed));
        let (transport, request, drains) = {
            let mut state = zelf.state.lock();
            (state.transport.take(), state.request.take(), std::mem::take(&mut state.drains))
        };
        drop(transport);
        for drain in drains {
            futures::reject(&drain, Self::disconnected(vm), vm)?;
        }
        if let Some(request) = request {
            request.lose(vm)?;
        }
        Ok(())
    }

    /// Has those who write wait.
    #[pymethod]
    fn pause_writing(zelf: &Py<Self>) {
        zelf.paused_writing.store(true, Relaxed);
    }

    /// Has those who write go on.
    #[pymethod]
    fn resume_writing(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        zelf.paused_writing.store(false, Relaxed);
        let drains = std::mem::take(&mut zelf.state.lock().drains);
        for drain in drains {
            futures::resolve(&drain, vm.ctx.none(), vm)?;
        }
        Ok(())
    }
}
