//! `httpx.Response`.

use std::sync::atomic::{AtomicU64, Ordering};

use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::{
    AsObject, Context, FromArgs, Py, PyObjectRef, PyPayload, PyRef, PyResult, Traverse, VirtualMachine,
    builtins::{PyBaseExceptionRef, PyBytesRef, PyDictRef, PyIntRef, PyStrRef, PyType, PyTypeRef},
    class::{PyClassImpl, StaticType},
    function::{FuncArgs, KwArgs, PySetterValue},
    pyclass,
    types::{Constructor, Initializer, Representable},
};

use tauraro_bridge::{ExecutionMode, coroutine, poll_to_completion, with_vm};

use super::async_iterator::{AsyncResponseIterator, Items};
use super::async_stream::AsyncResponseStream;
use super::body::{Body, Source};
use super::build::ResponseArgs;
use super::content_iter::ContentIter;
use super::head::Head;
use super::iterators::{self, ByteIterator, LineIterator, RawIterator, TextIterator};
use super::stream::ResponseStream;
use super::text::Text;
use crate::exceptions::{self, RequestError};
use crate::models::cookies::Cookies;
use crate::models::headers::Headers;

/// An HTTP response.
///
/// Usually made by a client; can be made by hand for tests and custom transports:
/// `Response(status_code, *, headers=None, content=None, text=None, html=None, json=None,
/// stream=None, request=None, extensions=None, history=None, default_encoding="utf-8")`, with one
/// of `content` (bytes, str or an iterable of bytes), `text`, `html`, `json` and `stream`.
#[pyclass(module = "httpx", name = "Response", traverse)]
#[derive(Debug, Default, PyPayload)]
pub(crate) struct Response {
    pub(super) head: PyMutex<Head>,
    pub(super) body: PyMutex<Body>,
    pub(super) text: PyMutex<Text>,
    /// Bytes that a Python stream gave, before decoding; a connection counts its own.
    #[pytraverse(skip)]
    pub(super) downloaded: AtomicU64,
    /// How large compressed content may become when it is read into memory.
    #[pytraverse(skip)]
    pub(super) max_decoded_size: Option<u64>,
}

/// The arguments of the iterating methods.
#[derive(FromArgs)]
struct ChunkArgs {
    #[pyarg(any, optional)]
    chunk_size: Option<isize>,
}

impl Constructor for Response {
    /// Whatever a subclass takes: `__init__` looks at it.
    type Args = FuncArgs;

    fn py_new(_class: &Py<PyType>, _args: FuncArgs, _vm: &VirtualMachine) -> PyResult<Self> {
        Ok(Self::default())
    }
}

impl Initializer for Response {
    type Args = ResponseArgs;

    fn init(zelf: &Py<Self>, args: ResponseArgs, vm: &VirtualMachine) -> PyResult<()> {
        Self::build(zelf, args, vm)
    }
}

impl Representable for Response {
    fn repr_str(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<String> {
        Ok(format!("<Response [{} {}]>", zelf.status_text(), zelf.reason(vm)?))
    }
}

/// The classes to export, by name. Those that only responses make are made ready with them.
pub(crate) fn classes() -> Vec<(&'static str, PyTypeRef)> {
    for class in [
        AsyncResponseIterator::make_static_type,
        AsyncResponseStream::make_static_type,
        ResponseStream::make_static_type,
    ] {
        drop(class());
    }
    iterators::make_classes();
    vec![("Response", class())]
}

/// The class. It claims no room of its own in its objects, so that Python classes can derive from it
/// and from an exception, as that of Starlette's test client does. Their objects cannot be made.
#[expect(clippy::default_trait_access, reason = "the type of the attributes is not exported")]
fn class() -> PyTypeRef {
    let cell = Response::static_cell();
    let class = cell.get_or_init(|| {
        let mut slots = Response::make_slots();
        // Its base's.
        slots.basicsize = 0;
        let base = Response::static_baseclass().to_owned();
        let metaclass = Response::static_metaclass().to_owned();
        let class = PyType::new_static(base, Default::default(), slots, metaclass)
            .unwrap_or_else(|_| Response::create_static_type());
        let kept: &'static PyTypeRef = Box::leak(Box::new(class.clone()));
        Response::extend_class(Context::genesis(), kept);
        class
    });
    class.clone()
}

/// What the rest of the crate calls.
impl Response {
    /// How many bytes were read, before decompressing.
    pub(super) fn downloaded_bytes(&self) -> u64 {
        let network = self.head.lock().network.as_ref().map_or(0, |network| network.downloaded());
        self.downloaded.load(Ordering::Relaxed) + network
    }

