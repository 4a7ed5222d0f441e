//! `httpx.AsyncClient`.

use rustpython_vm::function::FuncArgs;
use rustpython_vm::types::{Constructor, DefaultConstructor, Initializer};
use rustpython_vm::{AsObject, Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass};
use tauraro_bridge::{coroutine, with_vm};

use super::args::{BodyArgs, PlainArgs, RequestArgs, SendCall};
use super::async_stream_context::AsyncStreamContext;
use super::base_client::BaseClient;
use super::call::{Call, Caller};
use super::map::{AsyncMapIterator, MapArgs};
use super::settings::ClientArgs;

/// An HTTP client for `asyncio`: a pool of connections, and what its requests have in common. Tasks
/// can share it, and their requests run at the same time, up to `max_connections` of its `limits`.
/// Use it in an `async with` block, or await `aclose`.
///
/// Takes the arguments of `Client`; its transports, its event hooks and what it sends piece by piece
/// are asynchronous. A request ends when its task is cancelled.
#[pyclass(module = "httpx", name = "AsyncClient", base = BaseClient, traverse)]
#[derive(Debug, Default)]
#[repr(transparent)]
pub(crate) struct AsyncClient(BaseClient);

impl AsyncClient {
    /// The coroutine of `self.request(...)`, by whatever name resolution finds. `with_body` says
    /// whether the calling method's signature has the arguments of a body.
    fn call_request(
        zelf: PyRef<Self>,
        name: &'static str,
        args: RequestArgs,
        with_body: bool,
        vm: &VirtualMachine,
    ) -> PyObjectRef {
        let client = zelf.into_base();
        coroutine(vm, name, move |mode| Call::of(client, mode).request(args, Caller::Shortcut { with_body }))
    }
}

impl DefaultConstructor for AsyncClient {}

impl Initializer for AsyncClient {
    type Args = ClientArgs;

    fn init(zelf: &Py<Self>, args: ClientArgs, vm: &VirtualMachine) -> PyResult<()> {
        zelf.0.set_up(vm, zelf.as_object(), args, true)
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer))]
impl AsyncClient {
    /// Builds a request as `build_request` does, sends it as `send` does, and returns its `Response`,
    /// read. To be awaited.
    ///
    /// Arguments: `method` any token (`"GET"`); `url` a str or `URL`, appended to the client's
    /// `base_url` if it is relative; `params`, `headers` dicts or lists of pairs, merged into the
    /// client's; `json`, `data`, `files`, `content` the body: a value to send as JSON, a dict for a
    /// form, a dict of files for a multipart form, or bytes, str or an `async` iterable of bytes;
    /// `auth`, `follow_redirects`, `timeout` (seconds for each phase, a `Timeout`, or None for no
    /// limit), by default the client's; `extensions` a dict with `trace`, `target`, `sni_hostname`.
    /// `cookies` is deprecated: set them on the client.
    ///
    /// Raises `InvalidURL`; `RuntimeError` once the client is closed; and, where there is no response,
    /// `RequestError` in its kinds: `UnsupportedProtocol`, `LocalProtocolError`, `ConnectError`,
    /// `ConnectTimeout`, `ReadError`, `ReadTimeout`, `WriteError`, `WriteTimeout`, `PoolTimeout`,
    /// `ProxyError`, `RemoteProtocolError`, `DecodingError`, `TooManyRedirects`. A status of 400 or
    /// above raises nothing: see `Response.raise_for_status`.
    #[pymethod]
    fn request(zelf: PyRef<Self>, args: RequestArgs, vm: &VirtualMachine) -> PyObjectRef {
        let client = zelf.into_base();
        coroutine(vm, "AsyncClient.request", move |mode| {
            Call::of(client, mode).request(args, Caller::Request)
        })
    }

    /// Sends a `GET` request, which asks for a resource, and returns its `Response`, read. To be
    /// awaited.
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
    fn get(zelf: PyRef<Self>, args: PlainArgs, vm: &VirtualMachine) -> PyObjectRef {
        Self::call_request(zelf, "AsyncClient.get", args.with_method(vm, "GET"), false, vm)
    }

    /// Sends an `OPTIONS` request, which asks what a resource can do, and returns its `Response`, read.
    /// To be awaited. Arguments and exceptions: those of `get`.
    #[pymethod]
    fn options(zelf: PyRef<Self>, args: PlainArgs, vm: &VirtualMachine) -> PyObjectRef {
        Self::call_request(zelf, "AsyncClient.options", args.with_method(vm, "OPTIONS"), false, vm)
    }

    /// Sends a `HEAD` request, which asks for the headers of a resource, and returns its `Response`,
    /// read. To be awaited. Arguments and exceptions: those of `get`.
    #[pymethod]
    fn head(zelf: PyRef<Self>, args: PlainArgs, vm: &VirtualMachine) -> PyObjectRef {
        Self::call_request(zelf, "AsyncClient.head", args.with_method(vm, "HEAD"), false, vm)
    }

