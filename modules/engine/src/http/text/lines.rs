//! Lines of text that arrives in pieces.

/// Splits text into lines as `str.splitlines` does, over any split of the input (httpx's
/// `LineDecoder`).
///
/// Lines end at LF, CR, CR LF, VT, FF, FS, GS, RS, NEL, and the line and paragraph separators of
/// Unicode; a line does not include its terminator.
#[derive(Debug, Default)]
pub struct LineDecoder {
    /// The beginning of a line whose end has not come.
    line: String,
    /// The text so far ended in CR, which ends a line alone or together with a LF still to come.
    after_cr: bool,
}

impl LineDecoder {
    /// The lines completed by `text`.
    ///
    /// A line that ends in CR is completed by what comes after the CR, as in httpx.
    pub fn feed(&mut self, text: &str) -> Vec<String> {
        let mut lines = Vec::new();
        if text.is_empty() {
            return lines;
        }
        let mut rest = text;
        if std::mem::take(&mut self.after_cr) {
            rest = rest.strip_prefix('\n').unwrap_or(rest);
            lines.push(std::mem::take(&mut self.line));
        }
        while let Some((line, end, after)) = split_line(rest) {
            if end == "\r" && after.is_empty() {
                self.after_cr = true;
                rest = line;
                break;
            }
            self.line.push_str(line);
            lines.push(std::mem::take(&mut self.line));
            rest = after;
        }
        self.line.push_str(rest);
        lines
    }

    /// The last line, when the text did not end in a line break, or ended in a CR.
    pub fn finish(&mut self) -> Vec<String> {
        if !std::mem::take(&mut self.after_cr) && self.line.is_empty() {
            return Vec::new();
        }
        vec![std::mem::take(&mut self.line)]
    }
}

/// The first line of `text`, what ends it, and what follows.
fn split_line(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let candidate = text.as_bytes().get(from..)?.iter().position(|&byte| may_break(byte))?;
        let at = from + candidate;
        let (line, rest) = text.split_at_checked(at)?;
        let size = break_size(rest);
        if size > 0 {
            let (end, after) = rest.split_at_checked(size)?;
            return Some((line, end, after));
        }
        from = at + rest.chars().next()?.len_utf8();
    }
}

/// Whether a line break can begin with this byte; none that continues a character can.
fn may_break(byte: u8) -> bool {
    matches!(byte, b'\n'..=b'\r' | 0x1c..=0x1e | 0xc2 | 0xe2)
}

/// The size of the line break that `text` begins with, in bytes; 0 when it begins with none.
fn break_size(text: &str) -> usize {
    match text.as_bytes() {
        [b'\r', b'\n', ..] | [0xc2, 0x85, ..] => 2,
        [b'\n'..=b'\r' | 0x1c..=0x1e, ..] => 1,
        [0xe2, 0x80, 0xa8 | 0xa9, ..] => 3,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::LineDecoder;

    fn lines(pieces: &[&str]) -> Vec<String> {
        let mut decoder = LineDecoder::default();
        let mut lines: Vec<String> = pieces.iter().flat_map(|piece| decoder.feed(piece)).collect();
        lines.extend(decoder.finish());
        assert!(decoder.finish().is_empty(), "finishing twice");
        lines
    }

    /// Texts, and what Python's `str.splitlines` makes of them.
    const CASES: &[(&str, &[&str])] = &[
        ("", &[]),
        ("a", &["a"]),
        ("a\n", &["a"]),
        ("a\nb", &["a", "b"]),
        ("a\r\nb\r\n", &["a", "b"]),
        ("a\rb\r", &["a", "b"]),
        ("\r", &[""]),
        ("\n\r", &["", ""]),
        ("\r\r\n\n", &["", "", ""]),
        ("a\n\nb", &["a", "", "b"]),
        ("a\u{b}b\u{c}c", &["a", "b", "c"]),
        ("a\u{1c}b\u{1d}c\u{1e}d\u{1f}e", &["a", "b", "c", "d\u{1f}e"]),
        ("a\u{85}b\u{2028}c\u{2029}d", &["a", "b", "c", "d"]),
        ("\u{86}é\u{2027}\u{202a}ż\u{2028}", &["\u{86}é\u{2027}\u{202a}ż"]),
        ("a\r\u{85}b", &["a", "", "b"]),
        ("zażółć\r\n日本\n😀", &["zażółć", "日本", "😀"]),
    ];

    #[test]
    fn whole_texts() {
        for (text, expected) in CASES {
            assert_eq!(lines(&[text]), *expected, "{text:?}");
        }
    }

    #[test]
    fn every_split_gives_the_same() {
        for (text, expected) in CASES {
            for at in (0..=text.len()).filter(|&at| text.is_char_boundary(at)) {
                let (head, tail) = text.split_at(at);
                assert_eq!(lines(&[head, tail]), *expected, "{head:?} + {tail:?}");
                assert_eq!(lines(&[head, "", tail]), *expected, "{head:?} + '' + {tail:?}");
            }
            let chars: Vec<String> = text.chars().map(String::from).collect();
            let chars: Vec<&str> = chars.iter().map(String::as_str).collect();
            assert_eq!(lines(&chars), *expected, "{text:?} by characters");
        }
    }

    #[test]
    fn lines_come_as_soon_as_they_are_complete() {
        let mut decoder = LineDecoder::default();
        assert_eq!(decoder.feed("a\nb"), ["a"]);
        assert_eq!(decoder.feed("c\r"), [""; 0]);
        assert_eq!(decoder.feed("\nd\r"), ["bc"]);
        assert_eq!(decoder.feed("e"), ["d"]);
        assert_eq!(decoder.finish(), ["e"]);
    }
}
