//! Making responses: by hand, and of what the engine received.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::{
    AsObject, FromArgs, Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine,
    builtins::{PyDictRef, PyInt, PyStrRef},
};

use super::Response;
use super::body::{Body, Source};
use super::head::{Head, StatusLine};
use super::network::{BodyBuffer, NetworkBody};
use super::text::Text;
use crate::client::EngineResponse;
use crate::json;
use crate::models::headers::{Headers, headers_from};
use crate::streams::content::{Encoded, RequestBody, encode_content, utf8};

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

/// The content of a response, and the headers that describe it.
fn encode(vm: &VirtualMachine, args: &ResponseArgs) -> PyResult<Encoded> {
    if let Some(content) = &args.content {
        encode_content(vm, content)
    } else if let Some(text) = &args.text {
        Ok(Encoded::typed(utf8(vm, text)?, "text/plain; charset=utf-8"))
    } else if let Some(html) = &args.html {
        Ok(Encoded::typed(utf8(vm, html)?, "text/html; charset=utf-8"))
    } else if let Some(json) = &args.json {
        Ok(Encoded::typed(json::dumps(vm, json)?, "application/json"))
    } else {
        Ok(Encoded::default())
    }
}

impl Response {
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
            let encoded = encode(vm, &args)?;
            for (name, value) in encoded.headers {
                let says_length = name == "Transfer-Encoding" && headers.contains("content-length");
                if !says_length && !headers.contains(name) {
                    headers.append(name.as_bytes(), value);
                }
            }
            match encoded.body {
                RequestBody::Stream(stream) => {
                    body.source = Source::Given;
                    body.stream = Some(stream);
                }
                RequestBody::Bytes(bytes, object) => {
                    let object = object.unwrap_or_else(|| vm.ctx.new_bytes(bytes.to_vec()));
                    body.source = Source::Bytes;
                    body.stream = Some(object.into());
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
            headers: Some(Headers::new(headers).into_ref(&vm.ctx)),
            request: args.request,
            history: Some(vm.ctx.new_list(history).into()),
            extensions: Some(extensions),
            ..Head::default()
        };
        *zelf.text.lock() = Text { default_encoding: args.default_encoding, ..Text::default() };
        zelf.downloaded.store(0, Ordering::Relaxed);
        if let Some(content) = content {
            let mut buffer = BodyBuffer::new(zelf.decoder(None), None);
            let decoded = buffer.feed(content).and_then(|()| buffer.finish());
            let decoded = decoded.map_err(|error| zelf.engine_error(error, vm))?;
            body.content = Some(vm.ctx.new_bytes(decoded));
            body.consumed = true;
            body.closed = true;
        }
        *zelf.body.lock() = body;
        Ok(())
    }

    /// A response of which the head has arrived. Its content, if compressed, may become `max_decoded_size` bytes long when it is read into memory. Those of
    /// asynchronous clients are read and closed with `await`.
    pub(crate) fn from_engine(
        vm: &VirtualMachine,
        received: EngineResponse,
        request: Option<PyObjectRef>,
        default_encoding: PyObjectRef,
        max_decoded_size: Option<u64>,
        is_async: bool,
    ) -> PyRef<Self> {
        let EngineResponse { mut response, started, tracer } = received;
        let status = vm.ctx.new_int(response.status);
        let headers = Headers::new(std::mem::take(&mut response.headers)).into_ref(&vm.ctx);
        let line = StatusLine { version: response.version, reason: response.reason.take() };
        let network = Arc::new(NetworkBody::new(response, started, is_async, tracer));
        let head = Head {
            status: Some(status),
            headers: Some(headers),
            request,
            line: Some(line),
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
