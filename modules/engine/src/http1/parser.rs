//! The machine: what it is reading, and how bytes move it on.

use super::chunks::Chunk;
use super::error::{Fault, Stop};
use super::fields::Field;
use super::input::Input;
use super::message::Framing;
use super::start_line::Line;
use super::{Error, ErrorKind, Events, Failure, Kind, Leniencies, Limits, Message};

/// What the parser reads next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// The first byte of a message, after empty lines.
    Start,
    Line(Line),
    Field(Field),
    Chunk(Chunk),
    /// So many bytes of a body.
    Length(u64),
    /// A body, to the end of the connection.
    UntilClose,
    /// Nothing: the last message closes the connection.
    Closed,
}

/// What became of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fed {
    /// How many bytes were taken: all, unless the protocol changed, or a message ended and
    /// [`Parser::stop_after_each_message`] was asked for.
    pub consumed: usize,
    /// Whether what follows is another protocol. A parser that is fed nevertheless reads on as HTTP.
    pub upgraded: bool,
}

/// Whether to go on with the input.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    On,
    Upgraded,
    /// A message is complete, and the receiver takes one at a time.
    Complete,
}

/// What a step of the machine gives.
pub(super) type Step<E> = Result<Flow, Stop<<E as Events>::Error>>;

/// Reads the messages of one direction of a connection: see [the module](super).
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Parser {
    pub(super) state: State,
    pub(super) message: Message,
    pub(super) limits: Limits,
    /// What came of a token that is not complete; of a field, the name and the value.
    pub(super) token: Vec<u8>,
    /// How much of `token` is the field's name.
    pub(super) name_length: usize,
    /// Whether the field's value went over several lines.
    pub(super) folded: bool,
    /// Whether it was taken in what the field means.
    pub(super) understood: bool,
    /// How many bytes and fields the head, or the trailers, have so far.
    pub(super) head_size: usize,
    pub(super) fields: usize,
    /// Whether fields are trailers.
    pub(super) trailing: bool,
    /// The size of the current chunk, and how many bytes of extensions it has.
    pub(super) chunk_size: u64,
    pub(super) extension_size: usize,
    /// How many bytes were fed before the current input.
    position: u64,
    error: Option<Error>,
    /// Whether a call of `feed` ends with the message.
    one_at_a_time: bool,
}

impl Parser {
    /// A parser of requests or responses.
    pub fn new(kind: Kind, limits: Limits) -> Self {
        Self {
            state: State::Start,
            message: Message::new(kind),
            limits,
            token: Vec::new(),
            name_length: 0,
            folded: false,
            understood: false,
            head_size: 0,
            fields: 0,
            trailing: false,
            chunk_size: 0,
            extension_size: 0,
            position: 0,
            error: None,
            one_at_a_time: false,
        }
    }

    /// Makes [`feed`](Self::feed) return at the end of each message, for receivers that answer a message before they
    /// read the next. [`Fed::consumed`] says where it ended; [`is_between_messages`](Self::is_between_messages) that
    /// it did.
    pub fn stop_after_each_message(&mut self) {
        self.one_at_a_time = true;
    }

    /// Whether no byte of a message was taken since the last one ended.
    pub fn is_between_messages(&self) -> bool {
        matches!(self.state, State::Start | State::Closed)
    }

    /// What is known about the message being read, or the last one. What its fields said is forgotten
    /// when it ends: the receiver of [`Events::message_complete`] still sees it.
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// The rules not enforced from here on.
    pub fn leniencies_mut(&mut self) -> &mut Leniencies {
        &mut self.message.leniencies
    }

    /// Reads `data`, the next bytes of the stream, and tells `events` what they mean.
    ///
    /// After an error nothing more can be read: every call gives the same one.
    pub fn feed<E: Events>(&mut self, data: &[u8], events: &mut E) -> Result<Fed, Failure<E::Error>> {
        if let Some(error) = self.error {
            return Err(Failure::Protocol(error));
        }
        let mut input = Input::new(data);
        let outcome = self.run(&mut input, events);
        let consumed = input.position();
        self.position = self.position.saturating_add(consumed as u64);
        match outcome {
            Ok(flow) => Ok(Fed { consumed, upgraded: flow == Flow::Upgraded }),
            Err(stop) => Err(self.stop(stop)),
        }
    }

    /// Tells that the stream has ended. Ends a body that was read until then; an error if a message is
    /// incomplete otherwise.
    pub fn finish<E: Events>(&mut self, events: &mut E) -> Result<(), Failure<E::Error>> {
        if let Some(error) = self.error {
            return Err(Failure::Protocol(error));
        }
        match self.state {
            State::Start | State::Closed => Ok(()),
            State::UntilClose => match events.message_complete(&mut self.message) {
                Ok(()) => {
                    self.next_message();
                    self.state = State::Closed;
                    Ok(())
                }
                Err(error) => Err(self.stop(Stop::Events(error))),
            },
            state => Err(self.stop(Fault(ErrorKind::Eof, incomplete(state, self.trailing)).into())),
        }
    }

    /// How many bytes of the stream were taken.
    pub fn position(&self) -> u64 {
        self.position
    }

    fn stop<E>(&mut self, stop: Stop<E>) -> Failure<E> {
        let offset = self.position;
        let (error, failure) = match stop {
            Stop::Fault(Fault(kind, reason)) => {
                let error = Error { kind, reason, offset };
                (error, Failure::Protocol(error))
            }
            Stop::Events(failure) => {
                let reason = "An event was refused";
                (Error { kind: ErrorKind::Refused, reason, offset }, Failure::Events(failure))
            }
        };
        self.error = Some(error);
        failure
    }

