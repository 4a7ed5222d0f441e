//! How much, and how long, a peer is given.

use crate::http1;

/// Bounds on what a connection takes from its peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request line; a longer one is answered with 414.
    pub request_line: usize,
    /// Bytes of a head, request line included; a larger one is answered with 431. For trailers the same.
    pub head: usize,
    /// Fields of a head; more are answered with 431.
    pub fields: usize,
    /// Bytes of a body that nobody has read when its response is complete, and that are read and discarded so that
    /// the connection can be used again. With more it is closed.
    pub drain: u64,
    /// Requests on a connection; the response to the last one closes it.
    pub requests: u32,
}

impl Limits {
    /// 8 KiB of request line, 32 KiB of head in 100 fields, 64 KiB discarded, 10 000 requests.
    pub const DEFAULT: Self =
        Self { request_line: 8 << 10, head: 32 << 10, fields: 100, drain: 64 << 10, requests: 10_000 };

    pub(super) fn of_parser(self) -> http1::Limits {
        http1::Limits { head_size: self.head, fields: self.fields, chunk_extensions: 4 << 10 }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// How long a peer may take, in milliseconds; `u64::MAX` for any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// From the beginning of the connection to its first byte.
    pub first_byte: u64,
    /// From the first byte of a head to its last; a slower one is answered with 408.
    pub head: u64,
    /// After a response, to the first byte of the next request.
    pub idle: u64,
    /// Before the rate of a body is looked at.
    pub body_grace: u64,
    /// Bytes per second that a body must bring, on average over the time it was read. Zero for any rate.
    pub body_rate: u64,
    /// Without the peer having taken any of the data that waits to be sent.
    pub write: u64,
}

impl Timeouts {
    /// 10 s to the first byte, 10 s for a head, 60 s between requests, 240 B/s of body after 5 s, 60 s without progress
    /// in sending.
    pub const DEFAULT: Self = Self {
        first_byte: 10_000,
        head: 10_000,
        idle: 60_000,
        body_grace: 5_000,
        body_rate: 240,
        write: 60_000,
    };
}

impl Default for Timeouts {
    fn default() -> Self {
        Self::DEFAULT
    }
}
