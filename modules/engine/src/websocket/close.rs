//! What a close frame says (RFC 6455 section 7.4).

use std::fmt;

use super::CloseCode;
use super::error::{Error, InvalidUtf8};

/// A gateway got an invalid response from the server behind it. In the registry of IANA, but not in tungstenite.
const BAD_GATEWAY: u16 = 1014;

/// The code of a close frame, and the reason it gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// The close code.
    pub code: CloseCode,
    /// The reason, empty if there is none.
    pub reason: String,
}

impl Close {
    /// A code with a reason; neither is checked.
    pub fn new(code: impl Into<CloseCode>, reason: impl Into<String>) -> Self {
        Self { code: code.into(), reason: reason.into() }
    }

    /// Reads the payload of a close frame; an empty one gives [`CloseCode::Status`].
    ///
    /// # Errors
    /// [`Error::Protocol`] for one byte, or a code that is not allowed; [`Error::InvalidUtf8`] for a reason
    /// that is not text.
    pub fn parse(data: &[u8]) -> Result<Self, Error> {
        match data {
            [] => Ok(Self::new(CloseCode::Status, "")),
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
        Ok([&u16::from(self.code).to_be_bytes(), self.reason.as_bytes()].concat())
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
        matches!(self.code, CloseCode::Normal | CloseCode::Away | CloseCode::Status)
    }
}

impl fmt::Display for Close {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.code, explanation(self.code))?;
        if self.reason.is_empty() { Ok(()) } else { write!(f, " {}", self.reason) }
    }
}

/// Whether a close frame may have this code.
pub fn is_allowed(code: CloseCode) -> bool {
    code.is_allowed() || u16::from(code) == BAD_GATEWAY
}

/// What a code means, in a few words.
pub fn explanation(code: CloseCode) -> &'static str {
    match code {
        CloseCode::Normal => "OK",
        CloseCode::Away => "going away",
        CloseCode::Protocol => "protocol error",
        CloseCode::Unsupported => "unsupported data",
        CloseCode::Status => "no status received [internal]",
        CloseCode::Abnormal => "abnormal closure [internal]",
        CloseCode::Invalid => "invalid frame payload data",
        CloseCode::Policy => "policy violation",
        CloseCode::Size => "message too big",
        CloseCode::Extension => "mandatory extension",
        CloseCode::Error => "internal error",
        CloseCode::Restart => "service restart",
        CloseCode::Again => "try again later",
        // Those that have no documented name in tungstenite.
        _ => match u16::from(code) {
            BAD_GATEWAY => "bad gateway",
            1015 => "TLS handshake failure [internal]",
            3000..=3999 => "registered",
            4000..=4999 => "private use",
            _ => "unknown",
        },
    }
}
