//! The request body on its way out.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::progress::{Phase, Progress};
use crate::error::{Error, ErrorKind, Result};
use crate::http::body::BodyReceiver;

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

/// A body that is sent piece by piece, reports its headway, and is held to its declared length.
#[derive(Debug)]
pub(super) struct Upload {
    progress: Arc<Progress>,
    /// What is still to come of the declared `Content-Length`.
    remaining: Option<u64>,
    /// The last piece of a declared length: it goes out once the source has confirmed its end,
    /// because what follows it would never be asked for.
    last: Option<Bytes>,
    finished: bool,
}

impl Upload {
    /// The body whose source `progress` has.
    pub(super) fn new(progress: Arc<Progress>, length: Option<u64>) -> Self {
        Self { progress, remaining: length, last: None, finished: false }
    }

    fn finish(&mut self, complete: bool) {
        if !self.finished {
            self.finished = true;
            self.progress.uploaded(complete);
        }
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        while !self.finished {
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
                    self.progress.enter(Phase::Write);
                    return Poll::Ready(Some(Ok(chunk)));
                }
                None => {
                    self.progress.enter(Phase::Write);
                    return Poll::Ready(Some(Ok(chunk)));
                }
            }
        }
        if self.remaining.is_some_and(|remaining| remaining > 0) {
            return Poll::Ready(Some(Err(too_little())));
        }
        self.finish(true);
        Poll::Ready(self.last.take().map(Ok))
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        let chunk = self.poll_chunk(cx);
        if let Poll::Ready(Some(Err(_))) = chunk {
            self.finish(false);
        }
        chunk.map(|chunk| chunk.map(|chunk| chunk.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        // Never before the end was asked for: a body without data must still be framed as one.
        self.finished
    }

    fn size_hint(&self) -> SizeHint {
        let held = self.last.as_ref().map_or(0, |last| last.len() as u64);
        self.remaining
            .map_or_else(SizeHint::default, |remaining| SizeHint::with_exact(remaining.saturating_add(held)))
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.finish(false);
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
