//! What a request carries: the arguments `content`, `data`, `files` and `json` turned into a body
//! and the headers that describe it.

use bytes::Bytes;
use rustpython_vm::builtins::{PyBytes, PyBytesRef, PyDict, PyStr};
use rustpython_vm::{AsObject, FromArgs, PyObject, PyObjectRef, PyPayload, PyResult, VirtualMachine};

use super::async_iterator_stream::AsyncIteratorByteStream;
use super::file_object;
use super::iterator_stream::IteratorByteStream;
use super::multipart_stream::MultipartStream;
use super::{chunks, urlencoded};
use crate::json;
use crate::models::mapping;

/// The arguments of a request that make its body. The first that is given wins, in upstream's
/// order: `content`, `files` (with `data` as plain fields), `data`, `json`.
#[derive(Debug, Default, FromArgs, Traverse)]
pub(crate) struct ContentArgs {
    #[pyarg(named, optional)]
    pub(crate) content: Option<PyObjectRef>,
    #[pyarg(named, optional)]
    pub(crate) data: Option<PyObjectRef>,
    #[pyarg(named, optional)]
    pub(crate) files: Option<PyObjectRef>,
    #[pyarg(named, optional)]
    pub(crate) json: Option<PyObjectRef>,
}

/// A request's body.
#[derive(Debug, Clone)]
pub(crate) enum RequestBody {
    /// In memory. The Python object is kept where there was one, so that `request.content` is that object.
    Bytes(Bytes, Option<PyBytesRef>),
    /// To be iterated over while the request is sent.
    Stream(PyObjectRef),
}

impl Default for RequestBody {
    fn default() -> Self {
        Self::Bytes(Bytes::new(), None)
    }
}

