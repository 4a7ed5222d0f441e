//! The body that an asynchronous Python iterable or file object feeds.

use std::sync::atomic::{AtomicBool, Ordering};

use rustpython_vm::{AsObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass};

use super::async_byte_stream::AsyncByteStream;
use super::async_file_chunks::AsyncFileChunks;
use crate::exceptions;
use crate::response::AsyncResponseIterator;

/// A body whose chunks come from an asynchronous Python iterable, or from the `aread` method of a
/// file object.
///
/// A generator can be sent once only; any other iterable is iterated anew each time.
#[pyclass(module = "httpx", name = "AsyncIteratorByteStream", base = AsyncByteStream, traverse)]
#[derive(Debug)]
#[repr(C)]
pub(crate) struct AsyncIteratorByteStream {
    #[pytraverse(skip)]
    base: AsyncByteStream,
    source: PyObjectRef,
    #[pytraverse(skip)]
    one_shot: bool,
    #[pytraverse(skip)]
    consumed: AtomicBool,
}

impl AsyncIteratorByteStream {
    /// A body of what `source` yields.
    pub(crate) fn new(vm: &VirtualMachine, source: PyObjectRef) -> Self {
        let one_shot =
            source.class().is(vm.ctx.types.async_generator) || source.downcastable::<AsyncResponseIterator>();
        Self { base: AsyncByteStream, source, one_shot, consumed: AtomicBool::new(false) }
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION))]
impl AsyncIteratorByteStream {
    #[pymethod]
    fn __aiter__(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult {
        if zelf.consumed.swap(true, Ordering::AcqRel) && zelf.one_shot {
            return Err(exceptions::stream_consumed(vm));
        }
        if zelf.source.has_attr("aread", vm)? {
            return Ok(AsyncFileChunks::new(zelf.source.clone()).into_ref(&vm.ctx).into());
        }
        vm.call_method(&zelf.source, "__aiter__", ())
    }
}
