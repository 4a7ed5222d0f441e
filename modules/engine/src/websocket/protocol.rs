//! A connection after its opening handshake: frames in, frames out, and the closing handshake.

use std::borrow::Cow;

use super::close::{self, Close};
use super::error::Error;
use super::extension::Extension;
use super::frame::{Frame, FrameReader, Opcode};
use super::mask;
use super::output::Output;

/// Which end of the connection this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// It was connected to.
    Server,
    /// It has connected.
    Client,
}

/// How far the connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The opening handshake is going on.
    Connecting,
    /// Messages come and go.
    Open,
    /// A close frame was sent.
    Closing,
    /// The connection has ended.
    Closed,
}

impl State {
    /// The name, in capitals.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connecting => "CONNECTING",
            Self::Open => "OPEN",
            Self::Closing => "CLOSING",
            Self::Closed => "CLOSED",
        }
    }
}

/// How large what arrives may be, in bytes, after inflating.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A message.
    pub message: Option<u64>,
    /// A frame.
    pub fragment: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { message: Some(1 << 20), fragment: None }
    }
}

/// Something that happened, for a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A frame arrived.
    Received(Frame),
    /// The stream ended.
    ReceivedEof,
    /// A frame is to be sent.
    Sent(Frame),
    /// The end of the stream is to be sent.
    SentEof,
    /// The connection came into a state.
    State(State),
    /// A server's connection has ended; this is noticed even if nothing else is to be.
    Finished,
}

/// What was to be sent, but still has to go through extensions that the caller runs.
#[derive(Debug, PartialEq, Eq)]
pub enum Deferred {
    /// A frame to encode, write and push.
    Frame(Frame),
    /// The end of the stream.
    Eof,
}

/// The machine. It neither reads nor writes: whoever owns the connection passes on what arrives, takes the
/// output away, and takes the events.
///
/// Extensions are given with each call, `()` for none, so that their owner may keep them where it likes.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "what has happened, independently")]
pub struct Protocol {
    side: Side,
    state: State,
    limits: Limits,
    reader: FrameReader,
    /// The size of the fragments so far of the message that is arriving.
    received_size: Option<u64>,
    sends_fragments: bool,
    close_received: Option<Close>,
    close_sent: Option<Close>,
    received_then_sent: Option<bool>,
    eof_received: bool,
    eof_sent: bool,
    discards: bool,
    events: Vec<Frame>,
    output: Output,
    error: Option<Error>,
    verbose: bool,
    notices: Vec<Notice>,
    deferred: Option<Vec<Deferred>>,
    new_mask: fn() -> [u8; 4],
}

impl Protocol {
    /// A connection in a state, which is [`State::Open`] unless an opening handshake is to come.
    pub fn new(side: Side, state: State, limits: Limits) -> Self {
        Self {
            side,
            state,
            limits,
            reader: FrameReader::new(side == Side::Server),
            received_size: None,
            sends_fragments: false,
            close_received: None,
            close_sent: None,
            received_then_sent: None,
            eof_received: false,
            eof_sent: false,
            discards: false,
            events: Vec::new(),
            output: Output::default(),
            error: None,
            verbose: false,
            notices: Vec::new(),
            deferred: None,
            new_mask: mask::random,
        }
    }

    /// Takes the masks of a client's frames from elsewhere: for tests that compare bytes.
    pub fn set_masks(&mut self, new_mask: fn() -> [u8; 4]) {
        self.new_mask = new_mask;
    }

    /// Whether to notice what a log wants to know.
    pub fn set_verbose(&mut self, verbose: bool) {
        self.verbose = verbose;
    }

    /// What was noticed since the last call.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    /// Whether there is something to take for the log.
    pub fn has_notices(&self) -> bool {
        !self.notices.is_empty()
    }

    /// From now on frames to be sent are put aside, for the caller to encode, or no longer. What is put
    /// aside remains until it is taken.
    pub fn set_deferring(&mut self, deferring: bool) {
        match (&mut self.deferred, deferring) {
            (deferred @ None, true) => *deferred = Some(Vec::new()),
            (deferred @ Some(_), false) if deferred.as_ref().is_some_and(Vec::is_empty) => *deferred = None,
            _ => {}
        }
    }