    /// Sends a `POST` request, which hands data to a resource, and returns its `Response`, read. To be
    /// awaited.
    ///
    /// The body is one of: `json` a value to send as JSON; `data` a dict for a form; `files` a dict of
    /// file objects, bytes or `(name, content, type)` tuples for a multipart form, to which `data` adds
    /// fields; `content` bytes, str or an `async` iterable of bytes. The other arguments and the
    /// exceptions are those of `get`.
    #[pymethod]
    fn post(zelf: PyRef<Self>, args: BodyArgs, vm: &VirtualMachine) -> PyObjectRef {
        Self::call_request(zelf, "AsyncClient.post", args.with_method(vm, "POST"), true, vm)
    }

    /// Sends a `PUT` request, which replaces a resource, and returns its `Response`, read. To be
    /// awaited. Arguments and exceptions: those of `post`.
    #[pymethod]
    fn put(zelf: PyRef<Self>, args: BodyArgs, vm: &VirtualMachine) -> PyObjectRef {
        Self::call_request(zelf, "AsyncClient.put", args.with_method(vm, "PUT"), true, vm)
    }

    /// Sends a `PATCH` request, which changes a resource, and returns its `Response`, read. To be
    /// awaited. Arguments and exceptions: those of `post`.
    #[pymethod]
    fn patch(zelf: PyRef<Self>, args: BodyArgs, vm: &VirtualMachine) -> PyObjectRef {
        Self::call_request(zelf, "AsyncClient.patch", args.with_method(vm, "PATCH"), true, vm)
    }

    /// Sends a `QUERY` request, which asks as `GET` does, with a body, and returns its `Response`, read.
    /// To be awaited. Arguments and exceptions: those of `post`.
    #[pymethod]
    fn query(zelf: PyRef<Self>, args: BodyArgs, vm: &VirtualMachine) -> PyObjectRef {
        Self::call_request(zelf, "AsyncClient.query", args.with_method(vm, "QUERY"), true, vm)
    }

    /// Sends a `DELETE` request, which removes a resource, and returns its `Response`, read. To be
    /// awaited. Arguments and exceptions: those of `get`.
    #[pymethod]
    fn delete(zelf: PyRef<Self>, args: PlainArgs, vm: &VirtualMachine) -> PyObjectRef {
        Self::call_request(zelf, "AsyncClient.delete", args.with_method(vm, "DELETE"), false, vm)
    }

    /// Sends a request and gives its `Response` with the body still to be read, for the time of an
    /// `async with` block: `async with client.stream("GET", url) as response`. Read it with
    /// `aiter_bytes`, `aiter_text`, `aiter_lines`, `aiter_raw` or `aread`. The response is closed at the
    /// end of the block, and its connection is free again.
    ///
    /// Arguments and exceptions: those of `request`.
    #[pymethod]
    fn stream(zelf: PyRef<Self>, args: RequestArgs, vm: &VirtualMachine) -> PyRef<AsyncStreamContext> {
        AsyncStreamContext::new(zelf.into_base(), args).into_ref(&vm.ctx)
    }

    /// Sends many requests, at most `concurrency` of them at the same time, and gives their responses, read,
    /// as they arrive: `async for response in client.map(urls)`.
    ///
    /// `requests` is an iterable of URLs, to which `GET` requests are sent, and of `Request` objects; it is
    /// iterated over lazily. With `ordered=True` the responses come in the order of the requests. A request
    /// that fails gives its exception in place of a response, or raises it with `on_error="raise"`, which
    /// ends the iteration. Ending it early, by `aclose` or by dropping the iterator, cancels the requests
    /// under way. `response.request` tells which request was answered.
    ///
    /// Raises `TypeError` for `requests` that cannot be iterated over, `ValueError` for `concurrency` below 1
    /// or another `on_error`, and `RuntimeError` once the client is closed.
    #[pymethod]
    fn map(zelf: PyRef<Self>, args: MapArgs, vm: &VirtualMachine) -> PyResult<PyRef<AsyncMapIterator>> {
        AsyncMapIterator::new(vm, zelf.into_base(), args)
    }

    /// Sends a `Request` as it is, through hooks, authentication and, if asked for, redirects; returns
    /// its `Response`. To be awaited.
    ///
    /// With `stream=True` the body is left to be read, and the response to be closed. `auth` and
    /// `follow_redirects` are by default the client's. Raises `TypeError` for anything that is not a `Request`,
    /// `RuntimeError` once the client is closed, and `RequestError` in its kinds, as `request`.
    #[pymethod]
    fn send(zelf: PyRef<Self>, args: SendCall, vm: &VirtualMachine) -> PyObjectRef {
        let client = zelf.into_base();
        coroutine(vm, "AsyncClient.send", move |mode| Call::of(client, mode).send(args))
    }

    /// Ends the idle connections and closes the transports. The client cannot be used afterwards;
    /// closing again does nothing. To be awaited.
    #[pymethod]
    fn aclose(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "AsyncClient.aclose", move |mode| async move {
            zelf.0.shut(&mode).await?;
            Ok(with_vm(|vm| vm.ctx.none()))
        })
    }

    #[pymethod]
    fn __aenter__(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "AsyncClient.__aenter__", move |mode| async move {
            zelf.0.enter(&mode).await?;
            Ok(zelf.into())
        })
    }

    #[pymethod]
    fn __aexit__(zelf: PyRef<Self>, exception: FuncArgs, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "AsyncClient.__aexit__", move |mode| async move {
            zelf.0.exit(exception, &mode).await?;
            Ok(with_vm(|vm| vm.ctx.none()))
        })
    }
}
