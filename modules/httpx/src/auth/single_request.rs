//! The flow of a scheme that sends one request.

use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::convert::ToPyResult;
use rustpython_vm::protocol::PyIterReturn;
use rustpython_vm::types::{IterNext, Iterable, SelfIter};
use rustpython_vm::{Py, PyObjectRef, PyPayload, PyResult, VirtualMachine, pyclass};

/// A generator that yields one request and then ends.
#[pyclass(module = "httpx", name = "SingleRequest", traverse)]
#[derive(Debug, PyPayload)]
pub(crate) struct SingleRequest {
    request: PyMutex<Option<PyObjectRef>>,
}

impl SingleRequest {
    /// The flow that sends `request`.
    pub(crate) fn new(request: PyObjectRef) -> Self {
        Self { request: PyMutex::new(Some(request)) }
    }
}

impl SelfIter for SingleRequest {}

impl IterNext for SingleRequest {
    fn next(zelf: &Py<Self>, _vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        let request = zelf.request.lock().take();
        Ok(request.map_or(PyIterReturn::StopIteration(None), PyIterReturn::Return))
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(Iterable, IterNext))]
impl SingleRequest {
    /// Hands over the response; the flow then ends.
    #[pymethod]
    fn send(zelf: &Py<Self>, _value: PyObjectRef, vm: &VirtualMachine) -> PyResult {
        Self::next(zelf, vm).to_pyresult(vm)
    }

    /// Ends the flow.
    #[pymethod]
    fn close(zelf: &Py<Self>) {
        let request = zelf.request.lock().take();
        drop(request);
    }
}
