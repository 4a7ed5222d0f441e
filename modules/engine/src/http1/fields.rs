//! Fields of heads and trailers (RFC 9112 section 5), byte by byte.

use super::chars::{FIELD_VALUE, TOKEN};
use super::error::{Fault, Stop};
use super::input::Input;
use super::message::Special;
use super::parser::{Flow, State, Step};
use super::{ErrorKind, Events, Leniencies, Parser};

/// Where in the fields the next byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// Right after the start line.
    First,
    /// A name, or the end of the head.
    Start,
    Name,
    BeforeValue,
    /// After the CR of a value that is empty so far.
    EmptyCr,
    /// The line after a value that is empty so far.
    EmptyEnd,
    Value,
    /// After a byte that a value must not hold.
    LenientValue,
    ValueCr,
    /// The line after a value, which may be a part of it.
    ValueEnd,
    /// After the CR of the empty line.
    HeadCr,
}

impl Parser {
    /// Takes one byte of a field, or a run of them.
    pub(super) fn field<E: Events>(
        &mut self,
        field: Field,
        input: &mut Input<'_>,
        events: &mut E,
    ) -> Step<E> {
        let Some(byte) = input.peek() else { return Ok(Flow::On) };
        let bare_lf = byte == b'\n' && self.lenient(Leniencies::OPTIONAL_CR_BEFORE_LF);
        let lenient = self.lenient(Leniencies::HEADERS);
        let space = matches!(byte, b' ' | b'\t');
        let (next, take) = match field {
            Field::First if byte == b' ' && !lenient => {
                return Err(Fault(ErrorKind::Field, "Unexpected space after start line").into());
            }
            Field::First => (Field::Start, byte == b' '),
            Field::Start if byte == b'\r' => (Field::HeadCr, true),
            Field::Start if bare_lf => return self.fields_complete(input, true, events),
            Field::Start => (self.first_of_name(byte)?, false),
            Field::Name => return self.name(byte, input),
            Field::BeforeValue if space => (field, true),
            Field::BeforeValue if byte == b'\r' => (Field::EmptyCr, true),
            Field::BeforeValue if bare_lf => (self.value_complete(Field::EmptyEnd)?, true),
            Field::BeforeValue if byte == b'\n' => return Err(INVALID_VALUE.into()),
            Field::BeforeValue => (Field::Value, false),
            Field::EmptyCr if byte == b'\n' => (self.value_complete(Field::EmptyEnd)?, true),
            Field::EmptyCr if lenient => (Field::EmptyEnd, false),
            Field::EmptyCr => return Err(Fault(ErrorKind::Strict, "Expected LF after CR").into()),
            Field::EmptyEnd if space && lenient => (Field::BeforeValue, true),
            Field::EmptyEnd if space => return Err(INVALID_VALUE.into()),
            Field::Value => return self.value(byte, input),
            Field::LenientValue => {
                let count = memchr::memchr2(b'\r', b'\n', input.rest()).unwrap_or(input.rest().len());
                self.token.extend_from_slice(input.take(count));
                let Some(end) = input.peek() else { return Ok(Flow::On) };
                (Field::ValueCr, end == b'\r')
            }
            Field::ValueCr if byte == b'\n' => (self.value_complete(Field::ValueEnd)?, true),
            Field::ValueCr => {
                return Err(Fault(ErrorKind::Strict, "Missing expected LF after header value").into());
            }
            Field::ValueEnd if space && lenient && !self.understood => {
                self.folded = true;
                (Field::Value, false)
            }
            Field::ValueEnd if space => {
                return Err(Fault(ErrorKind::Field, "Unexpected whitespace after header value").into());
            }
            Field::EmptyEnd | Field::ValueEnd => {
                self.field_complete(events)?;
                (Field::Start, false)
            }
            Field::HeadCr if byte == b'\n' => return self.fields_complete(input, true, events),
            Field::HeadCr if self.lenient(Leniencies::OPTIONAL_LF_AFTER_CR) => {
                return self.fields_complete(input, false, events);
            }
            Field::HeadCr => return Err(Fault(ErrorKind::Strict, "Expected LF after headers").into()),
        };
        if take {
            input.bump();
        }
        self.state = State::Field(next);
        Ok(Flow::On)
    }

