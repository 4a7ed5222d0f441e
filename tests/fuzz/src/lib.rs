//! Fuzz targets of the engine, for [cargo-fuzz](https://rust-fuzz.github.io/book/cargo-fuzz.html):
//!
//! ```console
//! $ .ci/fuzz 60 http1    # seconds, and which of targets/*.rs
//! ```
//!
//! An input is what the target reads, and after it a few bytes that say how: so a message as it is on the wire, or a
//! file of `seeds`, is an input already. The engine's own tests fuzz the parsers too, without a guide; they run with
//! every build.

/// Takes what says how to read off the end of an input.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    data: &'a [u8],
}

impl<'a> Input<'a> {
    /// An input as libFuzzer gives it.
    pub const fn new(data: &'a [u8]) -> Self {
        Self { data }
    }

    /// The last byte, from now on without it; 0 when there is none.
    pub const fn byte(&mut self) -> u8 {
        match self.data.split_last() {
            Some((byte, rest)) => {
                self.data = rest;
                *byte
            }
            None => 0,
        }
    }

    /// One of some values, as the last byte chooses.
    pub fn choose<T: Copy, const N: usize>(&mut self, values: [T; N]) -> T {
        values[usize::from(self.byte()) % N]
    }

    /// All that is left.
    pub const fn rest(self) -> &'a [u8] {
        self.data
    }

    /// All that is left, if it is text.
    pub fn text(self) -> Option<&'a str> {
        std::str::from_utf8(self.data).ok()
    }
}

/// The data cut in pieces whose lengths follow from `seed`.
pub fn pieces(seed: u8, mut data: &[u8]) -> Vec<&[u8]> {
    let mut rng = fastrand::Rng::with_seed(seed.into());
    let longest = [1, 2, 7, 40, 400][usize::from(seed) % 5];
    let mut pieces = Vec::new();
    while !data.is_empty() {
        let (piece, rest) = data.split_at(rng.usize(1..=longest).min(data.len()));
        pieces.push(piece);
        data = rest;
    }
    pieces
}
