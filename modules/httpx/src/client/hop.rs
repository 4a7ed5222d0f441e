//! One request over the wire.

use std::sync::Arc;
use std::time::Instant;

use rustpython_vm::{AsObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine};
use tauraro_bridge::block_on;
use tauraro_engine::Url;
use tauraro_engine::body::Body;
use tauraro_engine::client::{self, Transport};

use super::config::Settings;
use super::{foreign, upload};
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
    if let Some(transport) = &settings.foreign {
        return foreign::send(vm, settings, transport, request);
    }
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
        extras: client::Extras::default(),
    };
    let response = match request.body() {
        RequestBody::Bytes(bytes, _) => {
            let body = if bytes.is_empty() { Body::Empty } else { Body::Bytes(bytes) };
            block_on(vm, transport.send(client::Request { body, ..hop }))?
        }
        RequestBody::Stream(stream) => upload::send(vm, &transport, hop, &stream)?,
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
