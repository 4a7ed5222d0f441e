//! What connecting gives: both directions of a connection, and what is known of it.

use std::fmt;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Both directions of a connection.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection to a server: perhaps in TLS, perhaps through a proxy. Dropping it closes it.
pub struct Connection {
    stream: Box<dyn Stream>,
    endpoints: Endpoints,
    alpn: Option<Vec<u8>>,
    forwards: bool,
}

/// Where a connection begins and ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Endpoints {
    /// Our address; `None` for a Unix domain socket.
    pub local: Option<SocketAddr>,
    /// The peer's address: the proxy's where there is one.
    pub remote: Option<SocketAddr>,
}

impl Connection {
    pub(super) fn new(stream: Box<dyn Stream>, endpoints: Endpoints) -> Self {
        Self { stream, endpoints, alpn: None, forwards: false }
    }

    /// The same, with what TLS settled on.
    pub(super) fn with_alpn(self, alpn: Option<&[u8]>) -> Self {
        Self { alpn: alpn.map(<[u8]>::to_vec), ..self }
    }

    /// The same, leading to a proxy that forwards requests.
    pub(super) fn forwarding(self) -> Self {
        Self { forwards: true, ..self }
    }

    /// Where it begins and ends.
    pub fn endpoints(&self) -> Endpoints {
        self.endpoints
    }

    /// The protocol that TLS settled on (RFC 7301).
    pub fn alpn(&self) -> Option<&[u8]> {
        self.alpn.as_deref()
    }

    /// Whether it leads to an HTTP proxy that is to be asked for whole URLs.
    pub fn forwards(&self) -> bool {
        self.forwards
    }

    /// The connection without what is known of it.
    pub fn into_stream(self) -> Box<dyn Stream> {
        self.stream
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("endpoints", &self.endpoints).finish_non_exhaustive()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, data)
    }
}
