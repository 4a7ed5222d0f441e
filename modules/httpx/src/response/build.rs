//! Making responses: by hand, and of what the engine received.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use bytes::Bytes;
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::{
    AsObject, FromArgs, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, TryFromBorrowedObject,
    VirtualMachine,
    builtins::{PyDict, PyDictRef, PyInt, PyStr, PyStrRef},
    function::ArgBytesLike,
};

use super::PyResponse;
use super::body::{Body, Source};
use super::head::{Head, StatusLine};
use super::network::{Network, Whole};
use super::text::Text;
use crate::headers::{PyHeaders, headers_from};
use crate::json;

/// The arguments of `Response(...)`.
#[derive(FromArgs)]
pub(crate) struct ResponseArgs {
    #[pyarg(any)]
    status_code: PyObjectRef,
    #[pyarg(named, optional)]
    headers: Option<PyObjectRef>,
    #[pyarg(named, optional)]
    content: Option<PyObjectRef>,
    #[pyarg(named, optional)]
    text: Option<PyStrRef>,
    #[pyarg(named, optional)]
    html: Option<PyStrRef>,
    #[pyarg(named, optional)]
    json: Option<PyObjectRef>,
    #[pyarg(named, optional)]
    stream: Option<PyObjectRef>,
    #[pyarg(named, optional)]
    request: Option<PyObjectRef>,
    #[pyarg(named, optional)]
    extensions: Option<PyObjectRef>,
    #[pyarg(named, optional)]
    history: Option<PyObjectRef>,
    #[pyarg(named, optional, py_default = "'utf-8'")]
    default_encoding: Option<PyObjectRef>,
}

/// Content as it was given.
enum Content {
    Bytes(Vec<u8>),
    Iterable(PyObjectRef),
}

/// Content with the headers that describe it.
struct Encoded {
    content: Content,
    headers: Vec<(&'static str, String)>,
}

impl Encoded {
    fn bytes(content: Vec<u8>, content_type: &str) -> Self {
        let headers =
            vec![("Content-Length", content.len().to_string()), ("Content-Type", content_type.to_owned())];
        Self { content: Content::Bytes(content), headers }
    }

    fn plain(content: Vec<u8>) -> Self {
        let length = (!content.is_empty()).then(|| ("Content-Length", content.len().to_string()));
        Self { content: Content::Bytes(content), headers: length.into_iter().collect() }
    }

    fn new(vm: &VirtualMachine, args: &ResponseArgs) -> PyResult<Self> {
        if let Some(content) = &args.content {
            Self::of_content(vm, content)
        } else if let Some(text) = &args.text {
            Ok(Self::bytes(utf8(vm, text)?, "text/plain; charset=utf-8"))
        } else if let Some(html) = &args.html {
            Ok(Self::bytes(utf8(vm, html)?, "text/html; charset=utf-8"))
        } else if let Some(json) = &args.json {
            Ok(Self::bytes(json::dumps(vm, json)?, "application/json"))
        } else {
            Ok(Self::plain(Vec::new()))
        }
    }

