//! From messages, pings and pongs to output.

use std::borrow::Cow;

use super::{Deferred, Notice, Protocol, Side, State};
use crate::websocket::error::Error;
use crate::websocket::extension::Extension;
use crate::websocket::frame::Frame;
use crate::websocket::{OpCode, opcode};

impl Protocol {
    /// Sends text, binary data or another fragment of them.
    ///
    /// # Errors
    /// [`Error::Protocol`] for a fragment in the wrong place, [`Error::State`] unless the connection is open, and
    /// the extension's own errors.
    pub fn send_data(
        &mut self,
        opcode: OpCode,
        data: &[u8],
        fin: bool,
        extension: &mut dyn Extension,
    ) -> Result<(), Error> {
        match (opcode == opcode::CONTINUATION, self.sends_fragments) {
            (true, false) => return Err(Error::protocol("unexpected continuation frame")),
            (false, true) => return Err(Error::protocol("expected a continuation frame")),
            _ => {}
        }
        if self.state != State::Open {
            return Err(Error::State(self.state));
        }
        self.sends_fragments = !fin;
        self.emit(Frame::borrowed(opcode, fin, data), extension)
    }

    /// Sends a ping.
    ///
    /// # Errors
    /// [`Error::State`] unless the connection is open or closing; [`Error::Protocol`] for more than 125 bytes.
    pub fn send_ping(&mut self, data: &[u8], extension: &mut dyn Extension) -> Result<(), Error> {
        self.send_control(opcode::PING, data, extension)
    }

    /// Sends a pong.
    ///
    /// # Errors
    /// [`Error::State`] unless the connection is open or closing; [`Error::Protocol`] for more than 125 bytes.
    pub fn send_pong(&mut self, data: &[u8], extension: &mut dyn Extension) -> Result<(), Error> {
        self.send_control(opcode::PONG, data, extension)
    }

    fn send_control(
        &mut self,
        opcode: OpCode,
        data: &[u8],
        extension: &mut dyn Extension,
    ) -> Result<(), Error> {
        if !matches!(self.state, State::Open | State::Closing) {
            return Err(Error::State(self.state));
        }
        self.emit(Frame::borrowed(opcode, true, data), extension)
    }

    /// Adds a frame to the output, or defers it.
    ///
    /// # Errors
    /// [`Error::Protocol`] for a frame that breaks a rule, and the extension's own errors.
    pub fn emit(&mut self, frame: Frame<Cow<'_, [u8]>>, extension: &mut dyn Extension) -> Result<(), Error> {
        frame.check()?;
        // Deferred frames are logged when they are sent.
        if let Some(deferred) = &mut self.deferred {
            deferred.push(Deferred::Frame(frame.map_data(Cow::into_owned)));
            return Ok(());
        }
        if self.verbose {
            self.notices.push(Notice::Sent(frame.clone().map_data(Cow::into_owned)));
        }
        let frame = extension.encode(frame)?;
        let key = match self.side {
            Side::Client => Some((self.new_key)()),
            Side::Server => None,
        };
        self.output.push(|out| frame.write(key, out));
        Ok(())
    }

    /// Adds bytes to the output that are not a frame, or that are one already.
    pub fn push_output(&mut self, bytes: &[u8]) {
        self.output.push(|out| out.extend_from_slice(bytes));
    }

    /// Adds the end of the stream, which was deferred, to the output.
    pub fn push_eof(&mut self) {
        self.output.push_eof();
    }
}
