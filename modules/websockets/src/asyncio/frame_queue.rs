//! The frames that wait in an assembler, as Python sees them.

use rustpython_vm::protocol::PySequenceMethods;
use rustpython_vm::types::AsSequence;
use rustpython_vm::{PyPayload, PyRef, Traverse, pyclass};

use super::assembler::Assembler;

/// The frames that wait in an assembler: `len()` says how many.
#[pyclass(module = "websockets.asyncio.messages", name = "FrameQueue", traverse)]
#[derive(Debug, PyPayload)]
pub(crate) struct FrameQueue {
    assembler: PyRef<Assembler>,
}

impl FrameQueue {
    pub(crate) fn new(assembler: PyRef<Assembler>) -> Self {
        Self { assembler }
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(AsSequence))]
impl FrameQueue {}

impl AsSequence for FrameQueue {
    fn as_sequence() -> &'static PySequenceMethods {
        static METHODS: PySequenceMethods = PySequenceMethods {
            length: Some(|sequence, _vm| {
                Ok(sequence.obj.downcast_ref::<FrameQueue>().map_or(0, |queue| queue.assembler.len()))
            }),
            ..PySequenceMethods::NOT_IMPLEMENTED
        };
        &METHODS
    }
}