    fn of_content(vm: &VirtualMachine, content: &PyObject) -> PyResult<Self> {
        if let Some(text) = content.downcast_ref::<PyStr>() {
            return Ok(Self::plain(utf8(vm, text)?));
        }
        if let Ok(bytes) = ArgBytesLike::try_from_borrowed_object(vm, content) {
            return Ok(Self::plain(bytes.borrow_buf().to_vec()));
        }
        let slots = &content.class().slots;
        let is_iterable = slots.iter.load().is_some() && !content.downcastable::<PyDict>();
        if !is_iterable && vm.get_attribute_opt(content, "__aiter__")?.is_none() {
            let class = content.class().as_object().repr(vm)?;
            return Err(
                vm.new_type_error(format!("Unexpected type for 'content', {}", class.to_string_lossy()))
            );
        }
        let length = if is_iterable { length_of_file(vm, content)? } else { None };
        let header = match length {
            Some(length) => ("Content-Length", length),
            None => ("Transfer-Encoding", "chunked".to_owned()),
        };
        Ok(Self { content: Content::Iterable(content.to_owned()), headers: vec![header] })
    }
}

fn utf8(vm: &VirtualMachine, text: &Py<PyStr>) -> PyResult<Vec<u8>> {
    Ok(text.try_as_utf8(vm)?.as_bytes().to_vec())
}

/// The length of what can tell it without being read: a file, or something that seeks like one.
fn length_of_file(vm: &VirtualMachine, file: &PyObject) -> PyResult<Option<String>> {
    let by_descriptor = || {
        let descriptor = vm.call_method(file, "fileno", ())?;
        let status = vm.import("os", 0)?.get_attr("fstat", vm)?.call((descriptor,), vm)?;
        status.get_attr("st_size", vm)
    };
    let by_seeking = || {
        let offset = vm.call_method(file, "tell", ())?;
        let length = vm.call_method(file, "seek", (0, 2))?;
        vm.call_method(file, "seek", (offset,))?;
        Ok(length)
    };
    let exceptions = &vm.ctx.exceptions;
    for length in [&by_descriptor as &dyn Fn() -> PyResult, &by_seeking] {
        match length() {
            Ok(length) => return Ok(Some(length.str(vm)?.to_string_lossy().into_owned())),
            Err(error)
                if error.fast_isinstance(exceptions.attribute_error)
                    || error.fast_isinstance(exceptions.os_error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

impl PyResponse {
    /// `Response.__init__`.
    pub(super) fn build(zelf: &Py<Self>, mut args: ResponseArgs, vm: &VirtualMachine) -> PyResult<()> {
        let status = args.status_code.clone().downcast::<PyInt>().map_err(|wrong| {
            vm.new_type_error(format!("status_code must be an int, not '{}'", wrong.class().name()))
        })?;
        let mut headers =
            args.headers.take().map(|headers| headers_from(vm, &headers)).transpose()?.unwrap_or_default();
        let mut body = Body::default();
        let mut content = None;
        if let Some(stream) = args.stream.take() {
            body.source = Source::Given;
            body.stream = Some(stream);
        } else {
            let encoded = Encoded::new(vm, &args)?;
            for (name, value) in encoded.headers {
                let says_length = name == "Transfer-Encoding" && headers.contains("content-length");
                if !says_length && !headers.contains(name) {
                    headers.append(name.as_bytes(), value);
                }
            }
            match encoded.content {
                Content::Iterable(iterable) => {
                    body.source = Source::Iterable;
                    body.stream = Some(iterable);
                }
                Content::Bytes(bytes) => {
                    let bytes = Bytes::from(bytes);
                    body.source = Source::Bytes;
                    body.stream = Some(vm.ctx.new_bytes(bytes.to_vec()).into());
                    content = Some(bytes);
                }
            }
        }
        let history = match args.history {
            Some(history) => vm.extract_elements_with(&history, Ok)?,
            None => Vec::new(),
        };
        let extensions = match args.extensions {
            Some(extensions) => {
                vm.ctx.types.dict_type.as_object().call((extensions,), vm)?.try_into_value::<PyDictRef>(vm)?
            }
            None => vm.ctx.new_dict(),
        };
        *zelf.head.lock() = Head {
            status: Some(status),
            headers: Some(PyHeaders::new(headers).into_ref(&vm.ctx)),
            request: args.request,
            history: Some(vm.ctx.new_list(history).into()),
            extensions: Some(extensions),
            ..Head::default()
        };
        *zelf.text.lock() = Text { default_encoding: args.default_encoding, ..Text::default() };
        zelf.downloaded.store(0, Ordering::Relaxed);
        if let Some(content) = content {
            let mut whole = Whole::new(zelf.decoder(None), None);
            let decoded = whole.feed(content).and_then(|()| whole.finish());
            let decoded = decoded.map_err(|error| zelf.engine_error(error, vm))?;
            body.content = Some(vm.ctx.new_bytes(decoded));
            body.consumed = true;
            body.closed = true;
        }
        *zelf.body.lock() = body;
        Ok(())
    }

    /// A response of which the head has arrived, to a request sent at `started`. Its content, if
    /// compressed, may become `max_decoded_size` bytes long when it is read into memory.
    pub(crate) fn from_engine(
        vm: &VirtualMachine,
        response: tauraro_engine::client::Response,
        request: PyObjectRef,
        default_encoding: PyObjectRef,
        max_decoded_size: Option<u64>,
        started: Instant,
    ) -> PyRef<Self> {
        let network = Arc::new(Network::new(response.body, started));
        let head = Head {
            status: Some(vm.ctx.new_int(response.status)),
            headers: Some(PyHeaders::new(response.headers).into_ref(&vm.ctx)),
            request: Some(request),
            line: Some(StatusLine { version: response.version, reason: response.reason }),
            network: Some(network.clone()),
            ..Head::default()
        };
        let body = Body { source: Source::Network(network), ..Body::default() };
        let text = Text { default_encoding: Some(default_encoding), ..Text::default() };
        Self {
            head: PyMutex::new(head),
            body: PyMutex::new(body),
            text: PyMutex::new(text),
            downloaded: AtomicU64::new(0),
            max_decoded_size,
        }
        .into_ref(&vm.ctx)
    }
}
