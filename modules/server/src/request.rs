//! `Request`: what handlers are given.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering::Relaxed};

use rustpython_vm::builtins::{PyBaseExceptionRef, PyBytesRef, PyDictRef};
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::function::ArgBytesLike;
use rustpython_vm::{FromArgs, Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass};
use tauraro_asyncio::futures;
use tauraro_engine::server::{Parameter, RequestHead};

use crate::connection::Connection;
use crate::response;
use crate::service::{Kind, Route, Target};

#[derive(FromArgs)]
struct ScopeArgs {
    #[pyarg(positional)]
    kind: PyObjectRef,
    #[pyarg(positional)]
    asgi: PyObjectRef,
    #[pyarg(positional)]
    root_path: String,
    #[pyarg(positional)]
    client: PyObjectRef,
    #[pyarg(positional)]
    scheme: PyObjectRef,
    #[pyarg(positional)]
    server: PyObjectRef,
}

#[derive(Default)]
struct Body {
    untaken: Vec<u8>,
    complete: bool,
    /// Why it cannot be completed.
    failure: Option<&'static str>,
    lost: bool,
    /// Whether the client sends no more.
    left: bool,
    /// The future of the one who waits for more.
    waiter: Option<PyObjectRef>,
    /// The future of the one who waits for the client to go.
    gone: Option<PyObjectRef>,
    /// What runs for this request and is cancelled when the client goes.
    stream: Option<PyObjectRef>,
}

/// A request, with what its response is sent by.
#[pyclass(module = "_tauraro", name = "Request")]
#[derive(PyPayload)]
pub(crate) struct Request {
    connection: PyRef<Connection>,
    head: Box<RequestHead>,
    params: PyMutex<Vec<(String, Parameter)>>,
    target: PyMutex<Option<Target>>,
    body: PyMutex<Body>,
    reading: AtomicBool,
    dispatched: AtomicBool,
    ended: AtomicBool,
    status: AtomicU16,
    sent: AtomicU64,
    began: u64,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("head", &self.head).finish_non_exhaustive()
    }
}

impl Request {
    pub(crate) fn make(
        connection: &Py<Connection>,
        head: Box<RequestHead>,
        vm: &VirtualMachine,
    ) -> PyResult<PyRef<Self>> {
        let service = &connection.service;
        let (target, params, allow) = match service.route(head.path(), head.method().name()) {
            Route::Found(target, params) => (Some(target), params, None),
            Route::NotAllowed(allow) => (None, Vec::new(), Some(allow)),
            Route::NotFound => (None, Vec::new(), None),
        };
        let class = match &target {
            Some(Target { kind: Kind::Inline | Kind::Pooled, .. }) => service.sync_request_class.clone(),
            _ => service.request_class.clone(),
        };
        service.in_flight.fetch_add(1, Relaxed);
        let params = match allow {
            // Passed to the helper, which answers for the routes.
            Some(allow) => vec![("\0allow".to_owned(), Parameter::Text(allow))],
            None => params,
        };
        let request = Self {
            connection: connection.to_owned(),
            head,
            params: PyMutex::new(params),
            target: PyMutex::new(target),
            body: PyMutex::default(),
            reading: AtomicBool::new(false),
            dispatched: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            status: AtomicU16::new(0),
            sent: AtomicU64::new(0),
            began: service.now(),
        };
        request.into_ref_with_type(vm, class)
    }

    pub(crate) fn target(&self) -> Option<Target> {
        self.target.lock().clone()
    }

    pub(crate) fn head(&self) -> &RequestHead {
        &self.head
    }

    /// Takes note that the handler is called.
    pub(crate) fn dispatch(&self) {
        self.dispatched.store(true, Relaxed);
    }

    pub(crate) fn is_dispatched(&self) -> bool {
        self.dispatched.load(Relaxed)
    }

    pub(crate) fn set_status(&self, status: u16) {
        self.status.store(status, Relaxed);
    }

