//! Content decoding (RFC 9110 section 8.4): gzip, deflate, br, zstd, in any stacking, incrementally.
//!
//! A [`Decoder`] is a chain of [`Stage`]s, one for each coding, the last applied first. Data is
//! pulled through it a bounded piece at a time, so that no body costs more memory than its reader
//! lets pile up, whatever it was compressed to.

mod brotli;
mod deflate;
mod gzip;
mod stage;
#[cfg(test)]
mod tests;
mod zstd;

use std::collections::VecDeque;

use bytes::Bytes;

use crate::error::{Error, ErrorKind, Result};
use stage::{Coding, Stage};

/// What `Accept-Encoding` offers by default.
pub const ACCEPT_ENCODING: &str = "gzip, deflate, br, zstd";

/// No honest body is encoded more often; each coding multiplies what a few bytes can cost.
const MAX_CODINGS: usize = 10;

/// An incremental decoder for a `Content-Encoding`.
#[derive(Debug)]
pub struct Decoder {
    /// In the order in which data passes.
    stages: Vec<Stage>,
    input: VecDeque<Bytes>,
    finished: bool,
    /// Why nothing more can come.
    failure: Option<String>,
}

impl Decoder {
    /// A decoder for the codings of the given `Content-Encoding` values; unknown codings are left
    /// as they are (httpx's rule). `limit` bounds the total decoded size in bytes of a body that is
    /// encoded; one that is not passes unmeasured.
    pub fn new<'a>(content_encodings: impl IntoIterator<Item = &'a [u8]>, limit: Option<u64>) -> Self {
        let values = content_encodings.into_iter();
        let names = values.flat_map(|value| value.split(|&byte| byte == b',')).map(<[u8]>::trim_ascii);
        let mut codings: Vec<Box<dyn Coding>> =
            names.filter_map(stage::coding).take(MAX_CODINGS + 1).collect();
        let too_many = codings.len() > MAX_CODINGS;
        if too_many {
            codings.clear();
        }

        let mut stages: Vec<Stage> =
            codings.into_iter().rev().map(|coding| Stage::new(coding, limit.map(with_margin))).collect();
        if let Some(last) = stages.last_mut() {
            last.set_limit(limit);
        }
        Self {
            stages,
            input: VecDeque::new(),
            finished: false,
            failure: too_many.then(|| format!("the body has more than {MAX_CODINGS} content codings")),
        }
    }

    /// Whether bytes pass through unchanged.
    pub fn is_identity(&self) -> bool {
        self.stages.is_empty() && self.failure.is_none()
    }

    /// Starts on the next piece of encoded data. Take what comes of it with [`Decoder::next_chunk`].
    pub fn feed(&mut self, data: Bytes) {
        if !data.is_empty() {
            self.input.push_back(data);
        }
    }

    /// Says that no more data comes: what is still held back can then be taken.
    pub fn finish(&mut self) {
        self.finished = true;
    }

    /// The next decoded piece, of a bounded size whatever the compression ratio; `None` when more
    /// input is needed, or after [`Decoder::finish`] at the end.
    ///
    /// A body that ends before the end that its coding marks does not decode: it was cut off, and what
    /// there is of it may be any part. What follows the end of a gzip or deflate stream is ignored, unless it is
    /// another gzip member (RFC 1952 section 2.2).
    ///
    /// # Errors
    /// `DecodingError` for data that does not decode or for more output than the limit, from then on
    /// for ever.
    pub fn next_chunk(&mut self) -> Result<Option<Bytes>> {
        if let Some(failure) = &self.failure {
            return Err(Error::new(ErrorKind::DecodingError, failure.clone()));
        }
        pull(&mut self.stages, &mut self.input, self.finished).map_err(|failure| {
            let failure = self.failure.insert(failure);
            Error::new(ErrorKind::DecodingError, failure.clone())
        })
    }
}

/// The next piece of what the last of `stages` makes.
fn pull(stages: &mut [Stage], input: &mut VecDeque<Bytes>, finished: bool) -> Result<Option<Bytes>, String> {
    let Some((stage, earlier)) = stages.split_last_mut() else {
        return Ok(input.pop_front());
    };
    loop {
        if let Some(chunk) = stage.decode()? {
            return Ok(Some(chunk));
        }
        match pull(earlier, input, finished)? {
            Some(data) => stage.feed(data),
            None if finished => return stage.finish().map(|()| None),
            None => return Ok(None),
        }
    }
}

/// How much an inner coding may make so that the outermost can still stay within `limit`: data that
/// does not compress grows a little with each coding.
fn with_margin(limit: u64) -> u64 {
    limit.saturating_add(limit / 8).saturating_add(64 * 1024)
}
