//! The body that a Python iterable or file object feeds.

use std::sync::atomic::{AtomicBool, Ordering};

use rustpython_vm::types::Iterable;
use rustpython_vm::{AsObject, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass};

use super::file_chunks::FileChunks;
use super::sync_byte_stream::SyncByteStream;
use crate::exceptions;
use crate::response::iterators::ByteIterator;
use crate::response::iterators::RawIterator;

/// A body whose chunks come from a Python iterable, or from the `read` method of a file object.
///
/// A generator can be sent once only; any other iterable is iterated anew each time.
#[pyclass(module = "httpx", name = "IteratorByteStream", base = SyncByteStream, traverse)]
#[derive(Debug)]
#[repr(C)]
pub(crate) struct IteratorByteStream {
    #[pytraverse(skip)]
    base: SyncByteStream,
    source: PyObjectRef,
    #[pytraverse(skip)]
    one_shot: bool,
    #[pytraverse(skip)]
    consumed: AtomicBool,
}

impl IteratorByteStream {
    /// A body of what `source` yields.
    pub(crate) fn new(vm: &VirtualMachine, source: PyObjectRef) -> Self {
        let one_shot = source.class().is(vm.ctx.types.generator_type)
            || source.downcastable::<ByteIterator>()
            || source.downcastable::<RawIterator>();
        Self { base: SyncByteStream, source, one_shot, consumed: AtomicBool::new(false) }
    }
}

impl Iterable for IteratorByteStream {
    fn iter(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult {
        if zelf.consumed.swap(true, Ordering::AcqRel) && zelf.one_shot {
            return Err(exceptions::stream_consumed(vm));
        }
        if zelf.source.has_attr("read", vm)? {
            return Ok(FileChunks::new(zelf.source.clone()).into_ref(&vm.ctx).into());
        }
        Ok(zelf.source.get_iter(vm)?.into())
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(Iterable))]
impl IteratorByteStream {}

/// The number of bytes in a file object, without reading it: from the file's size, or by seeking to
/// the end and back. `None` when neither is possible.
///
/// # Errors
/// What the object's methods raise, other than `AttributeError` and `OSError`.
pub(crate) fn file_length(vm: &VirtualMachine, file: &PyObject) -> PyResult<Option<u64>> {
    if let Some(size) = ignore_unsupported(vm, size_on_disk(vm, file))? {
        return Ok(Some(size));
    }
    ignore_unsupported(vm, size_by_seeking(vm, file))
}

fn size_on_disk(vm: &VirtualMachine, file: &PyObject) -> PyResult<u64> {
    let descriptor = vm.call_method(file, "fileno", ())?;
    let status = vm.call_method(&*vm.import("os", 0)?, "fstat", (descriptor,))?;
    status.get_attr("st_size", vm)?.try_into_value(vm)
}

fn size_by_seeking(vm: &VirtualMachine, file: &PyObject) -> PyResult<u64> {
    const SEEK_END: i32 = 2;
    let offset = vm.call_method(file, "tell", ())?;
    let length = vm.call_method(file, "seek", (0, SEEK_END))?;
    vm.call_method(file, "seek", (offset,))?;
    length.try_into_value(vm)
}

fn ignore_unsupported(vm: &VirtualMachine, size: PyResult<u64>) -> PyResult<Option<u64>> {
    let exceptions = &vm.ctx.exceptions;
    match size {
        Ok(size) => Ok(Some(size)),
        Err(error)
            if error.fast_isinstance(exceptions.attribute_error)
                || error.fast_isinstance(exceptions.os_error) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
