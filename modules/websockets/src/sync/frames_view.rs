//! `Assembler.frames`.

use std::sync::Arc;

use rustpython_vm::{Py, PyPayload, pyclass};

use super::frame_queue::FrameQueue;

/// The frames of an `Assembler` that were not read yet.
#[pyclass(module = "websockets.sync.messages", name = "FrameQueue")]
#[derive(Debug, PyPayload)]
pub(crate) struct FramesView {
    queue: Arc<FrameQueue>,
}

impl FramesView {
    pub(super) fn new(queue: Arc<FrameQueue>) -> Self {
        Self { queue }
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION))]
impl FramesView {
    /// How many there are.
    #[pymethod]
    fn qsize(zelf: &Py<Self>) -> usize {
        zelf.queue.len()
    }

    /// Whether there are none.
    #[pymethod]
    fn empty(zelf: &Py<Self>) -> bool {
        zelf.queue.len() == 0
    }
}
