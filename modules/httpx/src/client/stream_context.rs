//! What `Client.stream` and `httpx.stream` return.

use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::function::FuncArgs;
use rustpython_vm::{Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass};
use tauraro_bridge::{ExecutionMode, poll_to_completion};

use super::Client;
use super::args::RequestArgs;
use super::call::{Call, Caller};

/// A context manager: entering it sends the request and gives the response with its body unread,
/// leaving it closes the response.
#[pyclass(module = "httpx", name = "StreamContext", traverse)]
#[derive(Debug, PyPayload)]
pub(crate) struct StreamContext {
    client: PyRef<Client>,
    /// Until the context is entered.
    request: PyMutex<Option<RequestArgs>>,
    /// From then on.
    response: PyMutex<Option<PyObjectRef>>,
    /// Whether the client was made for this request and ends with it.
    #[pytraverse(skip)]
    owns_client: bool,
}

impl StreamContext {
    /// The context of a request yet to be sent.
    pub(crate) fn new(client: PyRef<Client>, request: RequestArgs, owns_client: bool) -> Self {
        let (request, response) = (PyMutex::new(Some(request)), PyMutex::new(None));
        Self { client, request, response, owns_client }
    }

    fn end_client(&self, vm: &VirtualMachine) -> PyResult<()> {
        if self.owns_client { self.client.shut(vm) } else { Ok(()) }
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION))]
impl StreamContext {
    #[pymethod]
    fn __enter__(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        let request = zelf.request.lock().take();
        let Some(request) = request else {
            return Err(vm.new_runtime_error("a stream can only be entered once"));
        };
        let call = Call::of(zelf.client.clone().into_base(), ExecutionMode::Blocking);
        let response = poll_to_completion(vm, call.request(request, Caller::Stream)).inspect_err(|_| {
            // The failure to send is the one to report.
            let _ = zelf.end_client(vm);
        })?;
        *zelf.response.lock() = Some(response.clone());
        Ok(response)
    }

    #[pymethod]
    fn __exit__(zelf: &Py<Self>, _exception: FuncArgs, vm: &VirtualMachine) -> PyResult<()> {
        let response = zelf.response.lock().take();
        let closed = match response {
            Some(response) => vm.call_method(&response, "close", ()).map(drop),
            None => Ok(()),
        };
        closed.and(zelf.end_client(vm))
    }
}
