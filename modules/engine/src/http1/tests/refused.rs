//! Messages that are refused, and where.

use super::{Setting, check_refused, read};
use crate::http1::Limits;

#[test]
fn request_lines() {
    check_refused(
        Setting::REQUEST,
        &[
            (b" GET / HTTP/1.1\r\n", "error Method: Invalid method encountered at byte 0"),
            (b"get / HTTP/1.1\r\n", "error Method: Invalid method encountered at byte 0"),
            (b"SPAM / HTTP/1.1", "error Method: Invalid method encountered at byte 1"),
            (b"GET\0/ HTTP/1.1\r\n", "error Method: Expected space after method at byte 3"),
            (b"GET\t/ HTTP/1.1\r\n", "error Method: Expected space after method at byte 3"),
            (b"GETS / HTTP/1.1\r\n", "error Method: Expected space after method at byte 3"),
            (b"GET HTTP/1.1\r\n", "error Target: Unexpected char in url schema at byte 8"),
            (b"GET a/ HTTP/1.1\r\n", "error Target: Unexpected char in url schema at byte 5"),
            (b"GET ?q HTTP/1.1\r\n", "error Target: Unexpected start char in url at byte 4"),
            (b"GET \r\n", "error Target: Invalid characters in url at byte 4"),
            (b"GET /\t HTTP/1.1\r\n", "error Target: Invalid characters in url at byte 5"),
            (b"GET /\0 HTTP/1.1\r\n", "error Target: Invalid char in url path at byte 5"),
            (b"GET /\x7f HTTP/1.1\r\n", "error Target: Invalid char in url path at byte 5"),
            (b"GET /\xe4 HTTP/1.1\r\n", "error Target: Invalid char in url path at byte 5"),
            (b"GET /?\x01 HTTP/1.1\r\n", "error Target: Invalid char in url query at byte 6"),
            (b"GET /#\x01 HTTP/1.1\r\n", "error Target: Invalid char in url fragment start at byte 6"),
            (b"GET http://a@@b/ HTTP/1.1\r\n", "error Target: Double @ in url at byte 13"),
            (b"GET http://a\"/ HTTP/1.1\r\n", "error Target: Unexpected char in url server at byte 12"),
            (b"CONNECT /p HTTP/1.1\r\nA\r\n", "error Field: Invalid header token at byte 22"),
            (b"GET /\rX", "error Target: Expected CRLF at byte 6"),
            (b"GET / HTTQ/1.1\r\n", "error Protocol: Expected HTTP/, RTSP/ or ICE/ at byte 9"),
            (b"GET / http/1.1\r\n", "error Protocol: Expected HTTP/, RTSP/ or ICE/ at byte 6"),
            (b"GET / HTTP 1.1\r\n", "error Protocol: Expected HTTP/, RTSP/ or ICE/ at byte 10"),
            (b"PLAY / HTTP/1.1\r\n", "error Protocol: Invalid method for HTTP/x.x request at byte 10"),
            (b"PUT / RTSP/1.0\r\n", "error Protocol: Invalid method for RTSP/x.x request at byte 9"),
            (b"GET / ICE/1.0\r\n", "error Protocol: Expected SOURCE method for ICE/x.x request at byte 8"),
            (b"GET / HTTP/x.1\r\n", "error Version: Invalid major version at byte 11"),
            (b"GET / HTTP/1,1\r\n", "error Version: Expected dot at byte 12"),
            (b"GET / HTTP/1.x\r\n", "error Version: Invalid minor version at byte 13"),
            (b"GET / HTTP/1.2\r\n", "error Version: Invalid HTTP version at byte 13"),
            (b"GET / HTTP/5.6\r\n", "error Version: Invalid HTTP version at byte 13"),
            (b"GET / HTTP/1.10\r\n", "error Version: Expected CRLF after version at byte 14"),
            (b"GET / HTTP/1.1 \r\n", "error Version: Expected CRLF after version at byte 14"),
            (b"GET / HTTP/1.1\n\r\n", "error Version: Expected CRLF after version at byte 14"),
            (b"GET / HTTP/1.1\r\r\n", "error Strict: Expected CRLF after version at byte 15"),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "error Http2: Pause on PRI/Upgrade at byte 23"),
            (
                b"PRI * HTTP/1.1\r\nA: b\r\n\r\n",
                "error Version: Expected HTTP/2 Connection Preface at byte 16",
            ),
        ],
    );
}

