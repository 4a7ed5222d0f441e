//! Whole messages.

use super::{read_request, read_response};
use crate::http1::{ErrorKind, Limits, Method, Version};

#[test]
fn request() {
    let data = b"POST /a?b HTTP/1.1\r\nHost: h \r\nX: 1\r\nx:2\r\nContent-Length: 3\r\n\r\nabcGET";
    let request = read_request(data, Limits::DEFAULT).expect("a request");
    assert_eq!((request.method, request.target.as_slice()), (Method::Post, b"/a?b".as_slice()));
    assert_eq!(request.version, Version::HTTP_11);
    assert_eq!(request.fields.len(), 4);
    assert_eq!(request.fields.get_all(b"X").collect::<Vec<_>>(), [b"1", b"2"]);
    assert_eq!(request.fields.iter().next(), Some((b"Host".as_slice(), b"h".as_slice())));
    assert_eq!(request.body, b"abc");
    assert_eq!(data.get(request.end..), Some(b"GET".as_slice()));
    assert!(request.keep_alive && !request.upgrade && request.trailers.is_empty());
}

#[test]
fn trailers_are_apart() {
    let data = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\nT: v\r\n\r\n";
    let request = read_request(data, Limits::DEFAULT).expect("a request");
    assert_eq!((request.body.as_slice(), request.end), (b"abc".as_slice(), data.len()));
    assert_eq!(request.fields.len(), 1);
    assert_eq!(request.trailers.iter().collect::<Vec<_>>(), [(b"T".as_slice(), b"v".as_slice())]);
}

#[test]
fn response() {
    let read = |data: &[u8], method| read_response(data, method, Limits::DEFAULT).expect("a response");
    let response = read(b"HTTP/1.0 404 Not Found\r\n\r\nno", Method::Get);
    assert_eq!((response.status, response.reason.as_slice()), (404, b"Not Found".as_slice()));
    assert_eq!(response.body, b"no");
    assert!(!response.keep_alive);

    let head = read(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", Method::Head);
    assert!(head.body.is_empty() && head.keep_alive);

    let tunnel = b"HTTP/1.1 200 OK\r\n\r\nTLS";
    let response = read(tunnel, Method::Connect);
    assert!(response.upgrade && response.body.is_empty());
    assert_eq!(tunnel.get(response.end..), Some(b"TLS".as_slice()));
}

#[test]
fn incomplete() {
    for (data, reason, offset) in [
        ("", "No message", 0),
        ("\r\n", "No message", 2),
        ("GET / HT", "Incomplete start line", 8),
        ("GET / HTTP/1.1\r\nHost", "Incomplete head", 20),
        ("GET / HTTP/1.1\r\nContent-Length: 2\r\n\r\na", "Incomplete body", 38),
        ("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\na", "Incomplete chunk", 50),
        ("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "Incomplete trailers", 49),
    ] {
        let error = read_request(data.as_bytes(), Limits::DEFAULT).expect_err(data);
        assert_eq!(
            (error.kind(), error.reason(), error.offset()),
            (ErrorKind::Eof, reason, offset),
            "{data:?}"
        );
    }
    let error = read_request(b"GET /\x7f HTTP/1.1\r\n", Limits::DEFAULT).expect_err("a control byte");
    assert_eq!(error.to_string(), "Invalid char in url path at byte 5");
}