/// A body and the headers that describe it.
#[derive(Debug, Default)]
pub(crate) struct Encoded {
    pub(crate) body: RequestBody,
    /// Sent unless the caller set them, in this order.
    pub(crate) headers: Vec<(&'static str, Bytes)>,
}

pub(super) const CONTENT_LENGTH: &str = "Content-Length";
pub(super) const CONTENT_TYPE: &str = "Content-Type";
pub(super) const CHUNKED: (&str, Bytes) = ("Transfer-Encoding", Bytes::from_static(b"chunked"));

impl Encoded {
    /// A body of known type that is in memory.
    pub(crate) fn typed(body: impl Into<Bytes>, content_type: &'static str) -> Self {
        let body = body.into();
        let length = decimal(body.len());
        let content_type = Bytes::from_static(content_type.as_bytes());
        Self {
            body: RequestBody::Bytes(body, None),
            headers: vec![(CONTENT_LENGTH, length), (CONTENT_TYPE, content_type)],
        }
    }
}

/// A number as a field value.
pub(super) fn decimal(number: impl ToString) -> Bytes {
    Bytes::from(number.to_string())
}

/// Turns a request's arguments into its body. `content_type` is the caller's header, whose multipart
/// boundary is used if it has one.
///
/// # Errors
/// `TypeError` naming the argument's type, or what converting its parts raises.
pub(crate) fn encode_request(
    vm: &VirtualMachine,
    args: ContentArgs,
    content_type: Option<&[u8]>,
) -> PyResult<Encoded> {
    if let Some(data) = &args.data
        && !mapping::is_mapping(vm, data)?
    {
        warn_deprecated(vm, "Use 'content=<...>' to upload raw bytes/text content.")?;
        return encode_content(vm, data);
    }
    if let Some(content) = &args.content {
        return encode_content(vm, content);
    }
    if let Some(files) = args.files
        && files.clone().is_true(vm)?
    {
        let stream = MultipartStream::new(vm, args.data.as_deref(), &files, content_type)?;
        let headers = stream.headers(vm)?;
        return Ok(Encoded { body: RequestBody::Stream(stream.into_ref(&vm.ctx).into()), headers });
    }
    if let Some(data) = args.data
        && data.clone().is_true(vm)?
    {
        let body = urlencoded::encode(vm, &data)?;
        return Ok(Encoded::typed(body, "application/x-www-form-urlencoded"));
    }
    if let Some(value) = args.json {
        return Ok(Encoded::typed(json::dumps(vm, &value)?, "application/json"));
    }
    Ok(Encoded::default())
}

/// Turns `content=` into a body: text and bytes as they are, a file object or any other iterable of
/// bytes, asynchronous ones included, as a stream.
///
/// # Errors
/// `TypeError` naming the argument's type.
pub(crate) fn encode_content(vm: &VirtualMachine, content: &PyObject) -> PyResult<Encoded> {
    if let Some(body) = in_memory(vm, content)? {
        let RequestBody::Bytes(bytes, _) = &body else { return Ok(Encoded::default()) };
        let headers =
            if bytes.is_empty() { Vec::new() } else { vec![(CONTENT_LENGTH, decimal(bytes.len()))] };
        return Ok(Encoded { body, headers });
    }
    let is_dict = content.downcastable::<PyDict>();
    if !is_dict && chunks::is_iterable(content, false) {
        // What has been read of a file is not sent.
        let extent = if content.has_attr("read", vm)? { file_object::extent(vm, content)? } else { None };
        let length = extent.map(|(position, end)| end.saturating_sub(position));
        let framing = length.map_or(CHUNKED, |length| (CONTENT_LENGTH, decimal(length)));
        let stream = IteratorByteStream::new(content.to_owned()).into_ref(&vm.ctx);
        return Ok(Encoded { body: RequestBody::Stream(stream.into()), headers: vec![framing] });
    }
    // Only an asynchronous client can send it; a synchronous one says so when asked to.
    if chunks::is_iterable(content, true) {
        let stream = AsyncIteratorByteStream::new(content.to_owned()).into_ref(&vm.ctx);
        return Ok(Encoded { body: RequestBody::Stream(stream.into()), headers: vec![CHUNKED] });
    }
    let class = content.class().as_object().repr(vm)?;
    Err(vm.new_type_error(format!("Unexpected type for 'content', {class}")))
}

/// The body that text or a bytes-like object is; `None` for anything else.
fn in_memory(vm: &VirtualMachine, content: &PyObject) -> PyResult<Option<RequestBody>> {
    if let Some(content) = content.downcast_ref::<PyBytes>() {
        let bytes = Bytes::copy_from_slice(content.as_bytes());
        let exact = content.as_object().class().is(vm.ctx.types.bytes_type);
        return Ok(Some(RequestBody::Bytes(bytes, exact.then(|| content.to_owned()))));
    }
    if let Some(content) = content.downcast_ref::<PyStr>() {
        return Ok(Some(RequestBody::Bytes(utf8(vm, content)?, None)));
    }
    let types = &vm.ctx.types;
    if content.fast_isinstance(types.bytearray_type) || content.fast_isinstance(types.memoryview_type) {
        return Ok(Some(RequestBody::Bytes(content.try_bytes_like(vm, Bytes::copy_from_slice)?, None)));
    }
    Ok(None)
}

/// Text as UTF-8.
///
/// # Errors
/// `UnicodeEncodeError` for lone surrogates.
pub(crate) fn utf8(vm: &VirtualMachine, text: &rustpython_vm::Py<PyStr>) -> PyResult<Bytes> {
    Ok(Bytes::copy_from_slice(text.try_as_utf8(vm)?.as_bytes()))
}

/// Warns of a deprecated use, at the line that called into the module.
///
/// # Errors
/// The warning itself, where the filters turn it into an exception.
pub(crate) fn warn_deprecated(vm: &VirtualMachine, message: &str) -> PyResult<()> {
    let category = vm.ctx.exceptions.deprecation_warning.to_owned();
    rustpython_vm::warn::warn(vm.ctx.new_str(message).into(), Some(category), 1, None, vm)
}
