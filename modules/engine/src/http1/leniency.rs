//! Rules that a caller can switch off, knowing what they guard against.

use std::ops::BitOr;

/// A set of rules not to enforce. Each opens a way to smuggle requests past something that reads the
/// same bytes strictly; the default is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Leniencies(u16);

impl Leniencies {
    /// Enforce everything.
    pub const NONE: Self = Self(0);
    /// Any byte in a field's value, folded lines, spaces before the colon of some fields.
    pub const HEADERS: Self = Self(1);
    /// `Content-Length` beside `Transfer-Encoding`; the latter wins.
    pub const CHUNKED_LENGTH: Self = Self(1 << 1);
    /// A next message although the last said `Connection: close`.
    pub const KEEP_ALIVE: Self = Self(1 << 2);
    /// A request whose `Transfer-Encoding` does not end in `chunked`, or has it with HTTP/1.0.
    pub const TRANSFER_ENCODING: Self = Self(1 << 3);
    /// Any version of the form digit, dot, digit.
    pub const VERSION: Self = Self(1 << 4);
    /// Ignore what comes after the connection's last message.
    pub const DATA_AFTER_CLOSE: Self = Self(1 << 5);
    /// Lines that end in CR alone.
    pub const OPTIONAL_LF_AFTER_CR: Self = Self(1 << 6);
    /// Chunks without a line end after their data.
    pub const OPTIONAL_CRLF_AFTER_CHUNK: Self = Self(1 << 7);
    /// Lines that end in LF alone.
    pub const OPTIONAL_CR_BEFORE_LF: Self = Self(1 << 8);
    /// Spaces between a chunk's size and the end of its line.
    pub const SPACES_AFTER_CHUNK_SIZE: Self = Self(1 << 9);

    /// Whether all of `other` are in the set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether every rule is enforced.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Adds `other` to the set, or takes it out.
    pub fn set(&mut self, other: Self, on: bool) {
        self.0 = if on { self.0 | other.0 } else { self.0 & !other.0 };
    }

    /// The set as a number, for [`Leniencies::from_bits`].
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// The set of a number that [`Leniencies::bits`] gave.
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits & 0x3ff)
    }
}

impl BitOr for Leniencies {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
