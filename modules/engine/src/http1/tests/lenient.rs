//! What each leniency lets through, and that it lets through nothing else.

use super::{Setting, read};
use crate::http1::Leniencies;

/// Setting, leniency, input, and the end of its events.
const CASES: &[(Setting, Leniencies, &str, &str)] = &[
    (
        Setting::REQUEST,
        Leniencies::HEADERS,
        "GET / HTTP/1.1\r\nA: b\r\n c\r\n\td\r\n\r\n",
        "A: b c\\td | head 1.1 keep | end",
    ),
    (
        Setting::REQUEST,
        Leniencies::HEADERS,
        "GET / HTTP/1.1\r\nA:\r\n b\r\n\r\n",
        "A: b | head 1.1 keep | end",
    ),
    (
        Setting::REQUEST,
        Leniencies::HEADERS,
        "GET / HTTP/1.1\r\nA: \0\x0c\r\n\r\n",
        "A: \\x00\\x0c | head 1.1 keep | end",
    ),
    (Setting::REQUEST, Leniencies::HEADERS, "GET / HTTP/1.1\r\n A: b\r\n\r\n", "A: b | head 1.1 keep | end"),
    (
        Setting::REQUEST,
        Leniencies::HEADERS,
        "POST / HTTP/1.1\r\nContent-Length : 1\r\n\r\na",
        "Content-Length : 1 | head 1.1 keep | body a | end",
    ),
    (Setting::RESPONSE, Leniencies::HEADERS, "HTTP/1.1 204 \0\r\n\r\n", "204 \\x00 | head 1.1 keep | end"),
    (
        Setting::REQUEST,
        Leniencies::CHUNKED_LENGTH,
        "POST / HTTP/1.1\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "head 1.1 keep | chunk 0 | chunk end | end",
    ),
    (
        Setting::REQUEST,
        Leniencies::CHUNKED_LENGTH,
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n0\r\n\r\n",
        "head 1.1 keep | chunk 0 | chunk end | end",
    ),
    (
        Setting::REQUEST,
        Leniencies::KEEP_ALIVE,
        "GET / HTTP/1.0\r\n\r\nGET /2 HTTP/1.0\r\n\r\n",
        "head 1.0 close | end | begin | GET /2 | head 1.0 close | end",
    ),
    (
        Setting::REQUEST,
        Leniencies::TRANSFER_ENCODING,
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\nab",
        "head 1.1 keep | body ab | ...",
    ),
    (
        Setting::REQUEST,
        Leniencies::TRANSFER_ENCODING,
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "head 1.0 close | chunk 0 | chunk end | end",
    ),
    (Setting::REQUEST, Leniencies::VERSION, "GET / HTTP/5.6\r\n\r\n", "head 5.6 keep | end"),
    (Setting::RESPONSE, Leniencies::VERSION, "HTTP/5.6 204\r\n\r\n", "head 5.6 keep | end"),
    (Setting::REQUEST, Leniencies::DATA_AFTER_CLOSE, "GET / HTTP/1.0\r\n\r\nrest", "head 1.0 close | end"),
    (
        Setting::RESPONSE,
        Leniencies::OPTIONAL_LF_AFTER_CR,
        "HTTP/1.1 204\rA: b\r\n\rHTTP/1.1 304\r\n\r\n",
        "A: b | head 1.1 keep | end | begin | head 1.1 keep | end",
    ),
    (
        Setting::REQUEST,
        Leniencies::OPTIONAL_LF_AFTER_CR,
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\ra\r\n0\r\r\n",
        "chunk 1 | body a | chunk end | chunk 0 | chunk end | end",
    ),
    (
        Setting::REQUEST,
        Leniencies::OPTIONAL_CRLF_AFTER_CHUNK,
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na0\r\n\r\n",
        "chunk 1 | body a | chunk end | chunk 0 | chunk end | end",
    ),
    (
        Setting::REQUEST,
        Leniencies::OPTIONAL_CR_BEFORE_LF,
        "GET / HTTP/1.1\nA: b\nC:\n\n",
        "A: b | C:  | head 1.1 keep | end",
    ),
    (Setting::RESPONSE, Leniencies::OPTIONAL_CR_BEFORE_LF, "HTTP/1.1 204\n\n", "begin | head 1.1 keep | end"),
    (
        Setting::RESPONSE,
        Leniencies::OPTIONAL_CR_BEFORE_LF,
        "HTTP/1.1 204 x\n\n",
        "204 x | head 1.1 keep | end",
    ),
    (
        Setting::REQUEST,
        Leniencies::OPTIONAL_CR_BEFORE_LF,
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\na\n1;a\nb\n1;a=b\nc\n1;a=\"b\"\nd\n0\nT: u\n\n",
        "body d | chunk end | chunk 0 | T: u | chunk end | end",
    ),
    (
        Setting::REQUEST,
        Leniencies::SPACES_AFTER_CHUNK_SIZE,
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1 \t\r\na\r\n0 ;a\r\n\r\n",
        "chunk 1 | body a | chunk end | chunk 0 | chunk end | end",
    ),
];

#[test]
fn each_lets_its_own_through() {
    for (setting, leniency, input, expected) in CASES {
        let events = read(setting.lenient(*leniency), input.as_bytes());
        assert!(events.ends_with(expected), "{leniency:?} {input:?}: {events}");
        let mut others = Leniencies::from_bits(u16::MAX);
        others.set(*leniency, false);
        // These two are two ways to allow the same.
        if *leniency == Leniencies::CHUNKED_LENGTH {
            others.set(Leniencies::TRANSFER_ENCODING, false);
        }
        let events = read(setting.lenient(others), input.as_bytes());
        assert!(
            !events.ends_with(expected) || *leniency == Leniencies::DATA_AFTER_CLOSE,
            "{others:?} {input:?}: {events}"
        );
        let strict = read(*setting, input.as_bytes());
        assert!(strict.contains("error"), "strict {input:?}: {strict}");
    }
}

/// Folded over lines, what decides about the end is not trusted even then.
#[test]
fn folded_framing() {
    for (fields, expected) in [
        (
            "Transfer-Encoding: gzip,\r\n chunked",
            "error TransferEncoding: Request has invalid `Transfer-Encoding`",
        ),
        ("Content-Length: 1\r\n 0", "error ContentLength: Duplicate Content-Length"),
    ] {
        let input = format!("POST / HTTP/1.1\r\n{fields}\r\n\r\n");
        let events = read(Setting::REQUEST.lenient(Leniencies::HEADERS), input.as_bytes());
        assert!(events.contains(expected), "{fields:?}: {events}");
    }
}

#[test]
fn sets() {
    let mut set = Leniencies::HEADERS | Leniencies::VERSION;
    assert!(set.contains(Leniencies::HEADERS) && !set.contains(Leniencies::KEEP_ALIVE));
    set.set(Leniencies::HEADERS, false);
    assert_eq!(set, Leniencies::VERSION);
    assert_eq!(Leniencies::from_bits(set.bits()), set);
    assert!(!set.is_empty() && Leniencies::NONE.is_empty());
}
