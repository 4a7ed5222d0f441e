//! The native transports, as native protocols use them.

use rustpython_vm::{Py, PyObject, PyResult, VirtualMachine};

use super::SocketTransport;
use super::tls::TlsTransport;

/// A transport of this crate, whose methods native code calls without Python in between.
#[derive(Debug, Clone, Copy)]
pub enum NativeTransport<'a> {
    /// That of a stream socket.
    Socket(&'a Py<SocketTransport>),
    /// That of a TLS connection.
    Tls(&'a Py<TlsTransport>),
}

impl<'a> NativeTransport<'a> {
    /// The native transport that `transport` is, unless its `write` was replaced by something else.
    pub fn of(transport: &'a PyObject, vm: &VirtualMachine) -> Option<Self> {
        SocketTransport::of(transport, vm)
            .map(Self::Socket)
            .or_else(|| TlsTransport::of(transport, vm).map(Self::Tls))
    }

    /// `transport.write(data)`. What cannot be sent at once is copied.
    ///
    /// # Errors
    /// `RuntimeError` after `write_eof`; what `pause_writing` or the loop's exception handler raised. A failed
    /// connection is not an error here: it is reported to the protocol's `connection_lost`.
    pub fn write(self, data: &[u8], vm: &VirtualMachine) -> PyResult<()> {
        match self {
            Self::Socket(transport) => SocketTransport::write_native(transport, data, vm),
            Self::Tls(transport) => TlsTransport::write_native(transport, data, vm),
        }
    }

    /// [`write`](Self::write) for parts that belong together: over plain sockets in one system call.
    ///
    /// # Errors
    /// Those of [`write`](Self::write).
    pub fn write_vectored(self, parts: &[&[u8]], vm: &VirtualMachine) -> PyResult<()> {
        match self {
            Self::Socket(transport) => SocketTransport::send_parts(transport, parts, &[], "write", vm),
            Self::Tls(transport) => TlsTransport::send_parts(transport, parts, &[], vm),
        }
    }

    /// Whether the transport is closed or about to be, as `is_closing()`.
    pub fn is_closing(self) -> bool {
        match self {
            Self::Socket(transport) => transport.closing(),
            Self::Tls(transport) => transport.closing(),
        }
    }

    /// How many bytes wait to be sent, as `get_write_buffer_size()`.
    pub fn buffered(self) -> usize {
        match self {
            Self::Socket(transport) => transport.buffered(),
            Self::Tls(transport) => transport.buffered(),
        }
    }
}
