//! Where a response's content comes from, and what has become of it.
//!
//! Locks guard moments only: whoever reads takes the source out, reads without a lock, and puts it
//! back. A second reader meanwhile finds it gone, and is told so.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use rustpython_vm::{
    Py, PyObject, PyObjectRef, PyResult, Traverse, TryFromBorrowedObject, VirtualMachine,
    builtins::{PyBytes, PyBytesRef},
    function::ArgBytesLike,
    protocol::{PyIter, PyIterReturn},
};
use tauraro_engine::decode::Decoder;

use super::PyResponse;
use super::network::{Network, Whole};
use crate::exceptions;

/// How much of a file is read at once.
const FILE_CHUNK: usize = 65_536;

/// The state of a response's content.
#[derive(Debug, Default, Traverse)]
pub(super) struct Body {
    /// The whole decoded content, once it is known.
    pub(super) content: Option<PyBytesRef>,
    #[pytraverse(skip)]
    pub(super) source: Source,
    /// The Python object of [`Source::Given`] and [`Source::Iterable`].
    pub(super) stream: Option<PyObjectRef>,
    /// The iterator, or the `read` method, of the stream while it is read.
    pub(super) reading: Option<PyObjectRef>,
    /// Whether reading has begun.
    #[pytraverse(skip)]
    pub(super) consumed: bool,
    /// Whether the source has been let go.
    #[pytraverse(skip)]
    pub(super) closed: bool,
}

/// Where content comes from.
#[derive(Clone, Debug, Default)]
pub(super) enum Source {
    /// Nowhere: there is no source, or there is none any more (after unpickling).
    #[default]
    Unattached,
    /// Content given as bytes.
    Bytes,
    /// A connection.
    Network(Arc<Network>),
    /// An object given as `stream`: iterated, and closed.
    Given,
    /// An iterable or a file given as `content`: read, and left alone.
    Iterable,
}

/// A source being read, piece by piece.
#[derive(Debug)]
pub(crate) enum Raw {
    /// Content at hand.
    Content(Option<Bytes>),
    /// A connection.
    Network(Arc<Network>),
    /// A Python iterator, kept by the response so that the collector sees it.
    Iterator,
    /// The `read` method of a file, kept likewise.
    File,
}

impl Raw {
    /// Content that was read before, decoded.
    pub(crate) fn content(content: PyBytesRef) -> Self {
        Self::Content(Some(Bytes::from_owner(Content(content))))
    }

    /// The next piece; `None` at the end. Waits where it must.
    pub(crate) fn next(&mut self, response: &Py<PyResponse>, vm: &VirtualMachine) -> PyResult<Option<Bytes>> {
        let piece = match self {
            Self::Content(content) => return Ok(content.take()),
            Self::Network(network) => network.chunk(response, vm)?,
            Self::Iterator => match PyIter::new(response.reading(vm)?).next(vm) {
                Ok(PyIterReturn::Return(piece)) => Some(bytes_of(vm, &piece)?),
                Ok(PyIterReturn::StopIteration(_)) => None,
                Err(error) => return Err(response.with_request(error, vm)),
            },
            Self::File => {
                let piece = bytes_of(vm, &*response.reading(vm)?.call((FILE_CHUNK,), vm)?)?;
                Some(piece).filter(|piece| !piece.is_empty())
            }
        };
        if let Some(piece) = &piece {
            response.downloaded.fetch_add(piece.len() as u64, Ordering::Relaxed);
        }
        Ok(piece)
    }

    /// Whether the pieces are content already: decoded, and no connection behind them.
    pub(crate) fn is_content(&self) -> bool {
        matches!(self, Self::Content(_))
    }
}

/// A Python `bytes` lent to [`Bytes`].
struct Content(PyBytesRef);

impl AsRef<[u8]> for Content {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

fn bytes_of(vm: &VirtualMachine, piece: &PyObject) -> PyResult<Bytes> {
    if let Some(piece) = piece.downcast_ref::<PyBytes>() {
        return Ok(Bytes::from_owner(Content(piece.to_owned())));
    }
    let wrong =
        || vm.new_type_error(format!("a response stream yields bytes, not '{}'", piece.class().name()));
    let piece = ArgBytesLike::try_from_borrowed_object(vm, piece).map_err(|_| wrong())?;
    Ok(Bytes::copy_from_slice(&piece.borrow_buf()))
}

impl PyResponse {
    /// The content, if it has been read.
    pub(crate) fn content_if_read(&self) -> Option<PyBytesRef> {
        self.body.lock().content.clone()
    }

    /// The content.
    ///
    /// # Errors
    /// `ResponseNotRead` before it was read.
    pub(super) fn content_or_error(&self, vm: &VirtualMachine) -> PyResult<PyBytesRef> {
        self.content_if_read().ok_or_else(|| exceptions::response_not_read(vm))
    }

