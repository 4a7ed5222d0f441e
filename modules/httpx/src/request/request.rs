//! `httpx.Request`.

use bytes::Bytes;
use rustpython_vm::builtins::{PyBytesRef, PyDictRef, PyUtf8StrRef};
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::types::{Constructor, DefaultConstructor, Initializer, Representable};
use rustpython_vm::{
    AsObject, FromArgs, Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass,
};
use tauraro_bridge::{ExecutionMode, coroutine, poll_to_completion, with_vm};
use tauraro_engine as engine;
use tauraro_engine::http::cookies::CookieJar;

use super::{Extensions, pickling};
use crate::exceptions;
use crate::models::cookies::cookies_from;
use crate::models::headers::{Headers, headers_from};
use crate::models::query_params::query_params_from;
use crate::models::url::{Url, url_from};
use crate::streams::byte_stream::ByteStream;
use crate::streams::chunks;
use crate::streams::content::{ContentArgs, Encoded, RequestBody, encode_request};

/// An HTTP request: `Request(method, url, *, params=None, headers=None, cookies=None, content=None,
/// data=None, files=None, json=None, stream=None, extensions=None)`.
///
/// `Host` and the headers that describe the body are added unless they are given; with `stream=`
/// nothing is added.
#[pyclass(module = "httpx", name = "Request", traverse)]
#[derive(Debug, Default, PyPayload)]
pub(crate) struct Request {
    pub(super) state: PyMutex<State>,
}

#[derive(Clone, Debug, Default, Traverse)]
pub(super) struct State {
    #[pytraverse(skip)]
    method: String,
    url: Option<PyRef<Url>>,
    headers: Option<PyRef<Headers>>,
    /// The body, when it is not in memory.
    pub(super) stream: Option<PyObjectRef>,
    /// The body, when it is in memory (and `stream` is not set).
    #[pytraverse(skip)]
    bytes: Bytes,
    /// The body as `content` shows it, made when first asked for.
    pub(super) content: Option<PyBytesRef>,
    extensions: Extensions,
}

/// The arguments of `Request()`.
#[derive(FromArgs)]
pub(crate) struct RequestArgs {
    #[pyarg(any)]
    method: PyUtf8StrRef,
    #[pyarg(any)]
    url: PyObjectRef,
    #[pyarg(named, optional)]
    params: Option<PyObjectRef>,
    #[pyarg(named, optional)]
    headers: Option<PyObjectRef>,
    #[pyarg(named, optional)]
    cookies: Option<PyObjectRef>,
    #[pyarg(flatten)]
    content: ContentArgs,
    #[pyarg(named, optional)]
    stream: Option<PyObjectRef>,
    #[pyarg(named, optional)]
    extensions: Option<PyObjectRef>,
}

/// What a request is made from, everything converted.
pub(crate) struct RequestParts {
    pub(crate) method: String,
    pub(crate) url: engine::Url,
    pub(crate) headers: engine::Headers,
    pub(crate) extensions: Extensions,
}

impl Request {
    /// A request whose `Host` and body headers are filled in, and whose `Cookie` comes from `jar`.
    ///
    /// # Errors
    /// What encoding the body raises.
    pub(crate) fn prepare(
        vm: &VirtualMachine,
        mut parts: RequestParts,
        jar: Option<&CookieJar>,
        content: ContentArgs,
    ) -> PyResult<Self> {
        add_cookies(&mut parts, jar);
        let content_type = parts.headers.get("content-type").cloned();
        let Encoded { body, headers } = encode_request(vm, content, content_type.as_deref())?;
        add_auto_headers(&mut parts, headers);
        Ok(Self::assemble(vm, parts, body))
    }

    /// A request whose body is `body`, without any header being added but `Cookie` from `jar`.
    pub(crate) fn with_body(
        vm: &VirtualMachine,
        mut parts: RequestParts,
        jar: Option<&CookieJar>,
        body: RequestBody,
    ) -> Self {
        add_cookies(&mut parts, jar);
        Self::assemble(vm, parts, body)
    }

