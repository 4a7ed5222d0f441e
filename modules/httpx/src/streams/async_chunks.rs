//! Iterating with `await` over what never waits.

use rustpython_vm::protocol::{PyIter, PyIterReturn};
use rustpython_vm::{PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass};
use tauraro_bridge::{ready, stop_async_iteration};

/// Iterates asynchronously over what an iterator yields; it never waits.
#[pyclass(module = "httpx", name = "AsyncChunks", traverse)]
#[derive(Debug, PyPayload)]
pub(crate) struct AsyncChunks {
    chunks: PyObjectRef,
}

impl AsyncChunks {
    /// The chunks of a body that can be iterated over without `await` too.
    ///
    /// # Errors
    /// What iterating over it raises.
    pub(crate) fn of(body: PyObjectRef, vm: &VirtualMachine) -> PyResult<Self> {
        Ok(Self { chunks: body.get_iter(vm)?.into() })
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION))]
impl AsyncChunks {
    #[pymethod]
    fn __aiter__(zelf: PyRef<Self>) -> PyRef<Self> {
        zelf
    }

    #[pymethod]
    fn __anext__(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyObjectRef {
        let chunk = match PyIter::new(&*zelf.chunks).next(vm) {
            Ok(PyIterReturn::Return(chunk)) => Ok(chunk),
            Ok(PyIterReturn::StopIteration(_)) => Err(stop_async_iteration(vm)),
            Err(error) => Err(error),
        };
        ready(vm, chunk)
    }
}
