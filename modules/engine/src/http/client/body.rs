//! A response body, as it is read.

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::mem;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;

use super::failure::BodyState;
use super::incoming::{BodyError, IncomingBody};
use super::pool::Lease;
use super::progress::{UploadGuard, read_timed_out};
use super::trace::BodyTrace;
use crate::error::{Error, ErrorKind, Result};
use crate::runtime::{self, Generation};

/// What is set aside for a body before any of it has arrived, whatever its declared length.
const MAX_INITIAL_CAPACITY: u64 = 1 << 20;

/// What is taken of a body as soon as its head has arrived, if it is there.
const WITH_HEAD: usize = 64 * 1024;

/// What is taken of a body in one wait, if it is there.
const AT_ONCE: usize = 256 * 1024;

/// Of pieces this large more follow at once, and copying them takes longer than a turn of the runtime.
const LARGE: usize = 16 * 1024;

/// A response body on its way. Dropping it unread gives the connection up.
pub struct ResponseBody {
    /// Gone once the body is complete or broken.
    live: Option<Live>,
    read_timeout: Option<Duration>,
    state: BodyState,
    /// What has arrived and was not yet handed out.
    prefetched: VecDeque<Bytes>,
    /// How the body ended, if what was prefetched goes so far.
    end: Option<Result<()>>,
    told: Option<BodyTrace>,
}

/// What a body holds on to while it is being read; dropped in this order.
struct Live {
    incoming: IncomingBody,
    /// What is left of the request body, which the response made pointless.
    upload: Option<PendingUpload>,
    generation: Generation,
    lease: Lease,
}

/// What is left of a request body. Breaking it off ends its stream, or its connection: not before the
/// response is read.
pub(super) struct PendingUpload {
    pub(super) guard: UploadGuard,
    /// The stream that it was to be sent over.
    #[expect(dead_code, reason = "held for its drop, which cancels what is left")]
    pub(super) stream: Option<h2::SendStream<Bytes>>,
}

impl ResponseBody {
    pub(super) fn new(
        incoming: IncomingBody,
        expected: Option<u64>,
        read_timeout: Option<Duration>,
        upload: PendingUpload,
        lease: Lease,
        told: Option<BodyTrace>,
    ) -> Self {
        let is_empty = incoming.expected_length() == Some(0);
        let upload = upload.guard.0.hold_upload().then_some(upload);
        let mut body = Self {
            live: Some(Live { incoming, upload, generation: Generation::current(), lease }),
            read_timeout,
            state: BodyState { expected, received: 0 },
            prefetched: VecDeque::new(),
            end: None,
            told,
        };
        if is_empty {
            body.finish();
        } else {
            let mut room = WITH_HEAD;
            // A small body comes with its head, and nobody need wait for it.
            while room > 0 {
                let Some(length) = body.prefetch() else { break };
                room = room.saturating_sub(length);
            }
        }
        body
    }

    /// Takes the next piece if it is there already; its length.
    fn prefetch(&mut self) -> Option<usize> {
        let live = self.live.as_mut().filter(|_| self.end.is_none())?;
        let chunk = poll_fn(|cx| live.incoming.poll_chunk(cx)).now_or_never()?;
        self.keep(chunk.transpose())
    }

    /// Keeps what arrived until it is asked for; the length of a piece.
    fn keep(&mut self, chunk: Result<Option<Bytes>, BodyError>) -> Option<usize> {
        match chunk {
            Ok(Some(chunk)) => {
                let length = chunk.len();
                self.prefetched.push_back(chunk);
                return Some(length);
            }
            Ok(None) => self.end = Some(Ok(())),
            Err(error) => {
                let kept: u64 = self.prefetched.iter().map(|chunk| chunk.len() as u64).sum();
                let state = BodyState { received: self.state.received.saturating_add(kept), ..self.state };
                self.end = Some(Err(error.classify(state)));
            }
        }
        None
    }

