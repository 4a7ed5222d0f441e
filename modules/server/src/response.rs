//! `Response`: what handlers return.

use std::fmt;
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};

use rustpython_vm::builtins::{PyBytes, PyDict, PyList, PyStr, PyTuple, PyType};
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::function::ArgBytesLike;
use rustpython_vm::types::{Constructor, Representable};
use rustpython_vm::{
    AsObject, FromArgs, Py, PyObject, PyObjectRef, PyPayload, PyResult, TryFromObject, VirtualMachine,
    pyclass,
};

/// Names and values.
pub(crate) type Fields = Vec<(Vec<u8>, Vec<u8>)>;

/// What is sent.
#[derive(Clone)]
pub(crate) enum Body {
    Bytes(PyObjectRef),
    /// An iterable, an asynchronous iterable, a path or a file.
    Stream(PyObjectRef),
}

#[derive(Clone)]
enum Headers {
    Raw(Fields),
    /// `httpx.Headers`, made when a script asks.
    Object(PyObjectRef),
}

#[derive(FromArgs)]
pub(crate) struct ResponseArgs {
    #[pyarg(any, optional)]
    body: Option<PyObjectRef>,
    #[pyarg(any, default = 200)]
    status: u16,
    #[pyarg(any, optional)]
    headers: Option<PyObjectRef>,
    #[pyarg(any, optional)]
    content_type: Option<PyObjectRef>,
}

/// `Response(body=None, status=200, headers=None, content_type=None)`
///
/// The answer to a request. `body` is a `str`, `bytes`, a `dict` or `list` (sent as JSON), `None`, an iterable or
/// asynchronous iterable of `str` or `bytes`, or a `pathlib.Path` of a file. `headers` is a mapping or an iterable of
/// pairs. `Content-Type` follows from the body unless it is given.
///
/// Raises `ValueError` for a status that is not from 200 to 999, and `TypeError` for a body of another type.
#[pyclass(module = "tauraro", name = "Response")]
#[derive(PyPayload)]
pub(crate) struct Response {
    status: AtomicU16,
    headers: PyMutex<Headers>,
    body: PyMutex<Body>,
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response").field("status", &self.status).finish_non_exhaustive()
    }
}

/// What a `str` of a field is on the wire: ISO-8859-1, as far as that goes.
pub(crate) fn encode(value: &PyObject, vm: &VirtualMachine) -> PyResult<Vec<u8>> {
    if let Some(bytes) = value.downcast_ref::<PyBytes>() {
        return Ok(bytes.as_bytes().to_vec());
    }
    if let Some(text) = value.downcast_ref::<PyStr>() {
        let text = text.try_as_utf8(vm)?.as_str();
        if text.is_ascii() {
            return Ok(text.as_bytes().to_vec());
        }
        let bytes: Option<Vec<u8>> =
            text.chars().map(|character| u8::try_from(u32::from(character)).ok()).collect();
        return bytes.ok_or_else(|| {
            vm.new_value_error(format!("a header cannot be encoded as ISO-8859-1: {text:?}"))
        });
    }
    let class = value.class().name().to_string();
    Err(vm.new_type_error(format!("names and values of headers are str or bytes, not {class}")))
}

/// Fields of a mapping or of pairs.
pub(crate) fn fields(headers: &PyObject, vm: &VirtualMachine) -> PyResult<Fields> {
    let pair = |pair: &PyObject| -> PyResult<(Vec<u8>, Vec<u8>)> {
        if let Some(tuple) = pair.downcast_ref::<PyTuple>()
            && let [name, value] = tuple.as_slice()
        {
            return Ok((encode(name, vm)?, encode(value, vm)?));
        }
        let items: Vec<PyObjectRef> = pair.try_to_value(vm)?;
        match items.as_slice() {
            [name, value] => Ok((encode(name, vm)?, encode(value, vm)?)),
            _ => Err(vm.new_value_error(format!("a header is a pair, not {} values", items.len()))),
        }
    };
    if vm.is_none(headers) {
        return Ok(Vec::new());
    }
    if let Some(list) = headers.downcast_ref::<PyList>() {
        let items = list.borrow_vec().to_vec();
        return items.iter().map(|item| pair(item)).collect();
    }
    // `httpx.Headers` has several values of a name.
    let items = if let Some(items) = vm.get_attribute_opt(headers, "multi_items")? {
        items.call((), vm)?
    } else if headers.downcast_ref::<PyDict>().is_some()
        || headers.class().has_attr(vm.ctx.intern_str("items"))
    {
        vm.call_method(headers, "items", ())?
    } else {
        headers.to_owned()
    };
    let items: Vec<PyObjectRef> = items.try_to_value(vm)?;
    items.iter().map(|item| pair(item)).collect()
}

impl Constructor for Response {
    type Args = ResponseArgs;

    fn py_new(_class: &Py<PyType>, args: ResponseArgs, vm: &VirtualMachine) -> PyResult<Self> {
        let headers = args.headers.map(|headers| fields(&headers, vm)).transpose()?.unwrap_or_default();
        let body = args.body.unwrap_or_else(|| vm.ctx.none());
        Self::build(body, args.status, headers, args.content_type, vm)
    }
}

