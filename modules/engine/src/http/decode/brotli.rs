//! `br` (RFC 7932).

use brotli::enc::StandardAlloc;
use brotli::{BrotliDecompressStream, BrotliResult, BrotliState};

use super::stage::{Coding, Progress};

type State = BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>;

/// A brotli stream.
pub(super) struct Brotli {
    /// Kilobytes of tables.
    state: Box<State>,
    ended: bool,
}

impl Brotli {
    pub(super) fn new() -> Self {
        let alloc = StandardAlloc::default;
        // Strict: no "large window", which is not part of the RFC and lets the peer ask for a gigabyte.
        Self { state: Box::new(State::new_strict(alloc(), alloc(), alloc())), ended: false }
    }
}

impl Coding for Brotli {
    fn name(&self) -> &'static str {
        "br"
    }

    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Progress, String> {
        if self.ended {
            return if input.is_empty() { Ok(Progress::default()) } else { Err("data after the end".into()) };
        }
        let (mut available_in, mut read) = (input.len(), 0);
        let (mut available_out, mut written) = (output.len(), 0);
        let result = BrotliDecompressStream(
            &mut available_in,
            &mut read,
            input,
            &mut available_out,
            &mut written,
            output,
            &mut 0,
            &mut self.state,
        );
        match result {
            BrotliResult::ResultFailure => return Err("corrupt data".into()),
            BrotliResult::ResultSuccess => self.ended = true,
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
        }
        Ok(Progress { read, written })
    }

    fn finish(&self) -> Result<(), String> {
        if self.ended { Ok(()) } else { Err("the body ends in the middle of its br data".into()) }
    }
}
