//! Fuzz targets of the engine, for [cargo-fuzz](https://rust-fuzz.github.io/book/cargo-fuzz.html):
//!
//! ```console
//! $ .ci/fuzz 60 http1    # 60 seconds of targets/http1.rs
//! ```
//!
//! An input is the data that the target reads, followed by a few bytes with the settings: a message as it is on the
//! wire is therefore an input too, as are the files in `seeds`. The engine's own tests also fuzz the parsers, without
//! coverage; they run with every `cargo test-all`.

/// An input, from whose end the settings are taken.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    data: &'a [u8],
}

impl<'a> Input<'a> {
    /// Wraps the input of libFuzzer.
    pub const fn new(data: &'a [u8]) -> Self {
        Self { data }
    }

    /// Removes the last byte and returns it; 0 when the input is empty.
    pub const fn byte(&mut self) -> u8 {
        match self.data.split_last() {
            Some((byte, rest)) => {
                self.data = rest;
                *byte
            }
            None => 0,
        }
    }

    /// Removes the last byte and returns the value that it selects.
    pub fn choose<T: Copy, const N: usize>(&mut self, values: [T; N]) -> T {
        values[usize::from(self.byte()) % N]
    }

    /// Returns the remaining data.
    pub const fn rest(self) -> &'a [u8] {
        self.data
    }

    /// Returns the remaining data, if it is text.
    pub fn text(self) -> Option<&'a str> {
        std::str::from_utf8(self.data).ok()
    }
}

/// Cuts the data into pieces whose lengths are derived from `seed`.
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
