//! What can be wrong with a connection, its data, or a call.

use std::borrow::Cow;
use std::fmt;

use super::protocol::State;

/// Why a connection fails, or why a call is refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A rule of the protocol is broken (close code 1002).
    #[error("{0}")]
    Protocol(Cow<'static, str>),
    /// The stream ended too early (1006).
    #[error("{0}")]
    UnexpectedEof(Cow<'static, str>),
    /// Text is not UTF-8 (1007).
    #[error("{} at position {}", .0.reason, .0.start)]
    InvalidUtf8(InvalidUtf8),
    /// A frame, or the message it belongs to, is larger than allowed (1009).
    #[error("{0}")]
    TooBig(TooBig),
    /// Nothing can be sent in this state of the connection.
    #[error("connection is {}", .0.name().to_ascii_lowercase())]
    State(State),
    /// Something was received after the end of the stream.
    #[error("stream ended")]
    Ended,
}

/// A frame that exceeds a limit; all figures are bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooBig {
    /// The size of the frame's payload; `None` when inflating it was stopped at the limit.
    pub size: Option<u64>,
    /// What was left for this frame.
    pub limit: u64,
    /// The size of the earlier fragments of the same message.
    pub before: Option<u64>,
}

/// Where and why bytes are not UTF-8.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidUtf8 {
    /// The bytes, if they arrived together.
    pub data: Vec<u8>,
    /// The offset of the first byte that is not part of a character.
    pub start: usize,
    /// The offset after the last byte that is wrong because of it.
    pub end: usize,
    /// What is wrong, in CPython's words.
    pub reason: &'static str,
}

impl InvalidUtf8 {
    /// Explains why `data` is not UTF-8; `None` if it is.
    pub fn of(data: &[u8]) -> Option<Self> {
        let error = std::str::from_utf8(data).err()?;
        let start = error.valid_up_to();
        let (length, reason) = match error.error_len() {
            None => (data.len().saturating_sub(start), "unexpected end of data"),
            Some(length) => {
                let lead = data.get(start).copied().unwrap_or_default();
                let reason = if matches!(lead, 0xC2..=0xF4) {
                    "invalid continuation byte"
                } else {
                    "invalid start byte"
                };
                (length, reason)
            }
        };
        Some(Self { data: data.to_vec(), start, end: start.saturating_add(length), reason })
    }
}

impl Error {
    /// A broken rule of the protocol.
    pub fn protocol(message: impl Into<Cow<'static, str>>) -> Self {
        Self::Protocol(message.into())
    }
}

impl fmt::Display for TooBig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("frame ")?;
        if let Some(size) = self.size {
            write!(f, "with {size} bytes ")?;
        }
        if let Some(before) = self.before {
            write!(f, "after reading {before} bytes ")?;
        }
        write!(f, "exceeds limit of {} bytes", self.limit.saturating_add(self.before.unwrap_or(0)))
    }
}
