//! Frames (RFC 6455 section 5.2): read from any split of the input, and written.
//!
//! Headers are written by tungstenite's [`FrameHeader`]. They are read here: in pieces, with an error as soon as the
//! first wrong byte is there. Reading a small frame by `FrameHeader` takes a quarter longer.

use std::borrow::Cow;

use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;

use super::error::{Error, TooBig};
use super::{OpCode, mask, opcode};

/// The maximum payload of a control frame, in bytes.
pub const MAX_CONTROL_SIZE: usize = 125;

/// The maximum size of a header, in bytes: two, the extended length, and the masking key.
const MAX_HEADER_SIZE: usize = 14;

/// How much is allocated for a payload before it has arrived, in bytes.
const INITIAL_ALLOCATION: usize = 32 * 1024;

/// A frame without its length and masking key, which only exist on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are bits of the header")]
pub struct Frame<D = Vec<u8>> {
    /// The kind of frame.
    pub opcode: OpCode,
    /// Whether it is the last, or only, frame of its message.
    pub fin: bool,
    /// The first reserved bit, used by permessage-deflate.
    pub rsv1: bool,
    /// The second reserved bit.
    pub rsv2: bool,
    /// The third reserved bit.
    pub rsv3: bool,
    /// The payload.
    pub data: D,
}

impl<D> Frame<D> {
    /// A frame whose reserved bits are zero.
    pub const fn new(opcode: OpCode, fin: bool, data: D) -> Self {
        Self { opcode, fin, rsv1: false, rsv2: false, rsv3: false, data }
    }

    /// The same frame with its payload converted.
    pub fn map_data<E>(self, convert: impl FnOnce(D) -> E) -> Frame<E> {
        let Self { opcode, fin, rsv1, rsv2, rsv3, data } = self;
        Frame { opcode, fin, rsv1, rsv2, rsv3, data: convert(data) }
    }
}

impl<D: AsRef<[u8]>> Frame<D> {
    /// Checks the reserved bits and the rules for control frames.
    ///
    /// # Errors
    /// [`Error::Protocol`] that names the rule.
    pub fn check(&self) -> Result<(), Error> {
        if self.rsv1 || self.rsv2 || self.rsv3 {
            return Err(Error::protocol("reserved bits must be 0"));
        }
        if opcode::is_control(self.opcode) {
            check_control(self.fin, self.data.as_ref().len() as u64)?;
        }
        Ok(())
    }

    /// Appends the frame to `out`, unchecked, and masked if there is a key.
    pub fn write(&self, key: Option<[u8; 4]>, out: &mut Vec<u8>) {
        let data = self.data.as_ref();
        let header = FrameHeader {
            is_final: self.fin,
            rsv1: self.rsv1,
            rsv2: self.rsv2,
            rsv3: self.rsv3,
            opcode: self.opcode,
            mask: key,
        };
        out.reserve(data.len().saturating_add(MAX_HEADER_SIZE));
        // Writing to a Vec cannot fail.
        let _ = header.format(data.len() as u64, out);
        let start = out.len();
        out.extend_from_slice(data);
        if let (Some(key), Some(data)) = (key, out.get_mut(start..)) {
            mask::apply(data, key, 0);
        }
    }
}

impl<'a> Frame<Cow<'a, [u8]>> {
    /// A frame to be sent that borrows its payload.
    pub const fn borrowed(opcode: OpCode, fin: bool, data: &'a [u8]) -> Self {
        Self::new(opcode, fin, Cow::Borrowed(data))
    }
}

fn check_control(fin: bool, length: u64) -> Result<(), Error> {
    if length > MAX_CONTROL_SIZE as u64 {
        return Err(Error::protocol("control frame too long"));
    }
    if !fin {
        return Err(Error::protocol("fragmented control frame"));
    }
    Ok(())
}

/// Reads frames from input that arrives in any pieces.
///
/// Nothing is kept but the frame that is being read: a payload is copied once, from the input to where it stays.
/// Memory use follows what has arrived, not what a header announces.
#[derive(Debug)]
pub struct FrameReader {
    /// Whether frames must be masked, as a server demands; or must not be.
    masked: bool,
    part: Part,
    /// The bytes of a part that arrives in pieces.
    held: [u8; 8],
    held_count: usize,
    frame: Frame,
    key: [u8; 4],
    length: u64,
}

/// The part of a frame that is read next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Head,
    Length16,
    Length64,
    Key,
    Payload,
}

impl FrameReader {
    /// A reader at the beginning of a frame; a server's if `masked`.
    pub const fn new(masked: bool) -> Self {
        Self {
            masked,
            part: Part::Head,
            held: [0; 8],
            held_count: 0,
            frame: Frame::new(opcode::CONTINUATION, true, Vec::new()),
            key: [0; 4],
            length: 0,
        }
    }

