//! From the bytes that arrive to events.

use super::{Notice, Protocol, Side, State};
use crate::websocket::close::Close;
use crate::websocket::error::Error;
use crate::websocket::extension::Extension;
use crate::websocket::frame::Frame;
use crate::websocket::{Control, Data, OpCode, opcode};

impl Protocol {
    /// Processes bytes that arrived.
    ///
    /// Bytes that are wrong are not an error of this call: they fail the connection, and
    /// [`error`](Self::error) says why.
    ///
    /// # Errors
    /// [`Error::Ended`] after [`receive_eof`](Self::receive_eof).
    pub fn receive_data(&mut self, data: &[u8], extension: &mut dyn Extension) -> Result<(), Error> {
        if self.eof_received {
            return Err(Error::Ended);
        }
        let mut rest = data;
        while let Some(frame) = self.next_frame(&mut rest, extension) {
            if let Err(error) = self.receive_frame(frame, extension) {
                self.fail_with(error, extension);
            }
        }
        Ok(())
    }

    /// Processes the end of the peer's stream; calling it again does nothing.
    pub fn receive_eof(&mut self, extension: &mut dyn Extension) {
        if self.eof_received {
            return;
        }
        self.eof_received = true;
        if self.discards {
            self.finish();
        } else {
            if self.verbose && self.reader.is_between_frames() {
                self.notices.push(Notice::ReceivedEof);
            }
            let error = self.reader.end();
            self.fail_with(error, extension);
        }
    }

    /// Records the end of the peer's stream during the opening handshake, which decides what it means.
    pub fn note_eof(&mut self) {
        self.eof_received = true;
    }

    /// The next complete frame of what has arrived, decoded and checked.
    fn next_frame(&mut self, data: &mut &[u8], extension: &mut dyn Extension) -> Option<Frame> {
        let frame = self.next_raw_frame(data, extension)?;
        let limit = self.limit();
        match extension.decode(frame, limit).and_then(|frame| frame.check().map(|()| frame)) {
            Ok(frame) => {
                if self.verbose {
                    self.notices.push(Notice::Received(frame.clone()));
                }
                Some(frame)
            }
            Err(error) => {
                self.fail_with(error, extension);
                None
            }
        }
    }

    /// The next complete frame of what has arrived, before extensions; takes what it reads off `data`.
    ///
    /// For a caller that decodes frames itself, and passes them to [`receive_frame`](Self::receive_frame).
    pub fn next_raw_frame(&mut self, data: &mut &[u8], extension: &mut dyn Extension) -> Option<Frame> {
        if self.discards {
            *data = &[];
            return None;
        }
        match self.reader.read(data, self.limit()) {
            Ok(frame) => frame,
            Err(error) => {
                self.fail_with(error, extension);
                None
            }
        }
    }

    /// The maximum payload of the next data frame, in bytes.
    pub fn limit(&self) -> Option<u64> {
        let message = self.limits.message.map(|limit| limit.saturating_sub(self.received_size.unwrap_or(0)));
        match (message, self.limits.fragment) {
            (Some(message), Some(fragment)) => Some(message.min(fragment)),
            (message, fragment) => message.or(fragment),
        }
    }

    /// Processes a frame, and makes an event of it.
    ///
    /// # Errors
    /// The rule that it breaks: the connection is to be failed with it.
    pub fn receive_frame(&mut self, frame: Frame, extension: &mut dyn Extension) -> Result<(), Error> {
        let size = frame.data.len() as u64;
        match frame.opcode {
            OpCode::Data(Data::Text | Data::Binary) => {
                if self.received_size.is_some() {
                    return Err(Error::protocol("expected a continuation frame"));
                }
                if !frame.fin {
                    self.received_size = Some(size);
                }
            }
            OpCode::Data(Data::Continue) => {
                let Some(before) = self.received_size else {
                    return Err(Error::protocol("unexpected continuation frame"));
                };
                self.received_size = if frame.fin { None } else { Some(before.saturating_add(size)) };
            }
            OpCode::Control(Control::Ping) => {
                self.emit(Frame::borrowed(opcode::PONG, true, &frame.data), extension)?;
            }
            OpCode::Control(Control::Pong) => {}
            OpCode::Control(Control::Close) => self.receive_close(&frame, extension)?,
            OpCode::Data(Data::Reserved(_)) | OpCode::Control(Control::Reserved(_)) => {
                return Err(Error::protocol("invalid opcode"));
            }
        }
        self.events.push(frame);
        Ok(())
    }

    fn receive_close(&mut self, frame: &Frame, extension: &mut dyn Extension) -> Result<(), Error> {
        let close = Close::parse(&frame.data)?;
        self.close_received = Some(close.clone());
        if self.state == State::Closing {
            self.received_then_sent = Some(false);
        }
        if self.received_size.is_some() {
            return Err(Error::protocol("incomplete fragmented message"));
        }
        if self.state == State::Open {
            // The same payload: an empty one has no code to send.
            self.emit(Frame::borrowed(opcode::CLOSE, true, &frame.data), extension)?;
            self.close_sent = Some(close);
            self.received_then_sent = Some(true);
            self.set_state(State::Closing);
        }
        if self.side == Side::Server {
            self.send_eof();
        }
        self.discard();
        Ok(())
    }
}
