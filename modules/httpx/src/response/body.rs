//! Where a response's content comes from, and its state.
//!
//! Locks are held for moments only: a reader takes the source out, reads without a lock, and puts it
//! back. A second reader meanwhile finds it gone, which is an error.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use rustpython_vm::{
    Py, PyObject, PyObjectRef, PyPayload, PyResult, Traverse, TryFromBorrowedObject, TryFromObject,
    VirtualMachine,
    builtins::{PyBytes, PyBytesRef},
    function::ArgBytesLike,
};
use tauraro_bridge::{ExecutionMode, with_vm};
use tauraro_engine::http::decode::Decoder;

use super::Response;
use super::network::{BodyBuffer, NetworkBody};
use crate::exceptions;
use crate::streams::byte_stream::ByteStream;
use crate::streams::chunks;

/// The state of a response's content.
#[derive(Debug, Default, Traverse)]
pub(super) struct Body {
    /// The whole decoded content, once it is known.
    pub(super) content: Option<PyBytesRef>,
    #[pytraverse(skip)]
    pub(super) source: Source,
    /// The Python object of [`Source::Given`] and [`Source::Bytes`].
    pub(super) stream: Option<PyObjectRef>,
    /// The iterator of the stream while it is read.
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
    /// Nowhere: there is no source, or not any more (after unpickling).
    #[default]
    Unattached,
    /// Content given as bytes.
    Bytes,
    /// A connection.
    Network(Arc<NetworkBody>),
    /// A Python stream: iterated, and closed.
    Given,
}

impl Body {
    /// Whether the source can be read, and closed, with or without `await`.
    fn is_usable(&self, is_async: bool) -> bool {
        match (&self.source, &self.stream) {
            (Source::Network(network), _) => network.is_async() == is_async,
            (Source::Given, Some(stream)) => chunks::is_iterable(stream, is_async),
            _ => true,
        }
    }
}

/// A source being read, piece by piece.
#[derive(Debug)]
pub(crate) enum ByteSource {
    /// Content in memory.
    Content(Option<Bytes>),
    /// A connection.
    Network(Arc<NetworkBody>),
    /// A Python iterator, kept by the response so that the collector sees it.
    Iterator,
}

impl ByteSource {
    /// Content that was read before, decoded.
    pub(crate) fn content(content: PyBytesRef) -> Self {
        Self::Content(Some(Bytes::from_owner(Content(content))))
    }

