//! The opening handshake (RFC 6455 section 4): reading its messages, and checking what they say.
//!
//! | module | what it is |
//! |---|---|
//! | [`reader`] | [`RequestReader`] and [`ResponseReader`]: bytes in any split in, a message out |
//! | [`lines`] | what single lines say |
//! | [`check`] | what the fields of a handshake have to say |
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