#[test]
fn status_lines() {
    check_refused(
        Setting::RESPONSE,
        &[
            (b"12123123", "error Protocol: Expected HTTP/, RTSP/ or ICE/ at byte 0"),
            (b"HTTPS/1.1 200 OK\r\n", "error Protocol: Expected HTTP/, RTSP/ or ICE/ at byte 4"),
            (b"HTTP/1.1\t200 OK\r\n", "error Version: Expected space after version at byte 8"),
            (b"HTTP/3.0 200 OK\r\n", "error Version: Invalid HTTP version at byte 7"),
            (b"HTTP/1.1  200 OK\r\n", "error Status: Invalid status code at byte 9"),
            (b"HTTP/1.1 -20 OK\r\n", "error Status: Invalid status code at byte 9"),
            (b"HTTP/1.1 20 OK\r\n", "error Status: Invalid status code at byte 11"),
            (b"HTTP/1.1 1299 OK\r\n", "error Status: Invalid response status at byte 12"),
            (b"HTTP/1.1 200\n\r\n", "error Status: Invalid response status at byte 12"),
            (b"HTTP/1.1 200\rX", "error Strict: Expected LF after CR at byte 13"),
            (b"HTTP/1.1 200 OK\n\r\n", "error Strict: Missing expected CR after response line at byte 15"),
            (b"HTTP/1.1 200 OK\r\r\n", "error Strict: Expected LF after CR at byte 16"),
            (b"HTTP/1.1 200 O\0K\r\n\r\n", "error Status: Invalid character in response status at byte 14"),
            (b"HTTP/1.1 200 \x7f\r\n\r\n", "error Status: Invalid character in response status at byte 13"),
        ],
    );
}

/// What follows `GET / HTTP/1.1\r\n`, which is 16 bytes long.
#[test]
fn fields() {
    for (fields, expected) in [
        (" A: b\r\n\r\n", "Field: Unexpected space after start line at byte 16"),
        ("\tA: b\r\n\r\n", "Field: Invalid header token at byte 16"),
        (": b\r\n\r\n", "Field: Invalid header token at byte 16"),
        ("A b: c\r\n\r\n", "Field: Invalid header token at byte 17"),
        ("A : b\r\n\r\n", "Field: Invalid header token at byte 17"),
        ("A\t: b\r\n\r\n", "Field: Invalid header token at byte 17"),
        ("Content-Length : 1\r\n\r\na", "Field: Invalid header field char at byte 30"),
        ("Transfer-Encoding : chunked\r\n\r\n", "Field: Invalid header field char at byte 33"),
        ("A\r\n\r\n", "Field: Invalid header token at byte 17"),
        ("A\0: b\r\n\r\n", "Field: Invalid header token at byte 17"),
        ("\u{e9}: b\r\n\r\n", "Field: Invalid header token at byte 16"),
        ("(: b\r\n\r\n", "Field: Invalid header token at byte 16"),
        ("A: \0\r\n\r\n", "Field: Invalid header value char at byte 19"),
        ("A: b\0c\r\n\r\n", "Field: Invalid header value char at byte 20"),
        ("A: b\u{c}\r\n\r\n", "Field: Invalid header value char at byte 20"),
        ("A: b\u{7f}\r\n\r\n", "Field: Invalid header value char at byte 20"),
        ("A: b\n\r\n", "Strict: Missing expected CR after header value at byte 20"),
        ("A: b\r\r\n\r\n", "Strict: Missing expected LF after header value at byte 21"),
        ("A: b\rB: c\r\n\r\n", "Strict: Missing expected LF after header value at byte 21"),
        ("A:\n\r\n", "Field: Invalid header value char at byte 18"),
        ("A:\rb\r\n\r\n", "Strict: Expected LF after CR at byte 19"),
        ("A: b\r\n c\r\n\r\n", "Field: Unexpected whitespace after header value at byte 22"),
        ("A: b\r\n\tc\r\n\r\n", "Field: Unexpected whitespace after header value at byte 22"),
        ("A:\r\n b\r\n\r\n", "Field: Invalid header value char at byte 20"),
        ("\n", "Field: Invalid header field char at byte 16"),
        ("A: b\r\n\n", "Field: Invalid header field char at byte 22"),
        ("A: b\r\n\rX", "Strict: Expected LF after headers at byte 23"),
    ] {
        let input = format!("GET / HTTP/1.1\r\n{fields}");
        let events = read(Setting::REQUEST, input.as_bytes());
        assert_eq!(events.rsplit(" | error ").next(), Some(expected), "{fields:?}");
    }
}