    /// Reads on, and takes what it reads off the input; `None` if the frame needs more.
    ///
    /// A payload of more than `limit` bytes is refused as soon as its length is known. The limit does not apply to
    /// control frames, which are refused as early if they break the rules for control frames.
    ///
    /// # Errors
    /// [`Error::Protocol`] and [`Error::TooBig`]; the reader cannot be used afterwards.
    pub fn read(&mut self, input: &mut &[u8], limit: Option<u64>) -> Result<Option<Frame>, Error> {
        loop {
            match self.part {
                Part::Head => {
                    let Some([first, second]) = self.take(input) else { return Ok(None) };
                    self.head(first, second, limit)?;
                }
                Part::Length16 => {
                    let Some(length) = self.take(input) else { return Ok(None) };
                    self.announced(u64::from(u16::from_be_bytes(length)), limit)?;
                }
                Part::Length64 => {
                    let Some(length) = self.take(input) else { return Ok(None) };
                    self.announced(u64::from_be_bytes(length), limit)?;
                }
                Part::Key => {
                    let Some(key) = self.take(input) else { return Ok(None) };
                    self.key = key;
                    self.part = Part::Payload;
                }
                Part::Payload => {
                    self.payload(input);
                    if self.missing() > 0 {
                        return Ok(None);
                    }
                    self.part = Part::Head;
                    let data = std::mem::take(&mut self.frame.data);
                    return Ok(Some(self.frame.clone().map_data(|_| data)));
                }
            }
        }
    }

    /// Why the stream must not end here.
    pub fn end(&self) -> Error {
        let (have, expected) = match self.part {
            Part::Head if self.held_count == 0 => {
                return Error::UnexpectedEof("unexpected end of stream".into());
            }
            Part::Head | Part::Length16 => (self.held_count, 2),
            Part::Length64 => (self.held_count, 8),
            Part::Key => (self.held_count, 4),
            Part::Payload => (self.frame.data.len(), self.length),
        };
        Error::UnexpectedEof(format!("stream ends after {have} bytes, expected {expected} bytes").into())
    }

    /// How many bytes the frame that is being read needs at least, in addition to those that were read.
    pub fn missing_bytes(&self) -> u64 {
        let part = |size: usize| size.saturating_sub(self.held_count) as u64;
        match self.part {
            Part::Head | Part::Length16 => part(2),
            Part::Length64 => part(8),
            Part::Key => part(4).saturating_add(self.length),
            Part::Payload => self.missing(),
        }
    }

    /// Whether the last frame is complete and nothing of the next one has arrived.
    pub const fn is_between_frames(&self) -> bool {
        matches!(self.part, Part::Head) && self.held_count == 0
    }

    /// How much is allocated for the payload that is being read, in bytes.
    pub const fn held_bytes(&self) -> usize {
        self.frame.data.capacity()
    }

    /// The next `N` bytes, once they are there.
    fn take<const N: usize>(&mut self, input: &mut &[u8]) -> Option<[u8; N]> {
        if self.held_count == 0
            && let Some((bytes, rest)) = input.split_first_chunk::<N>()
        {
            *input = rest;
            return Some(*bytes);
        }
        for (slot, byte) in self.held.iter_mut().take(N).skip(self.held_count).zip(input.iter()) {
            *slot = *byte;
        }
        let taken = N.saturating_sub(self.held_count).min(input.len());
        *input = input.get(taken..).unwrap_or_default();
        self.held_count += taken;
        if self.held_count < N {
            return None;
        }
        self.held_count = 0;
        self.held.first_chunk().copied()
    }

    fn head(&mut self, first: u8, second: u8, limit: Option<u64>) -> Result<(), Error> {
        let opcode = OpCode::from(first & 0x0F);
        if opcode::is_reserved(opcode) {
            return Err(Error::protocol("invalid opcode"));
        }
        if (second & 0x80 != 0) != self.masked {
            return Err(Error::protocol("incorrect masking"));
        }
        self.frame.opcode = opcode;
        self.frame.fin = first & 0x80 != 0;
        self.frame.rsv1 = first & 0x40 != 0;
        self.frame.rsv2 = first & 0x20 != 0;
        self.frame.rsv3 = first & 0x10 != 0;
        match second & 0x7F {
            126 => self.part = Part::Length16,
            127 => self.part = Part::Length64,
            length => self.announced(u64::from(length), limit)?,
        }
        Ok(())
    }

    fn announced(&mut self, length: u64, limit: Option<u64>) -> Result<(), Error> {
        // Control frames may come between fragments, whatever those have left of the limit.
        let minimum = if opcode::is_control(self.frame.opcode) { MAX_CONTROL_SIZE as u64 } else { 0 };
        if let Some(limit) = limit.map(|limit| limit.max(minimum))
            && length > limit
        {
            return Err(Error::TooBig(TooBig { size: Some(length), limit, before: None }));
        }
        if length >> 63 != 0 {
            return Err(Error::protocol("invalid payload length"));
        }
        if opcode::is_control(self.frame.opcode) && !(self.frame.rsv1 || self.frame.rsv2 || self.frame.rsv3) {
            check_control(self.frame.fin, length)?;
        }
        self.length = length;
        self.part = if self.masked { Part::Key } else { Part::Payload };
        Ok(())
    }

    fn missing(&self) -> u64 {
        self.length.saturating_sub(self.frame.data.len() as u64)
    }

    fn payload(&mut self, input: &mut &[u8]) {
        let missing = usize::try_from(self.missing()).unwrap_or(usize::MAX);
        let (piece, rest) = input.split_at(missing.min(input.len()));
        *input = rest;
        let data = &mut self.frame.data;
        let start = data.len();
        if data.capacity().saturating_sub(start) < piece.len() {
            // At least doubled, so that a long payload is not copied for each of its pieces.
            data.reserve_exact(missing.min(piece.len().max(start).max(INITIAL_ALLOCATION)));
        }
        data.extend_from_slice(piece);
        if self.masked
            && let Some(new) = data.get_mut(start..)
        {
            mask::apply(new, self.key, start);
        }
    }
}
