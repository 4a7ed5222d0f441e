//! Reading an asynchronous file object piece by piece.

use rustpython_vm::{PyObjectRef, PyPayload, PyRef, VirtualMachine, pyclass};
use tauraro_bridge::{coroutine, stop_async_iteration, with_vm};

use super::file_object::CHUNK_SIZE;

/// Iterates over a file object that has `aread`, in pieces of 64 KiB.
#[pyclass(module = "httpx", name = "AsyncFileChunks", traverse)]
#[derive(Debug, PyPayload)]
pub(crate) struct AsyncFileChunks {
    file: PyObjectRef,
}

impl AsyncFileChunks {
    /// The pieces of `file`, from where it stands.
    pub(crate) fn new(file: PyObjectRef) -> Self {
        Self { file }
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION))]
impl AsyncFileChunks {
    #[pymethod]
    fn __aiter__(zelf: PyRef<Self>) -> PyRef<Self> {
        zelf
    }

    #[pymethod]
    fn __anext__(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "AsyncFileChunks.__anext__", move |mode| async move {
            let reading = with_vm(|vm| vm.call_method(&zelf.file, "aread", (CHUNK_SIZE,)))?;
            let chunk = mode.wait(reading).await?;
            with_vm(|vm| {
                let is_end = !chunk.clone().is_true(vm)?;
                if is_end { Err(stop_async_iteration(vm)) } else { Ok(chunk) }
            })
        })
    }
}
