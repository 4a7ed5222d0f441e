//! What `AsyncClient.stream` returns.

use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::function::FuncArgs;
use rustpython_vm::{PyObjectRef, PyPayload, PyRef, VirtualMachine, pyclass};
use tauraro_bridge::{coroutine, with_vm};

use super::args::RequestArgs;
use super::base_client::BaseClient;
use super::call::{Call, Caller};

/// An asynchronous context manager: entering it sends the request and gives the response with its
/// body unread, leaving it closes the response.
#[pyclass(module = "httpx", name = "AsyncStreamContext", traverse)]
#[derive(Debug, PyPayload)]
pub(crate) struct AsyncStreamContext {
    client: PyRef<BaseClient>,
    /// Until the context is entered.
    request: PyMutex<Option<RequestArgs>>,
    /// From then on.
    response: PyMutex<Option<PyObjectRef>>,
}

impl AsyncStreamContext {
    /// The context of a request yet to be sent.
    pub(crate) fn new(client: PyRef<BaseClient>, request: RequestArgs) -> Self {
        Self { client, request: PyMutex::new(Some(request)), response: PyMutex::new(None) }
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION))]
impl AsyncStreamContext {
    #[pymethod]
    fn __aenter__(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "AsyncStreamContext.__aenter__", move |mode| async move {
            let request = zelf.request.lock().take();
            let Some(request) = request else {
                return Err(with_vm(|vm| vm.new_runtime_error("a stream can only be entered once")));
            };
            let response = Call::of(zelf.client.clone(), mode).request(request, Caller::Stream).await?;
            *zelf.response.lock() = Some(response.clone());
            Ok(response)
        })
    }

    #[pymethod]
    fn __aexit__(zelf: PyRef<Self>, _exception: FuncArgs, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "AsyncStreamContext.__aexit__", move |mode| async move {
            let response = zelf.response.lock().take();
            if let Some(response) = response {
                mode.wait(with_vm(|vm| vm.call_method(&response, "aclose", ()))?).await?;
            }
            Ok(with_vm(|vm| vm.ctx.none()))
        })
    }
}
