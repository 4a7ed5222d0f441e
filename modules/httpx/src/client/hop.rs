//! One request over its transport.

use std::time::Instant;

use rustpython_vm::builtins::PyType;
use rustpython_vm::class::StaticType;
use rustpython_vm::{AsObject, Py, PyObject, PyRef, PyResult, VirtualMachine};
use tauraro_bridge::{ExecutionMode, with_vm};

use super::config::Settings;
use super::dispatch::{Method, native_owner};
use super::{log, wire};
use crate::content::{self, RequestBody};
use crate::exceptions::PyRequestError;
use crate::request::PyRequest;
use crate::response::PyResponse;
use crate::transports::{Pool, PyAsyncHTTPTransport, PyHTTPTransport};

/// Sends one request over `transport` and waits for the head of its response. The response's
/// cookies go into the client's jar.
///
/// # Errors
/// Every exception of the network, with `request` attached; what a transport written in Python or
/// the source of the body raises.
pub(super) async fn send(
    settings: &Settings,
    transport: &PyObject,
    request: &PyRef<PyRequest>,
    mode: &ExecutionMode,
) -> PyResult<PyRef<PyResponse>> {
    let response = match with_vm(|vm| native(transport, mode, vm))? {
        Some(pool) => over_the_wire(settings, &pool, request, mode).await,
        None => over_foreign(settings, transport, request, mode).await,
    }?;
    with_vm(|vm| log::hop(vm, request, &response))?;
    Ok(response)
}

/// The connections of a transport whose handling of requests is ours.
fn native(transport: &PyObject, mode: &ExecutionMode, vm: &VirtualMachine) -> PyResult<Option<Pool>> {
    let is_own =
        |method, class: &Py<PyType>| native_owner(transport, method, vm).is_some_and(|owner| owner.is(class));
    if mode.is_async() {
        if let Some(own) = transport.downcast_ref::<PyAsyncHTTPTransport>()
            && is_own(Method::HandleAsyncRequest, PyAsyncHTTPTransport::static_type())
        {
            return own.pool(vm).map(Some);
        }
    } else if let Some(own) = transport.downcast_ref::<PyHTTPTransport>()
        && is_own(Method::HandleRequest, PyHTTPTransport::static_type())
    {
        return own.pool(vm).map(Some);
    }
    Ok(None)
}

async fn over_the_wire(
    settings: &Settings,
    pool: &Pool,
    request: &PyRef<PyRequest>,
    mode: &ExecutionMode,
) -> PyResult<PyRef<PyResponse>> {
    let answer = wire::exchange(pool, request, mode, true).await?;
    with_vm(|vm| {
        if answer.response.headers.contains("set-cookie") {
            let url = request.url_ref(vm)?;
            settings.cookies.with(|jar| jar.extract(url.url(), &answer.response.headers));
        }
        let response = PyResponse::from_engine(
            vm,
            answer,
            Some(request.clone().into()),
            settings.default_encoding.clone(),
            settings.max_decoded_size,
            mode.is_async(),
        );
        Ok(response)
    })
}

async fn over_foreign(
    settings: &Settings,
    transport: &PyObject,
    request: &PyRef<PyRequest>,
    mode: &ExecutionMode,
) -> PyResult<PyRef<PyResponse>> {
    let started = Instant::now();
    let method = if mode.is_async() { "handle_async_request" } else { "handle_request" };
    let called = with_vm(|vm| {
        if let RequestBody::Stream(stream) = request.body() {
            content::chunks::check_sendable(vm, &stream, mode.is_async())?;
        }
        vm.call_method(transport, method, (request.clone(),))
    });
    let answer = match called {
        Ok(called) => mode.wait(called).await,
        Err(error) => Err(error),
    };
    with_vm(|vm| {
        let answer = answer.inspect_err(|error| {
            if error.fast_isinstance(PyRequestError::static_type()) {
                // Its class takes any request.
                let _ = error.as_object().set_attr("request", request.clone(), vm);
            }
        })?;
        let response: PyRef<PyResponse> = answer.try_into_value(vm)?;
        let object = response.as_object();
        object.set_attr("request", request.clone(), vm)?;
        object.set_attr("default_encoding", settings.default_encoding.clone(), vm)?;
        response.bind(started);
        let headers = response.headers().fields();
        if headers.contains("set-cookie") {
            let url = request.url_ref(vm)?;
            settings.cookies.with(|jar| jar.extract(url.url(), &headers));
        }
        Ok(response)
    })
}
