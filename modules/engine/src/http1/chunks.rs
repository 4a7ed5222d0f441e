//! The chunked transfer coding (RFC 9112 section 7.1), byte by byte.

use super::chars::{FIELD_VALUE, QUOTED, TOKEN};
use super::error::{Fault, Stop};
use super::fields::Field;
use super::input::Input;
use super::parser::{Flow, State, Step};
use super::{ErrorKind, Events, Leniencies, Parser};

/// Where in the chunks the next byte is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chunk {
    FirstDigit,
    Digits,
    AfterSize,
    Extension,
    ExtensionName,
    ExtensionValue,
    Quoted,
    QuotedPair,
    AfterQuoted,
    /// After the CR that ends the line of the size.
    SizeCr,
    /// So many bytes of data.
    Data(u64),
    AfterData,
    DataCr,
}

impl Parser {
    /// Takes one byte of a chunk, or its data.
    pub(super) fn chunk<E: Events>(
        &mut self,
        chunk: Chunk,
        input: &mut Input<'_>,
        events: &mut E,
    ) -> Step<E> {
        let Some(byte) = input.peek() else { return Ok(Flow::On) };
        let next = match chunk {
            Chunk::FirstDigit => {
                self.chunk_size = 0;
                self.extension_size = 0;
                self.digit(byte)?.ok_or(INVALID_SIZE)?
            }
            Chunk::Digits => match self.digit(byte)? {
                Some(next) => next,
                None => self.after_size(byte)?,
            },
            Chunk::AfterSize => self.after_size(byte)?,
            Chunk::SizeCr if byte == b'\n' => return self.size_complete(input, true, events),
            Chunk::SizeCr if self.lenient(Leniencies::OPTIONAL_LF_AFTER_CR) => {
                return self.size_complete(input, false, events);
            }
            Chunk::SizeCr => return Err(Fault(ErrorKind::Strict, "Expected LF after chunk size").into()),
            Chunk::Data(remaining) => return self.chunk_data(remaining, input, events),
            Chunk::AfterData if byte == b'\r' => Chunk::DataCr,
            Chunk::AfterData | Chunk::DataCr => return self.after_data(chunk, byte, input, events),
            _ => {
                self.extension_size += 1;
                if self.extension_size > self.limits.chunk_extensions {
                    return Err(Fault(ErrorKind::TooLarge, "Chunk extensions are too large").into());
                }
                self.extension(chunk, byte)?
            }
        };
        // A LF by itself ends the line like the one after a CR.
        if next == Chunk::SizeCr && byte == b'\n' {
            return self.size_complete(input, true, events);
        }
        input.bump();
        self.state = State::Chunk(next);
        Ok(Flow::On)
    }

    /// Takes in a digit of the size; `None` if it is none.
    fn digit(&mut self, byte: u8) -> Result<Option<Chunk>, Fault> {
        let Some(digit) = char::from(byte).to_digit(16) else { return Ok(None) };
        let size =
            self.chunk_size.checked_mul(16).ok_or(Fault(ErrorKind::ChunkSize, "Chunk size overflow"))?;
        self.chunk_size = size | u64::from(digit);
        Ok(Some(Chunk::Digits))
    }

    fn after_size(&self, byte: u8) -> Result<Chunk, Fault> {
        match byte {
            b'\r' => Ok(Chunk::SizeCr),
            b'\n' => self.bare_lf("Missing expected CR after chunk size"),
            b';' => Ok(Chunk::Extension),
            b' ' | b'\t' if self.lenient(Leniencies::SPACES_AFTER_CHUNK_SIZE) => Ok(Chunk::AfterSize),
            _ => Err(INVALID_SIZE),
        }
    }

    fn bare_lf(&self, reason: &'static str) -> Result<Chunk, Fault> {
        if self.lenient(Leniencies::OPTIONAL_CR_BEFORE_LF) {
            Ok(Chunk::SizeCr)
        } else {
            Err(Fault(ErrorKind::Strict, reason))
        }
    }

