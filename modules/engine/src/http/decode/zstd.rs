//! `zstd` (RFC 8878): frames, one after the other.

use zstd::stream::raw::{Decoder, InBuffer, Operation, OutBuffer};

use super::stage::{Coding, Progress};

/// Zstandard frames.
#[derive(Default)]
pub(super) struct Zstd {
    decoder: Option<Decoder<'static>>,
    /// Whether a frame has begun that has not ended.
    in_frame: bool,
}

impl Coding for Zstd {
    fn name(&self) -> &'static str {
        "zstd"
    }

    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Progress, String> {
        let decoder = match &mut self.decoder {
            Some(decoder) => decoder,
            none => none.insert(Decoder::new().map_err(|error| error.to_string())?),
        };
        let (mut input, mut output) = (InBuffer::around(input), OutBuffer::around(output));
        let wanted = decoder.run(&mut input, &mut output).map_err(|error| error.to_string())?;
        let progress = Progress { read: input.pos(), written: output.pos() };
        if wanted == 0 {
            self.in_frame = false;
        } else if progress.read > 0 {
            self.in_frame = true;
        }
        Ok(progress)
    }

    fn finish(&self) -> Result<(), String> {
        if self.in_frame { Err("the body ends in the middle of its zstd data".into()) } else { Ok(()) }
    }
}
