//! What an extension does to frames (RFC 6455 section 9).

use std::borrow::Cow;

use super::error::Error;
use super::frame::Frame;

/// An extension that was negotiated for a connection.
pub trait Extension: Send {
    /// Reverses what the peer's extension did to a frame that arrived. The payload may have up to `limit` bytes
    /// afterwards.
    ///
    /// # Errors
    /// [`Error::TooBig`] beyond the limit, [`Error::Protocol`] for what the extension does not allow.
    fn decode(&mut self, frame: Frame, limit: Option<u64>) -> Result<Frame, Error>;

    /// Transforms a frame before it is sent.
    ///
    /// # Errors
    /// The extension's own.
    fn encode<'a>(&mut self, frame: Frame<Cow<'a, [u8]>>) -> Result<Frame<Cow<'a, [u8]>>, Error>;
}

/// No extension.
impl Extension for () {
    fn decode(&mut self, frame: Frame, _limit: Option<u64>) -> Result<Frame, Error> {
        Ok(frame)
    }

    fn encode<'a>(&mut self, frame: Frame<Cow<'a, [u8]>>) -> Result<Frame<Cow<'a, [u8]>>, Error> {
        Ok(frame)
    }
}