    pub(crate) fn count_sent(&self, count: usize) {
        self.sent.fetch_add(count as u64, Relaxed);
    }

    /// How many bytes of the body nobody has taken; none for those that are collected before the handler is called.
    pub(crate) fn untaken_body(&self) -> usize {
        if self.is_dispatched() { self.body.lock().untaken.len() } else { 0 }
    }

    /// How many bytes of the body have arrived and were not taken.
    pub(crate) fn body_size(&self) -> usize {
        self.body.lock().untaken.len()
    }

    pub(crate) fn is_being_read(&self) -> bool {
        self.reading.load(Relaxed)
    }

    pub(crate) fn set_being_read(&self) {
        self.reading.store(true, Relaxed);
    }

    /// Whether the whole body has arrived and was taken.
    pub(crate) fn is_taken(&self) -> bool {
        let body = self.body.lock();
        body.complete && body.untaken.is_empty()
    }

    fn wake(&self, vm: &VirtualMachine) -> PyResult<()> {
        let waiter = self.body.lock().waiter.take();
        match waiter {
            Some(waiter) => futures::resolve(&waiter, vm.ctx.none(), vm),
            None => Ok(()),
        }
    }

    pub(crate) fn add_body(&self, piece: Vec<u8>, vm: &VirtualMachine) -> PyResult<()> {
        {
            let mut body = self.body.lock();
            if body.untaken.is_empty() {
                body.untaken = piece;
            } else {
                body.untaken.extend_from_slice(&piece);
            }
        }
        self.wake(vm)
    }

    pub(crate) fn complete_body(&self, vm: &VirtualMachine) -> PyResult<()> {
        self.body.lock().complete = true;
        self.wake(vm)
    }

    /// The body breaks the protocol.
    pub(crate) fn fail_body(&self, reason: &'static str, vm: &VirtualMachine) -> PyResult<()> {
        {
            let mut body = self.body.lock();
            body.failure = Some(reason);
            body.left = true;
        }
        self.wake(vm)
    }

    /// The client sends no more, and may be gone.
    pub(crate) fn tell_disconnected(&self, vm: &VirtualMachine) -> PyResult<()> {
        let gone = {
            let mut body = self.body.lock();
            body.left = true;
            if !body.complete {
                body.lost = true;
            }
            body.gone.take()
        };
        if let Some(gone) = gone {
            futures::resolve(&gone, vm.ctx.none(), vm)?;
        }
        self.wake(vm)
    }

    /// The connection is lost.
    pub(crate) fn lose(&self, vm: &VirtualMachine) -> PyResult<()> {
        let stream = {
            let mut body = self.body.lock();
            body.lost = true;
            body.stream.take()
        };
        self.tell_disconnected(vm)?;
        self.end(vm)?;
        match stream {
            Some(stream) => vm.call_method(&stream, "cancel", ()).map(drop),
            None => Ok(()),
        }
    }

    /// The response is complete, or will never be.
    pub(crate) fn end(&self, vm: &VirtualMachine) -> PyResult<()> {
        if self.ended.swap(true, Relaxed) {
            return Ok(());
        }
        self.connection.service.in_flight.fetch_sub(1, Relaxed);
        let (gone, target) = {
            let mut body = self.body.lock();
            body.stream = None;
            (body.gone.take(), self.target.lock().take())
        };
        drop(target);
        match gone {
            Some(gone) => futures::resolve(&gone, vm.ctx.none(), vm),
            None => Ok(()),
        }
    }

    /// Has `task` cancelled when the client goes.
    pub(crate) fn set_stream(&self, task: PyObjectRef) {
        if !self.ended.load(Relaxed) {
            self.body.lock().stream = Some(task);
        }
    }

    pub(crate) fn connection(&self) -> &Py<Connection> {
        &self.connection
    }