/// What follows `POST / HTTP/1.1\r\n`; the errors without their places.
#[test]
fn lengths() {
    const CONFLICT: &str = "TransferEncoding: Transfer-Encoding can't be present with Content-Length";
    const REVERSED: &str = "ContentLength: Content-Length can't be present with Transfer-Encoding";
    const OPEN: &str = "TransferEncoding: Request has invalid `Transfer-Encoding`";
    const NOT_LAST: &str = "TransferEncoding: Invalid `Transfer-Encoding` header value";
    const NO_NUMBER: &str = "ContentLength: Invalid character in Content-Length";
    for (fields, expected) in [
        ("Transfer-Encoding: chunked\r\nContent-Length: 5", REVERSED),
        ("Content-Length: 5\r\nTransfer-Encoding: chunked", CONFLICT),
        ("Content-Length: 5\r\nTransfer-Encoding: identity", CONFLICT),
        ("Content-Length: 5\r\nTransfer-Encoding:", CONFLICT),
        ("Content-Length: 5\r\nContent-Length: 6", "ContentLength: Duplicate Content-Length"),
        ("Content-Length: 5\r\ncontent-length: 5", "ContentLength: Duplicate Content-Length"),
        ("Content-Length:", "ContentLength: Empty Content-Length"),
        ("Content-Length:  \t", "ContentLength: Empty Content-Length"),
        ("Content-Length: -1", NO_NUMBER),
        ("Content-Length: +1", NO_NUMBER),
        ("Content-Length: 0x1", NO_NUMBER),
        ("Content-Length: 1f", NO_NUMBER),
        ("Content-Length: 1_0", NO_NUMBER),
        ("Content-Length: 1.0", NO_NUMBER),
        ("Content-Length: 1 1", NO_NUMBER),
        ("Content-Length: 5, 6", NO_NUMBER),
        ("Content-Length: 5, 5", NO_NUMBER),
        ("Content-Length: \u{b2}", NO_NUMBER),
        ("Content-Length: 18446744073709551616", "ContentLength: Content-Length overflow"),
        ("Content-Length: 99999999999999999999999", "ContentLength: Content-Length overflow"),
        ("Transfer-Encoding:", "TransferEncoding: Empty Transfer-Encoding"),
        ("Transfer-Encoding: identity", OPEN),
        ("Transfer-Encoding: xchunked", OPEN),
        ("Transfer-Encoding: chunkedx", OPEN),
        ("Transfer-Encoding: \"chunked\"", OPEN),
        ("Transfer-Encoding: chunked;q=1", OPEN),
        ("Transfer-Encoding: chunked\t", OPEN),
        ("Transfer-Encoding: gzip chunked", OPEN),
        ("Transfer-Encoding: \u{a0}chunked", OPEN),
        ("Transfer-Encoding: chunked, identity", NOT_LAST),
        ("Transfer-Encoding: chunked,", NOT_LAST),
        ("Transfer-Encoding: chunked, chunked", NOT_LAST),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", NOT_LAST),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", NOT_LAST),
        ("Transfer-Encoding: \u{b}chunked", "Field: Invalid header value char"),
        ("Transfer-Encoding:\r\n chunked", "TransferEncoding: Empty Transfer-Encoding"),
        ("Transfer-Encoding: chunked\r\n ", "Field: Unexpected whitespace after header value"),
    ] {
        let input = format!("POST / HTTP/1.1\r\n{fields}\r\n\r\n0\r\n\r\n");
        let events = read(Setting::REQUEST, input.as_bytes());
        let error = events.rsplit(" | error ").next().and_then(|error| error.split(" at byte").next());
        assert_eq!(error, Some(expected), "{fields:?}");
        // That no length was told is known at the end of the head only.
        assert_eq!(events.contains(" | head "), expected == OPEN, "{fields:?}");
    }
    for (setting, start) in [(Setting::REQUEST, "POST / HTTP/1.0"), (Setting::RESPONSE, "HTTP/1.0 200 OK")] {
        let input = format!("{start}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
        let events = read(setting, input.as_bytes());
        assert!(
            events.contains("error TransferEncoding: Transfer-Encoding can't be present with HTTP/1.0"),
            "{events}"
        );
    }
}

