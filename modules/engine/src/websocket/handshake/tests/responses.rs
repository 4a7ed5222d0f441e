//! Reading responses.

use super::super::error::Error;
use super::super::lines;
use super::super::reader::{Limits, Response, ResponseReader};
use super::{kind, mutations};

const CHUNKED: &[u8] =
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nHello \r\n7;x=y\r\nworld!\n\r\n0\r\nA: b\r\n\r\n";

fn read(parts: &[&[u8]]) -> Result<Option<Response>, Error> {
    let mut reader = ResponseReader::new(Limits::default());
    for part in parts {
        reader.feed(part);
        match reader.read() {
            Ok(None) => {}
            result => return result,
        }
    }
    reader.feed_eof();
    reader.read()
}

fn whole(input: &[u8]) -> Result<Option<Response>, Error> {
    read(&[input])
}

fn body(input: &[u8]) -> Vec<u8> {
    whole(input).expect("the response is right").expect("it is complete").body
}

#[test]
fn bodies_end_where_they_say() {
    assert_eq!(body(CHUNKED), b"Hello world!\n");
    assert_eq!(body(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc"), b"ab");
    assert_eq!(body(b"HTTP/1.1 200 OK\r\n\r\nabc"), b"abc");
    for status in [101, 204, 304] {
        assert_eq!(body(format!("HTTP/1.1 {status} X\r\n\r\nabc").as_bytes()), b"");
    }
}

#[test]
fn only_proxies_respond_in_http_1_0() {
    let line = b"HTTP/1.0 200 Connection established";
    assert_eq!(
        lines::status_line(line, true).map(|line| line.reason),
        Ok("Connection established".to_owned())
    );
    assert!(lines::status_line(line, false).is_err());
}

#[test]
fn a_response_may_be_split_anywhere() {
    let expected = whole(CHUNKED);
    for at in 0..=CHUNKED.len() {
        let (one, other) = CHUNKED.split_at(at);
        assert_eq!(read(&[one, other]), expected, "split at {at}");
        assert!(matches!(whole(one), Err(Error::Closed { .. })) == (at < CHUNKED.len()), "cut at {at}");
    }
}

#[test]
fn what_is_wrong_is_said() {
    for (input, expected) in [
        (&b""[..], "connection closed while reading HTTP status line"),
        (b"Hello!\r\n", "invalid HTTP status line: Hello!"),
        (
            b"HTTP/1.0 400 Bad Request\r\n\r\n",
            "unsupported protocol; expected HTTP/1.1: HTTP/1.0 400 Bad Request",
        ),
        (b"HTTP/1.1 OMG WTF\r\n\r\n", "invalid status code; expected integer; got OMG"),
        (b"HTTP/1.1 007 My name is Bond\r\n\r\n", "invalid status code; expected 100–599; got 007"),
        (b"HTTP/1.1 99999 X\r\n\r\n", "invalid status code; expected 100–599; got 99999"),
        (b"HTTP/1.1 200 \x7f\r\n\r\n", "invalid HTTP reason phrase: \u{7f}"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n", "body too large: 1048577 bytes"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "invalid content length: -1"),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
            "several Content-Length headers",
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", "stream ends after 2 bytes, expected 9 bytes"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "transfer coding gzip isn't supported"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", "invalid chunk size: "),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n", "chunk without CRLF"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\nfffffff\r\n",
            "chunk too large: 268435455 bytes after 1 bytes",
        ),
    ] {
        assert_eq!(whole(input).expect_err("the response is wrong").to_string(), expected);
    }
    let endless = [&b"HTTP/1.1 200 OK\r\n\r\n"[..], &vec![b'a'; (1 << 20) + 1]].concat();
    assert_eq!(whole(&endless).map_err(|error| kind(&error)), Err("body".to_owned()));
}

#[test]
fn splitting_changes_nothing_for_mutations_either() {
    let seeds: [&[u8]; 3] = [
        CHUNKED,
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 101 Switching\r\nA: b\r\n\r\n",
    ];
    mutations(&seeds, |input| {
        let parts: Vec<&[u8]> = input.chunks(1).collect();
        let (one, other) = (whole(input), read(&parts));
        assert_eq!(one.map_err(|error| kind(&error)), other.map_err(|error| kind(&error)), "{input:?}");
    });
}