    /// What has arrived of the body; `None` if that is nothing and more is to come.
    pub(crate) fn take(&self, vm: &VirtualMachine) -> PyResult<Option<PyBytesRef>> {
        let (data, failure) = {
            let mut body = self.body.lock();
            let data = std::mem::take(&mut body.untaken);
            let failure: Option<PyBaseExceptionRef> = match body.failure {
                Some(reason) => {
                    Some(vm.new_value_error(format!("the body of the request is invalid: {reason}")))
                }
                None if body.lost && !body.complete => Some(Connection::disconnected(vm)),
                None if body.complete || !data.is_empty() => None,
                None => return Ok(None),
            };
            (data, failure)
        };
        if let Some(error) = failure {
            return Err(error);
        }
        Ok(Some(vm.ctx.new_bytes(data)))
    }
}

#[pyclass(flags(BASETYPE, DISALLOW_INSTANTIATION, HAS_DICT, HAS_WEAKREF))]
impl Request {
    /// The method, in capitals.
    #[pygetset]
    fn method(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        vm.ctx.intern_str(zelf.head.method().name()).to_owned().into()
    }

    /// The path, decoded.
    #[pygetset]
    fn path(zelf: &Py<Self>) -> String {
        percent_encoding::percent_decode(zelf.head.path()).decode_utf8_lossy().into_owned()
    }

    /// The path as it was sent.
    #[pygetset]
    fn raw_path(zelf: &Py<Self>, vm: &VirtualMachine) -> PyBytesRef {
        vm.ctx.new_bytes(zelf.head.path().to_vec())
    }

    /// The request target as it was sent.
    #[pygetset(name = "target")]
    fn py_target(zelf: &Py<Self>, vm: &VirtualMachine) -> PyBytesRef {
        vm.ctx.new_bytes(zelf.head.target().to_vec())
    }

    /// The query as it was sent, without the question mark.
    #[pygetset]
    fn raw_query(zelf: &Py<Self>, vm: &VirtualMachine) -> PyBytesRef {
        vm.ctx.new_bytes(zelf.head.query().to_vec())
    }

    /// Names and values of the headers as they were sent: a list of pairs of `bytes`.
    #[pygetset]
    fn raw_headers(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        Self::pairs(zelf, false, vm)
    }

    /// The same with names in lower case.
    #[pygetset]
    fn lower_headers(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        Self::pairs(zelf, true, vm)
    }

    /// The value of the first header of this name, or `None`.
    #[pymethod]
    fn header(zelf: &Py<Self>, name: String) -> Option<String> {
        zelf.head.field(&name).map(|value| value.iter().map(|&byte| char::from(byte)).collect())
    }

    /// The version of the protocol, `1.1`.
    #[pygetset]
    fn http_version(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        let text = if zelf.head.version().minor == 0 { "1.0" } else { "1.1" };
        vm.ctx.intern_str(text).to_owned().into()
    }

    /// The authority that the request is for, `host` or `host:port`, or `None`.
    #[pygetset]
    fn authority(zelf: &Py<Self>) -> Option<String> {
        zelf.head.host().map(|host| String::from_utf8_lossy(host).into_owned())
    }

