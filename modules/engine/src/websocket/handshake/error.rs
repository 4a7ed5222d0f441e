//! What can be wrong with a message of the handshake.

use std::fmt;

/// The part of a message that is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The first line of a request.
    RequestLine,
    /// The first line of a response.
    StatusLine,
    /// A header field.
    Field,
    /// A line in a body, or the body.
    Body,
}

/// Why a message cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The stream ended too early: while what was read, if that says more, and how.
    Closed {
        /// What was being read.
        reading: Option<&'static str>,
        /// How the stream ended.
        how: String,
    },
    /// A part is longer than the limit for it.
    TooLong(Part, String),
    /// There are more fields than this.
    TooManyFields(usize),
    /// A body is longer than its limit, or its length is not a number that can be meant.
    Body(String),
    /// A line is not as it has to be.
    Malformed(String),
    /// What has to be ASCII is not: all of it, and the offset of the first byte that is not.
    NotAscii(Vec<u8>, usize),
    /// This is HTTP, but not what is understood here.
    Unsupported(String),
    /// A field that may come once comes several times.
    Repeated(&'static str),
}

impl Error {
    /// The same error, if it is the end of the stream, with what was being read.
    pub(super) fn while_reading(self, what: &'static str) -> Self {
        match self {
            Self::Closed { how, .. } => Self::Closed { reading: Some(what), how },
            other => other,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed { reading: Some(what), .. } => {
                write!(f, "connection closed while reading HTTP {what}")
            }
            Self::Closed { reading: None, how } => f.write_str(how),
            Self::TooLong(_, message)
            | Self::Body(message)
            | Self::Malformed(message)
            | Self::Unsupported(message) => f.write_str(message),
            Self::TooManyFields(limit) => write!(f, "expected no more than {limit} headers"),
            Self::NotAscii(_, position) => write!(f, "the byte at position {position} is not ASCII"),
            Self::Repeated(name) => write!(f, "several {name} headers"),
        }
    }
}

impl std::error::Error for Error {}
