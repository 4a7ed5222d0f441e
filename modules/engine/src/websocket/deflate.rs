//! permessage-deflate (RFC 7692): messages compressed with DEFLATE.

use std::borrow::Cow;
use std::fmt;

use flate2::{Decompress, FlushDecompress, Status};
use zlib_rs::{Deflate, DeflateConfig, DeflateFlush, Method, Strategy};

use super::error::{Error, TooBig};
use super::extension::Extension;
use super::frame::Frame;
use super::opcode;

/// What ends every flush, and is therefore not sent at the end of a message.
const TAIL: &[u8] = &[0x00, 0x00, 0xFF, 0xFF];

/// How to compress: what zlib calls so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// From 0, not at all, to 9, best; -1 is zlib's choice.
    pub level: i8,
    /// How much memory to use, 1 to 9: about `2 ** (level + 9)` bytes beside the window.
    pub memory_level: u8,
    /// 0 default, 1 filtered, 2 Huffman only, 3 run lengths, 4 fixed codes.
    pub strategy: u8,
}

impl Settings {
    /// Whether each is in its range.
    pub fn is_valid(self) -> bool {
        (-1..=9).contains(&self.level) && (1..=9).contains(&self.memory_level) && self.strategy <= 4
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self { level: -1, memory_level: 8, strategy: 0 }
    }
}

/// What both sides have agreed on, seen from one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// Whether the peer begins each message with an empty window.
    pub remote_no_context_takeover: bool,
    /// Whether we do.
    pub local_no_context_takeover: bool,
    /// The size of the peer's window, 8 to 15 bits.
    pub remote_max_window_bits: u8,
    /// The size of ours, 9 to 15 bits.
    pub local_max_window_bits: u8,
}

impl Default for Agreement {
    fn default() -> Self {
        Self {
            remote_no_context_takeover: false,
            local_no_context_takeover: false,
            remote_max_window_bits: 15,
            local_max_window_bits: 15,
        }
    }
}

/// Compresses what is sent, and inflates what arrives.
///
/// Neither costs memory before it is needed, nor between messages that do not share a window.
#[derive(Default)]
pub struct PerMessageDeflate {
    agreement: Agreement,
    settings: Settings,
    inflater: Option<Box<Decompress>>,
    deflater: Option<Box<Deflate>>,
    /// Whether the message that is arriving is compressed.
    is_inflating: bool,
}

impl fmt::Debug for PerMessageDeflate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerMessageDeflate")
            .field("agreement", &self.agreement)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl PerMessageDeflate {
    /// The extension of one connection; `None` if a figure is out of its range.
    pub fn new(agreement: Agreement, settings: Settings) -> Option<Self> {
        let is_valid = settings.is_valid()
            && (8..=15).contains(&agreement.remote_max_window_bits)
            && (9..=15).contains(&agreement.local_max_window_bits);
        is_valid.then(|| Self { agreement, settings, ..Self::default() })
    }

    /// What was agreed on.
    pub const fn agreement(&self) -> Agreement {
        self.agreement
    }

    fn inflate(&mut self, data: &[u8], fin: bool, limit: Option<u64>) -> Result<Vec<u8>, Error> {
        let bits = self.agreement.remote_max_window_bits.max(9);
        let inflater =
            self.inflater.get_or_insert_with(|| Box::new(Decompress::new_with_window_bits(false, bits)));
        let mut out = Vec::new();
        let ended = inflate_into(inflater, data, limit, &mut out)?;
        // What ends in a final block is complete without the tail.
        if fin && (data.is_empty() || !ended) {
            inflate_into(inflater, TAIL, limit, &mut out)?;
        }
        Ok(out)
    }

    fn deflate(&mut self, data: &[u8], fin: bool) -> Result<Vec<u8>, Error> {
        let Self { agreement, settings, deflater, .. } = self;
        let deflater = deflater.get_or_insert_with(|| {
            Box::new(Deflate::new_with_config(DeflateConfig {
                level: i32::from(settings.level),
                method: Method::Deflated,
                window_bits: -i32::from(agreement.local_max_window_bits),
                mem_level: i32::from(settings.memory_level),
                strategy: Strategy::try_from(i32::from(settings.strategy)).unwrap_or_default(),
            }))
        });
        let mut out = Vec::new();
        // Two steps, because a flush that follows a flush without data writes nothing.
        deflate_into(deflater, data, DeflateFlush::NoFlush, &mut out)?;
        deflate_into(deflater, &[], DeflateFlush::SyncFlush, &mut out)?;
        if fin {
            if !out.ends_with(TAIL) {
                return Err(Error::protocol("compression failed"));
            }
            out.truncate(out.len().saturating_sub(TAIL.len()));
        }
        Ok(out)
    }
}

