//! What an extension does to frames (RFC 6455 section 9).

use std::borrow::Cow;

use super::error::Error;
use super::frame::Frame;

/// An extension that a connection has agreed on.
pub trait Extension: Send {
    /// Undoes for a frame that arrived what the peer's extension did. The payload may have `limit` bytes
    /// afterwards.
    ///
    /// # Errors
    /// [`Error::TooBig`] beyond the limit, [`Error::Protocol`] for what the extension does not allow.
    fn decode(&mut self, frame: Frame, limit: Option<u64>) -> Result<Frame, Error>;

    /// Does to a frame what this extension is for, before it is sent.
    ///
    /// # Errors
    /// What the extension fails with.
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

/// Several, in the order in which they encode.
impl Extension for Vec<Box<dyn Extension>> {
    fn decode(&mut self, frame: Frame, limit: Option<u64>) -> Result<Frame, Error> {
        self.iter_mut().rev().try_fold(frame, |frame, extension| extension.decode(frame, limit))
    }

    fn encode<'a>(&mut self, frame: Frame<Cow<'a, [u8]>>) -> Result<Frame<Cow<'a, [u8]>>, Error> {
        self.iter_mut().try_fold(frame, |frame, extension| extension.encode(frame))
    }
}
