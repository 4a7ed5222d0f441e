//! One request over the engine's connections.

use std::time::Instant;

use bytes::Bytes;
use rustpython_vm::{AsObject, PyPayload, PyRef, PyResult, VirtualMachine};
use tauraro_bridge::{ExecutionMode, with_vm};
use tauraro_engine::Url;
use tauraro_engine::http::body::Body;
use tauraro_engine::http::client;

use super::upload;
use crate::byte_stream::PyByteStream;
use crate::content::RequestBody;
use crate::exceptions::{self, PyLocalProtocolError, PyUnsupportedProtocol};
use crate::request::PyRequest;
use crate::tracer::Tracer;
use crate::transports::Pool;

/// A response of which the head has arrived.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) response: client::Response,
    /// When the request was sent.
    pub(crate) started: Instant,
    /// Who is told of what happens until the response is closed.
    pub(crate) tracer: Option<Tracer>,
}

/// Sends one request and waits for the head of its response. `blame` says whether exceptions carry
/// the request.
///
/// # Errors
/// Every exception of the network; what the source of the body raises.
pub(crate) async fn exchange(
    pool: &Pool,
    request: &PyRef<PyRequest>,
    mode: &ExecutionMode,
    blame: bool,
) -> PyResult<Answer> {
    let started = Instant::now();
    let (hop, mut tracer) = with_vm(|vm| prepare(vm, request))?;
    let transport = with_vm(|vm| pool.transport(vm))?;
    let response = match with_vm(|vm| body_of(vm, request, &hop)) {
        RequestBody::Bytes(bytes, _) => {
            let body = if bytes.is_empty() { Body::Empty } else { Body::Bytes(bytes) };
            let hop = client::Request { body, ..hop };
            // Boxed, since what waits for it would be as large, and is moved about.
            let exchange = Box::pin(async move { transport.send(hop).await });
            match &mut tracer {
                None => mode.run(exchange).await?,
                Some(tracer) => tracer.run(exchange, mode).await?,
            }
        }
        RequestBody::Stream(stream) => upload::send(transport, hop, stream, mode, &mut tracer).await?,
    };
    let blamed = || blame.then(|| request.clone().into());
    let response = response.map_err(|error| with_vm(|vm| exceptions::from_engine(vm, error, blamed())))?;
    Ok(Answer { response, started, tracer })
}

/// The body. A `ByteStream` that was given as `stream=` is at hand all the same, unless it is to be
/// sent in chunks: an empty one must leave no trace on the wire.
fn body_of(vm: &VirtualMachine, request: &PyRequest, hop: &client::Request) -> RequestBody {
    let body = request.body();
    if let RequestBody::Stream(stream) = &body
        && let Some(stream) = stream.downcast_ref_if_exact::<PyByteStream>(vm)
        && !hop.headers.contains("transfer-encoding")
    {
        let data = stream.data(vm);
        return RequestBody::Bytes(Bytes::copy_from_slice(data.as_bytes()), Some(data));
    }
    body
}

/// The request in the engine's terms, still without its body, and what its `trace` is told by.
fn prepare(vm: &VirtualMachine, request: &PyRef<PyRequest>) -> PyResult<(client::Request, Option<Tracer>)> {
    let url = request.url_ref(vm)?;
    check_scheme(vm, url.url(), request)?;
    let extensions = request.extensions_shared();
    let (extras, tracer) = extensions.extras(vm)?;
    let hop = client::Request {
        method: method_token(vm, request)?,
        url: url.url().clone(),
        headers: request.headers_ref(vm)?.fields(),
        body: Body::Empty,
        timeouts: extensions.timeouts(vm)?,
        extras,
    };
    Ok((hop, tracer))
}

fn check_scheme(vm: &VirtualMachine, url: &Url, request: &PyRef<PyRequest>) -> PyResult<()> {
    let message = match url.scheme() {
        "http" | "https" => return Ok(()),
        "" => "Request URL is missing an 'http://' or 'https://' protocol.".to_owned(),
        scheme => format!("Request URL has an unsupported protocol '{scheme}://'."),
    };
    Err(exceptions::new(vm, PyUnsupportedProtocol::class(&vm.ctx), message, Some(request.clone().into())))
}

/// The request's method, which may be any token (RFC 9110 section 9.1).
///
/// # Errors
/// `LocalProtocolError` when it is none.
pub(super) fn method_token(vm: &VirtualMachine, request: &PyRef<PyRequest>) -> PyResult<http::Method> {
    let name = request.method_name();
    http::Method::from_bytes(name.as_bytes()).map_err(|_| {
        let shown = vm.ctx.new_str(name).as_object().repr(vm);
        let shown = shown.map_or_else(|_| String::new(), |shown| format!(": {shown}"));
        let message = format!("Illegal method characters{shown}");
        exceptions::new(vm, PyLocalProtocolError::class(&vm.ctx), message, Some(request.clone().into()))
    })
}
