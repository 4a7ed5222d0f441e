//! Reading requests.

use super::super::error::{Error, Part};
use super::super::reader::{Limits, Request, RequestReader};
use super::{kind, mutations};

const REQUEST: &[u8] = b"GET /chat?x=1 HTTP/1.1\r\nHost: example.org\r\nX:  caf\xe9 \r\n\r\n";

fn read(parts: &[&[u8]]) -> (Result<Option<Request>, Error>, Vec<u8>) {
    let mut reader = RequestReader::new(Limits::default());
    for part in parts {
        reader.feed(part);
        match reader.read() {
            Ok(None) => {}
            // What comes later is not for this reader.
            result => return (result, reader.into_rest()),
        }
    }
    reader.feed_eof();
    (reader.read(), reader.into_rest())
}

fn whole(input: &[u8]) -> Result<Option<Request>, Error> {
    read(&[input]).0
}

fn message(input: &[u8]) -> String {
    whole(input).expect_err("the request is wrong").to_string()
}

#[test]
fn a_request_may_be_split_anywhere() {
    let expected = whole(REQUEST).expect("the request is right").expect("it is complete");
    assert_eq!(expected.line.method, "GET");
    assert_eq!(expected.line.target, "/chat?x=1");
    let fields = [("Host", "example.org"), ("X", "café")];
    assert_eq!(expected.fields, fields.map(|(name, value)| (name.to_owned(), value.to_owned())));
    for at in 0..=REQUEST.len() {
        let (one, other) = REQUEST.split_at(at);
        assert_eq!(read(&[one, other]).0, Ok(Some(expected.clone())), "split at {at}");
    }
    let bytes: Vec<&[u8]> = REQUEST.chunks(1).collect();
    assert_eq!(read(&bytes).0, Ok(Some(expected)));
}

#[test]
fn what_follows_is_left() {
    assert_eq!(read(&[REQUEST, b"ignored"]).1, b"");
    assert_eq!(read(&[&[REQUEST, b"frames"].concat()]).1, b"frames");
}

#[test]
fn a_request_that_ends_early_is_told_from_one_that_is_wrong() {
    for at in 0..REQUEST.len() {
        let (start, _) = REQUEST.split_at(at);
        let reading = if at < 24 { "request line" } else { "headers" };
        assert_eq!(message(start), format!("connection closed while reading HTTP {reading}"), "cut at {at}");
    }
    assert_eq!(message(b"GET / HTTP/1.1\n\n"), "connection closed while reading HTTP request line");
}

#[test]
fn limits_hold() {
    let mut long = b"GET /".to_vec();
    long.resize(8193, b'a');
    let error = whole(&long).expect_err("the line is too long");
    assert!(matches!(error, Error::TooLong(Part::RequestLine, _)));
    assert_eq!(error.to_string(), "read 8193 bytes, expected no more than 8192 bytes");
    let fields =
        |count: usize| [b"GET / HTTP/1.1\r\n", "a: b\r\n".repeat(count).as_bytes(), b"\r\n"].concat();
    assert!(whole(&fields(128)).is_ok());
    assert_eq!(whole(&fields(129)), Err(Error::TooManyFields(128)));
    let long = [b"GET / HTTP/1.1\r\na: ", "b".repeat(8200).as_bytes()].concat();
    assert!(matches!(whole(&long), Err(Error::TooLong(Part::Field, _))));
}

#[test]
fn what_is_wrong_is_said() {
    for (input, expected) in [
        (&b"GET /\r\n\r\n"[..], "invalid HTTP request line: GET /"),
        (b"\xc9 /\r\n\r\n", "invalid HTTP request line: \\xc9 /"),
        (b"GET / HTTP/2.0\r\n\r\n", "unsupported protocol; expected HTTP/1.1 or HTTP/1.0: GET / HTTP/2.0"),
        (b"GET  / HTTP/1.1\r\n\r\n", "unsupported protocol; expected HTTP/1.1 or HTTP/1.0: GET  / HTTP/1.1"),
        (b"GET /\xe9 HTTP/1.1\r\n\r\n", "the byte at position 1 is not ASCII"),
        (b"GET / HTTP/1.1\r\nOops\r\n", "invalid HTTP header line: Oops"),
        (b"GET / HTTP/1.1\r\na b: c\r\n", "invalid HTTP header name: a b"),
        (b"GET / HTTP/1.1\r\n: c\r\n", "invalid HTTP header name: "),
        (b"GET / HTTP/1.1\r\na: \x00\r\n", "invalid HTTP header value: \0"),
        (b"GET / HTTP/1.1\r\na: b\rc\r\n", "invalid HTTP header value: b\rc"),
        (b"GET / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", "unsupported request body"),
        (b"GET / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n", "transfer codings aren't supported"),
    ] {
        assert_eq!(message(input), expected);
    }
    assert!(whole(b"GET / HTTP/1.0\r\nContent-Length: 0\r\ncontent-length: 0\r\n\r\n").is_ok());
}

#[test]
fn splitting_changes_nothing_for_mutations_either() {
    mutations(&[REQUEST, b"GET / HTTP/1.0\r\nContent-Length: 0\r\n\r\n"], |input| {
        let parts: Vec<&[u8]> = input.chunks(1).collect();
        let (one, other) = (whole(input), read(&parts).0);
        assert_eq!(one.map_err(|error| kind(&error)), other.map_err(|error| kind(&error)), "{input:?}");
    });
}
