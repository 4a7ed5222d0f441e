//! The transport of TLS connections, natively: rustls between a transport and a protocol.
//!
//! [`TlsTransport`] has the interface and the behavior of the transport that asyncio's `sslproto` gives a protocol.
//! [`TlsProtocol`] is the other side of the same connection: the protocol of the transport that carries it. The loop
//! class chooses them where the `ssl.SSLContext` asks for nothing that rustls, or [`config`], cannot do; otherwise
//! `sslproto` carries the connection (see `python/unix_events.py`).
//!
//! | file | what it does |
//! |---|---|
//! | `state` | what a transport consists of |
//! | `methods` | its Python interface |
//! | `handshake`, `shutdown` | the beginning and the end of a connection |
//! | `reading`, `writing` | what is received and sent in between |
//! | `protocol` | the protocol of the transport below |
//! | `config` | rustls configurations from an `ssl.SSLContext` |
//! | `certificate` | certificates as dictionaries |
//! | `session` | what `get_extra_info('ssl_object')` shows |
//! | `errors` | rustls' errors as `ssl`'s exceptions |

mod certificate;
mod config;
mod errors;
mod handshake;
mod methods;
mod protocol;
mod reading;
mod session;
mod shutdown;
mod state;
mod writing;

pub(crate) use config::CachedConfig;
pub(crate) use protocol::TlsProtocol;
pub(crate) use session::{TlsCertificate, TlsSession};
pub use state::TlsTransport;
