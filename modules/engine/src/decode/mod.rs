//! Content decoding (RFC 9110 section 8.4): gzip, deflate, br, zstd, in any stacking, incrementally.

use bytes::Bytes;

use crate::error::Result;

/// What `Accept-Encoding` offers by default.
pub const ACCEPT_ENCODING: &str = "gzip, deflate, br, zstd";

/// An incremental decoder for a `Content-Encoding`.
#[derive(Debug)]
pub struct Decoder {}

impl Decoder {
    /// A decoder for the codings of the given `Content-Encoding` values; unknown codings are left
    /// as they are (httpx's rule). `limit` bounds the total decoded size in bytes.
    pub fn new<'a>(_content_encodings: impl IntoIterator<Item = &'a [u8]>, _limit: Option<u64>) -> Self {
        todo!()
    }
    /// Whether bytes pass through unchanged.
    pub fn is_identity(&self) -> bool {
        todo!()
    }
    /// Starts on the next piece of encoded data. Take what comes of it with [`Decoder::next_chunk`].
    pub fn feed(&mut self, _data: Bytes) {
        todo!()
    }
    /// Says that no more data comes: what is still held back can then be taken.
    pub fn finish(&mut self) {
        todo!()
    }
    /// The next decoded piece, of a bounded size whatever the compression ratio; `None` when more
    /// input is needed, or after [`Decoder::finish`] at the end.
    ///
    /// # Errors
    /// `DecodingError` for data that does not decode or for more output than the limit.
    pub fn next_chunk(&mut self) -> Result<Option<Bytes>> {
        todo!()
    }
}