    /// The next piece; `None` at the end. Waits where it must.
    pub(crate) async fn next(
        &mut self,
        response: &Py<Response>,
        mode: &ExecutionMode,
    ) -> PyResult<Option<Bytes>> {
        match self {
            Self::Content(content) => Ok(content.take()),
            Self::Network(network) => {
                let piece = network.chunk(response, mode).await?;
                if let Some(piece) = &piece {
                    network.count(piece);
                }
                Ok(piece)
            }
            Self::Iterator => {
                let iterator = with_vm(|vm| response.reading(vm))?;
                let item = chunks::next_item(&iterator, mode).await;
                with_vm(|vm| {
                    let item = item.map_err(|error| response.with_request(error, vm))?;
                    let piece = item.map(|item| bytes_of(vm, &item)).transpose()?;
                    let length = piece.as_ref().map_or(0, Bytes::len);
                    response.downloaded.fetch_add(length as u64, Ordering::Relaxed);
                    Ok(piece)
                })
            }
        }
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

impl Response {
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

    /// Begins to read the source, with `await` or without: that can be done once.
    ///
    /// # Errors
    /// `StreamConsumed` the second time, `StreamClosed` after closing, `RuntimeError` for a stream
    /// that can only be read the other way.
    pub(crate) fn open_raw(&self, is_async: bool, vm: &VirtualMachine) -> PyResult<ByteSource> {
        let (source, stream) = {
            let mut body = self.body.lock();
            if body.consumed {
                return Err(exceptions::stream_consumed(vm));
            }
            if body.closed {
                return Err(exceptions::stream_closed(vm));
            }
            if !body.is_usable(is_async) {
                return Err(vm.new_runtime_error(if is_async {
                    "Attempted to call an async iterator on an sync stream."
                } else {
                    "Attempted to call a sync iterator on an async stream."
                }));
            }
            body.consumed = true;
            (body.source.clone(), body.stream.clone())
        };
        self.downloaded.store(0, Ordering::Relaxed);
        match (source, stream) {
            (Source::Network(network), _) => Ok(ByteSource::Network(network)),
            (Source::Given, Some(stream)) => {
                let reading = chunks::iterate(vm, &stream, is_async)?;
                self.body.lock().reading = Some(reading);
                Ok(ByteSource::Iterator)
            }
            // Read already, unless a test double made it new again.
            (Source::Bytes, Some(content)) => {
                let content = PyBytesRef::try_from_object(vm, content)?;
                let stream: PyObjectRef = ByteStream::new(content).into_ref(&vm.ctx).into();
                let reading = chunks::iterate(vm, &stream, is_async)?;
                self.body.lock().reading = Some(reading);
                Ok(ByteSource::Iterator)
            }
            _ => Err(exceptions::stream_closed(vm)),
        }
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
    /// As [`Response::open_raw`]; the network's and the decoder's; what a Python stream raises.
    pub(crate) async fn read(zelf: &Py<Self>, mode: &ExecutionMode) -> PyResult<PyBytesRef> {
        if let Some(content) = zelf.content_if_read() {
            return Ok(content);
        }
        let raw = with_vm(|vm| zelf.open_raw(mode.is_async(), vm))?;
        let content = Self::read_all(zelf, raw, mode).await.inspect_err(|_| zelf.abandon())?;
        let content = with_vm(|vm| vm.ctx.new_bytes(content));
        zelf.body.lock().content = Some(content.clone());
        Ok(content)
    }

    async fn read_all(zelf: &Py<Self>, mut raw: ByteSource, mode: &ExecutionMode) -> PyResult<Vec<u8>> {
        let mut buffer = BodyBuffer::new(zelf.decoder(zelf.max_decoded_size), zelf.content_length());
        if let ByteSource::Network(network) = raw {
            let content = network.read(zelf, buffer, mode).await?;
            Self::close(zelf, mode).await?;
            return Ok(content);
        }
        let failed = |error| with_vm(|vm| zelf.engine_error(error, vm));
        while let Some(piece) = raw.next(zelf, mode).await? {
            buffer.feed(piece).map_err(failed)?;
        }
        Self::close(zelf, mode).await?;
        buffer.finish().map_err(failed)
    }

    fn content_length(&self) -> Option<u64> {
        let length = self.headers().with(|headers| headers.get("content-length").cloned())?;
        std::str::from_utf8(&length).ok()?.trim().parse().ok()
    }

    /// Lets go of the source; the first call does it.
    ///
    /// # Errors
    /// `RuntimeError` for a stream that can only be closed the other way, with `await` or without;
    /// what its `close` or `aclose` raises.
    pub(crate) async fn close(zelf: &Py<Self>, mode: &ExecutionMode) -> PyResult<()> {
        let is_async = mode.is_async();
        let (source, stream, _reading) = {
            let mut body = zelf.body.lock();
            if !body.is_usable(is_async) {
                drop(body);
                let message = if is_async {
                    "Attempted to call an async close on an sync stream."
                } else {
                    "Attempted to call an sync close on an async stream."
                };
                return Err(with_vm(|vm| vm.new_runtime_error(message)));
            }
            if std::mem::replace(&mut body.closed, true) {
                return Ok(());
            }
            // What is taken out is dropped after the lock.
            (body.source.clone(), body.stream.clone(), body.reading.take())
        };
        with_vm(|vm| zelf.note_elapsed(vm))?;
        match (source, stream) {
            (Source::Network(network), _) => network.finish(mode).await?,
            (Source::Given, Some(stream)) => {
                chunks::close(&stream, mode)
                    .await
                    .map_err(|error| with_vm(|vm| zelf.with_request(error, vm)))?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Closes a connection after a failure: it is in an unknown state and not used again. A Python stream
    /// stays open until the response is closed.
    pub(crate) fn abandon(&self) {
        let (network, _reading) = {
            let mut body = self.body.lock();
            let network = match &body.source {
                Source::Network(network) => Some(Arc::clone(network)),
                _ => None,
            };
            body.closed |= network.is_some();
            (network, body.reading.take())
        };
        if let Some(network) = network {
            network.close();
        }
    }
}
