//! `httpx.ByteStream`.

use rustpython_vm::builtins::{PyBytes, PyBytesRef};
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::types::{Constructor, DefaultConstructor, Initializer, Iterable};
use rustpython_vm::{AsObject, FromArgs, Py, PyRef, PyResult, VirtualMachine, pyclass};

use super::async_chunks::AsyncChunks;
use super::sync_byte_stream::SyncByteStream;

/// A body in memory: iterating yields it in one piece, as often as wanted, with `await` or without.
#[pyclass(module = "httpx", name = "ByteStream", base = SyncByteStream)]
#[derive(Debug, Default)]
#[repr(C)]
pub(crate) struct ByteStream {
    base: SyncByteStream,
    data: PyMutex<Option<PyBytesRef>>,
}

/// The arguments of `ByteStream(stream)`.
#[derive(FromArgs)]
pub(crate) struct ByteStreamArgs {
    #[pyarg(any)]
    stream: PyBytesRef,
}

impl ByteStream {
    /// A stream of `data`.
    pub(crate) fn new(data: PyBytesRef) -> Self {
        Self { base: SyncByteStream, data: PyMutex::new(Some(data)) }
    }

    /// What iterating yields.
    pub(crate) fn data(&self, vm: &VirtualMachine) -> PyBytesRef {
        self.data.lock().clone().unwrap_or_else(|| vm.ctx.empty_bytes.clone())
    }
}

impl DefaultConstructor for ByteStream {}

impl Initializer for ByteStream {
    type Args = ByteStreamArgs;

    fn init(zelf: &Py<Self>, args: ByteStreamArgs, _vm: &VirtualMachine) -> PyResult<()> {
        *zelf.data.lock() = Some(args.stream);
        Ok(())
    }
}

impl Iterable for ByteStream {
    fn iter(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult {
        let chunks = vm.ctx.new_list(vec![zelf.data(vm).into()]);
        Ok(chunks.as_object().get_iter(vm)?.into())
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer, Iterable))]
impl ByteStream {
    #[pymethod]
    fn __aiter__(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult<AsyncChunks> {
        AsyncChunks::of(zelf.into(), vm)
    }
}

/// The bytes of a chunk that Python code yielded.
///
/// # Errors
/// `TypeError` for anything that is not bytes-like, naming its type.
pub(crate) fn chunk_bytes(vm: &VirtualMachine, chunk: &rustpython_vm::PyObject) -> PyResult<bytes::Bytes> {
    if let Some(chunk) = chunk.downcast_ref::<PyBytes>() {
        return Ok(bytes::Bytes::copy_from_slice(chunk.as_bytes()));
    }
    chunk
        .try_bytes_like(vm, bytes::Bytes::copy_from_slice)
        .map_err(|_| vm.new_type_error(format!("a body must be made of bytes, not {}", chunk.class().name())))
}
