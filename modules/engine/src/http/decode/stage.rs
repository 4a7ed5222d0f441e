//! One coding of a chain, with its input and its bound.

use std::fmt;

use bytes::{Buf, Bytes};

use super::brotli::Brotli;
use super::deflate::Deflate;
use super::gzip::Gzip;
use super::zstd::Zstd;

/// The largest piece that comes out at once.
const CHUNK: usize = 64 * 1024;

/// What one step of a coding did.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    /// Bytes taken from the input.
    pub(super) read: usize,
    /// Bytes put into the output.
    pub(super) written: usize,
}

/// An incremental decoder of one coding.
pub(super) trait Coding: Send + Sync {
    /// Its name in `Content-Encoding`.
    fn name(&self) -> &'static str;

    /// Decodes some of `input` into `output`. Doing nothing means that more input is needed; with an
    /// empty `input`, that nothing was held back.
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Progress, String>;

    /// Judges the end of the input, after at least one byte of it.
    fn finish(&self) -> Result<(), String> {
        Ok(())
    }
}

/// A coding by its name (in any case, as httpx reads it); `None` when it is unknown or `identity`.
pub(super) fn coding(name: &[u8]) -> Option<Box<dyn Coding>> {
    Some(match name.to_ascii_lowercase().as_slice() {
        // `x-gzip` is an old name for the same coding (RFC 9110 section 8.4.1.3).
        b"gzip" | b"x-gzip" => Box::new(Gzip::default()),
        b"deflate" => Box::new(Deflate::default()),
        b"br" => Box::new(Brotli::new()),
        b"zstd" => Box::new(Zstd::default()),
        _ => return None,
    })
}

/// One coding of a chain, with its input and its bound.
pub(super) struct Stage {
    coding: Box<dyn Coding>,
    input: Bytes,
    /// Where output is decoded to, made when first needed.
    buffer: Vec<u8>,
    /// Whether any data came.
    started: bool,
    /// Whether the coding may hold output back that did not fit.
    pending: bool,
    written: u64,
    limit: Option<u64>,
}

impl Stage {
    pub(super) fn new(coding: Box<dyn Coding>, limit: Option<u64>) -> Self {
        let (input, buffer) = (Bytes::new(), Vec::new());
        Self { coding, input, buffer, started: false, pending: false, written: 0, limit }
    }

    /// Bounds all that comes out.
    pub(super) fn set_limit(&mut self, limit: Option<u64>) {
        self.limit = limit;
    }

    /// Takes the next input; what there was before has been used up.
    pub(super) fn feed(&mut self, data: Bytes) {
        debug_assert!(self.input.is_empty(), "a stage asks for input when it has none");
        self.started = true;
        self.input = data;
    }

    /// The next piece of output; `None` when input is needed.
    pub(super) fn decode(&mut self) -> Result<Option<Bytes>, String> {
        if self.buffer.is_empty() && self.started {
            self.buffer = vec![0; CHUNK];
        }
        while self.pending || !self.input.is_empty() {
            let name = self.coding.name();
            let progress = self.coding.step(&self.input, &mut self.buffer);
            let Progress { read, written } =
                progress.map_err(|error| format!("the body does not decode as {name}: {error}"))?;
            self.input.advance(read.min(self.input.len()));
            self.pending = written == self.buffer.len();
            if written == 0 {
                if read == 0 && !self.input.is_empty() {
                    // No decoder does this; one that did must not cause an infinite loop.
                    return Err(format!("the body does not decode as {name}: no progress"));
                }
                continue;
            }
            self.count(written)?;
            return Ok(self.buffer.get(..written).map(Bytes::copy_from_slice));
        }
        Ok(None)
    }

    fn count(&mut self, written: usize) -> Result<(), String> {
        self.written = self.written.saturating_add(written as u64);
        match self.limit {
            Some(limit) if self.written > limit => {
                Err(format!("the body decodes to more than the limit of {limit} bytes"))
            }
            _ => Ok(()),
        }
    }

    /// Checks that the input may end here. An empty body is valid in any coding.
    pub(super) fn finish(&self) -> Result<(), String> {
        if self.started { self.coding.finish() } else { Ok(()) }
    }
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { coding, input, written, limit, .. } = self;
        f.debug_struct("Stage")
            .field("coding", &coding.name())
            .field("waiting", &input.len())
            .field("written", written)
            .field("limit", limit)
            .finish_non_exhaustive()
    }
}