    fn first_of_name(&mut self, byte: u8) -> Result<Field, Fault> {
        match byte {
            b'\n' => return Err(Fault(ErrorKind::Field, "Invalid header field char")),
            b':' => return Err(Fault(ErrorKind::Field, "Invalid header token")),
            _ if self.fields >= self.limits.fields => {
                return Err(Fault(ErrorKind::TooLarge, "Too many fields"));
            }
            _ => {}
        }
        self.token.clear();
        self.folded = false;
        self.understood = false;
        Ok(Field::Name)
    }

    fn name<E>(&mut self, byte: u8, input: &mut Input<'_>) -> Result<Flow, Stop<E>> {
        if TOKEN.has(byte) {
            self.token.extend_from_slice(input.take_class(&TOKEN));
            return Ok(Flow::On);
        }
        if byte == b':' && !self.token.is_empty() {
            self.name_length = self.token.len();
            self.state = State::Field(Field::BeforeValue);
        } else if byte == b' ' && Special::frames(self.token.trim_ascii_end()) {
            if !self.lenient(Leniencies::HEADERS) {
                return Err(Fault(ErrorKind::Field, "Invalid header field char").into());
            }
            self.token.push(byte);
        } else {
            return Err(Fault(ErrorKind::Field, "Invalid header token").into());
        }
        input.bump();
        Ok(Flow::On)
    }

    fn value<E>(&mut self, byte: u8, input: &mut Input<'_>) -> Result<Flow, Stop<E>> {
        if FIELD_VALUE.has(byte) {
            self.token.extend_from_slice(input.take_class(&FIELD_VALUE));
            return Ok(Flow::On);
        }
        self.state = State::Field(match byte {
            b'\r' => {
                input.bump();
                Field::ValueCr
            }
            b'\n' if self.lenient(Leniencies::OPTIONAL_CR_BEFORE_LF) => Field::ValueCr,
            _ if self.lenient(Leniencies::HEADERS) && byte != b'\n' => Field::LenientValue,
            b'\n' => return Err(Fault(ErrorKind::Strict, "Missing expected CR after header value").into()),
            _ => return Err(INVALID_VALUE.into()),
        });
        Ok(Flow::On)
    }

    /// A line of a field is complete, and with it the field if lines cannot be folded.
    fn value_complete(&mut self, next: Field) -> Result<Field, Fault> {
        if !self.lenient(Leniencies::HEADERS) {
            self.understand()?;
        }
        Ok(next)
    }

    /// Takes in what the field in `token` means.
    fn understand(&mut self) -> Result<(), Fault> {
        let (name, value) = self.token.split_at_checked(self.name_length).unwrap_or_default();
        if let Some(special) = Special::of(name.trim_ascii_end()) {
            self.message.field(special, value, self.folded)?;
        }
        self.understood = true;
        Ok(())
    }

    /// The field in `token` is complete: no other line belongs to it.
    fn field_complete<E: Events>(&mut self, events: &mut E) -> Result<(), Stop<E::Error>> {
        if !self.understood {
            self.understand()?;
        }
        self.fields += 1;
        let (name, value) = self.token.split_at_checked(self.name_length).unwrap_or_default();
        events.field(&mut self.message, name, value).map_err(Stop::Events)
    }

    /// The empty line was read, but for its LF if that is to be taken.
    fn fields_complete<E: Events>(&mut self, input: &mut Input<'_>, take: bool, events: &mut E) -> Step<E> {
        if take {
            input.bump();
        }
        if !self.trailing {
            return self.head_complete(events);
        }
        events.chunk_complete(&mut self.message).map_err(Stop::Events)?;
        self.message_complete(events)
    }
}

/// A byte that a value must not hold.
const INVALID_VALUE: Fault = Fault(ErrorKind::Field, "Invalid header value char");
