//! Request targets (RFC 9112 section 3.2): a path, `*`, a URL, or the authority of a `CONNECT`.

use super::Method;
use super::chars::{URL, USER_INFO};
use super::error::{ErrorKind, Fault};

/// Where in a target the next byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Start,
    Scheme,
    Colon,
    ColonSlash,
    Server,
    ServerAfterAt,
    Path,
    Query,
    Fragment,
}

impl Target {
    /// Where the target of such a request starts.
    pub(super) fn of(method: Method) -> Self {
        if method == Method::Connect { Self::Server } else { Self::Start }
    }

    /// Whether a target may end here.
    fn may_end(self) -> bool {
        !matches!(self, Self::Start | Self::Scheme | Self::Colon | Self::ColonSlash)
    }

    /// Where the byte after this one is.
    fn after(self, byte: u8) -> Result<Self, &'static str> {
        if matches!(byte, b'\t' | 0x0c) {
            return Err("Invalid characters in url");
        }
        let url = URL.has(byte);
        Ok(match (self, byte) {
            (Self::Start, b'/' | b'*') | (Self::Server | Self::ServerAfterAt, b'/') => Self::Path,
            (Self::Start | Self::Scheme, byte) if byte.is_ascii_alphabetic() => Self::Scheme,
            (Self::Scheme, b':') => Self::Colon,
            (Self::Colon, b'/') => Self::ColonSlash,
            (Self::ColonSlash, b'/') => Self::Server,
            (Self::Server | Self::ServerAfterAt | Self::Path | Self::Query, b'?') => Self::Query,
            (Self::Server, b'@') => Self::ServerAfterAt,
            (Self::ServerAfterAt, b'@') => return Err("Double @ in url"),
            (Self::Server | Self::ServerAfterAt, byte)
                if USER_INFO.has(byte) || matches!(byte, b'[' | b']') =>
            {
                Self::Server
            }
            (Self::Path | Self::Query, b'#') | (Self::Fragment, b'?' | b'#') => Self::Fragment,
            (Self::Path | Self::Query | Self::Fragment, _) if url => self,
            (Self::Start, _) => return Err("Unexpected start char in url"),
            (Self::Scheme | Self::Colon | Self::ColonSlash, _) => {
                return Err("Unexpected char in url schema");
            }
            (Self::Server | Self::ServerAfterAt, _) => return Err("Unexpected char in url server"),
            (Self::Path, _) => return Err("Invalid char in url path"),
            (Self::Query, _) => return Err("Invalid char in url query"),
            (Self::Fragment, _) => return Err("Invalid char in url fragment start"),
        })
    }

    /// Takes bytes up to the space or line end after the target; gives how many, and what is wrong
    /// with the next.
    pub(super) fn run(&mut self, bytes: &[u8]) -> (usize, Result<(), Fault>) {
        for (index, &byte) in bytes.iter().enumerate() {
            let next = match byte {
                b' ' | b'\r' | b'\n' if self.may_end() => return (index, Ok(())),
                b' ' | b'\r' | b'\n' => Err("Invalid characters in url"),
                _ => self.after(byte),
            };
            match next {
                Ok(next) => *self = next,
                Err(reason) => return (index, Err(Fault(ErrorKind::Target, reason))),
            }
        }
        (bytes.len(), Ok(()))
    }

    /// Whether a whole target may be sent with the method.
    pub(super) fn is_valid(method: Method, target: &[u8]) -> bool {
        if method != Method::Connect && matches!(target.first(), Some(b'/' | b'*')) {
            // All that a path, query and fragment may hold, in whatever order: no early exit, so that
            // it is done many bytes at a time.
            return target.iter().fold(true, |valid, &byte| valid & matches!(byte, b'!'..=b'~'));
        }
        let mut state = Self::of(method);
        // A space or line end would stop the run early.
        let (taken, outcome) = state.run(target);
        outcome.is_ok() && taken == target.len() && state.may_end()
    }
}