    fn assemble(vm: &VirtualMachine, parts: RequestParts, body: RequestBody) -> Self {
        let (bytes, content, stream) = match body {
            RequestBody::Bytes(bytes, content) => (bytes, content, None),
            RequestBody::Stream(stream) => (Bytes::new(), None, Some(stream)),
        };
        let state = State {
            method: parts.method,
            url: Some(Url::new(parts.url).into_ref(&vm.ctx)),
            headers: Some(Headers::new(parts.headers).into_ref(&vm.ctx)),
            stream,
            bytes,
            content,
            extensions: parts.extensions,
        };
        Self { state: PyMutex::new(state) }
    }

    /// The method, upper case unless it was set otherwise.
    pub(crate) fn method_name(&self) -> String {
        self.state.lock().method.clone()
    }

    /// The URL.
    ///
    /// # Errors
    /// `AttributeError` on an object whose `__init__` did not run.
    pub(crate) fn url_ref(&self, vm: &VirtualMachine) -> PyResult<PyRef<Url>> {
        self.state.lock().url.clone().ok_or_else(|| uninitialized(vm, "url"))
    }

    /// The header fields.
    ///
    /// # Errors
    /// `AttributeError` on an object whose `__init__` did not run.
    pub(crate) fn headers_ref(&self, vm: &VirtualMachine) -> PyResult<PyRef<Headers>> {
        self.state.lock().headers.clone().ok_or_else(|| uninitialized(vm, "headers"))
    }

    /// The body, as it is to be sent.
    pub(crate) fn body(&self) -> RequestBody {
        let state = self.state.lock();
        match &state.stream {
            Some(stream) => RequestBody::Stream(stream.clone()),
            None => RequestBody::Bytes(state.bytes.clone(), state.content.clone()),
        }
    }

    /// The extensions, for sharing with the request that follows a redirect.
    pub(crate) fn extensions_shared(&self) -> Extensions {
        self.state.lock().extensions.clone()
    }

    /// Sets the timeouts, unless the request brings its own.
    pub(crate) fn default_timeouts(
        &self,
        vm: &VirtualMachine,
        timeouts: impl FnOnce() -> tauraro_engine::http::client::Timeouts,
    ) -> PyResult<()> {
        let mut extensions = self.extensions_shared();
        if extensions.has_timeouts(vm)? {
            return Ok(());
        }
        extensions.set_timeouts(vm, timeouts())?;
        self.state.lock().extensions = extensions;
        Ok(())
    }

    fn set_body(&self, bytes: Bytes, content: PyBytesRef) {
        let mut state = self.state.lock();
        let replaced = state.stream.take();
        state.bytes = bytes;
        state.content = Some(content);
        drop(state);
        // Dropping it can run Python code, which may look at this request.
        drop(replaced);
    }

    /// The body if it is in memory, and otherwise the stream to read it from.
    fn body_or_stream(&self, vm: &VirtualMachine) -> Result<PyBytesRef, PyObjectRef> {
        let mut state = self.state.lock();
        match (&state.content, &state.stream) {
            (Some(content), _) => Ok(content.clone()),
            (None, Some(stream)) => Err(stream.clone()),
            (None, None) => {
                let content = vm.ctx.new_bytes(state.bytes.to_vec());
                state.content = Some(content.clone());
                Ok(content)
            }
        }
    }

    /// Reads the body into memory and returns it.
    ///
    /// # Errors
    /// What iterating over the body raises; `AssertionError` for a body that can only be read the
    /// other way, with `await` or without.
    pub(crate) async fn read_on(&self, mode: &ExecutionMode) -> PyResult<PyBytesRef> {
        let stream = match with_vm(|vm| self.body_or_stream(vm)) {
            Ok(content) => return Ok(content),
            Err(stream) => stream,
        };
        let is_async = mode.is_async();
        let chunks = with_vm(|vm| {
            if chunks::is_iterable(&stream, is_async) {
                return chunks::iterate(vm, &stream, is_async);
            }
            let kind = if is_async { "a synchronous" } else { "an asynchronous" };
            let message = format!("the request has {kind} body: use 'read' or 'aread' accordingly");
            let class = vm.ctx.exceptions.assertion_error.to_owned();
            Err(vm.new_exception_msg(class, message.into()))
        })?;
        let mut body = Vec::new();
        while let Some(chunk) = chunks::next_chunk(&chunks, mode).await? {
            body.extend_from_slice(&chunk);
        }
        let content = with_vm(|vm| vm.ctx.new_bytes(body.clone()));
        self.set_body(body.into(), content.clone());
        Ok(content)
    }

