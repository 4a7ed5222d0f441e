//! `httpx.Client`.

use rustpython_vm::function::FuncArgs;
use rustpython_vm::types::{Constructor, DefaultConstructor, Initializer};
use rustpython_vm::{AsObject, Py, PyPayload, PyRef, PyResult, VirtualMachine, pyclass};
use tauraro_bridge::{ExecutionMode, poll_to_completion};

use super::args::{BodyArgs, PlainArgs, RequestArgs, SendCall};
use super::base_client::BaseClient;
use super::call::{Call, Caller};
use super::map::{MapArgs, MapIterator};
use super::settings::{ClientArgs, Settings};
use super::stream_context::StreamContext;

/// An HTTP client: a pool of connections, and what its requests have in common. It can be shared
/// between threads. Use it in a `with` block, or `close` it. `Session` is another name for it.
///
/// For every request: `base_url`, what relative URLs are appended to; `params`, `headers`,
/// `cookies`, dicts or lists of pairs; `auth`, a `(user, password)` tuple, an `Auth` or a function;
/// `timeout`, seconds for each phase (5 by default), a `Timeout`, a dict by phase, or None for no
/// limit; `follow_redirects`, and `max_redirects` before `TooManyRedirects`; `event_hooks`,
/// `{"request": [...], "response": [...]}`; all these are attributes too. `default_encoding`, a name or
/// a function of the bytes, is for text whose encoding the server does not name.
///
/// For connections: `verify`, True, False for no verification, or an `ssl.SSLContext` (a path, and
/// `cert`, are deprecated); `http1`, `http2`, the versions to speak; `limits`, a `Limits`; `proxy`,
/// a URL or `Proxy`; `mounts`, transports by URL pattern; `transport`, what replaces the network;
/// `trust_env`, whether the environment's proxies and certificates count.
///
/// `max_decoded_size`, which is Tauraro's own, bounds in bytes what a compressed body may decode to
/// in memory; None lifts the bound.
///
/// Raises `TypeError`, `ValueError`, `InvalidURL` or `OSError` for an argument that makes no sense.
#[pyclass(module = "httpx", name = "Client", base = BaseClient, traverse)]
#[derive(Debug, Default)]
#[repr(transparent)]
pub(crate) struct Client(BaseClient);

impl Client {
    /// A client made from Rust.
    ///
    /// # Errors
    /// As `Client()`.
    pub(crate) fn create(vm: &VirtualMachine, args: ClientArgs) -> PyResult<PyRef<Self>> {
        let client = Self(BaseClient::new(Settings::new(vm, args, false, None)?));
        Ok(client.into_ref(&vm.ctx))
    }

    /// Closes the client.
    ///
    /// # Errors
    /// What closing a transport raises.
    pub(crate) fn shut(&self, vm: &VirtualMachine) -> PyResult<()> {
        poll_to_completion(vm, self.0.shut(&ExecutionMode::Blocking))
    }

    /// `self.request(...)`, by whatever name resolution finds. `with_body` says whether the calling
    /// method's signature has the arguments of a body.
    ///
    /// # Errors
    /// As `request`.
    pub(crate) fn call_request(
        zelf: PyRef<Self>,
        args: RequestArgs,
        with_body: bool,
        vm: &VirtualMachine,
    ) -> PyResult {
        poll_to_completion(
            vm,
            Call::of(zelf.into_base(), ExecutionMode::Blocking).request(args, Caller::Shortcut { with_body }),
        )
    }
}

impl DefaultConstructor for Client {}

impl Initializer for Client {
    type Args = ClientArgs;

