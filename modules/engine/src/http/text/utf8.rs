//! UTF-8 that arrives in pieces.

/// Decodes UTF-8 over any split of the input; what is not UTF-8 becomes U+FFFD.
///
/// The text is that of Python's `codecs.getincrementaldecoder("utf-8")(errors="replace")`: one
/// replacement for each maximal part of an ill-formed sequence (Unicode, section 3.9), and a sequence
/// at the end of a piece waits for the rest.
#[derive(Debug, Default)]
pub struct Utf8Decoder {
    /// The beginning of a sequence, at most three bytes.
    pending: Vec<u8>,
}

impl Utf8Decoder {
    /// The text of `data`, as far as its last character is complete.
    pub fn feed(&mut self, data: &[u8]) -> String {
        let joined;
        let data = if self.pending.is_empty() {
            data
        } else {
            joined = [std::mem::take(&mut self.pending).as_slice(), data].concat();
            &joined
        };
        if let Ok(text) = std::str::from_utf8(data) {
            return text.to_owned();
        }

        let mut text = String::with_capacity(data.len());
        let mut chunks = data.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            text.push_str(chunk.valid());
            let invalid = chunk.invalid();
            if chunks.peek().is_none() && is_incomplete(invalid) {
                self.pending = invalid.to_vec();
            } else if !invalid.is_empty() {
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        text
    }

    /// The replacement for a character that was never completed, if there is one.
    pub fn finish(&mut self) -> String {
        if std::mem::take(&mut self.pending).is_empty() {
            String::new()
        } else {
            char::REPLACEMENT_CHARACTER.into()
        }
    }
}

/// Whether more bytes could make a character of these.
fn is_incomplete(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

#[cfg(test)]
mod tests {
    use super::Utf8Decoder;

    fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> String {
        let mut decoder = Utf8Decoder::default();
        let mut text: String = pieces.into_iter().map(|piece| decoder.feed(piece)).collect();
        text.push_str(&decoder.finish());
        assert_eq!(decoder.finish(), "", "finishing twice");
        text
    }

    /// Bytes, and what Python's decoder makes of them with `errors="replace"`.
    const CASES: &[(&[u8], &str)] = &[
        (b"", ""),
        (b"plain", "plain"),
        ("zażółć 日本 😀".as_bytes(), "zażółć 日本 😀"),
        (b"\xef\xbb\xbfmark", "\u{feff}mark"),
        (b"\xff\xfea", "\u{fffd}\u{fffd}a"),
        (b"\x80", "\u{fffd}"),
        (b"\xc3", "\u{fffd}"),
        (b"\xc3(", "\u{fffd}("),
        (b"\xc0\xaf", "\u{fffd}\u{fffd}"),
        (b"\xe2\x82", "\u{fffd}"),
        (b"\xe2\x82(\xe2", "\u{fffd}(\u{fffd}"),
        (b"\xe0\x80\xaf", "\u{fffd}\u{fffd}\u{fffd}"),
        (b"\xed\xa0\x80", "\u{fffd}\u{fffd}\u{fffd}"),
        (b"\xf0\x9f\x98", "\u{fffd}"),
        (b"\xf0\x9f\x98\x80\xf0\x9f", "😀\u{fffd}"),
        (b"\xf0\x80\x80\x80", "\u{fffd}\u{fffd}\u{fffd}\u{fffd}"),
        (b"\xf4\x90\x80\x80", "\u{fffd}\u{fffd}\u{fffd}\u{fffd}"),
        (b"\xf5a", "\u{fffd}a"),
        (b"a\xf1\x80\x80\xe1\x80\xc2b\x80c", "a\u{fffd}\u{fffd}\u{fffd}b\u{fffd}c"),
    ];

    #[test]
    fn every_split_gives_the_same() {
        for (bytes, expected) in CASES {
            assert_eq!(decode([*bytes]), *expected, "{bytes:x?}");
            for at in 0..=bytes.len() {
                let (head, tail) = bytes.split_at(at);
                assert_eq!(decode([head, tail]), *expected, "{head:x?} + {tail:x?}");
            }
            assert_eq!(decode(bytes.chunks(1)), *expected, "{bytes:x?} by bytes");
        }
    }

    #[test]
    fn complete_characters_do_not_wait() {
        let mut decoder = Utf8Decoder::default();
        assert_eq!(decoder.feed(b"a\xe2"), "a");
        assert_eq!(decoder.feed(b"\x82"), "");
        assert_eq!(decoder.feed(b"\xacb"), "\u{20ac}b");
        assert_eq!(decoder.feed(b"\xe0"), "");
        assert_eq!(decoder.feed(b"\x80"), "\u{fffd}\u{fffd}");
    }
}