    fn run<E: Events>(&mut self, input: &mut Input<'_>, events: &mut E) -> Step<E> {
        while !input.is_empty() {
            let flow = match self.state {
                State::Start => self.start(input, events)?,
                State::Line(_) | State::Field(_) => self.head(input, events)?,
                State::Chunk(chunk) => self.chunk(chunk, input, events)?,
                State::Length(remaining) => self.counted(remaining, input, events)?,
                State::UntilClose => {
                    events.body(&mut self.message, input.take(usize::MAX)).map_err(Stop::Events)?;
                    Flow::On
                }
                State::Closed => self.closed(input)?,
            };
            if flow != Flow::On {
                return Ok(flow);
            }
        }
        Ok(Flow::On)
    }

    fn start<E: Events>(&mut self, input: &mut Input<'_>, events: &mut E) -> Step<E> {
        let Some(byte) = input.peek() else { return Ok(Flow::On) };
        if matches!(byte, b'\r' | b'\n') {
            input.bump();
            return Ok(Flow::On);
        }
        if self.message.leniencies.is_empty()
            && let Some(flow) = self.whole_head(input, events)?
        {
            return Ok(flow);
        }
        self.head_size = 0;
        self.fields = 0;
        self.token.clear();
        self.state = State::Line(Line::first(self.message.kind()));
        events.message_begin(&mut self.message).map_err(Stop::Events)?;
        Ok(Flow::On)
    }

    /// Reads on in a head or in trailers, up to as many bytes as they may have.
    fn head<E: Events>(&mut self, input: &mut Input<'_>, events: &mut E) -> Step<E> {
        let before = input.position();
        input.fence(self.limits.head_size.saturating_sub(self.head_size));
        if input.is_empty() {
            let what = if self.trailing { "Trailers are too large" } else { "Head is too large" };
            return Err(Fault(ErrorKind::TooLarge, what).into());
        }
        let mut flow = Flow::On;
        while flow == Flow::On && !input.is_empty() {
            flow = match self.state {
                State::Line(line) => self.line(line, input, events)?,
                State::Field(field) => self.field(field, input, events)?,
                _ => break,
            };
        }
        input.unfence();
        self.head_size = self.head_size.saturating_add(input.position() - before);
        Ok(flow)
    }

    /// The head is complete: goes on with what it says must follow.
    pub(super) fn head_complete<E: Events>(&mut self, events: &mut E) -> Step<E> {
        self.message.decide_upgrade();
        let body = events.head_complete(&mut self.message).map_err(Stop::Events)?;
        match self.message.framing(body)? {
            Framing::None => return self.message_complete(events),
            Framing::Length(length) => self.state = State::Length(length),
            Framing::Chunked => self.state = State::Chunk(Chunk::FirstDigit),
            Framing::UntilClose => self.state = State::UntilClose,
        }
        Ok(Flow::On)
    }

    /// The message is complete: goes on with the next, if one can follow.
    pub(super) fn message_complete<E: Events>(&mut self, events: &mut E) -> Step<E> {
        events.message_complete(&mut self.message).map_err(Stop::Events)?;
        let another = self.message.keep_alive() || self.message.leniencies.contains(Leniencies::KEEP_ALIVE);
        self.state = if another { State::Start } else { State::Closed };
        self.next_message();
        Ok(match (self.message.upgrade, self.one_at_a_time) {
            (true, _) => Flow::Upgraded,
            (false, true) => Flow::Complete,
            (false, false) => Flow::On,
        })
    }

    fn next_message(&mut self) {
        self.message.forget_fields();
        self.trailing = false;
    }

    fn counted<E: Events>(&mut self, remaining: u64, input: &mut Input<'_>, events: &mut E) -> Step<E> {
        let piece = input.take(usize::try_from(remaining).unwrap_or(usize::MAX));
        let remaining = remaining.saturating_sub(piece.len() as u64);
        self.state = State::Length(remaining);
        events.body(&mut self.message, piece).map_err(Stop::Events)?;
        if remaining == 0 { self.message_complete(events) } else { Ok(Flow::On) }
    }

    fn closed<E>(&self, input: &mut Input<'_>) -> Result<Flow, Stop<E>> {
        if self.message.leniencies.contains(Leniencies::DATA_AFTER_CLOSE) {
            input.take(usize::MAX);
        } else if matches!(input.peek(), Some(b'\r' | b'\n')) {
            input.bump();
        } else {
            return Err(Fault(ErrorKind::Closed, "Data after `Connection: close`").into());
        }
        Ok(Flow::On)
    }

    /// Whether a rule is not enforced.
    pub(super) fn lenient(&self, leniency: Leniencies) -> bool {
        self.message.leniencies.contains(leniency)
    }
}

/// What is incomplete when the input ends.
fn incomplete(state: State, trailing: bool) -> &'static str {
    match state {
        State::Line(_) => "Incomplete start line",
        State::Field(_) if trailing => "Incomplete trailers",
        State::Field(_) => "Incomplete head",
        State::Chunk(_) => "Incomplete chunk",
        _ => "Incomplete body",
    }
}

#[cfg(test)]
#[path = "tests/mod.rs"]
mod tests;
