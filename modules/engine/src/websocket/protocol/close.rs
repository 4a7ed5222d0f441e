//! The closing handshake, failures, and the end of the stream.

use super::{Deferred, Notice, Protocol, Side, State};
use crate::websocket::close::Close;
use crate::websocket::error::Error;
use crate::websocket::extension::Extension;
use crate::websocket::frame::Frame;
use crate::websocket::{CloseCode, opcode};

impl Protocol {
    /// Sends a close frame.
    ///
    /// # Errors
    /// [`Error::State`] unless the connection is open; [`Error::Protocol`] for a code that must not be sent,
    /// and for a reason without a code or of more than 123 bytes.
    pub fn send_close(
        &mut self,
        code: Option<CloseCode>,
        reason: &str,
        extension: &mut dyn Extension,
    ) -> Result<(), Error> {
        if self.state != State::Open {
            return Err(Error::State(self.state));
        }
        let (close, data) = match code {
            None if reason.is_empty() => (Close::new(CloseCode::Status, ""), Vec::new()),
            None => return Err(Error::protocol("cannot send a reason without a code")),
            Some(code) => {
                let close = Close::new(code, reason);
                let data = close.serialize()?;
                (close, data)
            }
        };
        self.emit(Frame::borrowed(opcode::CLOSE, true, &data), extension)?;
        self.close_sent = Some(close);
        self.set_state(State::Closing);
        Ok(())
    }

    /// Fails the connection because of an error.
    pub fn fail_with(&mut self, mut error: Error, extension: &mut dyn Extension) {
        if let Error::TooBig(too_big) = &mut error {
            too_big.before = self.received_size;
        }
        let code = match &error {
            Error::Protocol(_) => CloseCode::Protocol,
            Error::UnexpectedEof(_) | Error::Ended => CloseCode::Abnormal,
            Error::InvalidUtf8(_) => CloseCode::Invalid,
            Error::TooBig(_) => CloseCode::Size,
            Error::State(_) => CloseCode::Error,
        };
        // The peer is not told the details of an internal error.
        let reason = if code == CloseCode::Error { String::new() } else { error.to_string() };
        self.fail_anyway(code, &reason, extension);
        self.error = Some(error);
    }

    /// Fails the connection as [`fail`](Self::fail) does, even if no close frame can be sent.
    pub fn fail_anyway(&mut self, code: CloseCode, reason: &str, extension: &mut dyn Extension) {
        if self.fail(code, reason, extension).is_err() {
            if self.state == State::Open {
                self.set_state(State::Closing);
            }
            self.stop_reading();
        }
    }

    /// Fails the connection: sends a close frame if none was sent, unless the code is [`CloseCode::Abnormal`], and
    /// ignores everything that still arrives.
    ///
    /// # Errors
    /// [`Error::Protocol`] for a code that must not be sent or a reason that is too long.
    pub fn fail(
        &mut self,
        code: CloseCode,
        reason: &str,
        extension: &mut dyn Extension,
    ) -> Result<(), Error> {
        if self.state == State::Open && code != CloseCode::Abnormal {
            let close = Close::new(code, reason);
            let data = close.serialize()?;
            self.emit(Frame::borrowed(opcode::CLOSE, true, &data), extension)?;
            self.close_sent = Some(close);
            if self.close_received.is_some() {
                self.received_then_sent = Some(true);
            }
            self.set_state(State::Closing);
        }
        self.stop_reading();
        Ok(())
    }

    fn stop_reading(&mut self) {
        if self.side == Side::Server {
            self.send_eof();
        }
        self.discard();
    }

    /// Sends the end of the stream, once.
    pub fn send_eof(&mut self) {
        if self.eof_sent {
            return;
        }
        self.eof_sent = true;
        if self.verbose {
            self.notices.push(Notice::SentEof);
        }
        match &mut self.deferred {
            Some(deferred) => deferred.push(Deferred::Eof),
            None => self.output.push_eof(),
        }
    }

    /// Ignores everything that arrives from now on, until the stream ends.
    pub fn discard(&mut self) {
        self.discards = true;
        if self.eof_received {
            self.finish();
        }
    }

    /// The stream has ended after the closing handshake or a failure.
    pub(super) fn finish(&mut self) {
        if self.side == Side::Client && self.state != State::Connecting {
            self.send_eof();
        }
        self.set_state(State::Closed);
        if self.side == Side::Server {
            self.notices.push(Notice::Finished);
        }
    }
}
