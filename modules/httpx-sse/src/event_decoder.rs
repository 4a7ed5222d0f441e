//! `EventDecoder`: what `EventSource.aiter_sse` reads events with.

use bytes::Bytes;
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::function::ArgBytesLike;
use rustpython_vm::protocol::PyIterReturn;
use rustpython_vm::types::{Constructor, IterNext, Iterable, SelfIter};
use rustpython_vm::{Py, PyPayload, PyRef, PyResult, VirtualMachine, builtins::PyType, pyclass};
use tauraro_engine::http::sse;

use crate::module::too_large;
use crate::server_sent_event::PyServerSentEvent;

/// The engine's decoder, for bytes and events of Python.
#[derive(Debug)]
pub(crate) struct Decoder {
    inner: PyMutex<sse::EventDecoder>,
}

impl Decoder {
    /// A decoder that refuses events of more than `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self { inner: PyMutex::new(sse::EventDecoder::new(limit)) }
    }

    /// Takes the next piece of the stream.
    pub(crate) fn feed(&self, piece: &ArgBytesLike) {
        let piece = Bytes::copy_from_slice(&piece.borrow_buf());
        self.inner.lock().feed(piece);
    }

    /// The next event; `None` when another piece is needed.
    ///
    /// # Errors
    /// `SSEError` for an event that is too large.
    pub(crate) fn next(&self, vm: &VirtualMachine) -> PyResult<Option<PyRef<PyServerSentEvent>>> {
        let event = self.inner.lock().next_event();
        let event = event.map_err(|error| too_large(vm, error))?;
        Ok(event.map(|event| PyServerSentEvent::new(event, vm).into_ref(&vm.ctx)))
    }
}

/// `EventDecoder(max_event_size)`
///
/// Reads events from bytes: `feed` takes a piece, and iterating then gives what it completed.
#[pyclass(module = "httpx_sse", name = "EventDecoder")]
#[derive(Debug, PyPayload)]
pub(crate) struct PyEventDecoder {
    decoder: Decoder,
}

impl Constructor for PyEventDecoder {
    type Args = (usize,);

    fn py_new(_class: &Py<PyType>, (limit,): Self::Args, _vm: &VirtualMachine) -> PyResult<Self> {
        Ok(Self { decoder: Decoder::new(limit) })
    }
}

impl SelfIter for PyEventDecoder {}

impl IterNext for PyEventDecoder {
    fn next(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        let event = zelf.decoder.next(vm)?;
        Ok(event.map_or(PyIterReturn::StopIteration(None), |event| PyIterReturn::Return(event.into())))
    }
}

#[pyclass(with(Constructor, IterNext, Iterable))]
impl PyEventDecoder {
    /// Takes the next piece of the stream, bytes.
    #[pymethod]
    fn feed(zelf: &Py<Self>, piece: ArgBytesLike) {
        zelf.decoder.feed(&piece);
    }
}
