//! Reading a file object piece by piece.

use rustpython_vm::protocol::PyIterReturn;
use rustpython_vm::types::{IterNext, Iterable, SelfIter};
use rustpython_vm::{Py, PyObjectRef, PyPayload, PyResult, VirtualMachine, pyclass};

use super::file_object::read_chunk;

/// Iterates over a file object in pieces of 64 KiB.
#[pyclass(module = "httpx", name = "FileChunks", traverse)]
#[derive(Debug, PyPayload)]
pub(crate) struct FileChunks {
    file: PyObjectRef,
}

impl FileChunks {
    /// The pieces of `file`, from where it stands.
    pub(crate) fn new(file: PyObjectRef) -> Self {
        Self { file }
    }
}

impl SelfIter for FileChunks {}

impl IterNext for FileChunks {
    fn next(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        Ok(match read_chunk(vm, &zelf.file)? {
            Some(chunk) => PyIterReturn::Return(chunk),
            None => PyIterReturn::StopIteration(None),
        })
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(Iterable, IterNext))]
impl FileChunks {}
