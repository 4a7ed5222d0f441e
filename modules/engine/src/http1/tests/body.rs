//! Where bodies end.

use super::{Setting, check, read};

#[test]
fn counted() {
    check(
        Setting::REQUEST,
        &[
            (
                "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
                "begin | POST / | Content-Length: 3 | head 1.1 keep | body abc | end",
            ),
            (
                "POST / HTTP/1.1\r\nContent-Length: 0 \t\r\n\r\n",
                "begin | POST / | Content-Length: 0 \\t | head 1.1 keep | end",
            ),
            (
                "POST / HTTP/1.1\r\nContent-Length: 000\r\n\r\n",
                "begin | POST / | Content-Length: 000 | head 1.1 keep | end",
            ),
            // The largest there is.
            (
                "POST / HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n\r\nab",
                "begin | POST / | Content-Length: 18446744073709551615 | head 1.1 keep | body ab | ...",
            ),
        ],
    );
}

#[test]
fn chunked() {
    let head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    let events = "begin | POST / | Transfer-Encoding: chunked | head 1.1 keep";
    for (body, expected) in [
        ("0\r\n\r\n", "chunk 0 | chunk end | end"),
        ("000\r\n\r\n", "chunk 0 | chunk end | end"),
        ("1\r\na\r\n0\r\n\r\n", "chunk 1 | body a | chunk end | chunk 0 | chunk end | end"),
        (
            "00a\r\n0123456789\r\n0\r\n\r\n",
            "chunk 10 | body 0123456789 | chunk end | chunk 0 | chunk end | end",
        ),
        ("B\r\n\r\n\r\n\r\n\r\n\r\n1\r\n", "chunk 11 | body \\r\\n\\r\\n\\r\\n\\r\\n\\r\\n1 | chunk end"),
        ("1;a\r\nx\r\n", "chunk 1 | body x | chunk end"),
        ("1;a=b;c;d=\"e\\\"\\\\ ;\\r\u{e9}\t\"\r\nx\r\n", "chunk 1 | body x | chunk end"),
        ("1;a=\r\nx\r\n", "chunk 1 | body x | chunk end"),
        ("1;\"\r", "error Strict: Invalid character in chunk extensions name at byte 49"),
        ("ffffffffffffffff\r\na", "chunk 18446744073709551615 | body a | ..."),
        ("0\r\nA: b\r\nC:d \r\n\r\n", "chunk 0 | A: b | C: d  | chunk end | end"),
        ("0;a=b\r\nA: b\r\n\r\n", "chunk 0 | A: b | chunk end | end"),
    ] {
        let input = format!("{head}{body}");
        assert_eq!(read(Setting::REQUEST, input.as_bytes()), format!("{events} | {expected}"), "{body:?}");
    }
}

#[test]
fn transfer_encodings() {
    check(
        Setting::REQUEST,
        &[
            (
                "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, CHUNKED  \r\n\r\n0\r\n\r\n",
                "begin | POST / | Transfer-Encoding: gzip, CHUNKED   | head 1.1 keep | chunk 0 | chunk end | end",
            ),
            (
                "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "begin | POST / | Transfer-Encoding: gzip | Transfer-Encoding: chunked | head 1.1 keep | chunk 0 | chunk end \
             | end",
            ),
        ],
    );
    // Of a response whose coding is not known to end, the connection is the end.
    check(
        Setting::RESPONSE,
        &[
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\nab",
                "begin | 200 OK | Transfer-Encoding: chunked, gzip | head 1.1 close | body ab | ...",
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\nab",
                "begin | 200 OK | Transfer-Encoding: xchunked | head 1.1 close | body ab | ...",
            ),
        ],
    );
}

#[test]
fn responses_by_status() {
    for status in [100, 102, 103, 150, 199, 204, 304] {
        let input = format!(
            "HTTP/1.1 {status} x\r\nContent-Length: 2\r\n\r\nHTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"
        );
        let expected = format!(
            "begin | {status} x | Content-Length: 2 | head 1.1 keep | end | begin | Content-Length: 0 | head 1.1 keep | end"
        );
        assert_eq!(read(Setting::RESPONSE, input.as_bytes()), expected);
    }
    check(
        Setting::RESPONSE,
        &[
            (
                "HTTP/1.1 200 OK\r\n\r\nto the end\r\n",
                "begin | 200 OK | head 1.1 close | body to the end\\r\\n | ...",
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabHTTP/1.1 304 x\r\n\r\n",
                "begin | 200 OK | Content-Length: 2 | head 1.1 keep | body ab | end | begin | 304 x | head 1.1 keep | end",
            ),
        ],
    );
}

#[test]
fn absent() {
    let head = Setting { absent_body: true, ..Setting::RESPONSE };
    check(
        head,
        &[(
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "begin | 200 OK | Content-Length: 9 | head 1.1 keep | end \
             | begin | 200 OK | Transfer-Encoding: chunked | head 1.1 keep | end",
        )],
    );
}
