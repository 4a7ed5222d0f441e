//! The request body on its way out.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::exchange_trace::ExchangeTrace;
use super::head::Framing;
use super::progress::{Phase, Progress};
use crate::error::{Error, ErrorKind, Result};
use crate::http::body::{self, BodyReceiver};

/// Larger bodies go out in pieces of this size, so that the write timeout sees headway.
pub(super) const PIECE: usize = 64 * 1024;

/// Where the data comes from.
#[derive(Debug)]
pub(super) enum Source {
    Bytes(Bytes),
    Stream(BodyReceiver),
}

impl Source {
    pub(super) fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        match self {
            Self::Bytes(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Bytes(bytes) => Poll::Ready(Some(Ok(bytes.split_to(bytes.len().min(PIECE))))),
            Self::Stream(stream) => stream.poll_recv(cx),
        }
    }
}

/// A request body, checked against its head.
#[derive(Debug)]
pub(super) enum Outgoing {
    Empty,
    /// Sent in one go: smaller than what would be told apart as headway.
    Whole(Bytes),
    /// In pieces, of this length together where it is known.
    Pieces(Source, Option<u64>),
}

impl Outgoing {
    /// # Errors
    /// `LocalProtocolError` for a body that is not as long as its head says, as far as that is known
    /// before it is sent.
    pub(super) async fn plan(body: body::Body, framing: Framing) -> Result<Self> {
        Ok(match body {
            body::Body::Empty if framing == Framing::Chunked => {
                Self::Pieces(Source::Bytes(Bytes::new()), None)
            }
            body::Body::Empty => {
                framing.check(0)?;
                Self::Empty
            }
            body::Body::Bytes(bytes) => {
                framing.check(bytes.len())?;
                let length = bytes.len() as u64;
                match framing {
                    Framing::Chunked => Self::Pieces(Source::Bytes(bytes), None),
                    _ if bytes.len() > PIECE => Self::Pieces(Source::Bytes(bytes), Some(length)),
                    _ => Self::Whole(bytes),
                }
            }
            body::Body::Stream(mut stream) => match framing {
                Framing::Length(0) => {
                    // Nothing would ever ask for its data.
                    while let Some(chunk) = poll_fn(|cx| stream.poll_recv(cx)).await {
                        if !chunk?.is_empty() {
                            return Err(too_much());
                        }
                    }
                    Self::Empty
                }
                Framing::Length(length) => Self::Pieces(Source::Stream(stream), Some(length)),
                Framing::None | Framing::Chunked => Self::Pieces(Source::Stream(stream), None),
            },
        })
    }

    /// The body without the source of one that is sent in pieces.
    pub(super) fn split(self) -> (Payload, Option<Source>) {
        match self {
            Self::Empty => (Payload::Empty, None),
            Self::Whole(bytes) => (Payload::Whole(bytes), None),
            Self::Pieces(source, length) => (Payload::Pieces(length), Some(source)),
        }
    }
}

/// A request body whose source the exchange's progress has, if it is sent in pieces.
#[derive(Clone, Debug)]
pub(super) enum Payload {
    Empty,
    Whole(Bytes),
    Pieces(Option<u64>),
}

impl Payload {
    /// How long the body is, where that is known.
    pub(super) fn length(&self) -> Option<u64> {
        match self {
            Self::Empty => Some(0),
            Self::Whole(bytes) => Some(bytes.len() as u64),
            Self::Pieces(length) => *length,
        }
    }

    /// The body as hyper takes it.
    pub(super) fn into_body(self, progress: &Arc<Progress>) -> RequestBody {
        match self {
            Self::Empty => RequestBody::empty(),
            Self::Whole(bytes) => RequestBody::whole(bytes),
            Self::Pieces(length) => RequestBody::pieces(Upload::new(Arc::clone(progress), length)),
        }
    }
}

/// A body that is sent piece by piece, reports its headway, and is held to its declared length.
#[derive(Debug)]
pub(super) struct Upload {
    progress: Arc<Progress>,
    /// What is still to come of the declared `Content-Length`.
    remaining: Option<u64>,
    /// The last piece of a declared length: it goes out once the source has confirmed its end,
    /// because what follows it would never be asked for.
    last: Option<Bytes>,
    /// Whether the source has ended.
    ended: bool,
    /// Whether the exchange knows that no more is sent.
    reported: bool,
}

