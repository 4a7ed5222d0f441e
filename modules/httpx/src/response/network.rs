//! The body of a response that arrives over a connection.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::{Py, PyResult, VirtualMachine};
use tauraro_bridge::{ExecutionMode, with_vm};
use tauraro_engine::http::client::{self, ResponseBody};
use tauraro_engine::http::decode::Decoder;

use super::Response;
use super::network_stream::Connection;
use crate::client::tracer::Tracer;
use crate::exceptions::{stream_closed, stream_consumed};

/// A body on a connection, shared by the response and its reader.
#[derive(Debug)]
pub(crate) struct NetworkBody {
    slot: PyMutex<Slot>,
    /// Whether it is an asynchronous client's: read with `await`, and only so.
    is_async: bool,
    /// Bytes that came off the wire, before decoding, as far as the response read them itself.
    downloaded: AtomicU64,
    started: Instant,
    elapsed: OnceLock<Duration>,
    connection: Connection,
    /// Until the body is closed.
    tracer: PyMutex<Option<Tracer>>,
}

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "most slots hold a body, and there is one a response")]
enum Slot {
    /// Nobody is reading.
    Idle(ResponseBody),
    /// A reader has taken the body.
    Busy,
    /// The body was read to its end, closed, or broken.
    Closed,
}

/// A reader. If it does not put the body back, the body is closed: what is left of it after a failure, or
/// after a wait that was given up, has no meaning.
struct Reader<'a>(&'a NetworkBody);

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        let is_lost = matches!(*self.0.slot.lock(), Slot::Busy);
        if is_lost {
            self.0.close();
        }
    }
}

impl NetworkBody {
    /// The body of the response to a request that was sent at `started`.
    pub(super) fn new(
        mut response: client::Response,
        started: Instant,
        is_async: bool,
        tracer: Option<Tracer>,
    ) -> Self {
        let connection = Connection::of(&mut response);
        Self {
            slot: PyMutex::new(Slot::Idle(response.body)),
            is_async,
            downloaded: AtomicU64::new(0),
            started,
            elapsed: OnceLock::new(),
            connection,
            tracer: PyMutex::new(tracer),
        }
    }

    /// The connection, for the extension `network_stream`.
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Calls the extension `trace` with what has happened since.
    async fn trace(&self, mode: &ExecutionMode) -> PyResult<()> {
        let Some(mut tracer) = self.tracer.lock().take() else { return Ok(()) };
        tracer.tell(mode).await?;
        let is_over = matches!(*self.slot.lock(), Slot::Closed);
        if !is_over {
            *self.tracer.lock() = Some(tracer);
        }
        Ok(())
    }

    /// Whether it is read with `await`.
    pub(super) fn is_async(&self) -> bool {
        self.is_async
    }

    /// How many bytes the response has read.
    pub(super) fn downloaded(&self) -> u64 {
        self.downloaded.load(Ordering::Relaxed)
    }

    /// From sending the request to closing the body; `None` before that.
    pub(super) fn elapsed(&self) -> Option<Duration> {
        self.elapsed.get().copied()
    }

    /// Drops the body. An unread rest gives the connection up, a body read to its end has returned
    /// it to the pool.
    pub(crate) fn close(&self) {
        self.elapsed.get_or_init(|| self.started.elapsed());
        self.connection.close();
        // Dropped after the lock.
        let _body = std::mem::replace(&mut *self.slot.lock(), Slot::Closed);
        let _tracer = self.tracer.lock().take();
    }

    /// The same, calling the extension `trace` with it.
    ///
    /// # Errors
    /// What the tracing function raises.
    pub(super) async fn finish(&self, mode: &ExecutionMode) -> PyResult<()> {
        let tracer = self.tracer.lock().take();
        self.close();
        match tracer {
            Some(mut tracer) => tracer.tell(mode).await,
            None => Ok(()),
        }
    }

    fn take(&self, vm: &VirtualMachine) -> PyResult<(ResponseBody, Reader<'_>)> {
        let mut slot = self.slot.lock();
        match std::mem::replace(&mut *slot, Slot::Busy) {
            Slot::Idle(body) => Ok((body, Reader(self))),
            Slot::Busy => Err(stream_consumed(vm)),
            Slot::Closed => {
                *slot = Slot::Closed;
                Err(stream_closed(vm))
            }
        }
    }

    /// Puts the body back, unless it was closed in the meantime.
    fn put_back(&self, body: ResponseBody) {
        let mut slot = self.slot.lock();
        if matches!(*slot, Slot::Busy) {
            *slot = Slot::Idle(body);
        }
    }