    fn init(zelf: &Py<Self>, args: ClientArgs, vm: &VirtualMachine) -> PyResult<()> {
        zelf.0.set_up(vm, zelf.as_object(), args, false)
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer))]
impl Client {
    /// Builds a request as `build_request` does, sends it as `send` does, and returns its `Response`,
    /// read.
    ///
    /// Arguments: `method` any token (`"GET"`); `url` a str or `URL`, appended to the client's
    /// `base_url` if it is relative; `params`, `headers` dicts or lists of pairs, merged into the
    /// client's; `json`, `data`, `files`, `content` the body: a value to send as JSON, a dict for a
    /// form, a dict of files for a multipart form, or bytes, str or an iterable of bytes; `auth`,
    /// `follow_redirects`, `timeout` (seconds for each phase, a `Timeout`, or None for no limit), by
    /// default the client's; `extensions` a dict with `trace`, `target`, `sni_hostname`. `cookies` is
    /// deprecated: set them on the client.
    ///
    /// Raises `InvalidURL`; `RuntimeError` once the client is closed; and, where there is no response,
    /// `RequestError` in its kinds: `UnsupportedProtocol`, `LocalProtocolError`, `ConnectError`,
    /// `ConnectTimeout`, `ReadError`, `ReadTimeout`, `WriteError`, `WriteTimeout`, `PoolTimeout`,
    /// `ProxyError`, `RemoteProtocolError`, `DecodingError`, `TooManyRedirects`. A status of 400 or
    /// above raises nothing: see `Response.raise_for_status`.
    #[pymethod]
    fn request(zelf: PyRef<Self>, args: RequestArgs, vm: &VirtualMachine) -> PyResult {
        poll_to_completion(
            vm,
            Call::of(zelf.into_base(), ExecutionMode::Blocking).request(args, Caller::Request),
        )
    }

    /// Sends a `GET` request, which asks for a resource, and returns its `Response`, read.
    ///
    /// Arguments: `url` a str or `URL`, appended to the client's `base_url` if it is relative; `params`
    /// for the query and `headers`, dicts or lists of pairs that are merged into the client's; `auth` a
    /// `(user, password)` tuple, an `Auth` or None; `timeout` seconds for each phase, a `Timeout` or
    /// None for no limit; `follow_redirects` a bool: by default those three are the client's.
    /// `extensions` is a dict with `trace`, `target`, `sni_hostname`; `cookies` is deprecated: set them on
    /// the client. There is no body: use `request` to send one.
    ///
    /// Raises `InvalidURL`, and `RequestError` in its kinds (`TimeoutException`, `ConnectError`,
    /// `RemoteProtocolError`...) when there is no response. For a status of 400 or above see
    /// `Response.raise_for_status`; for all details see `request`.
    #[pymethod]
    fn get(zelf: PyRef<Self>, args: PlainArgs, vm: &VirtualMachine) -> PyResult {
        Self::call_request(zelf, args.with_method(vm, "GET"), false, vm)
    }

    /// Sends an `OPTIONS` request, which asks what a resource can do, and returns its `Response`, read.
    /// Arguments and exceptions: those of `get`.
    #[pymethod]
    fn options(zelf: PyRef<Self>, args: PlainArgs, vm: &VirtualMachine) -> PyResult {
        Self::call_request(zelf, args.with_method(vm, "OPTIONS"), false, vm)
    }

    /// Sends a `HEAD` request, which asks for the headers of a resource, and returns its `Response`,
    /// read. Arguments and exceptions: those of `get`.
    #[pymethod]
    fn head(zelf: PyRef<Self>, args: PlainArgs, vm: &VirtualMachine) -> PyResult {
        Self::call_request(zelf, args.with_method(vm, "HEAD"), false, vm)
    }

    /// Sends a `POST` request, which hands data to a resource, and returns its `Response`, read.
    ///
    /// The body is one of: `json` a value to send as JSON; `data` a dict for a form; `files` a dict of
    /// file objects, bytes or `(name, content, type)` tuples for a multipart form, to which `data` adds
    /// fields; `content` bytes, str or an iterable of bytes. The other arguments and the exceptions are
    /// those of `get`.
    #[pymethod]
    fn post(zelf: PyRef<Self>, args: BodyArgs, vm: &VirtualMachine) -> PyResult {
        Self::call_request(zelf, args.with_method(vm, "POST"), true, vm)
    }

    /// Sends a `PUT` request, which replaces a resource, and returns its `Response`, read. Arguments and
    /// exceptions: those of `post`.
    #[pymethod]
    fn put(zelf: PyRef<Self>, args: BodyArgs, vm: &VirtualMachine) -> PyResult {
        Self::call_request(zelf, args.with_method(vm, "PUT"), true, vm)
    }

