//! A connection of our own making, as the pool below takes it.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Extensions;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpInfo};
use hyper_util::rt::TokioIo;

use super::super::upgraded::Stream;

/// A connection to a server, perhaps in TLS, perhaps through a proxy.
pub(crate) struct Wire {
    io: TokioIo<Box<dyn Stream>>,
    endpoints: Endpoints,
    /// Whether TLS settled on HTTP/2.
    http2: bool,
    /// Whether it leads to a proxy that is to be asked for whole URLs.
    forwards: bool,
}

/// Where a connection begins and ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Endpoints {
    pub(crate) local: Option<SocketAddr>,
    pub(crate) remote: Option<SocketAddr>,
}

impl Endpoints {
    /// Those of a connection that reqwest made.
    pub(crate) fn of(info: &HttpInfo) -> Self {
        Self { local: Some(info.local_addr()), remote: Some(info.remote_addr()) }
    }

    /// Those of any connection; nothing where it does not say.
    pub(crate) fn of_connected(connected: &Connected) -> Self {
        let mut extensions = Extensions::new();
        connected.get_extras(&mut extensions);
        Self::found_in(&extensions)
    }

    /// Those that came along with a response.
    pub(crate) fn found_in(extensions: &Extensions) -> Self {
        let own = extensions.get().copied();
        own.or_else(|| extensions.get().map(Self::of)).unwrap_or_default()
    }
}

impl Wire {
    pub(super) fn new(io: Box<dyn Stream>, endpoints: Endpoints) -> Self {
        Self { io: TokioIo::new(io), endpoints, http2: false, forwards: false }
    }

    /// The same, speaking HTTP/2 if TLS has settled on it.
    pub(super) fn speaking(self, http2: bool) -> Self {
        Self { http2, ..self }
    }

    /// The same, leading to a proxy that forwards requests.
    pub(super) fn forwarding(self) -> Self {
        Self { forwards: true, ..self }
    }

    pub(super) fn endpoints(&self) -> Endpoints {
        self.endpoints
    }

    pub(super) fn into_stream(self) -> Box<dyn Stream> {
        self.io.into_inner()
    }
}

impl Connection for Wire {
    fn connected(&self) -> Connected {
        let connected = Connected::new().proxy(self.forwards).extra(self.endpoints);
        if self.http2 { connected.negotiated_h2() } else { connected }
    }
}

impl Read for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl Write for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, data)
    }
}
