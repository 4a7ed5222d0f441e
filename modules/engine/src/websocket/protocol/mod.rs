//! A connection after its opening handshake: frames in, frames out, and the closing handshake.
//!
//! | file | what it does |
//! |---|---|
//! | `receive` | bytes that arrived become frames, and frames events |
//! | `send` | messages, pings and pongs become output |
//! | `close` | the closing handshake, failures, and the end of the stream |

mod close;
mod receive;
mod send;

use super::close::Close;
use super::error::Error;
use super::frame::{Frame, FrameReader};
use super::mask;
use super::output::Output;

/// Which end of the connection this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The end that accepted the connection.
    Server,
    /// The end that connected.
    Client,
}

/// The state of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The opening handshake is in progress.
    Connecting,
    /// Messages can be sent and received.
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
    /// The connection entered a state.
    State(State),
    /// A server's connection has ended; recorded even when the log is not verbose.
    Finished,
}

/// Something to be sent that still has to go through extensions which the caller runs.
#[derive(Debug, PartialEq, Eq)]
pub enum Deferred {
    /// A frame to encode, write and push.
    Frame(Frame),
    /// The end of the stream.
    Eof,
}

/// The state machine. It neither reads nor writes: the owner of the connection feeds it what arrives, and takes
/// the output and the events.
///
/// Extensions are passed to each call, `()` for none, so that their owner may keep them where it likes.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent of each other")]
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
    new_key: fn() -> [u8; 4],
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
            new_key: mask::random_key,
        }
    }

    /// Takes the masking keys of a client's frames from elsewhere, for tests that compare bytes.
    #[cfg(test)]
    pub(super) fn set_masking_keys(&mut self, new_key: fn() -> [u8; 4]) {
        self.new_key = new_key;
    }

    /// Sets whether to record notices for a log.
    pub fn set_verbose(&mut self, verbose: bool) {
        self.verbose = verbose;
    }

    /// The notices since the last call.
    pub fn take_notices(&mut self) -> Vec<Notice> {
        std::mem::take(&mut self.notices)
    }

    /// Whether there are notices.
    pub fn has_notices(&self) -> bool {
        !self.notices.is_empty()
    }

    /// Sets whether frames to be sent are deferred, for the caller to encode. What was deferred stays until it is
    /// taken.
    pub fn set_deferring(&mut self, deferring: bool) {
        match (&mut self.deferred, deferring) {
            (deferred @ None, true) => *deferred = Some(Vec::new()),
            (deferred @ Some(_), false) if deferred.as_ref().is_some_and(Vec::is_empty) => *deferred = None,
            _ => {}
        }
    }

    /// What was deferred since the last call.
    pub fn take_deferred(&mut self) -> Vec<Deferred> {
        self.deferred.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Whether something is deferred.
    pub fn has_deferred(&self) -> bool {
        self.deferred.as_ref().is_some_and(|deferred| !deferred.is_empty())
    }

    /// Which end this is.
    pub const fn side(&self) -> Side {
        self.side
    }

    /// The state of the connection.
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

    /// The contents of the peer's close frame.
    pub const fn close_received(&self) -> Option<&Close> {
        self.close_received.as_ref()
    }

    /// The contents of our close frame.
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

    /// Takes the error that the connection failed with.
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

    /// Whether the peer's stream has ended.
    pub const fn eof_received(&self) -> bool {
        self.eof_received
    }

    /// Whether everything that arrives is ignored.
    pub const fn discards(&self) -> bool {
        self.discards
    }

    /// The size so far of the message that is arriving in fragments, in bytes.
    pub const fn received_size(&self) -> Option<u64> {
        self.received_size
    }

    /// Whether the peer should end the connection soon; if it does not, we have to.
    pub const fn close_expected(&self) -> bool {
        match self.state {
            State::Connecting => self.eof_sent,
            State::Open | State::Closed => false,
            State::Closing => true,
        }
    }

    /// How much is allocated for a frame that has not arrived completely, in bytes.
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
    #[cfg(test)]
    pub(super) fn has_output(&self) -> bool {
        !self.output.is_empty()
    }
}
