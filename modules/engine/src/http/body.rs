//! Request bodies, and the channel through which a slow source feeds one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::error::{Error, ErrorKind, Result};

/// What a request carries.
#[derive(Debug, Default)]
pub enum Body {
    /// Nothing, and no framing header.
    #[default]
    Empty,
    /// Bytes at hand.
    Bytes(Bytes),
    /// Bytes that arrive while the request is being sent.
    Stream(BodyReceiver),
}

/// The sending half of [`channel`]: one chunk in flight, so that the source is read no faster than
/// the peer takes it. Dropping it breaks the body off, so that what was given up half-way is never
/// taken for complete; [`BodySender::finish`] ends it well.
#[derive(Debug)]
pub struct BodySender {
    chunks: mpsc::Sender<Bytes>,
    finished: Arc<AtomicBool>,
}

/// The receiving half of [`channel`], consumed by the transport.
#[derive(Debug)]
pub struct BodyReceiver {
    chunks: mpsc::Receiver<Bytes>,
    finished: Arc<AtomicBool>,
}

/// A body fed from elsewhere.
pub fn channel() -> (BodySender, BodyReceiver) {
    let (sender, receiver) = mpsc::channel(1);
    let finished = Arc::new(AtomicBool::new(false));
    let sender = BodySender { chunks: sender, finished: Arc::clone(&finished) };
    (sender, BodyReceiver { chunks: receiver, finished })
}

impl BodySender {
    /// Waits until the body wants its next chunk; false once nobody will read it.
    pub async fn ready(&self) -> bool {
        self.chunks.reserve().await.is_ok()
    }

    /// Hands over a chunk; false if nobody will read it. Call after [`BodySender::ready`].
    pub fn send(&self, chunk: Bytes) -> bool {
        self.chunks.try_send(chunk).is_ok()
    }

    /// Ends the body.
    pub fn finish(self) {
        self.finished.store(true, Ordering::Release);
    }
}

impl BodyReceiver {
    /// The next chunk; `None` at the body's end.
    ///
    /// # Errors
    /// [`ErrorKind::BodyAborted`] when the sender gave up; the request then fails, and its connection
    /// is not used again.
    pub(crate) fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        self.chunks.poll_recv(cx).map(|chunk| match chunk {
            Some(chunk) => Some(Ok(chunk)),
            None if self.finished.load(Ordering::Acquire) => None,
            None => {
                let message = "the source of the request body failed";
                Some(Err(Error::new(ErrorKind::BodyAborted, message)))
            }
        })
    }
}
