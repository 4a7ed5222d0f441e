//! The bodies of answers.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::mpsc;

/// The largest piece of [`pattern`] that costs no copy, and the size bodies are streamed in.
pub(crate) const BLOCK: usize = 64 * 1024;
const PERIOD: u8 = 251;

/// What follows the head of an answer.
#[derive(Debug)]
pub(crate) enum Body {
    /// Bytes at hand, taken once.
    Full(Option<Bytes>),
    /// Bytes that a task sends, or the error at which the connection breaks.
    Stream(mpsc::Receiver<io::Result<Bytes>>),
}

impl Body {
    /// Nothing.
    pub(crate) fn empty() -> Self {
        Self::Full(None)
    }

    /// A body made by a task while it is being sent.
    pub(crate) fn stream<F>(make: impl FnOnce(Sender) -> F) -> Self
    where
        F: Future<Output = Result<(), Gone>> + Send + 'static,
    {
        let (sender, receiver) = mpsc::channel(1);
        let task = make(Sender(sender));
        tokio::spawn(async move {
            // A client that left is no news.
            let _ = task.await;
        });
        Self::Stream(receiver)
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(bytes: T) -> Self {
        let bytes = bytes.into();
        Self::Full(Some(bytes).filter(|bytes| !bytes.is_empty()))
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match self.get_mut() {
            Self::Full(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Stream(chunks) => {
                chunks.poll_recv(context).map(|chunk| chunk.map(|chunk| chunk.map(Frame::data)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Full(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Full(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Stream(_) => SizeHint::default(),
        }
    }
}

/// The client left before the end of the body.
#[derive(Debug)]
pub(crate) struct Gone;

/// The end of a streamed body that its task holds.
#[derive(Debug)]
pub(crate) struct Sender(mpsc::Sender<io::Result<Bytes>>);

impl Sender {
    /// Sends a chunk once the one before has been taken.
    pub(crate) async fn send(&self, chunk: impl Into<Bytes>) -> Result<(), Gone> {
        self.0.send(Ok(chunk.into())).await.map_err(|_| Gone)
    }

    /// Breaks the connection, after what was sent has left.
    pub(crate) async fn cut(self) -> Result<(), Gone> {
        // Sending an error makes hyper drop what it has not written yet; it writes when it finds
        // nothing more to read from here, which a pause gives it the time for.
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        let _ = self.0.send(Err(io::Error::other("cut on purpose"))).await;
        Ok(())
    }
}

/// `len` bytes (at most [`BLOCK`]) of the endless pattern `0, 1, ... 250, 0, ...`, from `offset` on.
pub(crate) fn pattern(offset: u64, len: usize) -> Bytes {
    static PATTERN: LazyLock<Bytes> =
        LazyLock::new(|| (0..PERIOD).cycle().take(BLOCK + usize::from(PERIOD)).collect());
    let start = usize::try_from(offset % u64::from(PERIOD)).unwrap_or_default();
    PATTERN.slice(start..start + len.min(BLOCK))
}

/// Sends the first `len` bytes of the pattern in chunks of `size`.
pub(crate) async fn send_pattern(sender: &Sender, len: u64, size: usize) -> Result<(), Gone> {
    let mut sent = 0;
    while sent < len {
        let size = usize::try_from(len - sent).map_or(size, |left| left.min(size));
        sender.send(pattern(sent, size)).await?;
        sent += size as u64;
    }
    Ok(())
}
