//! Cutting what arrives into the pieces that were asked for.

use std::collections::VecDeque;
use std::mem;

use bytes::Bytes;

/// Cuts bytes into chunks of one size; without a size, pieces pass as they come.
#[derive(Debug)]
pub(crate) struct ByteChunker {
    size: Option<usize>,
    pieces: VecDeque<Bytes>,
    buffered: usize,
    finished: bool,
}

impl ByteChunker {
    /// A chunker for chunks of `size` bytes, at least one.
    pub(crate) fn new(size: Option<usize>) -> Self {
        Self { size, pieces: VecDeque::new(), buffered: 0, finished: false }
    }

    /// Takes the next piece.
    pub(crate) fn feed(&mut self, piece: Bytes) {
        if !piece.is_empty() {
            self.buffered += piece.len();
            self.pieces.push_back(piece);
        }
    }

    /// Says that no more comes: the rest is a chunk, however short.
    pub(crate) fn finish(&mut self) {
        self.finished = true;
    }

    /// The next chunk, if there is enough for one.
    pub(crate) fn next(&mut self) -> Option<Vec<u8>> {
        let size = match self.size {
            None => self.pieces.front()?.len(),
            Some(size) if self.buffered >= size => size.max(1),
            Some(_) if self.finished => self.buffered,
            Some(_) => return None,
        };
        if self.buffered == 0 {
            return None;
        }
        self.buffered -= size;
        // A piece that is a chunk is moved rather than copied.
        if self.pieces.front().is_some_and(|piece| piece.len() == size) {
            return self.pieces.pop_front().map(Vec::from);
        }
        let mut chunk = Vec::with_capacity(size);
        while chunk.len() < size {
            let piece = self.pieces.front_mut()?;
            let part = piece.split_to(piece.len().min(size - chunk.len()));
            chunk.extend_from_slice(&part);
            if piece.is_empty() {
                self.pieces.pop_front();
            }
        }
        Some(chunk)
    }
}

/// Cuts text into chunks of one number of characters; without a size, pieces pass as they come.
#[derive(Debug)]
pub(crate) struct TextChunker {
    size: Option<usize>,
    ready: VecDeque<String>,
    partial: String,
    partial_chars: usize,
}

impl TextChunker {
    /// A chunker for chunks of `size` characters, at least one.
    pub(crate) fn new(size: Option<usize>) -> Self {
        Self { size, ready: VecDeque::new(), partial: String::new(), partial_chars: 0 }
    }

    /// Takes the next piece.
    pub(crate) fn feed(&mut self, piece: String) {
        let Some(size) = self.size else {
            self.ready.extend(Some(piece).filter(|piece| !piece.is_empty()));
            return;
        };
        for character in piece.chars() {
            self.partial.push(character);
            self.partial_chars += 1;
            if self.partial_chars >= size {
                self.ready.push_back(mem::take(&mut self.partial));
                self.partial_chars = 0;
            }
        }
    }

    /// Says that no more comes: the rest is a chunk, however short.
    pub(crate) fn finish(&mut self) {
        self.partial_chars = 0;
        self.ready.extend(Some(mem::take(&mut self.partial)).filter(|rest| !rest.is_empty()));
    }

    /// The next chunk, if there is enough for one.
    pub(crate) fn next(&mut self) -> Option<String> {
        self.ready.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes out of a chunker fed with `pieces`, and after the end.
    fn bytes(size: Option<usize>, pieces: &[&'static str]) -> (Vec<String>, Vec<String>) {
        let mut chunker = ByteChunker::new(size);
        let text = |chunk: Vec<u8>| String::from_utf8_lossy(&chunk).into_owned();
        let mut before = Vec::new();
        for piece in pieces {
            chunker.feed(Bytes::from_static(piece.as_bytes()));
            before.extend(std::iter::from_fn(|| chunker.next()).map(text));
        }
        chunker.finish();
        (before, std::iter::from_fn(|| chunker.next()).map(text).collect())
    }

    fn text(size: Option<usize>, pieces: &[&str]) -> (Vec<String>, Vec<String>) {
        let mut chunker = TextChunker::new(size);
        let mut before = Vec::new();
        for piece in pieces {
            chunker.feed((*piece).to_owned());
            before.extend(std::iter::from_fn(|| chunker.next()));
        }
        chunker.finish();
        (before, std::iter::from_fn(|| chunker.next()).collect())
    }

    #[test]
    fn chunks_have_the_size_asked_for() {
        let cases: [(Option<usize>, &[&str], &[&str], &[&str]); 8] = [
            (None, &["ab", "", "c"], &["ab", "c"], &[]),
            (Some(1), &["ab", "c"], &["a", "b", "c"], &[]),
            (Some(2), &["ab", "c"], &["ab"], &["c"]),
            (Some(3), &["ab", "c"], &["abc"], &[]),
            (Some(2), &["abcdefg"], &["ab", "cd", "ef"], &["g"]),
            (Some(4), &["a", "b", "c", "defgh"], &["abcd", "efgh"], &[]),
            (Some(9), &["ab", "c"], &[], &["abc"]),
            (Some(2), &[], &[], &[]),
        ];
        for (size, pieces, before, after) in cases {
            let expected = (before.iter().map(ToString::to_string).collect(), after.iter().map(ToString::to_string).collect());
            assert_eq!(bytes(size, pieces), expected, "bytes {size:?} {pieces:?}");
            assert_eq!(text(size, pieces), expected, "text {size:?} {pieces:?}");
        }
    }

    #[test]
    fn text_is_cut_between_characters() {
        let (before, after) = text(Some(2), &["äöü", "€"]);
        assert_eq!((before, after), (vec!["äö".to_owned(), "ü€".to_owned()], vec![]));
    }
}
