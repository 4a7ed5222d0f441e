//! The body of a request that came out of a pickle.

use rustpython_vm::types::Iterable;
use rustpython_vm::{PyRef, PyResult, VirtualMachine, pyclass};

use super::sync_byte_stream::SyncByteStream;
use crate::exceptions;

/// A body that stayed behind when its request or response was pickled: iterating raises
/// `StreamClosed`.
#[pyclass(module = "httpx", name = "UnattachedStream", base = SyncByteStream)]
#[derive(Debug, Default)]
#[repr(transparent)]
pub(crate) struct UnattachedStream(SyncByteStream);

impl Iterable for UnattachedStream {
    fn iter(_zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult {
        Err(exceptions::stream_closed(vm))
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(Iterable))]
impl UnattachedStream {
    #[pymethod]
    fn __aiter__(_zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult {
        Err(exceptions::stream_closed(vm))
    }
}
