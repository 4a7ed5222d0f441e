//! What `Auth.sync_auth_flow` returns.

use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::convert::ToPyResult;
use rustpython_vm::protocol::{PyIter, PyIterReturn};
use rustpython_vm::types::{IterNext, Iterable, SelfIter};
use rustpython_vm::{AsObject, Py, PyObjectRef, PyPayload, PyResult, VirtualMachine, pyclass};

/// A generator that runs an `auth_flow`, reading bodies as the scheme requires.
#[pyclass(module = "httpx", name = "AuthFlow", traverse)]
#[derive(Debug, PyPayload)]
pub(crate) struct PyAuthFlow {
    auth: PyObjectRef,
    /// Until the flow starts.
    request: PyMutex<Option<PyObjectRef>>,
    /// Once the flow has started.
    flow: PyMutex<Option<PyObjectRef>>,
}

impl PyAuthFlow {
    /// The flow of `auth` for `request`.
    pub(crate) fn new(auth: PyObjectRef, request: PyObjectRef) -> Self {
        Self { auth, request: PyMutex::new(Some(request)), flow: PyMutex::new(None) }
    }

    fn requires(&self, vm: &VirtualMachine, what: &'static str) -> PyResult<bool> {
        self.auth.get_attr(what, vm)?.is_true(vm)
    }
}

impl SelfIter for PyAuthFlow {}

impl IterNext for PyAuthFlow {
    fn next(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        let request = zelf.request.lock().take();
        let flow = match request {
            Some(request) => {
                if zelf.requires(vm, "requires_request_body")? {
                    vm.call_method(&request, "read", ())?;
                }
                let flow = vm.call_method(&zelf.auth, "auth_flow", (request,))?;
                *zelf.flow.lock() = Some(flow.clone());
                Some(flow)
            }
            None => zelf.flow.lock().clone(),
        };
        match flow {
            Some(flow) => PyIter::new(flow).next(vm),
            None => Ok(PyIterReturn::StopIteration(None)),
        }
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(Iterable, IterNext))]
impl PyAuthFlow {
    /// Hands over a response and takes the next request; `StopIteration` when there is none.
    #[pymethod]
    fn send(zelf: &Py<Self>, response: PyObjectRef, vm: &VirtualMachine) -> PyResult {
        let flow = zelf.flow.lock().clone();
        let Some(flow) = flow else { return Self::next(zelf, vm).to_pyresult(vm) };
        if zelf.requires(vm, "requires_response_body")? {
            vm.call_method(&response, "read", ())?;
        }
        vm.call_method(flow.as_object(), "send", (response,))
    }

    /// Ends the flow.
    #[pymethod]
    fn close(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        drop(zelf.request.lock().take());
        let flow = zelf.flow.lock().take();
        if let Some(flow) = flow
            && flow.has_attr("close", vm)?
        {
            vm.call_method(&flow, "close", ())?;
        }
        Ok(())
    }
}
