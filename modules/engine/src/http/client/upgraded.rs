//! A connection that left HTTP behind.

use std::fmt;
use std::io;
use std::mem;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::connect::{Endpoints, Stream};
use super::pool::Lease;
use crate::runtime::Generation;

/// The raw connection after a `101 Switching Protocols`, or a successful CONNECT: what follows the
/// head of the response belongs to another protocol. Dropping it closes the connection, which counts
/// as one in use until then.
pub struct Upgraded {
    /// Empty only while being dropped.
    io: Option<Box<dyn Stream>>,
    endpoints: Endpoints,
    generation: Generation,
    lease: Option<Lease>,
}

impl Upgraded {
    pub(super) fn new(io: hyper::upgrade::Upgraded, endpoints: Endpoints, lease: Lease) -> Self {
        let generation = Generation::current();
        Self { io: Some(Box::new(TokioIo::new(io))), endpoints, generation, lease: Some(lease) }
    }

    /// Our address.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.endpoints.local
    }

    /// The peer's address: the proxy's where there is one.
    pub fn remote_addr(&self) -> Option<SocketAddr> {
        self.endpoints.remote
    }

    fn io(&mut self) -> io::Result<Pin<&mut (dyn Stream + 'static)>> {
        if self.generation != Generation::current() {
            let message = "the connection belongs to the process that this one was forked from";
            return Err(io::Error::other(message));
        }
        self.io.as_deref_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl AsyncRead for Upgraded {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.get_mut().io()?.poll_read(cx, buffer)
    }
}

impl AsyncWrite for Upgraded {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.get_mut().io()?.poll_write(cx, data)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().io()?.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().io()?.poll_shutdown(cx)
    }
}

impl fmt::Debug for Upgraded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Upgraded");
        debug.field("endpoints", &self.endpoints).finish_non_exhaustive()
    }
}

impl Drop for Upgraded {
    fn drop(&mut self) {
        if self.generation != Generation::current() {
            // Closing it would wake threads that exist in the parent only.
            mem::forget((self.io.take(), self.lease.take()));
        }
    }
}
