//! Classes of bytes.

/// A table of the bytes in a class.
pub(super) struct Class([bool; 256]);

impl Class {
    const fn range(mut self, first: u8, last: u8) -> Self {
        let mut byte = first as usize;
        while byte <= last as usize {
            self.0[byte] = true;
            byte += 1;
        }
        self
    }

    const fn and(mut self, bytes: &[u8]) -> Self {
        let mut index = 0;
        while index < bytes.len() {
            self.0[bytes[index] as usize] = true;
            index += 1;
        }
        self
    }

    const fn without(mut self, bytes: &[u8]) -> Self {
        let mut index = 0;
        while index < bytes.len() {
            self.0[bytes[index] as usize] = false;
            index += 1;
        }
        self
    }

    const fn none() -> Self {
        Self([false; 256])
    }

    const fn alphanumeric() -> Self {
        Self::none().range(b'0', b'9').range(b'A', b'Z').range(b'a', b'z')
    }

    /// Whether the byte is in the class.
    pub(super) const fn has(&self, byte: u8) -> bool {
        self.0[byte as usize]
    }

    /// How many bytes at the start of `bytes` are in the class.
    pub(super) fn run(&self, bytes: &[u8]) -> usize {
        bytes.iter().position(|&byte| !self.has(byte)).unwrap_or(bytes.len())
    }
}

/// `token` (RFC 9110 section 5.6.2).
pub(super) static TOKEN: Class = Class::alphanumeric().and(b"!#$%&'*+-.^_`|~");

/// What a field's value may hold: tab, space, visible and non-ASCII bytes (RFC 9110 section 5.5).
pub(super) static FIELD_VALUE: Class = Class::none().and(b"\t").range(b' ', b'~').range(0x80, 0xff);

/// What may stand between the quotes of a quoted string, without the backslash.
pub(super) static QUOTED: Class =
    Class::none().and(b"\t").range(b' ', b'~').range(0x80, 0xff).without(b"\"\\");

/// The path of a URL; a query may have `?` besides, a fragment `?` and `#`.
pub(super) static URL: Class = Class::none().range(b'!', b'~').without(b"#?");

/// The user information of a URL, and what may stand before a path at all.
pub(super) static USER_INFO: Class = Class::alphanumeric().and(b"-_.!~*'()%;:&=+$,");

/// A host name in a URL.
pub(super) static HOST: Class = Class::alphanumeric().and(b".-");

/// The zone of an IPv6 address (RFC 6874).
pub(super) static ZONE: Class = Class::alphanumeric().and(b"%.-_~");
