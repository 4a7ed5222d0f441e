//! One request through a transport written in Python.

use std::time::Instant;

use rustpython_vm::class::StaticType;
use rustpython_vm::{AsObject, PyObject, PyPayload, PyRef, PyResult, VirtualMachine};

use super::bound_stream::PyBoundStream;
use super::config::Settings;
use crate::exceptions::PyRequestError;
use crate::request::PyRequest;
use crate::response::PyResponse;

/// Sends one request and waits for the head of its response. The response's cookies go into the
/// client's jar.
///
/// # Errors
/// What the transport raises, a `RequestError` with `request` attached; `TypeError` when it returns
/// something else than a `Response`; `RuntimeError` for an asynchronous body.
pub(super) fn send(
    vm: &VirtualMachine,
    settings: &Settings,
    transport: &PyObject,
    request: &PyRef<PyRequest>,
) -> PyResult<PyRef<PyResponse>> {
    let started = Instant::now();
    if let crate::content::RequestBody::Stream(stream) = request.body()
        && stream.class().slots().iter.load().is_none()
    {
        let message = "Attempted to send an async request with a sync Client instance.";
        return Err(vm.new_runtime_error(message));
    }
    let answer = vm.call_method(transport, "handle_request", (request.clone(),)).inspect_err(|error| {
        if error.fast_isinstance(PyRequestError::static_type()) {
            // Its class takes any request.
            let _ = error.as_object().set_attr("request", request.clone(), vm);
        }
    })?;
    let response: PyRef<PyResponse> = answer.try_into_value(vm)?;
    let object = response.as_object();
    object.set_attr("request", request.clone(), vm)?;
    object.set_attr("default_encoding", settings.default_encoding.clone(), vm)?;
    if !object.get_attr("is_closed", vm)?.is_true(vm)? {
        let stream = object.get_attr("stream", vm)?;
        let bound = PyBoundStream::new(stream, response.clone(), started).into_ref(&vm.ctx);
        object.set_attr("stream", bound, vm)?;
    }
    let headers = response.headers().fields();
    if headers.contains("set-cookie") {
        let url = request.url_ref(vm)?;
        settings.cookies.with(|jar| jar.extract(url.url(), &headers));
    }
    Ok(response)
}
