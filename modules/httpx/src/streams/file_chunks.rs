//! Reading a file object piece by piece.

use rustpython_vm::protocol::PyIterReturn;
use rustpython_vm::types::{IterNext, Iterable, SelfIter};
use rustpython_vm::{Py, PyObject, PyObjectRef, PyPayload, PyResult, VirtualMachine, pyclass};

/// How much is asked of a file at a time.
pub(super) const CHUNK_SIZE: usize = 64 * 1024;

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

/// The next piece of a file object; `None` at its end.
///
/// # Errors
/// What `read` raises.
pub(crate) fn read_chunk(vm: &VirtualMachine, file: &PyObject) -> PyResult<Option<PyObjectRef>> {
    let chunk = vm.call_method(file, "read", (CHUNK_SIZE,))?;
    Ok(chunk.clone().is_true(vm)?.then_some(chunk))
}
