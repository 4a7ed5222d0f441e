//! The body of a request that came out of a pickle.

use rustpython_vm::types::Iterable;
use rustpython_vm::{PyRef, PyResult, VirtualMachine, pyclass};

use crate::exceptions;
use crate::sync_byte_stream::PySyncByteStream;

/// A body that stayed behind when its request or response was pickled: iterating raises
/// `StreamClosed`.
#[pyclass(module = "httpx", name = "UnattachedStream", base = PySyncByteStream)]
#[derive(Debug, Default)]
#[repr(transparent)]
pub(crate) struct PyUnattachedStream(PySyncByteStream);

impl Iterable for PyUnattachedStream {
    fn iter(_zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult {
        Err(exceptions::stream_closed(vm))
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(Iterable))]
impl PyUnattachedStream {
    #[pymethod]
    fn __aiter__(_zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult {
        Err(exceptions::stream_closed(vm))
    }
}