    /// The engine's error as a Python exception that knows the request.
    pub(crate) fn engine_error(
        &self,
        error: tauraro_engine::Error,
        vm: &VirtualMachine,
    ) -> PyBaseExceptionRef {
        exceptions::from_engine(vm, error, self.request_if_set())
    }

    /// A Python stream's exception; a `RequestError` gets the request.
    pub(super) fn with_request(&self, error: PyBaseExceptionRef, vm: &VirtualMachine) -> PyBaseExceptionRef {
        if let Some(request) = self.request_if_set()
            && error.fast_isinstance(RequestError::class(&vm.ctx))
            && let Err(error) = error.as_object().set_attr("request", request, vm)
        {
            return error;
        }
        error
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer, Representable))]
impl Response {
    /// The status code, an int.
    #[pygetset]
    fn status_code(zelf: &Py<Self>, vm: &VirtualMachine) -> PyIntRef {
        zelf.head.lock().status.clone().unwrap_or_else(|| vm.ctx.new_int(0))
    }

    #[pygetset(setter)]
    fn set_status_code(zelf: &Py<Self>, code: PyIntRef) {
        zelf.head.lock().status = Some(code);
    }

    /// The reason phrase of the status line, or the standard one of the code.
    #[pygetset]
    fn reason_phrase(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<String> {
        zelf.reason(vm)
    }

    /// The version spoken: `"HTTP/1.0"`, `"HTTP/1.1"` or `"HTTP/2"`.
    #[pygetset]
    fn http_version(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<String> {
        zelf.version(vm)
    }

    /// The header fields, a `Headers`.
    #[pygetset(name = "headers")]
    fn get_headers(zelf: &Py<Self>) -> PyRef<Headers> {
        zelf.headers()
    }

    #[pygetset(setter)]
    fn set_headers(zelf: &Py<Self>, headers: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        zelf.replace_headers(headers, vm)
    }

    /// The request that was answered, a `Request`.
    ///
    /// Raises `RuntimeError` when none was set.
    #[pygetset]
    fn request(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        zelf.request_or_error(vm)
    }

    #[pygetset(setter)]
    fn set_request(zelf: &Py<Self>, request: PyObjectRef, vm: &VirtualMachine) {
        zelf.head.lock().request = vm.option_if_none(request);
    }

    /// The request that would follow a redirect which was not followed, or `None`.
    #[pygetset]
    fn next_request(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.head.lock().next_request.clone()
    }

    #[pygetset(setter, name = "next_request")]
    fn set_next_request_attribute(zelf: &Py<Self>, request: PyObjectRef, vm: &VirtualMachine) {
        zelf.set_next_request(vm.option_if_none(request));
    }

    /// The responses that were followed to come here, oldest first.
    #[pygetset]
    fn history(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        zelf.head.lock().history.get_or_insert_with(|| vm.ctx.new_list(Vec::new()).into()).clone()
    }

    #[pygetset(setter, name = "history")]
    fn set_history_attribute(zelf: &Py<Self>, history: PyObjectRef) {
        zelf.head.lock().history = Some(history);
    }

    /// What is known beyond HTTP: `http_version` and `reason_phrase` as bytes, and whatever a
    /// transport adds.
    #[pygetset]
    fn extensions(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyDictRef> {
        zelf.extensions_dict(vm)
    }

    #[pygetset(setter)]
    fn set_extensions(zelf: &Py<Self>, extensions: PyDictRef) {
        zelf.head.lock().extensions = Some(extensions);
    }

    /// The content where it has been read. Test doubles delete it, to have it read again.
    #[pygetset]
    fn _content(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyBytesRef> {
        let unread = || vm.new_attribute_error("'Response' object has no attribute '_content'");
        zelf.content_if_read().ok_or_else(unread)
    }

    #[pygetset(setter)]
    fn set__content(zelf: &Py<Self>, content: PySetterValue<PyBytesRef>) {
        let content = match content {
            PySetterValue::Assign(content) => Some(content),
            PySetterValue::Delete => None,
        };
        let replaced = std::mem::replace(&mut zelf.body.lock().content, content);
        drop(replaced);
    }

    /// The request where there is one, else `None`.
    #[pygetset]
    fn _request(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.request_if_set()
    }

    #[pygetset(setter)]
    fn set__request(zelf: &Py<Self>, request: Option<PyObjectRef>) {
        let replaced = std::mem::replace(&mut zelf.head.lock().request, request);
        drop(replaced);
    }

    /// The URL of the request, a `URL`.
    #[pygetset]
    fn url(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        zelf.request_or_error(vm)?.get_attr("url", vm)
    }

    /// The cookies that this response set, a `Cookies`.
    #[pygetset]
    fn cookies(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyRef<Cookies>> {
        zelf.cookies_set(vm)
    }

    /// The links of the `Link` header (RFC 8288), by `rel` or else by URL.
    #[pygetset]
    fn links(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyDictRef> {
        zelf.links_dict(vm)
    }

    /// From sending the request to closing the response, a `datetime.timedelta`.
    ///
    /// Raises `RuntimeError` before the response was read or closed.
    #[pygetset]
    fn elapsed(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        zelf.elapsed_delta(vm)
    }

    #[pygetset(setter)]
    fn set_elapsed(zelf: &Py<Self>, elapsed: PyObjectRef) {
        zelf.head.lock().elapsed = Some(elapsed);
    }

    /// The content, decompressed.
    ///
    /// Raises `ResponseNotRead` before it was read.
    #[pygetset]
    fn content(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyBytesRef> {
        zelf.content_or_error(vm)
    }

    /// The content as text, in the `encoding`; what does not decode becomes U+FFFD.
    ///
    /// Raises `ResponseNotRead` before it was read.
    #[pygetset(name = "text")]
    fn get_text(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyStrRef> {
        Self::decode_text(zelf, vm)
    }

    /// The content, which is JSON, as Python values. Keywords go to `json.loads`.
    ///
    /// Raises `ResponseNotRead` before it was read, and `json.JSONDecodeError` for other content.
    #[pymethod]
    fn json(zelf: &Py<Self>, options: KwArgs, vm: &VirtualMachine) -> PyResult {
        crate::json::loads(vm, zelf.content_or_error(vm)?, options)
    }

    /// The encoding of the text: as set, else the `charset` of the `Content-Type` if it is a known
    /// one, else `default_encoding`.
    ///
    /// Setting it after the text was read raises `ValueError`.
    #[pygetset]
    fn encoding(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<Option<PyStrRef>> {
        zelf.choose_encoding(vm)
    }

    #[pygetset(setter)]
    fn set_encoding(zelf: &Py<Self>, encoding: Option<PyStrRef>, vm: &VirtualMachine) -> PyResult<()> {
        let mut text = zelf.text.lock();
        if text.decoded.is_some() {
            drop(text);
            return Err(vm.new_value_error("Setting encoding after `text` has been accessed is not allowed."));
        }
        text.encoding = Some(encoding);
        Ok(())
    }

    /// The `charset` of the `Content-Type` header in lower case, or `None`.
    #[pygetset]
    fn charset_encoding(zelf: &Py<Self>) -> Option<String> {
        zelf.charset()
    }

    /// The encoding where the headers name none: a name, or a function that is given the content.
    #[pygetset]
    fn default_encoding(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        zelf.text.lock().default_encoding.clone().unwrap_or_else(|| vm.ctx.new_str("utf-8").into())
    }

    #[pygetset(setter)]
    fn set_default_encoding(zelf: &Py<Self>, encoding: PyObjectRef) {
        zelf.text.lock().default_encoding = Some(encoding);
    }

    /// Where the content comes from: an iterable of bytes as they came off the wire, an asynchronous
    /// one for responses of asynchronous clients.
    #[pygetset]
    fn stream(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyObjectRef {
        ResponseStream::of(zelf, vm)
    }

    #[pygetset(setter)]
    fn set_stream(zelf: &Py<Self>, stream: PyObjectRef) {
        let mut body = zelf.body.lock();
        body.source = Source::Given;
        body.stream = Some(stream);
    }

    /// How many bytes have come off the wire, before decompressing.
    #[pygetset]
    fn num_bytes_downloaded(zelf: &Py<Self>) -> u64 {
        zelf.downloaded_bytes()
    }

    /// Whether the response was closed; it is once it was read to its end.
    #[pygetset]
    fn is_closed(zelf: &Py<Self>) -> bool {
        zelf.body.lock().closed
    }

    #[pygetset(setter)]
    fn set_is_closed(zelf: &Py<Self>, closed: bool) {
        zelf.body.lock().closed = closed;
    }

    /// Whether reading the stream has begun.
    #[pygetset]
    fn is_stream_consumed(zelf: &Py<Self>) -> bool {
        zelf.body.lock().consumed
    }

    #[pygetset(setter)]
    fn set_is_stream_consumed(zelf: &Py<Self>, consumed: bool) {
        zelf.body.lock().consumed = consumed;
    }

    /// Whether the status code is 1xx.
    #[pygetset]
    fn is_informational(zelf: &Py<Self>) -> bool {
        zelf.status_class() == Some(1)
    }

    /// Whether the status code is 2xx.
    #[pygetset]
    fn is_success(zelf: &Py<Self>) -> bool {
        zelf.status_class() == Some(2)
    }

    /// Whether the status code is 3xx. See `has_redirect_location` for redirects proper.
    #[pygetset]
    fn is_redirect(zelf: &Py<Self>) -> bool {
        zelf.status_class() == Some(3)
    }

    /// Whether the status code is 4xx.
    #[pygetset]
    fn is_client_error(zelf: &Py<Self>) -> bool {
        zelf.status_class() == Some(4)
    }

    /// Whether the status code is 5xx.
    #[pygetset]
    fn is_server_error(zelf: &Py<Self>) -> bool {
        zelf.status_class() == Some(5)
    }

    /// Whether the status code is 4xx or 5xx.
    #[pygetset]
    fn is_error(zelf: &Py<Self>) -> bool {
        matches!(zelf.status_class(), Some(4 | 5))
    }

    /// Whether this is a redirect that says where to: 301, 302, 303, 307 or 308 with a `Location`.
    #[pygetset]
    fn has_redirect_location(zelf: &Py<Self>) -> bool {
        zelf.redirects()
    }

    /// Returns the response if it is a success (2xx).
    ///
    /// Raises `HTTPStatusError` otherwise, and `RuntimeError` when no request was set.
    #[pymethod]
    fn raise_for_status(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult<PyRef<Self>> {
        Self::check_status(zelf, vm)
    }

    /// Reads the whole content and returns it, decompressed. Reading again returns it again.
    #[pymethod(name = "read")]
    fn read_method(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyBytesRef> {
        poll_to_completion(vm, Self::read(zelf, &ExecutionMode::Blocking))
    }

    /// Iterates over the content, decompressed, in chunks of `chunk_size` bytes or as it comes.
    #[pymethod]
    fn iter_bytes(zelf: PyRef<Self>, args: ChunkArgs, vm: &VirtualMachine) -> PyResult<ByteIterator> {
        Ok(ByteIterator::new(zelf, ContentIter::new(args.chunk_size, vm)?))
    }

    /// Iterates over the text, in chunks of `chunk_size` characters or as it comes.
    #[pymethod]
    fn iter_text(zelf: PyRef<Self>, args: ChunkArgs, vm: &VirtualMachine) -> PyResult<TextIterator> {
        Ok(TextIterator::new(zelf, ContentIter::new(args.chunk_size, vm)?))
    }

    /// Iterates over the lines of the text, without their ends.
    #[pymethod]
    fn iter_lines(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult<LineIterator> {
        Ok(LineIterator::new(zelf, ContentIter::new(None, vm)?))
    }

    /// Iterates over the content as it came off the wire, in chunks of `chunk_size` bytes or as it
    /// comes.
    #[pymethod]
    fn iter_raw(zelf: PyRef<Self>, args: ChunkArgs, vm: &VirtualMachine) -> PyResult<RawIterator> {
        Ok(RawIterator::new(zelf, ContentIter::new(args.chunk_size, vm)?))
    }

    /// As `read`, to be awaited: of responses of asynchronous clients, and of content in memory.
    #[pymethod]
    fn aread(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "Response.aread", move |mode| async move { Ok(Self::read(&zelf, &mode).await?.into()) })
    }

    /// As `iter_bytes`, for `async for`.
    #[pymethod]
    fn aiter_bytes(
        zelf: PyRef<Self>,
        args: ChunkArgs,
        vm: &VirtualMachine,
    ) -> PyResult<AsyncResponseIterator> {
        Ok(AsyncResponseIterator::new(zelf, Items::Bytes(ContentIter::new(args.chunk_size, vm)?)))
    }

    /// As `iter_text`, for `async for`.
    #[pymethod]
    fn aiter_text(
        zelf: PyRef<Self>,
        args: ChunkArgs,
        vm: &VirtualMachine,
    ) -> PyResult<AsyncResponseIterator> {
        Ok(AsyncResponseIterator::new(zelf, Items::Text(ContentIter::new(args.chunk_size, vm)?)))
    }

    /// As `iter_lines`, for `async for`.
    #[pymethod]
    fn aiter_lines(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult<AsyncResponseIterator> {
        Ok(AsyncResponseIterator::new(zelf, Items::Lines(ContentIter::new(None, vm)?)))
    }

    /// As `iter_raw`, for `async for`.
    #[pymethod]
    fn aiter_raw(zelf: PyRef<Self>, args: ChunkArgs, vm: &VirtualMachine) -> PyResult<AsyncResponseIterator> {
        Ok(AsyncResponseIterator::new(zelf, Items::Raw(ContentIter::new(args.chunk_size, vm)?)))
    }

    /// As `close`, to be awaited: of responses of asynchronous clients, and of content in memory.
    #[pymethod]
    fn aclose(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "Response.aclose", move |mode| async move {
            Self::close(&zelf, &mode).await?;
            Ok(with_vm(|vm| vm.ctx.none()))
        })
    }

    /// Closes the response. The connection is used again if everything was read, and given up
    /// otherwise.
    #[pymethod(name = "close")]
    fn close_method(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        poll_to_completion(vm, Self::close(zelf, &ExecutionMode::Blocking))
    }

    #[pymethod]
    fn __reduce__(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        crate::pickling::reduce_state(vm, zelf.as_object())
    }

    #[pymethod]
    fn __getstate__(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyDictRef> {
        Self::state(zelf, vm)
    }

    #[pymethod]
    fn __setstate__(zelf: &Py<Self>, state: PyDictRef, vm: &VirtualMachine) -> PyResult<()> {
        Self::restore(zelf, &state, vm)
    }
}
