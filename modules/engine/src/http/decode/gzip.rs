//! `gzip` (RFC 1952): members, one after the other.

use flate2::{Crc, Decompress, Status};

use super::deflate::inflate;
use super::stage::{Coding, Progress};

const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];
const HEADER: usize = 10;
const TRAILER: usize = 8;

/// The flags of a member's header (RFC 1952 section 2.3.1).
const CHECKSUM: u8 = 1 << 1;
const EXTRA: u8 = 1 << 2;
const NAME: u8 = 1 << 3;
const COMMENT: u8 = 1 << 4;
const RESERVED: u8 = 0xe0;

/// Where in a member the input stands.
#[derive(Clone, Copy)]
enum Part {
    /// The fixed part of the header.
    Header,
    /// The length of the extra field.
    ExtraLength,
    /// The extra field, and what is left of it.
    Extra(usize),
    /// The file's name.
    Name,
    /// The comment.
    Comment,
    /// The header's checksum.
    Checksum,
    /// The compressed data.
    Data,
    /// Checksum and size of the data.
    Trailer,
    /// After the last member: the rest is ignored, as zlib's users do.
    Ended,
}

/// Gzip members.
pub(super) struct Gzip {
    part: Part,
    /// A part of fixed size, as far as it was read.
    fixed: [u8; HEADER],
    filled: usize,
    flags: u8,
    stream: Decompress,
    crc: Crc,
    /// Whether this is the first member: what follows it need not be another one.
    first: bool,
}

impl Default for Gzip {
    fn default() -> Self {
        Self {
            part: Part::Header,
            fixed: [0; HEADER],
            filled: 0,
            flags: 0,
            stream: Decompress::new(false),
            crc: Crc::new(),
            first: true,
        }
    }
}

impl Coding for Gzip {
    fn name(&self) -> &'static str {
        "gzip"
    }

    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Progress, String> {
        let mut rest = input;
        let mut written = 0;
        loop {
            if matches!(self.part, Part::Data) {
                let (progress, status) = inflate(&mut self.stream, rest, output)?;
                rest = rest.get(progress.read..).unwrap_or_default();
                written = progress.written;
                self.crc.update(output.get(..written).unwrap_or_default());
                if status != Status::StreamEnd {
                    break;
                }
                self.part = Part::Trailer;
                // The output is used: another member must wait for the next step.
                if written > 0 {
                    break;
                }
            } else if rest.is_empty() {
                break;
            } else {
                self.frame(&mut rest)?;
            }
        }
        Ok(Progress { read: input.len() - rest.len(), written })
    }

    fn finish(&self) -> Result<(), String> {
        match self.part {
            Part::Ended => Ok(()),
            // What follows a member begins another one only if it says so.
            Part::Header if !self.first && self.filled < MAGIC.len() => Ok(()),
            _ => Err("the body ends in the middle of its gzip data".into()),
        }
    }
}

impl Gzip {
    /// Reads some of what is around the data.
    fn frame(&mut self, rest: &mut &[u8]) -> Result<(), String> {
        match self.part {
            Part::Header => self.header(rest)?,
            Part::ExtraLength => {
                if let Some([low, high, ..]) = self.fill(rest, 2) {
                    self.part = Part::Extra(u16::from_le_bytes([low, high]).into());
                }
            }
            Part::Extra(left) => {
                let taken = left.min(rest.len());
                *rest = rest.get(taken..).unwrap_or_default();
                self.part = Part::Extra(left - taken);
                if left == taken {
                    self.after(EXTRA);
                }
            }
            Part::Name => self.text(rest, NAME),
            Part::Comment => self.text(rest, COMMENT),
            Part::Checksum => {
                if self.fill(rest, 2).is_some() {
                    self.part = Part::Data;
                }
            }
            Part::Trailer => self.trailer(rest)?,
            Part::Data | Part::Ended => *rest = &[],
        }
        Ok(())
    }

    fn header(&mut self, rest: &mut &[u8]) -> Result<(), String> {
        let header = self.fill(rest, HEADER);
        // Judged byte by byte: a few bytes of junk are junk already.
        let seen = header.map_or(self.filled, |_| HEADER).min(MAGIC.len());
        if self.fixed.get(..seen) != MAGIC.get(..seen) {
            if self.first {
                return Err("incorrect header".into());
            }
            self.part = Part::Ended;
        } else if let Some([_, _, _, flags, ..]) = header {
            if flags & RESERVED != 0 {
                return Err("unknown header flags".into());
            }
            self.flags = flags;
            self.after(0);
        }
        Ok(())
    }

    /// Skips a text that ends in a zero byte.
    fn text(&mut self, rest: &mut &[u8], flag: u8) {
        match memchr::memchr(0, rest) {
            Some(end) => {
                *rest = rest.get(end + 1..).unwrap_or_default();
                self.after(flag);
            }
            None => *rest = &[],
        }
    }

    fn trailer(&mut self, rest: &mut &[u8]) -> Result<(), String> {
        let Some([c0, c1, c2, c3, s0, s1, s2, s3, ..]) = self.fill(rest, TRAILER) else {
            return Ok(());
        };
        if u32::from_le_bytes([c0, c1, c2, c3]) != self.crc.sum() {
            return Err("incorrect data check".into());
        }
        if u32::from_le_bytes([s0, s1, s2, s3]) != self.crc.amount() {
            return Err("incorrect length check".into());
        }
        self.stream.reset(false);
        self.crc.reset();
        self.first = false;
        self.part = Part::Header;
        Ok(())
    }

    /// Goes on to the part that follows the optional one of `flag` (0 for the fixed header).
    fn after(&mut self, flag: u8) {
        let parts = [
            (EXTRA, Part::ExtraLength),
            (NAME, Part::Name),
            (COMMENT, Part::Comment),
            (CHECKSUM, Part::Checksum),
        ];
        let done = parts.iter().position(|&(part, _)| part == flag).map_or(0, |position| position + 1);
        let next = parts.into_iter().skip(done).find(|&(part, _)| self.flags & part != 0);
        self.part = next.map_or(Part::Data, |(_, part)| part);
    }

    /// Collects a part of `size` bytes; the buffer that begins with it once it is complete.
    fn fill(&mut self, rest: &mut &[u8], size: usize) -> Option<[u8; HEADER]> {
        while self.filled < size {
            let (&byte, after) = rest.split_first()?;
            *self.fixed.get_mut(self.filled)? = byte;
            self.filled += 1;
            *rest = after;
        }
        self.filled = 0;
        Some(self.fixed)
    }
}
