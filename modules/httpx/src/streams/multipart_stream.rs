//! The body of a multipart form.

use std::sync::atomic::{AtomicBool, Ordering};

use bytes::{Bytes, BytesMut};
use rustpython_vm::builtins::{PyBytesRef, PyStr};
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::protocol::PyIterReturn;
use rustpython_vm::types::{IterNext, Iterable, SelfIter};
use rustpython_vm::{
    AsObject, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, TryFromObject, VirtualMachine, pyclass,
};
use tauraro_engine::http::{multipart as frame, text};

use super::async_chunks::AsyncChunks;
use super::content::{CHUNKED, CONTENT_LENGTH, CONTENT_TYPE, decimal, utf8};
use super::file_object::{self, read_chunk};
use super::multipart::{Content, fields};
use super::sync_byte_stream::SyncByteStream;
use crate::exceptions;

const CRLF: &[u8] = b"\r\n";

/// Bytes, followed by a file.
#[derive(Debug, Traverse)]
struct Segment {
    #[pytraverse(skip)]
    bytes: Bytes,
    file: Option<PyObjectRef>,
    /// Whether reading the file has begun.
    #[pytraverse(skip)]
    started: AtomicBool,
}

impl Segment {
    fn new(bytes: Bytes, file: Option<PyObjectRef>) -> Self {
        Self { bytes, file, started: AtomicBool::new(false) }
    }
}

/// A multipart form whose files are read while it is sent, each from its beginning if it can seek. With a
/// file that cannot, it is sent once.
#[pyclass(module = "httpx", name = "MultipartStream", base = SyncByteStream, traverse)]
#[derive(Debug)]
#[repr(C)]
pub(crate) struct MultipartStream {
    #[pytraverse(skip)]
    base: SyncByteStream,
    #[pytraverse(skip)]
    content_type: Bytes,
    segments: Vec<Segment>,
}

/// How many bytes a boundary is made of.
const RANDOM: usize = 16;

/// A fresh boundary, from Python's `os.urandom`: tests replace that to know the boundary.
fn random_boundary(vm: &VirtualMachine) -> PyResult<Vec<u8>> {
    let random = vm.call_method(&*vm.import("os", 0)?, "urandom", (RANDOM,))?;
    Ok(frame::boundary(PyBytesRef::try_from_object(vm, random)?.as_bytes()))
}

impl MultipartStream {
    /// The form of `data` and `files`, with the boundary of `content_type` if it names one.
    ///
    /// # Errors
    /// `TypeError` for what cannot be sent.
    pub(super) fn new(
        vm: &VirtualMachine,
        data: Option<&PyObject>,
        files: &PyObject,
        content_type: Option<&[u8]>,
    ) -> PyResult<Self> {
        let boundary = content_type.and_then(text::multipart_boundary);
        let boundary = boundary.map_or_else(|| random_boundary(vm), Ok)?;
        let mut segments = Vec::new();
        let mut bytes = BytesMut::new();
        for field in fields(vm, data, files)? {
            bytes.extend_from_slice(&field.part.head(&boundary));
            match field.content {
                Content::Bytes(content) => bytes.extend_from_slice(&content),
                Content::File(file) => {
                    segments.push(Segment::new(bytes.split().freeze(), Some(file)));
                }
            }
            bytes.extend_from_slice(CRLF);
        }
        bytes.extend_from_slice(&frame::tail(&boundary));
        segments.push(Segment::new(bytes.freeze(), None));
        let content_type = [b"multipart/form-data; boundary=", boundary.as_slice()].concat().into();
        Ok(Self { base: SyncByteStream, content_type, segments })
    }

    /// The headers that describe the form.
    ///
    /// # Errors
    /// What asking the files for their lengths raises.
    pub(super) fn headers(&self, vm: &VirtualMachine) -> PyResult<Vec<(&'static str, Bytes)>> {
        let framing = self.length(vm)?.map_or(CHUNKED, |length| (CONTENT_LENGTH, decimal(length)));
        Ok(vec![framing, (CONTENT_TYPE, self.content_type.clone())])
    }

