//! How a client runs the flow of a scheme: as a generator, or as an asynchronous one.

use rustpython_vm::protocol::{PyIter, PyIterReturn};
use rustpython_vm::{AsObject, PyObject, PyObjectRef, PyRef, PyResult, VirtualMachine};
use tauraro_bridge::{ExecutionMode, with_vm};

use crate::request::Request;
use crate::response::Response;

/// The flow of one request's authentication.
pub(crate) struct FlowDriver<'a> {
    flow: PyObjectRef,
    mode: &'a ExecutionMode,
}

impl<'a> FlowDriver<'a> {
    /// Starts the flow of `auth`, a `httpx.Auth`, for `request`.
    ///
    /// # Errors
    /// What the scheme raises.
    pub(crate) fn start(auth: &PyObject, request: PyRef<Request>, mode: &'a ExecutionMode) -> PyResult<Self> {
        let start = if mode.is_async() { "async_auth_flow" } else { "sync_auth_flow" };
        let flow = with_vm(|vm| vm.call_method(auth, start, (request,)))?;
        Ok(Self { flow, mode })
    }

    /// The first request; `None` if there is none.
    ///
    /// # Errors
    /// What the flow raises.
    pub(crate) async fn first(&self) -> PyResult<Option<PyRef<Request>>> {
        if self.mode.is_async() {
            return self.awaited(with_vm(|vm| vm.call_method(&self.flow, "__anext__", ()))?).await;
        }
        with_vm(|vm| request_of(PyIter::new(self.flow.clone()).next(vm)?, vm))
    }

    /// Hands over a response; the next request, or `None` at the end.
    ///
    /// # Errors
    /// What the flow raises.
    pub(crate) async fn send(&self, response: &PyRef<Response>) -> PyResult<Option<PyRef<Request>>> {
        if self.mode.is_async() {
            let next = with_vm(|vm| vm.call_method(&self.flow, "asend", (response.clone(),)))?;
            return self.awaited(next).await;
        }
        with_vm(|vm| {
            let next = vm.call_method(&self.flow, "send", (response.clone(),));
            request_of(PyIterReturn::from_pyresult(next, vm)?, vm)
        })
    }

    /// Ends the flow.
    ///
    /// # Errors
    /// What ending it raises.
    pub(crate) async fn close(self) -> PyResult<()> {
        let close = if self.mode.is_async() { "aclose" } else { "close" };
        self.mode.wait(with_vm(|vm| vm.call_method(&self.flow, close, ()))?).await.map(drop)
    }

    async fn awaited(&self, next: PyObjectRef) -> PyResult<Option<PyRef<Request>>> {
        let next = self.mode.wait(next).await;
        with_vm(|vm| match next {
            Ok(request) => request.try_into_value(vm).map(Some),
            Err(end) if end.fast_isinstance(vm.ctx.exceptions.stop_async_iteration) => Ok(None),
            Err(error) => Err(error),
        })
    }
}

fn request_of(next: PyIterReturn, vm: &VirtualMachine) -> PyResult<Option<PyRef<Request>>> {
    match next {
        PyIterReturn::Return(request) => request.try_into_value(vm).map(Some),
        PyIterReturn::StopIteration(_) => Ok(None),
    }
}
