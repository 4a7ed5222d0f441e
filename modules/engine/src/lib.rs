//! The networking of Tauraro, without the interpreter.
//!
//! Nothing here knows Python: the crate can be used, tested and benchmarked from plain Rust. Each
//! module is one capability and can be read alone.
//!
//! | module | what it is |
//! |---|---|
//! | [`client`] | one HTTP exchange over a pooled connection: [`client::Transport`] |
//! | [`redirect`] | what the next request is, given a response (RFC 9110 section 15.4) |
//! | [`cookies`] | the cookie jar (RFC 6265 with public suffixes) |
//! | [`url`], [`headers`] | the value types that cross into the bindings |
//! | [`body`], [`multipart`], [`decode`], [`text`] | bodies: sent, encoded, decompressed, read as text |
//! | [`route`] | which transport or proxy a URL is for |
//! | [`basic`], [`digest`] | authentication |
//! | [`sse`] | Server-Sent Events |
//! | [`http1`] | HTTP/1 messages without I/O: a strict, incremental parser |
//! | [`websocket`] | WebSocket without I/O: handshake, frames, compression |
//! | [`tls`], [`policy`] | what may be trusted, and what may be connected to |
//! | [`permissions`] | what a script may reach: rules, and the log of what was asked for |
//! | [`runtime`] | the one tokio runtime of the process |
//! | [`error`] | the one error type |

pub mod basic;
pub mod body;
pub mod client;
pub mod cookies;
pub mod decode;
pub mod digest;
pub mod error;
pub mod headers;
pub mod http1;
pub mod link;
pub mod multipart;
pub mod permissions;
pub mod policy;
pub mod redirect;
pub mod route;
pub mod runtime;
pub mod sse;
pub mod text;
pub mod tls;
pub mod url;
pub mod websocket;

pub use body::Body;
pub use error::{Error, ErrorKind, Result};
pub use headers::Headers;
pub use url::{QueryParams, Url};