    /// Begins to read the source: that can be done once.
    ///
    /// # Errors
    /// `StreamConsumed` the second time, `StreamClosed` after closing, `RuntimeError` for a stream
    /// that can only be read asynchronously.
    pub(crate) fn open_raw(&self, vm: &VirtualMachine) -> PyResult<Raw> {
        let (source, stream) = {
            let mut body = self.body.lock();
            if body.consumed {
                return Err(exceptions::stream_consumed(vm));
            }
            if body.closed {
                return Err(exceptions::stream_closed(vm));
            }
            if body.stream.as_ref().is_some_and(|stream| !is_sync(stream)) {
                return Err(vm.new_runtime_error("Attempted to call a sync iterator on an async stream."));
            }
            body.consumed = true;
            (body.source.clone(), body.stream.clone())
        };
        self.downloaded.store(0, Ordering::Relaxed);
        let (raw, reading) = match (source, stream) {
            (Source::Network(network), _) => return Ok(Raw::Network(network)),
            (Source::Iterable, Some(stream)) => match vm.get_attribute_opt(&stream, "read")? {
                Some(read) => (Raw::File, read),
                None => (Raw::Iterator, stream.get_iter(vm)?.into()),
            },
            (Source::Given, Some(stream)) => (Raw::Iterator, stream.get_iter(vm)?.into()),
            _ => return Err(exceptions::stream_closed(vm)),
        };
        self.body.lock().reading = Some(reading);
        Ok(raw)
    }

    /// What a Python stream is read with.
    fn reading(&self, vm: &VirtualMachine) -> PyResult {
        self.body.lock().reading.clone().ok_or_else(|| exceptions::stream_closed(vm))
    }

    /// A decoder for the content coding that the headers name, holding the total to `limit` bytes.
    pub(crate) fn decoder(&self, limit: Option<u64>) -> Decoder {
        self.headers().with(|headers| {
            let codings = headers.get_all("content-encoding").map(AsRef::as_ref);
            Decoder::new(codings, limit)
        })
    }

    /// Reads, decodes and keeps the whole content.
    ///
    /// # Errors
    /// As [`PyResponse::open_raw`]; the network's and the decoder's; what a Python stream raises.
    pub(super) fn read_content(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyBytesRef> {
        if let Some(content) = zelf.content_if_read() {
            return Ok(content);
        }
        let raw = zelf.open_raw(vm)?;
        let content = Self::read_all(zelf, raw, vm).inspect_err(|_| zelf.abandon())?;
        let content = vm.ctx.new_bytes(content);
        zelf.body.lock().content = Some(content.clone());
        Ok(content)
    }

    fn read_all(zelf: &Py<Self>, mut raw: Raw, vm: &VirtualMachine) -> PyResult<Vec<u8>> {
        let whole = Whole::new(zelf.decoder(zelf.max_decoded_size), zelf.content_length());
        if let Raw::Network(network) = raw {
            let content = network.read(zelf, whole, vm)?;
            Self::close_source(zelf, vm)?;
            return Ok(content);
        }
        let mut whole = whole;
        while let Some(piece) = raw.next(zelf, vm)? {
            whole.feed(piece).map_err(|error| zelf.engine_error(error, vm))?;
        }
        Self::close_source(zelf, vm)?;
        whole.finish().map_err(|error| zelf.engine_error(error, vm))
    }

    fn content_length(&self) -> Option<u64> {
        let length = self.headers().with(|headers| headers.get("content-length").cloned())?;
        std::str::from_utf8(&length).ok()?.trim().parse().ok()
    }

    /// Lets go of the source; the first call does it.
    ///
    /// # Errors
    /// `RuntimeError` for a stream that can only be closed asynchronously; what its `close` raises.
    pub(crate) fn close_source(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        let (source, stream, _reading) = {
            let mut body = zelf.body.lock();
            if body.stream.as_ref().is_some_and(|stream| !is_sync(stream)) {
                return Err(vm.new_runtime_error("Attempted to call a sync close on an async stream."));
            }
            if std::mem::replace(&mut body.closed, true) {
                return Ok(());
            }
            // What is taken out is dropped after the lock.
            (body.source.clone(), body.stream.clone(), body.reading.take())
        };
        match (source, stream) {
            (Source::Network(network), _) => network.close(),
            (Source::Given, Some(stream)) => {
                if let Some(close) = vm.get_attribute_opt(&stream, "close")? {
                    close.call((), vm).map_err(|error| zelf.with_request(error, vm))?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Gives the source up after a failure: a connection in an unknown state is not used again.
    pub(crate) fn abandon(&self) {
        let (source, _reading) = {
            let mut body = self.body.lock();
            body.closed = true;
            (body.source.clone(), body.reading.take())
        };
        if let Source::Network(network) = source {
            network.close();
        }
    }
}

/// Whether an object can be iterated without an event loop.
fn is_sync(stream: &PyObject) -> bool {
    stream.class().slots.iter.load().is_some()
}
