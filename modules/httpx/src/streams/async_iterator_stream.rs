//! The body that an asynchronous Python iterable or file object feeds.

use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::{AsObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass};

use super::async_byte_stream::AsyncByteStream;
use super::async_file_chunks::AsyncFileChunks;
use super::iterator_stream::Again;
use crate::exceptions;

/// A body whose chunks come from an asynchronous Python iterable, or from the `aread` method of a
/// file object.
///
/// An asynchronous iterator, such as an asynchronous generator, can be sent only once, and so can a file
/// object; any other iterable is iterated over anew each time.
#[pyclass(module = "httpx", name = "AsyncIteratorByteStream", base = AsyncByteStream, traverse)]
#[derive(Debug)]
#[repr(C)]
pub(crate) struct AsyncIteratorByteStream {
    #[pytraverse(skip)]
    base: AsyncByteStream,
    source: PyObjectRef,
    #[pytraverse(skip)]
    again: PyMutex<Again>,
}

impl AsyncIteratorByteStream {
    /// A body of what `source` yields.
    pub(crate) fn new(source: PyObjectRef) -> Self {
        Self { base: AsyncByteStream, source, again: PyMutex::new(Again::Unsent) }
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION))]
impl AsyncIteratorByteStream {
    #[pymethod]
    fn __aiter__(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult {
        let again = *zelf.again.lock();
        if matches!(again, Again::Never) {
            return Err(exceptions::stream_consumed(vm));
        }
        if zelf.source.has_attr("aread", vm)? {
            *zelf.again.lock() = Again::Never;
            return Ok(AsyncFileChunks::new(zelf.source.clone()).into_ref(&vm.ctx).into());
        }
        let chunks = vm.call_method(&zelf.source, "__aiter__", ())?;
        *zelf.again.lock() = if chunks.is(&zelf.source) { Again::Never } else { Again::Iterate };
        Ok(chunks)
    }
}