    /// Waits for the next piece, and takes with a large one what follows it at once.
    ///
    /// Between them the connection gets a turn. It reads on then, into another buffer, which leaves
    /// the piece alone in its own: whoever needs a `Vec` of it need not copy it.
    async fn fetch(&mut self) -> Result<()> {
        let Some(live) = &mut self.live else { return Ok(()) };
        let chunk = within(self.read_timeout, poll_fn(|cx| live.incoming.poll_chunk(cx))).await?;
        let mut taken = 0_usize;
        let mut length = self.keep(chunk.transpose());
        while let Some(large) = length.filter(|length| *length >= LARGE) {
            runtime::poll_io_once().await;
            taken = taken.saturating_add(large);
            if taken >= AT_ONCE {
                break;
            }
            length = self.prefetch();
        }
        Ok(())
    }

    fn finish(&mut self) {
        if let Some(live) = self.live.take() {
            let Live { incoming, upload, lease, .. } = live;
            let is_reusable = upload.is_none();
            drop((incoming, upload));
            // Last, because it lets the next exchange begin.
            lease.finish(is_reusable);
        }
    }

    /// The next piece as it came off the wire, still content-encoded; `None` at the end.
    ///
    /// # Errors
    /// `ReadTimeout`, `ReadError`, or `RemoteProtocolError` for a body that ends too early. Nothing
    /// more is read after an error.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        if let Some(told) = &mut self.told {
            told.begin();
        }
        if let Some(chunk) = self.ready() {
            return chunk;
        }
        if let Err(error) = self.fetch().await {
            return self.hand_out(Err(error));
        }
        self.ready().unwrap_or(Ok(None))
    }

    /// What [`chunk`](Self::chunk) would give, if that would not wait: small bodies come with their
    /// head, and pieces of large ones several at a time.
    pub fn ready(&mut self) -> Option<Result<Option<Bytes>>> {
        let Some(live) = &self.live else { return Some(self.hand_out(Ok(None))) };
        if live.generation != Generation::current() {
            let message = "the connection belongs to the process that this one was forked from";
            return Some(Err(Error::new(ErrorKind::ReadError, message)));
        }
        let chunk = match self.prefetched.pop_front() {
            Some(chunk) => Ok(Some(chunk)),
            None => self.end.take()?.map(|()| None),
        };
        Some(self.hand_out(chunk))
    }

    /// Notes what the reader is given.
    fn hand_out(&mut self, chunk: Result<Option<Bytes>>) -> Result<Option<Bytes>> {
        if let Some(told) = &mut self.told {
            told.handed_out(chunk.as_ref().map(Option::is_some));
        }
        match &chunk {
            Ok(Some(chunk)) => self.state.received = self.state.received.saturating_add(chunk.len() as u64),
            Ok(None) => self.finish(),
            Err(_) => self.live = None,
        }
        chunk
    }

    /// All of the rest; a body that arrives in one piece is not copied.
    ///
    /// # Errors
    /// Those of [`chunk`](Self::chunk).
    pub async fn read_to_end(&mut self) -> Result<Bytes> {
        let Some(first) = self.chunk().await? else { return Ok(Bytes::new()) };
        let Some(second) = self.chunk().await? else { return Ok(first) };
        let expected = self.state.expected.unwrap_or_default().min(MAX_INITIAL_CAPACITY);
        let expected = usize::try_from(expected).unwrap_or_default();
        let mut body = BytesMut::with_capacity(expected.max(first.len() + second.len()));
        body.extend_from_slice(&first);
        body.extend_from_slice(&second);
        while let Some(chunk) = self.chunk().await? {
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("ResponseBody");
        debug.field("open", &self.live.is_some()).field("received", &self.state.received);
        debug.finish_non_exhaustive()
    }
}

impl Drop for ResponseBody {
    fn drop(&mut self) {
        if let Some(live) = self.live.take_if(|live| live.generation != Generation::current()) {
            // Giving it up would wake threads that exist in the parent only.
            mem::forget(live);
        }
    }
}

async fn within<F: Future>(timeout: Option<Duration>, future: F) -> Result<F::Output> {
    match timeout {
        Some(timeout) => tokio::time::timeout(timeout, future).await.map_err(|_| read_timed_out()),
        None => Ok(future.await),
    }
}