    /// [`read_on`](Self::read_on) without `await`.
    ///
    /// # Errors
    /// The same.
    pub(crate) fn read_body(&self, vm: &VirtualMachine) -> PyResult<PyBytesRef> {
        poll_to_completion(vm, self.read_on(&ExecutionMode::Blocking))
    }
}

fn uninitialized(vm: &VirtualMachine, name: &str) -> rustpython_vm::builtins::PyBaseExceptionRef {
    vm.new_attribute_error(format!("'Request' object has no attribute '{name}'"))
}

/// A caller's `Cookie` header stands; the jar's cookies are then not sent.
fn add_cookies(parts: &mut RequestParts, jar: Option<&CookieJar>) {
    if let Some(cookies) = jar.and_then(|jar| jar.header_for(&parts.url))
        && !parts.headers.contains("cookie")
    {
        parts.headers.append("Cookie", cookies);
    }
}

/// Adds what describes the body and `Host`, unless the caller did (RFC 9110 sections 7.2 and 8.6).
fn add_auto_headers(parts: &mut RequestParts, body: Vec<(&'static str, Bytes)>) {
    let RequestParts { method, url, headers, .. } = parts;
    for (name, value) in body {
        let framed = name == "Transfer-Encoding" && headers.contains("content-length");
        if !framed && !headers.contains(name) {
            headers.append(name, value);
        }
    }
    let framed = headers.contains("content-length") || headers.contains("transfer-encoding");
    if !framed && matches!(method.as_str(), "POST" | "PUT" | "PATCH" | "QUERY") {
        headers.prepend("Content-Length", "0");
    }
    if !headers.contains("host") && !url.raw_host().is_empty() {
        headers.prepend("Host", url.host_header());
    }
}

/// The URL with its query replaced by `params`, or without a query if there are none.
///
/// # Errors
/// `InvalidURL` if the result is too long.
pub(crate) fn with_params(
    vm: &VirtualMachine,
    url: &engine::Url,
    params: &engine::QueryParams,
) -> PyResult<engine::Url> {
    let query = (!params.pairs().is_empty()).then(|| params.encode());
    let parts = tauraro_engine::http::url::UrlParts { query: Some(query), ..Default::default() };
    url.copy_with(parts).map_err(|error| exceptions::from_engine(vm, error, None))
}

impl DefaultConstructor for Request {}

impl Initializer for Request {
    type Args = RequestArgs;

    fn init(zelf: &Py<Self>, args: RequestArgs, vm: &VirtualMachine) -> PyResult<()> {
        let mut url = url_from(vm, &args.url)?;
        if let Some(params) = args.params {
            url = with_params(vm, &url, &query_params_from(vm, &params)?)?;
        }
        let none = vm.ctx.none();
        let parts = RequestParts {
            method: args.method.as_str().to_uppercase(),
            url,
            headers: headers_from(vm, args.headers.as_ref().unwrap_or(&none))?,
            extensions: Extensions::from_object(vm, args.extensions)?,
        };
        let jar = args.cookies.map(|cookies| cookies_from(vm, &cookies)).transpose()?;
        let request = match args.stream {
            Some(stream) => Self::with_body(vm, parts, jar.as_ref(), RequestBody::Stream(stream)),
            None => Self::prepare(vm, parts, jar.as_ref(), args.content)?,
        };
        let replaced = std::mem::replace(&mut *zelf.state.lock(), request.state.into_inner());
        // Dropping it can run Python code, which may look at this request.
        drop(replaced);
        Ok(())
    }
}

impl Representable for Request {
    fn repr_str(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<String> {
        let method = vm.ctx.new_str(zelf.method_name()).as_object().repr(vm)?;
        let url = vm.ctx.new_str(zelf.url_ref(vm)?.url().redacted()).as_object().repr(vm)?;
        Ok(format!("<{}({method}, {url})>", zelf.class().name()))
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer, Representable))]
impl Request {
    /// The method: any token, upper case unless set otherwise.
    #[pygetset]
    fn method(zelf: &Py<Self>) -> String {
        zelf.method_name()
    }

    #[pygetset(setter)]
    fn set_method(zelf: &Py<Self>, method: PyUtf8StrRef) {
        method.as_str().clone_into(&mut zelf.state.lock().method);
    }

    /// Where to, a `URL`.
    #[pygetset]
    fn url(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyRef<Url>> {
        zelf.url_ref(vm)
    }

    #[pygetset(setter)]
    fn set_url(zelf: &Py<Self>, url: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let url = match url.downcast::<Url>() {
            Ok(url) => url,
            Err(url) => Url::new(url_from(vm, &url)?).into_ref(&vm.ctx),
        };
        let replaced = zelf.state.lock().url.replace(url);
        drop(replaced);
        Ok(())
    }

    /// The header fields, a `Headers`.
    #[pygetset]
    fn headers(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyRef<Headers>> {
        zelf.headers_ref(vm)
    }

    #[pygetset(setter)]
    fn set_headers(zelf: &Py<Self>, headers: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let headers = match headers.downcast::<Headers>() {
            Ok(headers) => headers,
            Err(headers) => Headers::new(headers_from(vm, &headers)?).into_ref(&vm.ctx),
        };
        let replaced = zelf.state.lock().headers.replace(headers);
        drop(replaced);
        Ok(())
    }

    /// The body as `bytes`; `RequestNotRead` for a stream that `read()` has not read.
    #[pygetset]
    fn content(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyBytesRef> {
        let unread = {
            let state = zelf.state.lock();
            state.stream.is_some() && state.content.is_none()
        };
        if unread { Err(exceptions::request_not_read(vm)) } else { zelf.read_body(vm) }
    }

    /// The body, an iterable of `bytes`, an asynchronous one, or both.
    #[pygetset]
    fn stream(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        if let Some(stream) = zelf.state.lock().stream.clone() {
            return Ok(stream);
        }
        Ok(ByteStream::new(zelf.read_body(vm)?).into_ref(&vm.ctx).into())
    }

    #[pygetset(setter)]
    fn set_stream(zelf: &Py<Self>, stream: PyObjectRef) {
        let replaced = zelf.state.lock().stream.replace(stream);
        drop(replaced);
    }

    /// Settings for the transport, such as `timeout`: a `dict`.
    #[pygetset]
    fn extensions(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyDictRef> {
        let mut extensions = zelf.extensions_shared();
        let dict = extensions.dict(vm)?;
        zelf.state.lock().extensions = extensions;
        Ok(dict)
    }

    #[pygetset(setter)]
    fn set_extensions(zelf: &Py<Self>, extensions: PyDictRef) {
        let replaced = std::mem::replace(&mut zelf.state.lock().extensions, extensions.into());
        drop(replaced);
    }

    /// Reads the body into memory and returns it. A stream that was read can be sent again.
    #[pymethod]
    fn read(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyBytesRef> {
        zelf.read_body(vm)
    }

    /// As `read`, to be awaited: of a body that is asynchronous, or in memory.
    #[pymethod]
    fn aread(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "Request.aread", move |mode| async move { Ok(zelf.read_on(&mode).await?.into()) })
    }

    #[pymethod]
    fn __reduce__(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        crate::pickling::reduce_state(vm, zelf.as_object())
    }

    #[pymethod]
    fn __getstate__(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyDictRef> {
        pickling::get_state(zelf, vm)
    }

    #[pymethod]
    fn __setstate__(zelf: &Py<Self>, state: PyDictRef, vm: &VirtualMachine) -> PyResult<()> {
        pickling::set_state(zelf, state, vm)
    }
}
