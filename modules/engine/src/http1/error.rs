//! What can be wrong with a message.

/// The rule that the input broke, as far as a caller may want to tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The method is not known, or not followed by a space.
    Method,
    /// The request target holds what it must not.
    Target,
    /// Not `HTTP/` where that must stand, or a method of another protocol.
    Protocol,
    /// The version is not one of 0.9, 1.0, 1.1 and 2.0.
    Version,
    /// The status is not three digits, or its line does not end as it must.
    Status,
    /// A byte that a field's name or value must not hold, or a folded line.
    Field,
    /// `Content-Length` is not one number, is too large, or is there twice.
    ContentLength,
    /// `Transfer-Encoding` leaves the length open, or stands where it must not.
    TransferEncoding,
    /// A chunk's size is missing, not hexadecimal, or too large.
    ChunkSize,
    /// A line does not end in CRLF, or a chunk's extension is malformed.
    Strict,
    /// Data after a message that was the connection's last.
    Closed,
    /// The input ended within a message.
    Eof,
    /// Larger than [`Limits`](super::Limits) allows.
    TooLarge,
    /// The preface of HTTP/2.
    Http2,
    /// An event was refused by its receiver; nothing can follow.
    Refused,
}

/// A message that breaks the protocol: the rule, a message of one line, and the position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at byte {offset}")]
pub struct Error {
    pub(super) kind: ErrorKind,
    pub(super) reason: &'static str,
    pub(super) offset: u64,
}

impl Error {
    /// The rule.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What is wrong, in the words of llhttp where it has some.
    pub fn reason(&self) -> &'static str {
        self.reason
    }

    /// Where: how many bytes of the stream are before the one that could not be taken.
    pub fn offset(&self) -> u64 {
        self.offset
    }
}

/// Why [`Parser::feed`](super::Parser::feed) stopped early.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure<E> {
    /// The input breaks the protocol.
    #[error(transparent)]
    Protocol(Error),
    /// The receiver of the events failed.
    #[error("{0}")]
    Events(E),
}

/// A broken rule whose place is not known yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault(pub(super) ErrorKind, pub(super) &'static str);

/// Why a step of the machine stopped.
pub(super) enum Stop<E> {
    Fault(Fault),
    Events(E),
}

impl<E> From<Fault> for Stop<E> {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}
