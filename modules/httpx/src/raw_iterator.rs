//! `RawIterator`: what `Response.iter_raw` returns.

use rustpython_vm::{
    Py, PyPayload, PyRef, PyResult, Traverse, VirtualMachine,
    protocol::PyIterReturn,
    pyclass,
    types::{IterNext, Iterable, SelfIter},
};
use tauraro_bridge::{ExecutionMode, poll_to_completion};

use crate::response::PyResponse;
use crate::response::flow::{Flow, RawStage};

/// Iterates over a response's content as it came off the wire, still compressed.
///
/// Made by `Response.iter_raw`. As with a generator, nothing happens before the first item is asked for.
#[pyclass(module = "httpx", name = "RawIterator", traverse)]
#[derive(Debug, PyPayload)]
pub(crate) struct PyRawIterator {
    response: PyRef<PyResponse>,
    #[pytraverse(skip)]
    flow: Flow<RawStage>,
}

impl PyRawIterator {
    /// An iterator over a response.
    pub(crate) fn new(response: PyRef<PyResponse>, flow: Flow<RawStage>) -> Self {
        Self { response, flow }
    }
}

impl SelfIter for PyRawIterator {}

impl IterNext for PyRawIterator {
    fn next(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        let item = poll_to_completion(vm, zelf.flow.next(&zelf.response, &ExecutionMode::Blocking))?;
        Ok(item.map_or(PyIterReturn::StopIteration(None), |item| {
            PyIterReturn::Return(vm.ctx.new_bytes(item).into())
        }))
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(IterNext, Iterable))]
impl PyRawIterator {
    /// Ends the iteration. The response stays open until it is closed or read to its end.
    #[pymethod]
    fn close(zelf: &Py<Self>) {
        zelf.flow.close();
    }
}
