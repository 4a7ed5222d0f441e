//! One request over its transport.

use std::time::Instant;

use rustpython_vm::class::StaticType;
use rustpython_vm::{AsObject, PyObject, PyRef, PyResult, VirtualMachine};
use tauraro_bridge::{ExecutionMode, with_vm};

use super::log;
use super::send_native::send_native;
use super::settings::Settings;
use crate::exceptions::RequestError;
use crate::request::Request;
use crate::response::Response;
use crate::streams::chunks;
use crate::streams::content::RequestBody;
use crate::transports::{AsyncHTTPTransport, HTTPTransport, Pool};

/// Sends one request over `transport` and waits for the head of its response. The response's
/// cookies go into the client's jar.
///
/// # Errors
/// Every exception of the network, with `request` attached; what a transport written in Python or
/// the source of the body raises.
pub(super) async fn send_single_request(
    settings: &Settings,
    transport: &PyObject,
    request: &PyRef<Request>,
    mode: &ExecutionMode,
) -> PyResult<PyRef<Response>> {
    let response = match with_vm(|vm| native_pool(transport, mode, vm))? {
        Some(pool) => over_native(settings, &pool, request, mode).await,
        None => over_python(settings, transport, request, mode).await,
    }?;
    with_vm(|vm| log::request(vm, request, &response))?;
    Ok(response)
}

/// The connections of a native transport whose handling of requests was not overridden.
fn native_pool(transport: &PyObject, mode: &ExecutionMode, vm: &VirtualMachine) -> PyResult<Option<Pool>> {
    if mode.is_async() {
        if let Some(native) = transport.downcast_ref::<AsyncHTTPTransport>()
            && AsyncHTTPTransport::is_native(native, vm)
        {
            return native.pool(vm).map(Some);
        }
    } else if let Some(native) = transport.downcast_ref::<HTTPTransport>()
        && HTTPTransport::is_native(native, vm)
    {
        return native.pool(vm).map(Some);
    }
    Ok(None)
}

async fn over_native(
    settings: &Settings,
    pool: &Pool,
    request: &PyRef<Request>,
    mode: &ExecutionMode,
) -> PyResult<PyRef<Response>> {
    let received = send_native(pool, request, mode, true).await?;
    with_vm(|vm| {
        if received.response.headers.contains("set-cookie") {
            let url = request.url_ref(vm)?;
            settings.cookies.with(|jar| jar.extract(url.url(), &received.response.headers));
        }
        let response = Response::from_engine(
            vm,
            received,
            Some(request.clone().into()),
            settings.default_encoding.clone(),
            settings.max_decoded_size,
            mode.is_async(),
        );
        Ok(response)
    })
}

async fn over_python(
    settings: &Settings,
    transport: &PyObject,
    request: &PyRef<Request>,
    mode: &ExecutionMode,
) -> PyResult<PyRef<Response>> {
    let started = Instant::now();
    let method = if mode.is_async() { "handle_async_request" } else { "handle_request" };
    let called = with_vm(|vm| {
        if let RequestBody::Stream(stream) = request.body() {
            chunks::check_sendable(vm, &stream, mode.is_async())?;
        }
        vm.call_method(transport, method, (request.clone(),))
    });
    let answer = match called {
        Ok(called) => mode.wait(called).await,
        Err(error) => Err(error),
    };
    with_vm(|vm| {
        let answer = answer.inspect_err(|error| {
            if error.fast_isinstance(RequestError::static_type()) {
                // Its class takes any request.
                let _ = error.as_object().set_attr("request", request.clone(), vm);
            }
        })?;
        let response: PyRef<Response> = answer.try_into_value(vm)?;
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
