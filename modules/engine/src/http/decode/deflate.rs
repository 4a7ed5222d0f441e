//! `deflate`: the zlib format (RFC 1950), or what some servers send instead, bare DEFLATE data
//! (RFC 1951).

use flate2::{Decompress, FlushDecompress, Status};

use super::stage::{Coding, Progress};

/// A deflate stream, of whichever format its first two bytes say.
#[derive(Default)]
pub(super) enum Deflate {
    /// Nothing seen.
    #[default]
    Start,
    /// The first byte, which alone does not tell.
    First(u8),
    /// Within the stream.
    Running(Decompress),
    /// After the stream: whatever follows is ignored, as zlib's users do.
    Ended,
}

impl Coding for Deflate {
    fn name(&self) -> &'static str {
        "deflate"
    }

    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Progress, String> {
        if let Self::Running(_) = self {
            return self.inflate(input, output);
        }
        let Some((&byte, rest)) = input.split_first() else {
            return Ok(Progress::default());
        };
        match (&*self, rest.first()) {
            (&Self::First(first), _) => {
                *self = Self::Running(Decompress::new(is_zlib(first, byte)));
                // Two bytes are taken whole: they are a header, or bits of which the rest decides.
                let Progress { written, .. } = self.inflate(&[first, byte], output)?;
                Ok(Progress { read: 1, written })
            }
            (Self::Start, Some(&second)) => {
                *self = Self::Running(Decompress::new(is_zlib(byte, second)));
                self.inflate(input, output)
            }
            (Self::Start, None) => {
                *self = Self::First(byte);
                Ok(Progress { read: 1, written: 0 })
            }
            (Self::Running(_) | Self::Ended, _) => Ok(Progress { read: input.len(), written: 0 }),
        }
    }

    fn finish(&self) -> Result<(), String> {
        match self {
            Self::Ended => Ok(()),
            _ => Err("the body ends in the middle of its deflate data".into()),
        }
    }
}

impl Deflate {
    fn inflate(&mut self, input: &[u8], output: &mut [u8]) -> Result<Progress, String> {
        let Self::Running(stream) = self else {
            return Ok(Progress::default());
        };
        let (progress, status) = inflate(stream, input, output)?;
        if status == Status::StreamEnd {
            *self = Self::Ended;
        }
        Ok(progress)
    }
}

/// One step of DEFLATE decompression.
pub(super) fn inflate(
    stream: &mut Decompress,
    input: &[u8],
    output: &mut [u8],
) -> Result<(Progress, Status), String> {
    let (read, written) = (stream.total_in(), stream.total_out());
    let status =
        stream.decompress(input, output, FlushDecompress::None).map_err(|error| error.to_string())?;
    let moved = |now: u64, before: u64| usize::try_from(now.saturating_sub(before)).unwrap_or(usize::MAX);
    let progress =
        Progress { read: moved(stream.total_in(), read), written: moved(stream.total_out(), written) };
    Ok((progress, status))
}

/// Whether these bytes begin zlib data (RFC 1950 section 2.2) that needs no preset dictionary. In
/// bare DEFLATE data they would be a stored block with bits set that every encoder leaves clear.
fn is_zlib(first: u8, second: u8) -> bool {
    let (method, window) = (first & 0x0f, first >> 4);
    let checked = u16::from_be_bytes([first, second]).is_multiple_of(31);
    method == 8 && window <= 7 && checked && second & 0x20 == 0
}
