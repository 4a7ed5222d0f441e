//! The body that a Python iterable or file object feeds.

use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::types::Iterable;
use rustpython_vm::{AsObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass};

use super::file_chunks::FileChunks;
use super::file_object;
use super::sync_byte_stream::SyncByteStream;
use crate::exceptions;

/// A body whose chunks come from a Python iterable, or from the `read` method of a file object.
///
/// An iterator, such as a generator, can be sent only once, and so can a file that cannot seek. Any other
/// file is sent again from where it stood, and any other iterable is iterated over anew.
#[pyclass(module = "httpx", name = "IteratorByteStream", base = SyncByteStream, traverse)]
#[derive(Debug)]
#[repr(C)]
pub(crate) struct IteratorByteStream {
    #[pytraverse(skip)]
    base: SyncByteStream,
    source: PyObjectRef,
    #[pytraverse(skip)]
    again: PyMutex<Again>,
}

/// How a body is sent again.
#[derive(Clone, Copy, Debug)]
pub(super) enum Again {
    /// It has not been sent yet.
    Unsent,
    /// From this position of the file.
    Seek(u64),
    /// By iterating over the source again.
    Iterate,
    /// Not at all.
    Never,
}

impl IteratorByteStream {
    /// A body of what `source` yields.
    pub(crate) fn new(source: PyObjectRef) -> Self {
        Self { base: SyncByteStream, source, again: PyMutex::new(Again::Unsent) }
    }

    fn file_chunks(&self, vm: &VirtualMachine) -> PyObjectRef {
        FileChunks::new(self.source.clone()).into_ref(&vm.ctx).into()
    }
}

impl Iterable for IteratorByteStream {
    fn iter(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult {
        let again = *zelf.again.lock();
        match again {
            Again::Unsent if zelf.source.has_attr("read", vm)? => {
                let position = file_object::position(vm, &zelf.source)?;
                *zelf.again.lock() = position.map_or(Again::Never, Again::Seek);
                Ok(zelf.file_chunks(vm))
            }
            Again::Unsent => {
                let chunks: PyObjectRef = zelf.source.get_iter(vm)?.into();
                let is_iterator = chunks.is(&zelf.source);
                *zelf.again.lock() = if is_iterator { Again::Never } else { Again::Iterate };
                Ok(chunks)
            }
            Again::Seek(position) if file_object::seek(vm, &zelf.source, position)? => {
                Ok(zelf.file_chunks(vm))
            }
            Again::Iterate => Ok(zelf.source.get_iter(vm)?.into()),
            Again::Seek(_) | Again::Never => Err(exceptions::stream_consumed(vm)),
        }
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(Iterable))]
impl IteratorByteStream {}