/// Inflates data, and tells whether it ended with the final block of a stream.
fn inflate_into(
    inflater: &mut Decompress,
    mut data: &[u8],
    limit: Option<u64>,
    out: &mut Vec<u8>,
) -> Result<bool, Error> {
    // One byte beyond the limit tells that there is more.
    let longest =
        limit.map_or(usize::MAX, |limit| usize::try_from(limit.saturating_add(1)).unwrap_or(usize::MAX));
    loop {
        if out.len() == out.capacity() {
            let more = out.len().max(data.len().saturating_mul(4)).max(128);
            out.reserve_exact(more.min(longest.saturating_sub(out.len()).max(1)));
        }
        let (before_in, before_out) = (inflater.total_in(), out.len());
        let status = inflater
            .decompress_vec(data, out, FlushDecompress::Sync)
            .map_err(|_| Error::protocol("decompression failed"))?;
        if let Some(limit) = limit
            && out.len() as u64 > limit
        {
            return Err(Error::TooBig(TooBig { size: None, limit, before: None }));
        }
        let consumed = usize::try_from(inflater.total_in().saturating_sub(before_in)).unwrap_or(data.len());
        data = data.get(consumed..).unwrap_or_default();
        if status == Status::StreamEnd {
            inflater.reset(false);
            if data.is_empty() {
                return Ok(true);
            }
        } else if data.is_empty() && out.len() < out.capacity() {
            return Ok(false);
        }
        if consumed == 0 && out.len() == before_out && out.len() < out.capacity() {
            return if data.is_empty() { Ok(false) } else { Err(Error::protocol("decompression failed")) };
        }
    }
}

fn deflate_into(
    deflater: &mut Deflate,
    mut data: &[u8],
    flush: DeflateFlush,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    let mut written = out.len();
    loop {
        if written == out.len() {
            out.resize(written.saturating_add((data.len() / 2).max(written).max(64)), 0);
        }
        let (before_in, before_out) = (deflater.total_in(), deflater.total_out());
        let spare = out.get_mut(written..).unwrap_or_default();
        deflater.compress(data, spare, flush).map_err(|_| Error::protocol("compression failed"))?;
        let consumed = usize::try_from(deflater.total_in().saturating_sub(before_in)).unwrap_or(data.len());
        let made = usize::try_from(deflater.total_out().saturating_sub(before_out)).unwrap_or_default();
        data = data.get(consumed..).unwrap_or_default();
        written = written.saturating_add(made).min(out.len());
        if written < out.len() && (data.is_empty() || (consumed == 0 && made == 0)) {
            out.truncate(written);
            return Ok(());
        }
    }
}

impl Extension for PerMessageDeflate {
    fn decode(&mut self, frame: Frame, limit: Option<u64>) -> Result<Frame, Error> {
        if opcode::is_control(frame.opcode) {
            return Ok(frame);
        }
        if frame.opcode == opcode::CONTINUATION {
            if !self.is_inflating {
                return Ok(frame);
            }
            if frame.rsv1 {
                return Err(Error::protocol("RSV1 bit set in continuation frame"));
            }
        } else {
            if !frame.rsv1 {
                return Ok(frame);
            }
            if self.agreement.remote_no_context_takeover {
                self.inflater = None;
            }
        }
        self.is_inflating = !frame.fin;
        let data = self.inflate(&frame.data, frame.fin, limit)?;
        if frame.fin && self.agreement.remote_no_context_takeover {
            self.inflater = None;
        }
        Ok(Frame { rsv1: false, data, ..frame })
    }

    fn encode<'a>(&mut self, frame: Frame<Cow<'a, [u8]>>) -> Result<Frame<Cow<'a, [u8]>>, Error> {
        if opcode::is_control(frame.opcode) {
            return Ok(frame);
        }
        let begins = frame.opcode != opcode::CONTINUATION;
        if begins && self.agreement.local_no_context_takeover {
            self.deflater = None;
        }
        let data = self.deflate(&frame.data, frame.fin)?;
        if frame.fin && self.agreement.local_no_context_takeover {
            self.deflater = None;
        }
        Ok(Frame { rsv1: begins, data: Cow::Owned(data), ..frame })
    }
}
