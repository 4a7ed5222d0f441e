//! The networking of Tauraro, without the interpreter.
//!
//! Nothing here knows Python: the crate can be used, tested and benchmarked from plain Rust. Each
//! module is one capability and can be read alone.
//!
//! | module | what it holds |
//! |---|---|
//! | [`http`] | the HTTP client: exchanges, redirects, cookies, authentication, bodies |
//! | [`http1`] | HTTP/1 messages without I/O: a strict, incremental parser |
//! | [`server`] | the server's side of an HTTP/1.1 connection without I/O, and routes |
//! | [`websocket`] | WebSocket without I/O: handshake, frames, compression |
//! | [`tls`] | certificates, roots and verification |
//! | [`runtime`] | the tokio runtime of the HTTP client |
//! | [`error`] | the client's error type; the parsers have their own, beside their code |
//!
//! What may be connected to is decided by the crate `tauraro-permissions`.

pub mod error;
#[cfg(test)]
mod fuzzing;
pub mod http;
pub mod http1;
pub mod runtime;
pub mod server;
pub mod tls;
pub mod websocket;

pub use error::{Error, ErrorKind, Result};
pub use http::body::Body;
pub use http::headers::Headers;
pub use http::url::{QueryParams, Url};
