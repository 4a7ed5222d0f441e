//! Requests that are answered without a handler.

use std::fmt;

use crate::http1::{Error, ErrorKind};

/// Why a request is refused. The connection ends with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status to answer with; `None` for a peer that does not speak HTTP, which is not answered.
    pub status: Option<u16>,
    /// What is wrong, in one line.
    pub reason: &'static str,
}

impl Refusal {
    /// A refusal with a response of this status.
    pub const fn new(status: u16, reason: &'static str) -> Self {
        Self { status: Some(status), reason }
    }

    /// A refusal without a response.
    pub const fn silent(reason: &'static str) -> Self {
        Self { status: None, reason }
    }

    /// What an error of the parser calls for. `after_target` is whether the request line was read up to its target;
    /// `next` the byte that could not be taken, if it is known.
    pub(super) fn of_error(error: Error, after_target: bool, first: bool, next: Option<u8>) -> Self {
        let reason = error.reason();
        match error.kind() {
            ErrorKind::Method => match next {
                Some(byte) if is_token_byte(byte) || byte == b' ' => Self::new(501, "Method is not known"),
                // Not HTTP at all, such as the first bytes of TLS.
                _ if first => Self::silent(reason),
                _ => Self::new(400, reason),
            },
            ErrorKind::TooLarge if after_target => Self::new(431, reason),
            ErrorKind::TooLarge => Self::new(414, "Request line is too long"),
            ErrorKind::Version => Self::new(505, reason),
            ErrorKind::Http2 => Self::new(505, "HTTP/2 is not spoken on this connection"),
            _ => Self::new(400, reason),
        }
    }
}

/// Whether the byte may stand in a token (RFC 9110 section 5.6.2).
pub(super) fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Some(status) => write!(f, "{status}: {}", self.reason),
            None => f.write_str(self.reason),
        }
    }
}

impl std::error::Error for Refusal {}
