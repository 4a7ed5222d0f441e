//! How much of a message's overhead is taken.

/// Bounds on what surrounds a body. Without them a peer can make a reader hold, or step over, any
/// amount of data that no handler ever sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a head, from the start line to the empty line; of trailers likewise.
    pub head_size: usize,
    /// Fields in a head, and in trailers.
    pub fields: usize,
    /// Bytes of the extensions of one chunk.
    pub chunk_extensions: usize,
}

impl Limits {
    /// 256 KiB of head in at most 1024 fields, 16 KiB of extensions.
    pub const DEFAULT: Self = Self { head_size: 256 << 10, fields: 1024, chunk_extensions: 16 << 10 };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