    /// Waits for the next piece as it came off the wire; `None` at the end.
    ///
    /// # Errors
    /// The network's; `StreamClosed` after closing; `StreamConsumed` while another reader reads.
    pub(crate) async fn chunk(
        &self,
        response: &Py<Response>,
        mode: &ExecutionMode,
    ) -> PyResult<Option<Bytes>> {
        let (mut body, _reader) = with_vm(|vm| self.take(vm))?;
        let (body, piece) = if let Some(piece) = body.ready() {
            (body, piece)
        } else {
            let wait = Box::pin(async move {
                let piece = body.chunk().await;
                (body, piece)
            });
            mode.run(wait).await?
        };
        self.trace(mode).await?;
        match piece {
            Ok(Some(piece)) => {
                self.put_back(body);
                Ok(Some(piece))
            }
            Ok(None) => Ok(None),
            Err(error) => Err(with_vm(|vm| response.engine_error(error, vm))),
        }
    }

    /// Counts a piece that the response has read.
    pub(super) fn count(&self, piece: &Bytes) {
        self.downloaded.fetch_add(piece.len() as u64, Ordering::Relaxed);
    }

    /// Waits for the whole body, decoding it as it comes.
    ///
    /// # Errors
    /// As [`NetworkBody::chunk`], and the decoder's.
    pub(super) async fn read(
        self: &Arc<Self>,
        response: &Py<Response>,
        mut buffer: BodyBuffer,
        mode: &ExecutionMode,
    ) -> PyResult<Vec<u8>> {
        let (mut body, _reader) = with_vm(|vm| self.take(vm))?;
        let content = match self.read_ready(&mut body, &mut buffer) {
            Ok(true) => buffer.finish(),
            Ok(false) => {
                let counter = Arc::clone(self);
                let wait = Box::pin(async move {
                    while let Some(piece) = body.chunk().await? {
                        counter.count(&piece);
                        buffer.feed(piece)?;
                    }
                    buffer.finish()
                });
                mode.run(wait).await?
            }
            Err(error) => Err(error),
        };
        self.trace(mode).await?;
        content.map_err(|error| with_vm(|vm| response.engine_error(error, vm)))
    }

    /// Reads what takes no waiting; whether that was all.
    fn read_ready(&self, body: &mut ResponseBody, buffer: &mut BodyBuffer) -> tauraro_engine::Result<bool> {
        if self.is_async && buffer.decoder.is_some() {
            // A little can decode to much, which would hold the event loop up.
            return Ok(false);
        }
        while let Some(piece) = body.ready() {
            let Some(piece) = piece? else { return Ok(true) };
            self.count(&piece);
            buffer.feed(piece)?;
        }
        Ok(false)
    }
}

/// A whole body being gathered in memory, decoded.
pub(super) struct BodyBuffer {
    decoder: Option<Decoder>,
    content: Vec<u8>,
}

impl BodyBuffer {
    /// How much memory is reserved at most because a `Content-Length` says so.
    const MAX_PREALLOCATION: u64 = 256 << 20;

    pub(super) fn new(decoder: Decoder, content_length: Option<u64>) -> Self {
        let decoder = Some(decoder).filter(|decoder| !decoder.is_identity());
        let mut content = Vec::new();
        if let (None, Some(length)) = (&decoder, content_length) {
            // A wrong length, or one that does not fit into memory, is not an error yet.
            let hint = usize::try_from(length.min(Self::MAX_PREALLOCATION)).unwrap_or_default();
            let _ = content.try_reserve_exact(hint);
        }
        Self { decoder, content }
    }

    pub(super) fn feed(&mut self, piece: Bytes) -> tauraro_engine::Result<()> {
        match &mut self.decoder {
            None => self.content.extend_from_slice(&piece),
            Some(decoder) => {
                decoder.feed(piece);
                Self::drain(decoder, &mut self.content)?;
            }
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> tauraro_engine::Result<Vec<u8>> {
        if let Some(decoder) = &mut self.decoder {
            decoder.finish();
            Self::drain(decoder, &mut self.content)?;
        }
        Ok(self.content)
    }

    fn drain(decoder: &mut Decoder, content: &mut Vec<u8>) -> tauraro_engine::Result<()> {
        while let Some(piece) = decoder.next_chunk()? {
            content.extend_from_slice(&piece);
        }
        Ok(())
    }
}