impl Response {
    /// A response with this body.
    pub(crate) fn build(
        body: PyObjectRef,
        status: u16,
        mut headers: Fields,
        content_type: Option<PyObjectRef>,
        vm: &VirtualMachine,
    ) -> PyResult<Self> {
        if !(200..=999).contains(&status) {
            return Err(
                vm.new_value_error(format!("the status of a response is from 200 to 999, not {status}"))
            );
        }
        let (body, media_type) = Self::convert(body, vm)?;
        let given = content_type.filter(|given| !vm.is_none(given));
        let media_type = match given {
            Some(given) => Some(encode(&given, vm)?),
            None if headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(b"content-type")) => None,
            None => media_type.map(<[u8]>::to_vec),
        };
        if let Some(media_type) = media_type {
            headers.push((b"Content-Type".to_vec(), media_type));
        }
        Ok(Self {
            status: AtomicU16::new(status),
            headers: PyMutex::new(Headers::Raw(headers)),
            body: PyMutex::new(body),
        })
    }

    fn convert(body: PyObjectRef, vm: &VirtualMachine) -> PyResult<(Body, Option<&'static [u8]>)> {
        if vm.is_none(&body) {
            return Ok((Body::Bytes(vm.ctx.empty_bytes.clone().into()), None));
        }
        if let Some(text) = body.downcast_ref::<PyStr>() {
            let bytes = text.try_as_utf8(vm)?.as_str().as_bytes().to_vec();
            let bytes = Body::Bytes(vm.ctx.new_bytes(bytes).into());
            return Ok((bytes, Some(b"text/plain; charset=utf-8")));
        }
        if body.downcast_ref::<PyBytes>().is_some() {
            return Ok((Body::Bytes(body), Some(b"application/octet-stream")));
        }
        if body.downcast_ref::<PyDict>().is_some() || body.downcast_ref::<PyList>().is_some() {
            let dumps = vm.import("tauraro", 0)?.get_attr("_dumps", vm)?;
            let text = dumps.call((body,), vm)?;
            return Ok((Self::convert(text, vm)?.0, Some(b"application/json")));
        }
        if let Ok(bytes) = ArgBytesLike::try_from_object(vm, body.clone()) {
            let bytes = bytes.borrow_buf().to_vec();
            let bytes = Body::Bytes(vm.ctx.new_bytes(bytes).into());
            return Ok((bytes, Some(b"application/octet-stream")));
        }
        let streams = ["__aiter__", "__iter__", "__next__", "__fspath__"];
        if streams.into_iter().any(|name| body.class().has_attr(vm.ctx.intern_str(name))) {
            return Ok((Body::Stream(body), None));
        }
        let class = body.class().name().to_string();
        Err(vm.new_type_error(format!(
            "the body of a response is str, bytes, dict, list, None, a path or an iterable, not {class}"
        )))
    }

    pub(crate) fn status_code(&self) -> u16 {
        self.status.load(Relaxed)
    }

    pub(crate) fn raw(&self, vm: &VirtualMachine) -> PyResult<Fields> {
        let headers = self.headers.lock().clone();
        match headers {
            Headers::Raw(fields) => Ok(fields),
            Headers::Object(headers) => {
                let raw = headers.get_attr("raw", vm)?;
                fields(&raw, vm)
            }
        }
    }

    pub(crate) fn content(&self) -> Body {
        self.body.lock().clone()
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT), with(Constructor, Representable))]
impl Response {
    /// The status.
    #[pygetset]
    fn status(zelf: &Py<Self>) -> u16 {
        zelf.status_code()
    }

    #[pygetset(setter)]
    fn set_status(zelf: &Py<Self>, status: u16, vm: &VirtualMachine) -> PyResult<()> {
        if !(200..=999).contains(&status) {
            return Err(
                vm.new_value_error(format!("the status of a response is from 200 to 999, not {status}"))
            );
        }
        zelf.status.store(status, Relaxed);
        Ok(())
    }

    /// The headers: an `httpx.Headers`, which may be changed until the response is sent.
    #[pygetset]
    fn headers(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        let raw = match zelf.headers.lock().clone() {
            Headers::Object(object) => return Ok(object),
            Headers::Raw(fields) => fields,
        };
        let pair = |(name, value): (Vec<u8>, Vec<u8>)| -> PyObjectRef {
            vm.ctx.new_tuple(vec![vm.ctx.new_bytes(name).into(), vm.ctx.new_bytes(value).into()]).into()
        };
        let pairs = vm.ctx.new_list(raw.into_iter().map(pair).collect());
        let object = vm.import("httpx", 0)?.get_attr("Headers", vm)?.call((pairs,), vm)?;
        *zelf.headers.lock() = Headers::Object(object.clone());
        Ok(object)
    }

    /// Names and values of the headers: a list of pairs of `bytes`.
    #[pygetset]
    fn raw_headers(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        let pair = |(name, value): (Vec<u8>, Vec<u8>)| -> PyObjectRef {
            vm.ctx.new_tuple(vec![vm.ctx.new_bytes(name).into(), vm.ctx.new_bytes(value).into()]).into()
        };
        Ok(vm.ctx.new_list(zelf.raw(vm)?.into_iter().map(pair).collect()).into())
    }

    /// The body: `bytes`, or what it is streamed from.
    #[pygetset]
    fn body(zelf: &Py<Self>) -> PyObjectRef {
        match zelf.content() {
            Body::Bytes(body) | Body::Stream(body) => body,
        }
    }
}

impl Representable for Response {
    fn repr_str(zelf: &Py<Self>, _vm: &VirtualMachine) -> PyResult<String> {
        Ok(format!("<Response [{}]>", zelf.status_code()))
    }
}