    /// What was put aside since the last call.
    pub fn take_deferred(&mut self) -> Vec<Deferred> {
        self.deferred.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Whether something is put aside.
    pub fn has_deferred(&self) -> bool {
        self.deferred.as_ref().is_some_and(|deferred| !deferred.is_empty())
    }

    /// Which end this is.
    pub const fn side(&self) -> Side {
        self.side
    }

    /// How far the connection has come.
    pub const fn state(&self) -> State {
        self.state
    }

    /// Changes the state, as the opening handshake does.
    pub fn set_state(&mut self, state: State) {
        if self.verbose {
            self.notices.push(Notice::State(state));
        }
        self.state = state;
    }

    /// How large what arrives may be.
    pub const fn limits(&self) -> Limits {
        self.limits
    }

    /// Changes how large what arrives from now on may be.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// What the peer's close frame said.
    pub const fn close_received(&self) -> Option<&Close> {
        self.close_received.as_ref()
    }

    /// What our close frame said.
    pub const fn close_sent(&self) -> Option<&Close> {
        self.close_sent.as_ref()
    }

    /// Whether the peer's close frame came first; `None` unless there are both.
    pub const fn received_then_sent(&self) -> Option<bool> {
        self.received_then_sent
    }

    /// Replaces what is known about the closing handshake.
    pub fn set_close(
        &mut self,
        received: Option<Close>,
        sent: Option<Close>,
        received_then_sent: Option<bool>,
    ) {
        self.close_received = received;
        self.close_sent = sent;
        self.received_then_sent = received_then_sent;
    }

    /// The error that the connection failed with.
    pub const fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }

    /// The same, to keep.
    pub fn take_error(&mut self) -> Option<Error> {
        self.error.take()
    }

    /// Whether a message is being sent in fragments.
    pub const fn sends_fragments(&self) -> bool {
        self.sends_fragments
    }

    /// Whether the end of our stream is, or has been, among the output.
    pub const fn eof_sent(&self) -> bool {
        self.eof_sent
    }

    /// Whether the end of the peer's stream has come.
    pub const fn eof_received(&self) -> bool {
        self.eof_received
    }

    /// Whether nothing that arrives is looked at any more.
    pub const fn discards(&self) -> bool {
        self.discards
    }

    /// The size so far of the message that is arriving in fragments, in bytes.
    pub const fn received_size(&self) -> Option<u64> {
        self.received_size
    }

    /// Whether the connection should be ended by the peer soon, and by us if it is not.
    pub const fn close_expected(&self) -> bool {
        match self.state {
            State::Connecting => self.eof_sent,
            State::Open | State::Closed => false,
            State::Closing => true,
        }
    }

    /// What is allocated for a frame that has not arrived completely, in bytes.
    pub const fn held_bytes(&self) -> usize {
        self.reader.held_bytes()
    }

    /// The frames that have arrived since the last call.
    pub fn take_events(&mut self) -> Vec<Frame> {
        std::mem::take(&mut self.events)
    }

    /// Whether frames have arrived.
    pub fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// What is to be sent since the last call.
    pub fn take_output(&mut self) -> Output {
        std::mem::take(&mut self.output)
    }

    /// Whether something is to be sent.
    pub fn has_output(&self) -> bool {
        !self.output.is_empty()
    }

    /// Sends bytes that are not a frame, or that are one already.
    pub fn push_output(&mut self, bytes: &[u8]) {
        self.output.push(|out| out.extend_from_slice(bytes));
    }

    /// Puts the end of the stream, which was put aside, among the output.
    pub fn push_eof(&mut self) {
        self.output.push_eof();
    }

    /// Processes what has arrived.
    ///
    /// What is wrong with it is no error here: it fails the connection, and [`error`](Self::error) tells.
    ///
    /// # Errors
    /// [`Error::Ended`] after [`receive_eof`](Self::receive_eof).
    pub fn receive_data(&mut self, data: &[u8], extension: &mut dyn Extension) -> Result<(), Error> {
        if self.eof_received {
            return Err(Error::Ended);
        }
        let mut rest = data;
        while let Some(frame) = self.next_frame(&mut rest, extension) {
            self.receive_frame_or_fail(frame, extension);
        }
        Ok(())
    }

