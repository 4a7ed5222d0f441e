//! Request bodies, and the channel through which a slow source feeds one.

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
/// the peer takes it.
#[derive(Debug)]
pub struct BodySender {
    chunks: mpsc::Sender<Result<Bytes>>,
}

/// The receiving half of [`channel`], consumed by the transport.
#[derive(Debug)]
pub struct BodyReceiver {
    pub(crate) chunks: mpsc::Receiver<Result<Bytes>>,
}

/// A body fed from elsewhere. Dropping the sender ends the body well; [`BodySender::abort`] breaks it.
pub fn channel() -> (BodySender, BodyReceiver) {
    let (sender, receiver) = mpsc::channel(1);
    (BodySender { chunks: sender }, BodyReceiver { chunks: receiver })
}

impl BodySender {
    /// Waits until the body wants its next chunk; false once nobody will read it.
    pub async fn ready(&self) -> bool {
        self.chunks.reserve().await.is_ok()
    }

    /// Hands over a chunk; false if nobody will read it. Call after [`BodySender::ready`].
    pub fn send(&self, chunk: Bytes) -> bool {
        self.chunks.try_send(Ok(chunk)).is_ok()
    }

    /// Breaks the body off: the request fails with [`ErrorKind::BodyAborted`] and its connection is
    /// not used again.
    pub fn abort(self) {
        let error = Error::new(ErrorKind::BodyAborted, "the source of the request body failed");
        // A receiver that is gone needs no word of it.
        let _ = self.chunks.try_send(Err(error));
    }
}
