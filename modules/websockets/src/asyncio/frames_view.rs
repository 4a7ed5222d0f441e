//! `Assembler.frames`.

use rustpython_vm::protocol::PySequenceMethods;
use rustpython_vm::types::AsSequence;
use rustpython_vm::{PyPayload, PyRef, Traverse, pyclass};

use super::assembler::Assembler;

/// The frames that wait in an assembler: `len()` returns how many.
#[pyclass(module = "websockets.asyncio.messages", name = "FrameQueue", traverse)]
#[derive(Debug, PyPayload)]
pub(crate) struct FramesView {
    assembler: PyRef<Assembler>,
}

impl FramesView {
    pub(crate) fn new(assembler: PyRef<Assembler>) -> Self {
        Self { assembler }
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(AsSequence))]
impl FramesView {}

impl AsSequence for FramesView {
    fn as_sequence() -> &'static PySequenceMethods {
        static METHODS: PySequenceMethods = PySequenceMethods {
            length: Some(|sequence, _vm| {
                Ok(sequence.obj.downcast_ref::<FramesView>().map_or(0, |queue| queue.assembler.len()))
            }),
            ..PySequenceMethods::NOT_IMPLEMENTED
        };
        &METHODS
    }
}
