//! How an `auth_flow` is run: for `sync_auth_flow` and `async_auth_flow`, which differ in how bodies
//! are read.

use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::protocol::{PyIter, PyIterReturn};
use rustpython_vm::{PyObjectRef, PyResult, Traverse, VirtualMachine};
use tauraro_bridge::{ExecutionMode, with_vm};

/// An `auth_flow` under way.
#[derive(Debug, Traverse)]
pub(super) struct FlowState {
    auth: PyObjectRef,
    /// Until the flow starts.
    request: PyMutex<Option<PyObjectRef>>,
    /// Once the flow has started.
    steps: PyMutex<Option<PyObjectRef>>,
}

impl FlowState {
    /// The flow of `auth` for `request`.
    pub(super) fn new(auth: PyObjectRef, request: PyObjectRef) -> Self {
        Self { auth, request: PyMutex::new(Some(request)), steps: PyMutex::new(None) }
    }

    /// Reads the body of a request or response, if the scheme requires that.
    async fn read_if(
        &self,
        required: &'static str,
        object: &PyObjectRef,
        mode: &ExecutionMode,
    ) -> PyResult<()> {
        if with_vm(|vm| self.auth.get_attr(required, vm)?.is_true(vm))? {
            let read = if mode.is_async() { "aread" } else { "read" };
            mode.wait(with_vm(|vm| vm.call_method(object, read, ()))?).await?;
        }
        Ok(())
    }

    /// The next request.
    ///
    /// # Errors
    /// What the flow raises.
    pub(super) async fn next(&self, mode: &ExecutionMode) -> PyResult<PyIterReturn> {
        let request = self.request.lock().take();
        if let Some(request) = request {
            self.read_if("requires_request_body", &request, mode).await?;
            let flow = with_vm(|vm| vm.call_method(&self.auth, "auth_flow", (request,)))?;
            *self.steps.lock() = Some(flow);
        }
        let flow = self.steps.lock().clone();
        match flow {
            Some(flow) => with_vm(|vm| PyIter::new(flow).next(vm)),
            None => Ok(PyIterReturn::StopIteration(None)),
        }
    }

    /// Hands over a response and takes the next request.
    ///
    /// # Errors
    /// What the flow raises.
    pub(super) async fn send(&self, response: PyObjectRef, mode: &ExecutionMode) -> PyResult<PyIterReturn> {
        let flow = self.steps.lock().clone();
        let Some(flow) = flow else { return self.next(mode).await };
        self.read_if("requires_response_body", &response, mode).await?;
        with_vm(|vm| PyIterReturn::from_pyresult(vm.call_method(&flow, "send", (response,)), vm))
    }

    /// Ends the flow.
    ///
    /// # Errors
    /// What ending it raises.
    pub(super) fn close(&self, vm: &VirtualMachine) -> PyResult<()> {
        drop(self.request.lock().take());
        let flow = self.steps.lock().take();
        if let Some(flow) = flow
            && flow.has_attr("close", vm)?
        {
            vm.call_method(&flow, "close", ())?;
        }
        Ok(())
    }
}
