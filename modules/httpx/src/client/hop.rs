//! One request over the wire.

use std::sync::Arc;
use std::time::Instant;

use rustpython_vm::{AsObject, Py, PyObjectRef, PyRef, PyResult, VirtualMachine};
use tauraro_bridge::block_on;
use tauraro_engine::body::Body;
use tauraro_engine::client::{self, Transport};
use tauraro_engine::{Headers, Url};

use super::config::Settings;
use super::upload;
use crate::content::RequestBody;
use crate::exceptions::{self, PyLocalProtocolError, PyUnsupportedProtocol};
use crate::request::PyRequest;
use crate::response::PyResponse;

/// Sends one request and waits for the head of its response. The response's cookies go into the
/// client's jar.
///
/// # Errors
/// Every exception of the network, with `request` attached; what the source of the body raises.
pub(super) fn send(
    vm: &VirtualMachine,
    settings: &Settings,
    request: &PyRef<PyRequest>,
) -> PyResult<PyRef<PyResponse>> {
    let started = Instant::now();
    let transport = transport(vm, settings)?;
    let url = request.url_ref(vm)?;
    check_scheme(vm, url.url(), request)?;
    let hop = client::Request {
        method: method_token(vm, request)?,
        url: url.url().clone(),
        headers: request.headers_ref(vm)?.fields(),
        body: Body::Empty,
        timeouts: request.extensions_shared().timeouts(vm)?,
    };
    let response = match request.body() {
        RequestBody::Bytes(bytes, _) => {
            if let Some(declared) = content_length(&hop.headers) {
                check_length(vm, request, declared, bytes.len() as u64)?;
            }
            let body = if bytes.is_empty() { Body::Empty } else { Body::Bytes(bytes) };
            block_on(vm, transport.send(client::Request { body, ..hop }))?
        }
        RequestBody::Stream(stream) => upload::send(vm, &transport, hop, &stream, request)?,
    };
    let response =
        response.map_err(|error| exceptions::from_engine(vm, error, Some(request.clone().into())))?;
    if response.headers.contains("set-cookie") {
        settings.cookies.with(|jar| jar.extract(url.url(), &response.headers));
    }
    let request: PyObjectRef = request.clone().into();
    let encoding = settings.default_encoding.clone();
    Ok(PyResponse::from_engine(vm, response, request, encoding, settings.max_decoded_size, started))
}

fn transport(vm: &VirtualMachine, settings: &Settings) -> PyResult<Arc<Transport>> {
    let closed = || vm.new_runtime_error("Cannot send a request, as the client has been closed.");
    settings.transport.clone().ok_or_else(closed)
}

fn check_scheme(vm: &VirtualMachine, url: &Url, request: &PyRef<PyRequest>) -> PyResult<()> {
    let message = match url.scheme() {
        "http" | "https" => return Ok(()),
        "" => "Request URL is missing an 'http://' or 'https://' protocol.".to_owned(),
        scheme => format!("Request URL has an unsupported protocol '{scheme}://'."),
    };
    Err(exceptions::new::<PyUnsupportedProtocol>(vm, message, Some(request.clone().into())))
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
        local_protocol_error(vm, format!("Illegal method characters{shown}"), request)
    })
}

fn local_protocol_error(
    vm: &VirtualMachine,
    message: String,
    request: &Py<PyRequest>,
) -> rustpython_vm::builtins::PyBaseExceptionRef {
    exceptions::new::<PyLocalProtocolError>(vm, message, Some(request.to_owned().into()))
}

/// The length that the headers promise.
pub(super) fn content_length(headers: &Headers) -> Option<u64> {
    std::str::from_utf8(headers.get("content-length")?).ok()?.trim().parse().ok()
}

/// A body that is not as long as promised would leave the server waiting, or confused.
///
/// # Errors
/// `LocalProtocolError`.
pub(super) fn check_length(
    vm: &VirtualMachine,
    request: &Py<PyRequest>,
    declared: u64,
    actual: u64,
) -> PyResult<()> {
    let problem = match actual.cmp(&declared) {
        std::cmp::Ordering::Equal => return Ok(()),
        std::cmp::Ordering::Less => "Too little data for declared Content-Length",
        std::cmp::Ordering::Greater => "Too much data for declared Content-Length",
    };
    Err(local_protocol_error(vm, problem.to_owned(), request))
}