    /// Moves the file of the segment at `index` to its beginning, if it can seek.
    ///
    /// # Errors
    /// `StreamConsumed` for one that cannot and has been read, as this part or as an earlier one.
    fn rewind(&self, index: usize, vm: &VirtualMachine) -> PyResult<()> {
        let Some(segment @ Segment { file: Some(file), .. }) = self.segments.get(index) else {
            return Ok(());
        };
        let was_started = segment.started.swap(true, Ordering::AcqRel);
        if file_object::seek(vm, file, 0)? {
            return Ok(());
        }
        let mut earlier = self.segments.iter().take(index).filter_map(|segment| segment.file.as_ref());
        if was_started || earlier.any(|earlier| earlier.is(file)) {
            return Err(exceptions::stream_consumed(vm));
        }
        Ok(())
    }

    /// The form's length, unless a file does not know its own.
    fn length(&self, vm: &VirtualMachine) -> PyResult<Option<u64>> {
        let mut length = 0_u64;
        for Segment { bytes, file, .. } in &self.segments {
            length = length.saturating_add(bytes.len() as u64);
            if let Some(file) = file {
                let Some((_, end)) = file_object::extent(vm, file)? else { return Ok(None) };
                length = length.saturating_add(end);
            }
        }
        Ok(Some(length))
    }
}

impl Iterable for MultipartStream {
    fn iter(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult {
        // What cannot be sent again fails before anything is sent.
        for (index, segment) in zelf.segments.iter().enumerate() {
            if segment.started.load(Ordering::Acquire) {
                zelf.rewind(index, vm)?;
            }
        }
        Ok(MultipartChunks { form: zelf, position: PyMutex::default() }.into_ref(&vm.ctx).into())
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(Iterable))]
impl MultipartStream {
    #[pymethod]
    fn __aiter__(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult<AsyncChunks> {
        AsyncChunks::of(zelf.into(), vm)
    }
}

/// How far a form has been sent.
#[derive(Clone, Copy, Debug, Default)]
struct Position {
    segment: usize,
    in_file: bool,
}

/// Iterates over a multipart form.
#[pyclass(module = "httpx", name = "MultipartChunks", traverse)]
#[derive(Debug, PyPayload)]
pub(super) struct MultipartChunks {
    form: PyRef<MultipartStream>,
    #[pytraverse(skip)]
    position: PyMutex<Position>,
}

impl SelfIter for MultipartChunks {}

impl IterNext for MultipartChunks {
    fn next(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        loop {
            let position = *zelf.position.lock();
            let Some(Segment { bytes, file, .. }) = zelf.form.segments.get(position.segment) else {
                return Ok(PyIterReturn::StopIteration(None));
            };
            match file {
                Some(file) if position.in_file => {
                    if let Some(chunk) = read_chunk(vm, file)? {
                        return Ok(PyIterReturn::Return(file_chunk(vm, chunk)?));
                    }
                    *zelf.position.lock() = Position { segment: position.segment + 1, in_file: false };
                }
                Some(_) => {
                    zelf.form.rewind(position.segment, vm)?;
                    zelf.position.lock().in_file = true;
                    return Ok(PyIterReturn::Return(vm.ctx.new_bytes(bytes.to_vec()).into()));
                }
                None => {
                    zelf.position.lock().segment += 1;
                    return Ok(PyIterReturn::Return(vm.ctx.new_bytes(bytes.to_vec()).into()));
                }
            }
        }
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(Iterable, IterNext))]
impl MultipartChunks {}

/// A file object may return text although it is not a text file.
fn file_chunk(vm: &VirtualMachine, chunk: PyObjectRef) -> PyResult {
    match chunk.downcast_ref::<PyStr>() {
        Some(text) => {
            let bytes: PyBytesRef = vm.ctx.new_bytes(utf8(vm, text)?.to_vec());
            Ok(bytes.into())
        }
        None => Ok(chunk),
    }
}
