use crate::websocket::{Close, CloseCode, Error};

#[test]
fn what_is_written_is_read() {
    for (code, reason) in [(1000_u16, ""), (1001, "bye"), (1014, ""), (3000, "naïve"), (4999, "€")] {
        let close = Close::new(code, reason);
        assert_eq!(Close::parse(&close.serialize().expect("allowed")).expect("valid"), close);
    }
    assert_eq!(Close::parse(b"").expect("valid"), Close::new(CloseCode::Status, ""));
}

#[test]
fn codes_that_are_not_for_the_wire() {
    for code in [0_u16, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535] {
        assert!(matches!(Close::new(code, "").serialize(), Err(Error::Protocol(_))), "{code}");
        assert!(matches!(Close::parse(&code.to_be_bytes()), Err(Error::Protocol(_))), "{code}");
    }
}

#[test]
fn malformed() {
    let error = Close::parse(b"\x03").expect_err("too short");
    assert_eq!(error.to_string(), "close frame too short");
    let error = Close::parse(b"\x03\xe8ab\xff").expect_err("no text");
    assert_eq!(error.to_string(), "invalid start byte at position 2");
    // The reason is looked at first.
    assert!(matches!(Close::parse(b"\x00\x00\xff"), Err(Error::InvalidUtf8(_))));
}

#[test]
fn shown() {
    assert_eq!(Close::new(1000_u16, "").to_string(), "1000 (OK)");
    assert_eq!(Close::new(CloseCode::Away, "bye").to_string(), "1001 (going away) bye");
    assert_eq!(Close::new(3000_u16, "").to_string(), "3000 (registered)");
    assert_eq!(Close::new(4000_u16, "").to_string(), "4000 (private use)");
    assert_eq!(Close::new(1016_u16, "").to_string(), "1016 (unknown)");
}