    /// Processes the end of the peer's stream; again, it does nothing.
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

    /// Notes the end of the peer's stream during the opening handshake, which decides what it means.
    pub fn note_eof(&mut self) {
        self.eof_received = true;
    }

    /// The next frame of what has arrived, decoded and checked, if it is complete.
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

    /// The next frame of what has arrived, as it came, if it is complete; takes off what it reads.
    ///
    /// For a caller that decodes frames itself, and gives them to [`receive_frame`](Self::receive_frame).
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

    /// What the payload of the next data frame may have, in bytes.
    pub fn limit(&self) -> Option<u64> {
        let message = self.limits.message.map(|limit| limit.saturating_sub(self.received_size.unwrap_or(0)));
        match (message, self.limits.fragment) {
            (Some(message), Some(fragment)) => Some(message.min(fragment)),
            (message, fragment) => message.or(fragment),
        }
    }

    fn receive_frame_or_fail(&mut self, frame: Frame, extension: &mut dyn Extension) {
        if let Err(error) = self.receive_frame(frame, extension) {
            self.fail_with(error, extension);
        }
    }

    /// Processes a frame, and makes an event of it.
    ///
    /// # Errors
    /// The rule that it breaks: the connection is to be failed with it.
    pub fn receive_frame(&mut self, frame: Frame, extension: &mut dyn Extension) -> Result<(), Error> {
        let size = frame.data.len() as u64;
        match frame.opcode {
            Opcode::Text | Opcode::Binary => {
                if self.received_size.is_some() {
                    return Err(Error::protocol("expected a continuation frame"));
                }
                if !frame.fin {
                    self.received_size = Some(size);
                }
            }
            Opcode::Continuation => {
                let Some(before) = self.received_size else {
                    return Err(Error::protocol("unexpected continuation frame"));
                };
                self.received_size = if frame.fin { None } else { Some(before.saturating_add(size)) };
            }
            Opcode::Ping => self.emit(Frame::borrowed(Opcode::Pong, true, &frame.data), extension)?,
            Opcode::Pong => {}
            Opcode::Close => self.receive_close(&frame, extension)?,
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
            // As it came: what was empty has no code to send.
            self.emit(Frame::borrowed(Opcode::Close, true, &frame.data), extension)?;
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

    /// Fails the connection with what is wrong.
    pub fn fail_with(&mut self, mut error: Error, extension: &mut dyn Extension) {
        if let Error::TooBig(too_big) = &mut error {
            too_big.before = self.received_size;
        }
        let code = match &error {
            Error::Protocol(_) => close::PROTOCOL_ERROR,
            Error::UnexpectedEof(_) | Error::Ended => close::ABNORMAL_CLOSURE,
            Error::InvalidUtf8(_) => close::INVALID_DATA,
            Error::TooBig(_) => close::MESSAGE_TOO_BIG,
            Error::State(_) | Error::Foreign(_) => close::INTERNAL_ERROR,
        };
        // What else is wrong is nothing for the peer to know.
        let reason = if code == close::INTERNAL_ERROR { String::new() } else { error.to_string() };
        self.fail_anyway(code, reason, extension);
        self.error = Some(error);
    }

    /// Fails the connection as [`fail`](Self::fail) does, even if no close frame can be sent.
    pub fn fail_anyway(&mut self, code: u16, reason: String, extension: &mut dyn Extension) {
        if self.fail(code, &reason, extension).is_err() {
            if self.state == State::Open {
                self.set_state(State::Closing);
            }
            self.give_up();
        }
    }

    /// Fails the connection: sends a close frame if none was sent, unless the code is 1006, and looks at
    /// nothing that arrives any more.
    ///
    /// # Errors
    /// [`Error::Protocol`] for a code that must not be sent or a reason that is too long.
    pub fn fail(&mut self, code: u16, reason: &str, extension: &mut dyn Extension) -> Result<(), Error> {
        if self.state == State::Open && code != close::ABNORMAL_CLOSURE {
            let close = Close::new(code, reason);
            let data = close.serialize()?;
            self.emit(Frame::borrowed(Opcode::Close, true, &data), extension)?;
            self.close_sent = Some(close);
            if self.close_received.is_some() {
                self.received_then_sent = Some(true);
            }
            self.set_state(State::Closing);
        }
        self.give_up();
        Ok(())
    }

    fn give_up(&mut self) {
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

    /// Looks at nothing that arrives from now on, until the stream ends.
    pub fn discard(&mut self) {
        self.discards = true;
        if self.eof_received {
            self.finish();
        }
    }

    fn finish(&mut self) {
        if self.side == Side::Client && self.state != State::Connecting {
            self.send_eof();
        }
        self.set_state(State::Closed);
        if self.side == Side::Server {
            self.notices.push(Notice::Finished);
        }
    }

    /// Sends text, binary data or another fragment of them.
    ///
    /// # Errors
    /// [`Error::Protocol`] for a fragment that does not belong there, [`Error::State`] unless the connection
    /// is open, and what the extension fails with.
    pub fn send_data(
        &mut self,
        opcode: Opcode,
        data: &[u8],
        fin: bool,
        extension: &mut dyn Extension,
    ) -> Result<(), Error> {
        match (opcode == Opcode::Continuation, self.sends_fragments) {
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

    /// Sends a close frame.
    ///
    /// # Errors
    /// [`Error::State`] unless the connection is open; [`Error::Protocol`] for a code that must not be sent,
    /// and for a reason without a code or of more than 123 bytes.
    pub fn send_close(
        &mut self,
        code: Option<u16>,
        reason: &str,
        extension: &mut dyn Extension,
    ) -> Result<(), Error> {
        if self.state != State::Open {
            return Err(Error::State(self.state));
        }
        let (close, data) = match code {
            None if reason.is_empty() => (Close::new(close::NO_STATUS_RCVD, ""), Vec::new()),
            None => return Err(Error::protocol("cannot send a reason without a code")),
            Some(code) => {
                let close = Close::new(code, reason);
                let data = close.serialize()?;
                (close, data)
            }
        };
        self.emit(Frame::borrowed(Opcode::Close, true, &data), extension)?;
        self.close_sent = Some(close);
        self.set_state(State::Closing);
        Ok(())
    }

    /// Sends a ping.
    ///
    /// # Errors
    /// [`Error::State`] unless the connection is open or closing; [`Error::Protocol`] for more than 125 bytes.
    pub fn send_ping(&mut self, data: &[u8], extension: &mut dyn Extension) -> Result<(), Error> {
        self.send_control(Opcode::Ping, data, extension)
    }

    /// Sends a pong.
    ///
    /// # Errors
    /// [`Error::State`] unless the connection is open or closing; [`Error::Protocol`] for more than 125 bytes.
    pub fn send_pong(&mut self, data: &[u8], extension: &mut dyn Extension) -> Result<(), Error> {
        self.send_control(Opcode::Pong, data, extension)
    }

    fn send_control(
        &mut self,
        opcode: Opcode,
        data: &[u8],
        extension: &mut dyn Extension,
    ) -> Result<(), Error> {
        if !matches!(self.state, State::Open | State::Closing) {
            return Err(Error::State(self.state));
        }
        self.emit(Frame::borrowed(opcode, true, data), extension)
    }

    /// Puts a frame among the output, or aside.
    ///
    /// # Errors
    /// [`Error::Protocol`] for a frame that breaks a rule, and what the extension fails with.
    pub fn emit(&mut self, frame: Frame<Cow<'_, [u8]>>, extension: &mut dyn Extension) -> Result<(), Error> {
        frame.check()?;
        // Who sends what is put aside logs it then.
        if let Some(deferred) = &mut self.deferred {
            deferred.push(Deferred::Frame(frame.with_data(Cow::into_owned)));
            return Ok(());
        }
        if self.verbose {
            self.notices.push(Notice::Sent(frame.clone().with_data(Cow::into_owned)));
        }
        let frame = extension.encode(frame)?;
        let mask = match self.side {
            Side::Client => Some((self.new_mask)()),
            Side::Server => None,
        };
        self.output.push(|out| frame.write(mask, out));
        Ok(())
    }
}
