//! What a parser tells about the messages it reads.

use super::{Message, Method};

/// Whether a body follows the head, besides what the head itself says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// As the head says.
    AsFramed,
    /// None, whatever the head says: the response to a `HEAD`, or what the receiver will not read as HTTP.
    Absent,
    /// None, and what follows is not HTTP: a `CONNECT` that succeeded.
    Tunnel,
}

impl Body {
    /// What follows a response, given the request that it answers (RFC 9112 section 6.3).
    pub fn of_response(request: Method, status: u16) -> Self {
        match (request, status) {
            (Method::Head, _) => Self::Absent,
            (Method::Connect, 200..=299) => Self::Tunnel,
            _ => Self::AsFramed,
        }
    }
}

/// The receiver of events, in the order of the methods here. Each does nothing unless it is overridden.
///
/// Whatever pieces the input came in, the events are the same, except that a body comes in other
/// pieces. [`Message`] tells what is known about the message so far. An `Err` ends the parsing for good.
pub trait Events {
    /// What a receiver can fail with; [`std::convert::Infallible`] if it cannot.
    type Error;

    /// The first byte of a message was seen.
    fn message_begin(&mut self, message: &mut Message) -> Result<(), Self::Error> {
        let _ = message;
        Ok(())
    }

    /// The target of a request, as it was sent. The method is known by now, the version not yet.
    fn target(&mut self, message: &mut Message, target: &[u8]) -> Result<(), Self::Error> {
        let _ = (message, target);
        Ok(())
    }

    /// The reason of a response, perhaps empty; left out where the status line has no space for it.
    fn reason(&mut self, message: &mut Message, reason: &[u8]) -> Result<(), Self::Error> {
        let _ = (message, reason);
        Ok(())
    }

    /// A field of the head or, after the last chunk, of the trailers. Whitespace before the value is
    /// not part of it, whitespace after it is.
    fn field(&mut self, message: &mut Message, name: &[u8], value: &[u8]) -> Result<(), Self::Error> {
        let _ = (message, name, value);
        Ok(())
    }

    /// The head is complete; gives what is to follow.
    fn head_complete(&mut self, message: &mut Message) -> Result<Body, Self::Error> {
        let _ = message;
        Ok(Body::AsFramed)
    }

    /// The line before a chunk: its size, zero for the last.
    fn chunk_begin(&mut self, message: &mut Message, size: u64) -> Result<(), Self::Error> {
        let _ = (message, size);
        Ok(())
    }

    /// A piece of the body, never empty.
    fn body(&mut self, message: &mut Message, piece: &[u8]) -> Result<(), Self::Error> {
        let _ = (message, piece);
        Ok(())
    }

    /// The end of a chunk; of the last, after the trailers.
    fn chunk_complete(&mut self, message: &mut Message) -> Result<(), Self::Error> {
        let _ = message;
        Ok(())
    }

    /// The end of the message.
    fn message_complete(&mut self, message: &mut Message) -> Result<(), Self::Error> {
        let _ = message;
        Ok(())
    }
}

/// Takes every event and does nothing: a parser then checks the input, no more.
impl Events for () {
    type Error = std::convert::Infallible;
}
