//! The body of a response that a Python transport returned.

use std::time::Instant;

use rustpython_vm::types::Iterable;
use rustpython_vm::{AsObject, Py, PyObjectRef, PyRef, PyResult, VirtualMachine, pyclass};

use crate::response::PyResponse;
use crate::sync_byte_stream::PySyncByteStream;

/// A body that tells its response when it is closed, so that `elapsed` is known.
#[pyclass(module = "httpx", name = "BoundSyncStream", base = PySyncByteStream, traverse)]
#[derive(Debug)]
#[repr(C)]
pub(crate) struct PyBoundStream {
    #[pytraverse(skip)]
    base: PySyncByteStream,
    stream: PyObjectRef,
    response: PyRef<PyResponse>,
    #[pytraverse(skip)]
    started: Instant,
}

impl PyBoundStream {
    /// `stream`, the body of `response` to a request that was sent at `started`.
    pub(crate) fn new(stream: PyObjectRef, response: PyRef<PyResponse>, started: Instant) -> Self {
        Self { base: PySyncByteStream, stream, response, started }
    }
}

impl Iterable for PyBoundStream {
    fn iter(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult {
        Ok(zelf.stream.get_iter(vm)?.into())
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(Iterable))]
impl PyBoundStream {
    /// Closes the body.
    #[pymethod]
    fn close(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        let elapsed = zelf.started.elapsed();
        let timedelta = vm.import("datetime", 0)?.get_attr("timedelta", vm)?;
        let elapsed = timedelta.call((0, elapsed.as_secs(), elapsed.subsec_micros()), vm)?;
        zelf.response.as_object().set_attr("elapsed", elapsed, vm)?;
        if zelf.stream.has_attr("close", vm)? {
            vm.call_method(&zelf.stream, "close", ())?;
        }
        Ok(())
    }
}
