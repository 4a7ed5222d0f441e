//! `TextIterator`: what `Response.iter_text` returns.

use rustpython_vm::{
    Py, PyPayload, PyRef, PyResult, Traverse, VirtualMachine,
    protocol::PyIterReturn,
    pyclass,
    types::{IterNext, Iterable, SelfIter},
};
use tauraro_bridge::{ExecutionMode, poll_to_completion};

use crate::response::PyResponse;
use crate::response::flow::{Flow, TextStage};

/// Iterates over a response's content as text.
///
/// Made by `Response.iter_text`. As with a generator, nothing happens before the first item is asked for.
#[pyclass(module = "httpx", name = "TextIterator", traverse)]
#[derive(Debug, PyPayload)]
pub(crate) struct PyTextIterator {
    response: PyRef<PyResponse>,
    #[pytraverse(skip)]
    flow: Flow<TextStage>,
}

impl PyTextIterator {
    /// An iterator over a response.
    pub(crate) fn new(response: PyRef<PyResponse>, flow: Flow<TextStage>) -> Self {
        Self { response, flow }
    }
}

impl SelfIter for PyTextIterator {}

impl IterNext for PyTextIterator {
    fn next(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        let item = poll_to_completion(vm, zelf.flow.next(&zelf.response, &ExecutionMode::Blocking))?;
        Ok(item.map_or(PyIterReturn::StopIteration(None), |item| {
            PyIterReturn::Return(vm.ctx.new_str(item).into())
        }))
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(IterNext, Iterable))]
impl PyTextIterator {
    /// Ends the iteration. The response stays open until it is closed or read to its end.
    #[pymethod]
    fn close(zelf: &Py<Self>) {
        zelf.flow.close();
    }
}
