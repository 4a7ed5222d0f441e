//! The opening handshake (RFC 6455 section 4): reading its messages, and checking their fields.
//!
//! | module | what it holds |
//! |---|---|
//! | [`reader`] | [`RequestReader`] and [`ResponseReader`]: bytes in any split in, a message out |
//! | [`lines`] | the parsing of single lines |
//! | [`check`] | checks of the header fields |
//! | [`error`] | what can be wrong with a message |

pub mod check;
pub mod error;
pub mod lines;
pub mod reader;

pub use error::Error;
pub use reader::{Limits, Request, RequestReader, Response, ResponseReader};

/// The value of `Sec-WebSocket-Accept` for that of `Sec-WebSocket-Key`.
pub fn accept_key(key: &[u8]) -> String {
    tokio_tungstenite::tungstenite::handshake::derive_accept_key(key)
}

#[cfg(test)]
mod tests;
