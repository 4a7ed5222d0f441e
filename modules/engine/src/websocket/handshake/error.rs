//! What can be wrong with a message of the handshake.

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
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The stream ended too early.
    #[error("{}", closed(*.reading, .how))]
    Closed {
        /// What was being read, where that says more than how the stream ended.
        reading: Option<&'static str>,
        /// How the stream ended.
        how: String,
    },
    /// A part is longer than the limit for it.
    #[error("{1}")]
    TooLong(Part, String),
    /// There are more fields than this.
    #[error("expected no more than {0} headers")]
    TooManyFields(usize),
    /// A body is longer than its limit, or its length is not a number that can be meant.
    #[error("{0}")]
    Body(String),
    /// A line is malformed.
    #[error("{0}")]
    Malformed(String),
    /// What has to be ASCII is not: the bytes, and the offset of the first one that is not ASCII.
    #[error("the byte at position {1} is not ASCII")]
    NotAscii(Vec<u8>, usize),
    /// This is HTTP, but not supported here.
    #[error("{0}")]
    Unsupported(String),
    /// A field that may come once comes several times.
    #[error("several {0} headers")]
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

fn closed(reading: Option<&'static str>, how: &str) -> String {
    reading.map_or_else(|| how.to_owned(), |what| format!("connection closed while reading HTTP {what}"))
}