impl Upload {
    /// The body whose source `progress` has.
    pub(super) fn new(progress: Arc<Progress>, length: Option<u64>) -> Self {
        Self { progress, remaining: length, last: None, ended: false, reported: false }
    }

    /// Tells the exchange that no more is sent.
    pub(super) fn report(&mut self, complete: bool) {
        if !self.reported {
            self.reported = true;
            self.progress.uploaded(complete);
        }
    }

    /// Whether the source has ended, and all of it been handed out.
    pub(super) fn is_complete(&self) -> bool {
        self.ended && self.last.is_none()
    }

    /// The peer takes data.
    pub(super) fn made_headway(&self) {
        self.progress.enter(Phase::Write);
    }

    /// The next piece to send.
    ///
    /// # Errors
    /// `BodyAborted`, or `LocalProtocolError` for a body that is not as long as its head says.
    pub(super) fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        while !self.ended {
            let chunk = ready!(self.progress.poll_source(cx));
            let Some(chunk) = chunk.transpose()? else { break };
            let length = chunk.len() as u64;
            match &mut self.remaining {
                _ if chunk.is_empty() => {}
                Some(remaining) if length > *remaining => return Poll::Ready(Some(Err(too_much()))),
                Some(remaining) if length == *remaining => {
                    *remaining = 0;
                    self.last = Some(chunk);
                }
                Some(remaining) => {
                    *remaining -= length;
                    return Poll::Ready(Some(Ok(chunk)));
                }
                None => return Poll::Ready(Some(Ok(chunk))),
            }
        }
        if self.remaining.is_some_and(|remaining| remaining > 0) {
            return Poll::Ready(Some(Err(too_little())));
        }
        self.ended = true;
        Poll::Ready(self.last.take().map(Ok))
    }

    fn size_hint(&self) -> SizeHint {
        let held = self.last.as_ref().map_or(0, |last| last.len() as u64);
        self.remaining
            .map_or_else(SizeHint::default, |remaining| SizeHint::with_exact(remaining.saturating_add(held)))
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.report(false);
    }
}

/// A request body as hyper takes it.
#[derive(Debug)]
pub(super) struct RequestBody {
    data: Data,
    trace: Option<ExchangeTrace>,
}

#[derive(Debug)]
enum Data {
    Empty,
    Whole(Bytes),
    Pieces(Upload),
}

impl RequestBody {
    pub(super) fn empty() -> Self {
        Self { data: Data::Empty, trace: None }
    }

    fn whole(bytes: Bytes) -> Self {
        Self { data: if bytes.is_empty() { Data::Empty } else { Data::Whole(bytes) }, trace: None }
    }

    fn pieces(upload: Upload) -> Self {
        Self { data: Data::Pieces(upload), trace: None }
    }

    /// The same, telling how far it has come.
    pub(super) fn traced(mut self, trace: Option<&ExchangeTrace>) -> Self {
        self.trace = trace.cloned();
        self
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        if let Some(trace) = &self.trace {
            trace.sending_body();
        }
        let upload = match &mut self.data {
            Data::Empty => return Poll::Ready(None),
            Data::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                self.data = Data::Empty;
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
            Data::Pieces(upload) => upload,
        };
        let chunk = ready!(upload.poll_chunk(cx));
        match &chunk {
            Some(Err(_)) => upload.report(false),
            _ if upload.is_complete() => upload.report(true),
            _ => upload.made_headway(),
        }
        Poll::Ready(chunk.map(|chunk| chunk.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        match &self.data {
            Data::Empty => true,
            Data::Whole(_) => false,
            // Never before the end was asked for: a body without data must still be framed as one.
            Data::Pieces(upload) => upload.reported,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.data {
            Data::Empty => SizeHint::with_exact(0),
            Data::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Data::Pieces(upload) => upload.size_hint(),
        }
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        if let Some(trace) = &self.trace {
            trace.awaiting_response();
        }
    }
}

/// The body is longer than its declared length.
pub(super) fn too_much() -> Error {
    Error::new(ErrorKind::LocalProtocolError, "Too much data for declared Content-Length")
}

/// The body is shorter than its declared length.
pub(super) fn too_little() -> Error {
    Error::new(ErrorKind::LocalProtocolError, "Too little data for declared Content-Length")
}