    /// Sends a `PATCH` request, which changes a resource, and returns its `Response`, read. Arguments
    /// and exceptions: those of `post`.
    #[pymethod]
    fn patch(zelf: PyRef<Self>, args: BodyArgs, vm: &VirtualMachine) -> PyResult {
        Self::call_request(zelf, args.with_method(vm, "PATCH"), true, vm)
    }

    /// Sends a `QUERY` request, which asks as `GET` does, with a body, and returns its `Response`, read.
    /// Arguments and exceptions: those of `post`.
    #[pymethod]
    fn query(zelf: PyRef<Self>, args: BodyArgs, vm: &VirtualMachine) -> PyResult {
        Self::call_request(zelf, args.with_method(vm, "QUERY"), true, vm)
    }

    /// Sends a `DELETE` request, which removes a resource, and returns its `Response`, read. Arguments
    /// and exceptions: those of `get`.
    #[pymethod]
    fn delete(zelf: PyRef<Self>, args: PlainArgs, vm: &VirtualMachine) -> PyResult {
        Self::call_request(zelf, args.with_method(vm, "DELETE"), false, vm)
    }

    /// Sends a request and gives its `Response` with the body still to be read, for the time of a `with`
    /// block: `with client.stream("GET", url) as response`. Read it with `iter_bytes`, `iter_text`,
    /// `iter_lines`, `iter_raw` or `read`. The response is closed at the end of the block, and its
    /// connection is free again.
    ///
    /// Arguments and exceptions: those of `request`.
    #[pymethod]
    fn stream(zelf: PyRef<Self>, args: RequestArgs, vm: &VirtualMachine) -> PyRef<StreamContext> {
        StreamContext::new(zelf, args, false).into_ref(&vm.ctx)
    }

    /// Sends many requests, at most `concurrency` of them at the same time, and gives their responses, read,
    /// as they arrive: `for response in client.map(urls)`.
    ///
    /// `requests` is an iterable of URLs, to which `GET` requests are sent, and of `Request` objects; it is
    /// iterated over lazily. With `ordered=True` the responses come in the order of the requests. A request
    /// that fails gives its exception in place of a response, or raises it with `on_error="raise"`, which
    /// ends the iteration. Ending it early, by `close` or by dropping the iterator, cancels the requests
    /// under way. `response.request` tells which request was answered.
    ///
    /// Raises `TypeError` for `requests` that cannot be iterated over, `ValueError` for `concurrency` below 1
    /// or another `on_error`, and `RuntimeError` once the client is closed.
    #[pymethod]
    fn map(zelf: PyRef<Self>, args: MapArgs, vm: &VirtualMachine) -> PyResult<PyRef<MapIterator>> {
        MapIterator::new(vm, zelf.into_base(), args)
    }

    /// Sends a `Request` as it is, through hooks, authentication and, if asked for, redirects; returns
    /// its `Response`.
    ///
    /// With `stream=True` the body is left to be read, and the response to be closed. `auth` and
    /// `follow_redirects` are by default the client's. Raises `TypeError` for anything that is not a `Request`,
    /// `RuntimeError` once the client is closed, and `RequestError` in its kinds, as `request`.
    #[pymethod]
    fn send(zelf: PyRef<Self>, args: SendCall, vm: &VirtualMachine) -> PyResult {
        poll_to_completion(vm, Call::of(zelf.into_base(), ExecutionMode::Blocking).send(args))
    }

    /// Ends the idle connections and closes the transports. The client cannot be used afterwards;
    /// closing again does nothing.
    #[pymethod]
    fn close(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        zelf.shut(vm)
    }

    #[pymethod]
    fn __enter__(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult<PyRef<Self>> {
        poll_to_completion(vm, zelf.0.enter(&ExecutionMode::Blocking))?;
        Ok(zelf)
    }

    #[pymethod]
    fn __exit__(zelf: &Py<Self>, exception: FuncArgs, vm: &VirtualMachine) -> PyResult<()> {
        poll_to_completion(vm, zelf.0.exit(exception, &ExecutionMode::Blocking))
    }
}