    /// What the braces of the route stand for.
    #[pygetset]
    fn params(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyDictRef> {
        let dict = vm.ctx.new_dict();
        for (name, value) in zelf.params.lock().iter() {
            if name.starts_with('\0') {
                continue;
            }
            let value: PyObjectRef = match value {
                Parameter::Text(text) => vm.ctx.new_str(text.as_str()).into(),
                Parameter::Int(number) => vm.ctx.new_int(*number).into(),
            };
            dict.set_item(name.as_str(), value, vm)?;
        }
        Ok(dict)
    }

    /// The methods that the path can be requested with, if it is not with this one.
    #[pygetset]
    fn _allow(zelf: &Py<Self>) -> Option<String> {
        zelf.params.lock().iter().find_map(|(name, value)| match value {
            Parameter::Text(text) if name == "\0allow" => Some(text.clone()),
            _ => None,
        })
    }

    /// The length that the body has according to the head, or `None`.
    #[pygetset]
    fn content_length(zelf: &Py<Self>) -> Option<u64> {
        zelf.head.content_length()
    }

    /// Whether a body follows the head.
    #[pygetset]
    fn has_body(zelf: &Py<Self>) -> bool {
        zelf.head.has_body()
    }

    /// Whether the client asks to change the protocol.
    #[pygetset]
    fn asks_for_upgrade(zelf: &Py<Self>) -> bool {
        zelf.head.asks_for_upgrade()
    }

    /// Host and port of the other end of the connection, or `None` for a Unix socket.
    #[pygetset]
    fn _peer(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        zelf.connection.peer(vm)
    }

    /// The transport, while the connection is open.
    #[pygetset]
    fn _transport(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.connection.transport()
    }

    /// The Python side of the server.
    #[pygetset]
    fn _core(zelf: &Py<Self>) -> PyObjectRef {
        zelf.connection.service.helper.clone()
    }

    /// Whether `_take` gives anything, be it the end.
    #[pygetset]
    fn _available(zelf: &Py<Self>) -> bool {
        let body = zelf.body.lock();
        body.complete || !body.untaken.is_empty()
    }

    /// Whether the client has gone, or has ended its direction of the connection.
    #[pygetset]
    fn disconnected(zelf: &Py<Self>) -> bool {
        zelf.connection.is_lost() || zelf.body.lock().left
    }

    /// Whether the response has begun.
    #[pygetset]
    fn _started(zelf: &Py<Self>) -> bool {
        !zelf.connection.is_current(zelf) || zelf.connection.has_started()
    }

    /// Whether the response is complete, or the connection is not of HTTP any more.
    #[pygetset]
    fn _ended(zelf: &Py<Self>) -> bool {
        zelf.ended.load(Relaxed)
    }

    /// Status, bytes of the body, and milliseconds since the request began, for the access log.
    #[pygetset]
    fn _outcome(zelf: &Py<Self>) -> (u16, u64, u64) {
        let taken = zelf.connection.service.now().saturating_sub(zelf.began);
        (zelf.status.load(Relaxed), zelf.sent.load(Relaxed), taken)
    }

    /// What has arrived of the body: empty at its end, `None` if more is to come. Raises `ConnectionResetError` if the
    /// client has gone, and `ValueError` if the body breaks the protocol.
    #[pymethod]
    fn _take(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<Option<PyBytesRef>> {
        let data = zelf.take(vm)?;
        Connection::pace_reading(&zelf.connection, vm)?;
        Ok(data)
    }

    /// A future that ends when more of the body has arrived.
    #[pymethod]
    fn _more(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        zelf.set_being_read();
        Connection::read_body(&zelf.connection, zelf, vm)?;
        let future = futures::create(&zelf.connection.service.event_loop, vm)?;
        let mut body = zelf.body.lock();
        if body.waiter.is_some() {
            return Err(vm.new_runtime_error("the body of the request is being read already"));
        }
        body.waiter = Some(future.clone());
        Ok(future)
    }

    /// Forgets the future of `_more`, which was cancelled.
    #[pymethod]
    fn _no_more(zelf: &Py<Self>) {
        let waiter = zelf.body.lock().waiter.take();
        drop(waiter);
    }

    /// A future that ends when the client goes or the response is complete.
    #[pymethod]
    fn _gone(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        let known = zelf.body.lock().gone.clone();
        if let Some(known) = known {
            return Ok(known);
        }
        let future = futures::create(&zelf.connection.service.event_loop, vm)?;
        if Self::disconnected(zelf) || zelf.ended.load(Relaxed) {
            futures::resolve(&future, vm.ctx.none(), vm)?;
        } else {
            zelf.body.lock().gone = Some(future.clone());
        }
        Ok(future)
    }

    /// Begins the response. `headers` are pairs of `bytes`; `length` is that of the body, or `None`.
    #[pymethod]
    fn _start(
        zelf: &Py<Self>,
        status: u16,
        headers: PyObjectRef,
        length: Option<u64>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let fields = response::fields(&headers, vm)?;
        zelf.connection.start_response(zelf, status, &fields, length, vm)
    }

    /// Sends an interim response.
    #[pymethod]
    fn _inform(zelf: &Py<Self>, status: u16, headers: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let fields = response::fields(&headers, vm)?;
        zelf.connection.inform(zelf, status, &fields, vm)
    }

    /// Sends a piece of the body; a future to wait for before the next, or `None`.
    #[pymethod]
    fn _write(zelf: &Py<Self>, data: ArgBytesLike, vm: &VirtualMachine) -> PyResult<Option<PyObjectRef>> {
        let data = data.borrow_buf().to_vec();
        Connection::send_body(&zelf.connection, zelf, &data, false, vm)?;
        zelf.connection.drain(vm)
    }

    /// Sends the last piece of the body, and ends the response.
    #[pymethod]
    fn _end(zelf: &Py<Self>, data: ArgBytesLike, vm: &VirtualMachine) -> PyResult<()> {
        let data = data.borrow_buf().to_vec();
        Connection::send_body(&zelf.connection, zelf, &data, true, vm)
    }

    /// Sends a whole response, which was not begun.
    #[pymethod]
    fn _send(zelf: &Py<Self>, response: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        crate::dispatch::finish(zelf, Ok(response), vm)
    }

    /// Ends the connection at once.
    #[pymethod]
    fn _abort(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        if zelf.connection.is_current(zelf) { Connection::abort(&zelf.connection, vm) } else { Ok(()) }
    }

    /// Leaves HTTP: the transport, and the bytes that arrived behind the request.
    #[pymethod]
    fn _upgrade(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<(PyObjectRef, PyBytesRef)> {
        let (transport, rest) = Connection::upgrade(&zelf.connection, zelf, vm)?;
        Ok((transport, vm.ctx.new_bytes(rest)))
    }

    /// The scope of an ASGI application, but for `client`, `scheme` and what only some kinds have.
    #[pymethod]
    fn _scope(zelf: &Py<Self>, args: ScopeArgs, vm: &VirtualMachine) -> PyResult<PyDictRef> {
        let scope = vm.ctx.new_dict();
        let text = |text: &str| -> PyObjectRef { vm.ctx.new_str(text).into() };
        let path = percent_encoding::percent_decode(zelf.head.path()).decode_utf8_lossy();
        let root = args.root_path.as_str();
        let path = if root.is_empty() { text(&path) } else { text(&format!("{root}{path}")) };
        let items: [(&'static str, PyObjectRef); 11] = [
            ("type", args.kind),
            ("asgi", args.asgi),
            ("http_version", Self::http_version(zelf, vm)),
            ("path", path),
            ("raw_path", Self::raw_path(zelf, vm).into()),
            ("query_string", Self::raw_query(zelf, vm).into()),
            ("root_path", text(root)),
            ("headers", Self::pairs(zelf, true, vm)),
            ("client", args.client),
            ("scheme", args.scheme),
            ("server", args.server),
        ];
        for (name, value) in items {
            scope.set_item(vm.ctx.intern_str(name), value, vm)?;
        }
        Ok(scope)
    }

    /// Takes the result of a task or future that runs the handler.
    #[pymethod]
    fn _done(zelf: &Py<Self>, future: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let result = vm.call_method(&future, "result", ());
        crate::dispatch::finish(zelf, result, vm)
    }
}

impl Request {
    fn pairs(zelf: &Py<Self>, lower: bool, vm: &VirtualMachine) -> PyObjectRef {
        let pair = |(name, value): (&[u8], &[u8])| -> PyObjectRef {
            let name = if lower { name.to_ascii_lowercase() } else { name.to_vec() };
            let pair = vec![vm.ctx.new_bytes(name).into(), vm.ctx.new_bytes(value.to_vec()).into()];
            vm.ctx.new_tuple(pair).into()
        };
        vm.ctx.new_list(zelf.head.fields().map(pair).collect()).into()
    }
}
