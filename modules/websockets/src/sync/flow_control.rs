//! `Connection.recv_flow_control`.

use std::sync::Arc;

use rustpython_vm::{Py, PyPayload, pyclass};

use super::frame_queue::FrameQueue;

/// A lock that is held while the reading of a connection is paused.
#[pyclass(module = "websockets.sync.connection", name = "FlowControl")]
#[derive(Debug, PyPayload)]
pub(crate) struct FlowControl {
    queue: Arc<FrameQueue>,
}

impl FlowControl {
    pub(super) fn new(queue: Arc<FrameQueue>) -> Self {
        Self { queue }
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION))]
impl FlowControl {
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

    /// Resumes reading.
    #[pymethod]
    fn release(zelf: &Py<Self>) {
        zelf.queue.set_paused(false);
    }
}
