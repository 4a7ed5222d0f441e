use crate::websocket::InvalidUtf8;
use crate::websocket::utf8::Utf8Validator;

/// Where validation fails, `None` at the end.
fn check(pieces: &[&[u8]]) -> Result<(), (usize, &'static str)> {
    let mut validator = Utf8Validator::default();
    for piece in pieces {
        validator.feed(piece).map_err(|error| (error.start, error.reason))?;
    }
    validator.finish().map_err(|error| (error.start, error.reason))
}

#[test]
fn any_split_finds_the_same() {
    let texts: &[&[u8]] = &[
        b"",
        b"plain",
        "caf\u{e9} \u{20ac} \u{10348}!".as_bytes(),
        b"a\xff",
        b"\xc3",
        b"ab\xe2\x82",
        b"\xe2\x82A",
        b"\xf4\x90\x80\x80",
        b"\xed\xa0\x80",
        b"\xc0\x80",
        b"\x80",
        b"\xf0\x90\x8d\x88\xf0",
    ];
    for text in texts {
        let expected = InvalidUtf8::of(text).map(|error| (error.start, error.reason));
        assert_eq!(check(&[text]).err(), expected, "{}", text.escape_ascii());
        for cut in 0..=text.len() {
            let (one, two) = text.split_at(cut);
            assert_eq!(check(&[one, two]).err(), expected, "{} at {cut}", text.escape_ascii());
        }
        let bytes: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(check(&bytes).err(), expected, "{}", text.escape_ascii());
    }
}

#[test]
fn reasons_are_those_of_cpython() {
    let reason = |data: &[u8]| InvalidUtf8::of(data).map(|error| (error.start, error.end, error.reason));
    assert_eq!(reason(b"a\xff"), Some((1, 2, "invalid start byte")));
    assert_eq!(reason(b"a\xe2\x28\xa1"), Some((1, 2, "invalid continuation byte")));
    assert_eq!(reason(b"a\xe2\x82"), Some((1, 3, "unexpected end of data")));
}