    /// Where after a byte of an extension the next is.
    fn extension(&self, chunk: Chunk, byte: u8) -> Result<Chunk, Fault> {
        let fault = |reason| Err(Fault(ErrorKind::Strict, reason));
        match (chunk, byte) {
            (Chunk::Extension, b' ' | b'\r') => fault("Invalid character in chunk extensions"),
            (Chunk::Extension | Chunk::ExtensionName, b'=') => Ok(Chunk::ExtensionValue),
            (Chunk::Quoted, b'"') => Ok(Chunk::AfterQuoted),
            (Chunk::Quoted, b'\\') => Ok(Chunk::QuotedPair),
            (Chunk::Quoted, _) if QUOTED.has(byte) => Ok(Chunk::Quoted),
            (Chunk::Quoted, _) => fault("Invalid character in chunk extensions quoted value"),
            (Chunk::QuotedPair, _) if FIELD_VALUE.has(byte) => Ok(Chunk::Quoted),
            (Chunk::QuotedPair, _) => fault("Invalid quoted-pair in chunk extensions quoted value"),
            (_, b';') => Ok(Chunk::Extension),
            (_, b'\r') => Ok(Chunk::SizeCr),
            (Chunk::ExtensionValue, b'"') => Ok(Chunk::Quoted),
            (Chunk::ExtensionValue, _) if TOKEN.has(byte) => Ok(chunk),
            (Chunk::ExtensionValue | Chunk::AfterQuoted, b'\n') => {
                self.bare_lf("Missing expected CR after chunk extension value")
            }
            (Chunk::ExtensionValue, _) => fault("Invalid character in chunk extensions value"),
            (Chunk::AfterQuoted, _) => fault("Invalid character in chunk extensions quote value"),
            (_, b'\n') => self.bare_lf("Missing expected CR after chunk extension name"),
            (_, _) if TOKEN.has(byte) => Ok(Chunk::ExtensionName),
            (_, _) => fault("Invalid character in chunk extensions name"),
        }
    }

    /// The line of the size was read, but for its LF if that is to be taken.
    fn size_complete<E: Events>(&mut self, input: &mut Input<'_>, take: bool, events: &mut E) -> Step<E> {
        if take {
            input.bump();
        }
        let size = self.chunk_size;
        if size == 0 {
            self.trailing = true;
            self.head_size = 0;
            self.fields = 0;
            self.state = State::Field(Field::Start);
        } else {
            self.state = State::Chunk(Chunk::Data(size));
        }
        events.chunk_begin(&mut self.message, size).map_err(Stop::Events)?;
        Ok(Flow::On)
    }

    fn chunk_data<E: Events>(&mut self, remaining: u64, input: &mut Input<'_>, events: &mut E) -> Step<E> {
        let piece = input.take(usize::try_from(remaining).unwrap_or(usize::MAX));
        let remaining = remaining.saturating_sub(piece.len() as u64);
        let next = if remaining == 0 { Chunk::AfterData } else { Chunk::Data(remaining) };
        self.state = State::Chunk(next);
        events.body(&mut self.message, piece).map_err(Stop::Events)?;
        Ok(Flow::On)
    }

    fn after_data<E: Events>(
        &mut self,
        chunk: Chunk,
        byte: u8,
        input: &mut Input<'_>,
        events: &mut E,
    ) -> Step<E> {
        if byte == b'\n' {
            if chunk == Chunk::AfterData && !self.lenient(Leniencies::OPTIONAL_CR_BEFORE_LF) {
                return Err(Fault(ErrorKind::Strict, "Missing expected CR after chunk data").into());
            }
            input.bump();
        } else if !self.lenient(Leniencies::OPTIONAL_CRLF_AFTER_CHUNK) {
            return Err(Fault(ErrorKind::Strict, "Expected LF after chunk data").into());
        }
        self.state = State::Chunk(Chunk::FirstDigit);
        events.chunk_complete(&mut self.message).map_err(Stop::Events)?;
        Ok(Flow::On)
    }
}

/// No digit where one must be, or something else than the end of the line after them.
const INVALID_SIZE: Fault = Fault(ErrorKind::ChunkSize, "Invalid character in chunk size");
