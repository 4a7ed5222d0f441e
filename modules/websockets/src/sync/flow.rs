//! Views on a queue of frames.

use std::sync::Arc;

use rustpython_vm::{Py, PyPayload, pyclass};

use super::frame_queue::FrameQueue;

/// The frames of an `Assembler` that were not read yet.
#[pyclass(module = "websockets.sync.messages", name = "FrameQueue")]
#[derive(Debug, PyPayload)]
pub(crate) struct PyFrames {
    queue: Arc<FrameQueue>,
}

impl PyFrames {
    pub(super) fn new(queue: Arc<FrameQueue>) -> Self {
        Self { queue }
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION))]
impl PyFrames {
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

/// Whether a connection's reading is paused, as a lock that is taken meanwhile.
#[pyclass(module = "websockets.sync.connection", name = "FlowControl")]
#[derive(Debug, PyPayload)]
pub(crate) struct PyFlowControl {
    queue: Arc<FrameQueue>,
}

impl PyFlowControl {
    pub(super) fn new(queue: Arc<FrameQueue>) -> Self {
        Self { queue }
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION))]
impl PyFlowControl {
    /// Whether reading is paused.
    #[pymethod]
    fn locked(zelf: &Py<Self>) -> bool {
        zelf.queue.is_paused()
    }

    /// Pauses reading.
    #[pymethod]
    fn acquire(zelf: &Py<Self>) -> bool {
        zelf.queue.set_paused(true);
        true
    }

    /// Lets reading go on.
    #[pymethod]
    fn release(zelf: &Py<Self>) {
        zelf.queue.set_paused(false);
    }
}