/// What follows a head of 47 bytes.
#[test]
fn chunks() {
    let head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(head.len(), 47);
    const SIZE: &str = "ChunkSize: Invalid character in chunk size";
    for (body, expected, offset) in [
        ("\r\n", SIZE, 47),
        (";a\r\n", SIZE, 47),
        (" 1\r\n", SIZE, 47),
        ("+1\r\n", SIZE, 47),
        ("-1\r\n", SIZE, 47),
        ("g\r\n", SIZE, 47),
        ("0x1\r\n", SIZE, 48),
        ("1_0\r\n", SIZE, 48),
        ("1 \r\n", SIZE, 48),
        ("1\t;a\r\n", SIZE, 48),
        ("1\0\r\n", SIZE, 48),
        ("10000000000000000\r\n", "ChunkSize: Chunk size overflow", 63),
        ("fffffffffffffffff\r\n", "ChunkSize: Chunk size overflow", 63),
        ("1\na\r\n", "Strict: Missing expected CR after chunk size", 48),
        ("1\ra\r\n", "Strict: Expected LF after chunk size", 49),
        ("1;\r\na", "Strict: Invalid character in chunk extensions", 49),
        ("1; a\r\na", "Strict: Invalid character in chunk extensions", 49),
        ("1;\ta\r\na", "Strict: Invalid character in chunk extensions name", 49),
        ("1;a b\r\na", "Strict: Invalid character in chunk extensions name", 50),
        ("1;a\0\r\na", "Strict: Invalid character in chunk extensions name", 50),
        ("1;a\u{e9}\r\na", "Strict: Invalid character in chunk extensions name", 50),
        ("1;a\na", "Strict: Missing expected CR after chunk extension name", 50),
        ("1;a=b c\r\na", "Strict: Invalid character in chunk extensions value", 52),
        ("1;a=b\0\r\na", "Strict: Invalid character in chunk extensions value", 52),
        ("1;a=b\na", "Strict: Missing expected CR after chunk extension value", 52),
        ("1;a=\"\n\"\r\n", "Strict: Invalid character in chunk extensions quoted value", 52),
        ("1;a=\"\r\n\"\r\n", "Strict: Invalid character in chunk extensions quoted value", 52),
        ("1;a=\"\\\n\"\r\n", "Strict: Invalid quoted-pair in chunk extensions quoted value", 53),
        ("1;a=\"b\"c\r\n", "Strict: Invalid character in chunk extensions quote value", 54),
        ("1;a=\"b\"\n", "Strict: Missing expected CR after chunk extension value", 54),
        ("1;a\rb", "Strict: Expected LF after chunk size", 51),
        ("1\r\nab", "Strict: Expected LF after chunk data", 51),
        ("1\r\na0\r\n\r\n", "Strict: Expected LF after chunk data", 51),
        ("1\r\na\n0\r\n\r\n", "Strict: Missing expected CR after chunk data", 51),
        ("1\r\na\r0\r\n\r\n", "Strict: Expected LF after chunk data", 52),
        ("0\r\nA b: c\r\n\r\n", "Field: Invalid header token", 51),
        ("0\r\n A: b\r\n\r\n", "Field: Invalid header token", 50),
        (
            "0\r\nContent-Length: 1\r\n\r\n",
            "ContentLength: Content-Length can't be present with Transfer-Encoding",
            68,
        ),
        (
            "0\r\nTransfer-Encoding: chunked\r\n\r\n",
            "TransferEncoding: Invalid `Transfer-Encoding` header value",
            77,
        ),
        ("0\r\n\n", "Field: Invalid header field char", 50),
    ] {
        let input = format!("{head}{body}");
        let events = read(Setting::REQUEST, input.as_bytes());
        let expected = format!("{expected} at byte {offset}");
        assert_eq!(events.rsplit(" | error ").next(), Some(expected.as_str()), "{body:?}");
    }
}

#[test]
fn data_after_the_last_message() {
    check_refused(
        Setting::REQUEST,
        &[
            (b"GET / HTTP/1.0\r\n\r\nGET", "error Closed: Data after `Connection: close` at byte 18"),
            (
                b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n\r\n\nGET",
                "error Closed: Data after `Connection: close` at byte 40",
            ),
        ],
    );
}

#[test]
fn limits() {
    let limits = Limits { head_size: 40, fields: 2, chunk_extensions: 4 };
    check_refused(
        Setting { limits, ..Setting::REQUEST },
        &[
            // 40 bytes are taken, the next is one too many.
            (
                b"GET /56789012345678 HTTP/1.1\r\nA: 345678\r\n\r\n",
                "error TooLarge: Head is too large at byte 40",
            ),
            (b"GET /56789012345678901234567890123456789012", "error TooLarge: Head is too large at byte 40"),
            (b"\r\n\r\nGET /567890123456 HTTP/1.1\r\nA: b\r\n\r\n", "end"),
            (b"GET / HTTP/1.1\r\nA:\r\nB:\r\nC:\r\n\r\n", "error TooLarge: Too many fields at byte 24"),
            (b"GET / HTTP/1.1\r\nA:\r\nB:\r\n\r\n", "end"),
        ],
    );
    let limits = Limits { head_size: 50, ..limits };
    check_refused(Setting { limits, ..Setting::REQUEST }, &[
        (
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;abcde\r\n",
            "error TooLarge: Chunk extensions are too large at byte 53",
        ),
        // Each chunk anew.
        (
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;abc\r\na\r\n1;abc\r\na\r\n0\r\n\r\n",
            "end",
        ),
        // Trailers anew.
        (
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: 34567890123456789012345678901234567890\r\n\r\n",
            "end",
        ),
        (
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: 3456789012345678901234567890123456789012345678901\r\n\r\n",
            "error TooLarge: Trailers are too large at byte 100",
        ),
        (
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA:\r\nB:\r\nC:\r\n\r\n",
            "error TooLarge: Too many fields at byte 58",
        ),
    ]);
}
