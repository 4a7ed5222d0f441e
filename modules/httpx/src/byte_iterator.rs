//! `ByteIterator`: what `Response.iter_bytes` returns.

use rustpython_vm::{
    Py, PyPayload, PyRef, PyResult, Traverse, VirtualMachine,
    protocol::PyIterReturn,
    pyclass,
    types::{IterNext, Iterable, SelfIter},
};
use tauraro_bridge::{ExecutionMode, poll_to_completion};

use crate::response::PyResponse;
use crate::response::flow::{ByteStage, Flow};

/// Iterates over a response's content in bytes, decompressed.
///
/// Made by `Response.iter_bytes`. As with a generator, nothing happens before the first item is asked for.
#[pyclass(module = "httpx", name = "ByteIterator", traverse)]
#[derive(Debug, PyPayload)]
pub(crate) struct PyByteIterator {
    response: PyRef<PyResponse>,
    #[pytraverse(skip)]
    flow: Flow<ByteStage>,
}

impl PyByteIterator {
    /// An iterator over a response.
    pub(crate) fn new(response: PyRef<PyResponse>, flow: Flow<ByteStage>) -> Self {
        Self { response, flow }
    }
}

impl SelfIter for PyByteIterator {}

impl IterNext for PyByteIterator {
    fn next(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        let item = poll_to_completion(vm, zelf.flow.next(&zelf.response, &ExecutionMode::Blocking))?;
        Ok(item.map_or(PyIterReturn::StopIteration(None), |item| {
            PyIterReturn::Return(vm.ctx.new_bytes(item).into())
        }))
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(IterNext, Iterable))]
impl PyByteIterator {
    /// Ends the iteration. The response stays open until it is closed or read to its end.
    #[pymethod]
    fn close(zelf: &Py<Self>) {
        zelf.flow.close();
    }
}
