//! One request over the engine's connections.

use std::time::Instant;

use bytes::Bytes;
use rustpython_vm::{AsObject, PyPayload, PyRef, PyResult, VirtualMachine};
use tauraro_bridge::{ExecutionMode, with_vm};
use tauraro_engine::http::body::Body;
use tauraro_engine::http::client;

use super::tracer::Tracer;
use super::upload;
use crate::exceptions::{self, LocalProtocolError};
use crate::request::Request;
use crate::streams::byte_stream::ByteStream;
use crate::streams::content::RequestBody;
use crate::transports::Pool;

/// A response whose head has arrived.
#[derive(Debug)]
pub(crate) struct EngineResponse {
    pub(crate) response: client::Response,
    /// When the request was sent.
    pub(crate) started: Instant,
    /// What calls the extension `trace` until the response is closed.
    pub(crate) tracer: Option<Tracer>,
}

/// Sends one request and waits for the head of its response. With `attach_request`, exceptions carry the
/// request.
///
/// # Errors
/// Every exception of the network; what the source of the body raises.
pub(crate) async fn send_native(
    pool: &Pool,
    request: &PyRef<Request>,
    mode: &ExecutionMode,
    attach_request: bool,
) -> PyResult<EngineResponse> {
    let started = Instant::now();
    let (message, mut tracer) = with_vm(|vm| prepare(vm, request))?;
    let transport = with_vm(|vm| pool.transport(vm))?;
    let response = match with_vm(|vm| body_of(vm, request, &message)) {
        RequestBody::Bytes(bytes, _) => {
            let body = if bytes.is_empty() { Body::Empty } else { Body::Bytes(bytes) };
            let message = client::Request { body, ..message };
            // Boxed: what waits for it would be as large, and is moved.
            let exchange = Box::pin(async move { transport.send(message).await });
            match &mut tracer {
                None => mode.run(exchange).await?,
                Some(tracer) => tracer.run(exchange, mode).await?,
            }
        }
        RequestBody::Stream(stream) => upload::send(transport, message, stream, mode, &mut tracer).await?,
    };
    let attached = || attach_request.then(|| request.clone().into());
    let response = response.map_err(|error| with_vm(|vm| exceptions::from_engine(vm, error, attached())))?;
    Ok(EngineResponse { response, started, tracer })
}

/// The body. A `ByteStream` that was passed as `stream=` is in memory, and sent as such unless it is to be
/// sent in chunks: an empty one must leave no trace on the wire.
fn body_of(vm: &VirtualMachine, request: &Request, message: &client::Request) -> RequestBody {
    let body = request.body();
    if let RequestBody::Stream(stream) = &body
        && let Some(stream) = stream.downcast_ref_if_exact::<ByteStream>(vm)
        && !message.headers.contains("transfer-encoding")
    {
        let data = stream.data(vm);
        return RequestBody::Bytes(Bytes::copy_from_slice(data.as_bytes()), Some(data));
    }
    body
}

/// The request in the engine's terms, still without its body, and what calls its extension `trace`.
fn prepare(vm: &VirtualMachine, request: &PyRef<Request>) -> PyResult<(client::Request, Option<Tracer>)> {
    let url = request.url_ref(vm)?;
    let extensions = request.extensions_shared();
    let (extras, tracer) = extensions.extras(vm)?;
    let message = client::Request {
        method: method_token(vm, request)?,
        url: url.url().clone(),
        headers: request.headers_ref(vm)?.fields(),
        body: Body::Empty,
        timeouts: extensions.timeouts(vm)?,
        extras,
    };
    Ok((message, tracer))
}

/// The request's method, which may be any token (RFC 9110 section 9.1).
///
/// # Errors
/// `LocalProtocolError` for anything else.
pub(super) fn method_token(vm: &VirtualMachine, request: &PyRef<Request>) -> PyResult<http::Method> {
    let name = request.method_name();
    http::Method::from_bytes(name.as_bytes()).map_err(|_| {
        let repr = vm.ctx.new_str(name).as_object().repr(vm);
        let repr = repr.map_or_else(|_| String::new(), |repr| format!(": {repr}"));
        let message = format!("Illegal method characters{repr}");
        exceptions::new(vm, LocalProtocolError::class(&vm.ctx), message, Some(request.clone().into()))
    })
}
