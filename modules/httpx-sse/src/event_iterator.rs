//! `EventIterator`: what `EventSource.iter_sse` returns.

use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::function::ArgBytesLike;
use rustpython_vm::protocol::{PyIter, PyIterReturn};
use rustpython_vm::types::{Constructor, IterNext, Iterable, SelfIter};
use rustpython_vm::{
    Py, PyObjectRef, PyPayload, PyResult, Traverse, VirtualMachine, builtins::PyType, pyclass,
};

use crate::event_decoder::Decoder;

/// `EventIterator(pieces, max_event_size)`
///
/// Iterates over the events of a stream that arrives as an iterable of bytes. The next piece is asked
/// for when the events of those before it have been given.
#[pyclass(module = "httpx_sse", name = "EventIterator", traverse)]
#[derive(Debug, PyPayload)]
pub(crate) struct PyEventIterator {
    /// None at the end.
    pieces: PyMutex<Option<PyObjectRef>>,
    #[pytraverse(skip)]
    decoder: Decoder,
}

impl Constructor for PyEventIterator {
    type Args = (PyIter, usize);

    fn py_new(_class: &Py<PyType>, (pieces, limit): Self::Args, _vm: &VirtualMachine) -> PyResult<Self> {
        Ok(Self { pieces: PyMutex::new(Some(pieces.into())), decoder: Decoder::new(limit) })
    }
}

impl SelfIter for PyEventIterator {}

impl IterNext for PyEventIterator {
    fn next(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        let next = zelf.advance(vm);
        if !matches!(next, Ok(PyIterReturn::Return(_))) {
            zelf.end();
        }
        next
    }
}

impl PyEventIterator {
    fn advance(&self, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        let Some(pieces) = self.pieces.lock().clone() else {
            return Ok(PyIterReturn::StopIteration(None));
        };
        let pieces = PyIter::new(pieces);
        loop {
            if let Some(event) = self.decoder.next(vm)? {
                return Ok(PyIterReturn::Return(event.into()));
            }
            match pieces.next(vm)? {
                PyIterReturn::Return(piece) => self.decoder.feed(&piece.try_into_value::<ArgBytesLike>(vm)?),
                end @ PyIterReturn::StopIteration(_) => return Ok(end),
            }
        }
    }

    fn end(&self) -> Option<PyObjectRef> {
        self.pieces.lock().take()
    }
}

#[pyclass(with(Constructor, IterNext, Iterable))]
impl PyEventIterator {
    /// Ends the iteration. The response stays open until it is closed or read to its end.
    #[pymethod]
    fn close(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        let Some(pieces) = zelf.end() else { return Ok(()) };
        vm.call_method(&pieces, "close", ()).map(drop)
    }
}
