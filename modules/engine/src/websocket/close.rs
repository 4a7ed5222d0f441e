//! What a close frame says (RFC 6455 section 7.4).

use std::fmt;

use super::error::{Error, InvalidUtf8};

/// The connection did what it was made for.
pub const NORMAL_CLOSURE: u16 = 1000;
/// The peer leaves: a server stops, a page is closed.
pub const GOING_AWAY: u16 = 1001;
/// A rule of the protocol was broken.
pub const PROTOCOL_ERROR: u16 = 1002;
/// Stands for a close frame without a code; never sent.
pub const NO_STATUS_RCVD: u16 = 1005;
/// Stands for a connection that ended without a close frame; never sent.
pub const ABNORMAL_CLOSURE: u16 = 1006;
/// Text was not UTF-8.
pub const INVALID_DATA: u16 = 1007;
/// A message was larger than allowed.
pub const MESSAGE_TOO_BIG: u16 = 1009;
/// Something failed that the peer has no part in.
pub const INTERNAL_ERROR: u16 = 1011;

/// The code of a close frame, and the reason it gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// The close code.
    pub code: u16,
    /// The reason, empty if there is none.
    pub reason: String,
}

impl Close {
    /// A code with a reason; neither is checked.
    pub fn new(code: u16, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }

    /// Reads the payload of a close frame; an empty one gives code 1005.
    ///
    /// # Errors
    /// [`Error::Protocol`] for one byte, or a code that is not allowed; [`Error::InvalidUtf8`] for a reason
    /// that is not text.
    pub fn parse(data: &[u8]) -> Result<Self, Error> {
        match data {
            [] => Ok(Self::new(NO_STATUS_RCVD, "")),
            [_] => Err(Error::protocol("close frame too short")),
            [high, low, reason @ ..] => {
                let Ok(text) = std::str::from_utf8(reason) else {
                    return Err(InvalidUtf8::of(reason).map_or(Error::Ended, Error::InvalidUtf8));
                };
                let close = Self::new(u16::from_be_bytes([*high, *low]), text);
                close.check()?;
                Ok(close)
            }
        }
    }

    /// The payload of a close frame.
    ///
    /// # Errors
    /// [`Error::Protocol`] for a code that must not be sent.
    pub fn serialize(&self) -> Result<Vec<u8>, Error> {
        self.check()?;
        Ok([&self.code.to_be_bytes(), self.reason.as_bytes()].concat())
    }

    /// Checks that a close frame may have this code.
    ///
    /// # Errors
    /// [`Error::Protocol`] if not.
    pub fn check(&self) -> Result<(), Error> {
        if is_allowed(self.code) { Ok(()) } else { Err(Error::protocol("invalid status code")) }
    }

    /// Whether the code says that nothing went wrong.
    pub fn is_ok(&self) -> bool {
        matches!(self.code, NORMAL_CLOSURE | GOING_AWAY | NO_STATUS_RCVD)
    }
}

impl fmt::Display for Close {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.code, explanation(self.code))?;
        if self.reason.is_empty() { Ok(()) } else { write!(f, " {}", self.reason) }
    }
}

/// Whether a code may stand in a close frame.
pub fn is_allowed(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// What a code means, in a few words.
pub fn explanation(code: u16) -> &'static str {
    match code {
        1000 => "OK",
        1001 => "going away",
        1002 => "protocol error",
        1003 => "unsupported data",
        1005 => "no status received [internal]",
        1006 => "abnormal closure [internal]",
        1007 => "invalid frame payload data",
        1008 => "policy violation",
        1009 => "message too big",
        1010 => "mandatory extension",
        1011 => "internal error",
        1012 => "service restart",
        1013 => "try again later",
        1014 => "bad gateway",
        1015 => "TLS handshake failure [internal]",
        3000..=3999 => "registered",
        4000..=4999 => "private use",
        _ => "unknown",
    }
}
