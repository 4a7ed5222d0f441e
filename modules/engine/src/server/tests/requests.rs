//! Requests that are taken, and those that are refused.

use super::check;
use crate::server::Limits;

/// The log of an input.
#[track_caller]
fn log(input: &str) -> String {
    check(Limits::DEFAULT, input.as_bytes()).0
}

#[track_caller]
fn refused(input: &str) -> String {
    let log = log(input);
    let (_, refusal) = log.rsplit_once("refused ").unwrap_or_else(|| panic!("taken: {input:?} -> {log}"));
    refusal.trim_end_matches(" | linger").to_owned()
}

#[test]
fn taken() {
    let cases = [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET /  | end "),
        ("\r\nGET /a%20b?c=d?e HTTP/1.1\r\nHost: a:80\r\nX: 1 \r\n\r\n", "GET /a%20b c=d?e X=1 | end "),
        ("GET http://b.example/x?y HTTP/1.1\r\nHost: a\r\n\r\n", "GET /x y | end "),
        ("GET HTTPS://[::1]:8443 HTTP/1.1\r\nHost: a\r\n\r\n", "GET /  | end "),
        ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS *  | end "),
        ("GET / HTTP/1.0\r\n\r\n", "GET /  | end  | close"),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nmore",
            "GET /  Connection=close | end  | close",
        ),
        (
            "POST /p HTTP/1.1\r\nHost: [fe80::1]\r\nContent-Length: 5\r\n\r\nhello",
            "POST /p  Content-Length=5 | end hello",
        ),
        (
            "POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nT: x\r\n\r\n",
            "POST /p  Transfer-Encoding=Chunked | end hello!",
        ),
        // Pipelined: answered in order.
        (
            "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nxGET /3 HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /1  | end  | POST /2  Content-Length=1 | end x | GET /3  | end ",
        ),
        // An upgrade that is not accepted is a request like others.
        (
            "GET /u HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /u  Connection=Upgrade Upgrade=x | end  | GET /2  | end ",
        ),
        // A method with a token that is known, and what is not a request behind it.
        ("QUERY /q HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n?", "QUERY /q  Content-Length=1 | end ?"),
    ];
    for (input, expected) in cases {
        assert_eq!(log(input), expected, "{input:?}");
    }
}

#[test]
fn hosts() {
    for host in ["a", "a.example:8080", "127.0.0.1", "[::1]:80", "xn--bcher-kva.example", "a_b", "A.", "a%41"]
    {
        let log = log(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        assert_eq!(log, "GET /  | end ", "{host}");
    }
    for host in [
        "", " ", "a b", "a,b", "a/b", "u@a", "a:", "a:b", "a:99999", "a:123456", "[::1", "[::1]x", "[x]",
        "a?b", "a#b", "http://a", ":80", "a:80:80", "[]",
    ] {
        let expected = if host == "a:" { None } else { Some("400: Invalid Host field") };
        let log = log(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        match expected {
            Some(expected) => assert!(log.contains(expected), "{host}: {log}"),
            // An empty port is one (RFC 3986 section 3.2.3).
            None => assert_eq!(log, "GET /  | end ", "{host}"),
        }
    }
    assert_eq!(refused("GET / HTTP/1.1\r\n\r\n"), "400: No Host field");
    assert_eq!(refused("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), "400: Several Host fields");
    assert_eq!(refused("GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n"), "400: Several Host fields");
    assert_eq!(refused("GET http://a/ HTTP/1.1\r\nHost: b/c\r\n\r\n"), "400: Invalid Host field");
}

#[test]
fn targets() {
    let cases = [
        ("GET * HTTP/1.1", "400: Only OPTIONS can have the target *"),
        ("OPTIONS *x HTTP/1.1", "400: Only OPTIONS can have the target *"),
        ("GET /a#b HTTP/1.1", "400: A target must not have a fragment"),
        ("GET ftp://a/ HTTP/1.1", "400: Invalid scheme of a target"),
        ("GET http://u:p@a/ HTTP/1.1", "400: Invalid target"),
        ("CONNECT a:443 HTTP/1.1", "501: This is not a proxy"),
        ("GET / HTTP/2.0", "505"),
        ("GET / HTTP/1.2", "505"),
        ("GET / HTTP/0.9", "505"),
        ("FROB / HTTP/1.1", "501: Method is not known"),
        ("get / HTTP/1.1", "501: Method is not known"),
        ("GET a HTTP/1.1", "400"),
        ("GET / http/1.1", "400"),
        ("GET /\u{1} HTTP/1.1", "400"),
    ];
    for (line, expected) in cases {
        let refusal = refused(&format!("{line}\r\nHost: a\r\n\r\n"));
        assert!(refusal.starts_with(expected), "{line}: {refusal}");
    }
}

#[test]
fn smuggling() {
    let cases = [
        "Content-Length: 3\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 3",
        "Content-Length: 3\r\nContent-Length: 3",
        "Content-Length: 3\r\nContent-Length: 4",
        "Content-Length: 3, 3",
        "Content-Length: +3",
        "Content-Length: -3",
        "Content-Length: 0x3",
        "Content-Length: 3 3",
        "Content-Length: 3a",
        "Content-Length:",
        "Content-Length: 99999999999999999999",
        "Content-Length : 3",
        " Content-Length: 3",
        "Content-Length: 3\r\n folded",
        "X: a\r\n b",
        "X : a",
        ": a",
        "X\0: a",
        "X: \0",
        "X: a\rb",
        "X: a\nContent-Length: 3",
        "X a",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: gzip",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked, gzip",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: \u{b}chunked",
        "Transfer-Encoding: chunked;q=1",
        "Transfer-Encoding:",
        "Transfer-Encoding: \"chunked\"",
        "Transfer_Encoding: chunked\r\nTransfer-Encoding : chunked",
    ];
    for fields in cases {
        let input = format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
        let refusal = refused(&input);
        assert!(refusal.starts_with("400") || refusal.starts_with("501"), "{fields:?}: {refusal}");
    }
    // HTTP/1.0 does not have chunks.
    let refusal = refused("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    assert!(refusal.starts_with("400"), "{refusal}");
    for chunks in [
        "3\nabc\r\n0\r\n\r\n",
        "3 \r\nabc\r\n0\r\n\r\n",
        "0x3\r\nabc\r\n0\r\n\r\n",
        "-3\r\nabc\r\n0\r\n\r\n",
        "\r\nabc\r\n",
        "3;\nx\r\nabc\r\n0\r\n\r\n",
        "3\r\nabcd\r\n0\r\n\r\n",
        "3\r\nabc0\r\n\r\n",
        "11111111111111111\r\n",
        "3\r\nabc\r\n0\r\nX : y\r\n\r\n",
        "g\r\n",
    ] {
        let input = format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}");
        let refusal = refused(&input);
        assert!(refusal.starts_with("400"), "{chunks:?}: {refusal}");
    }
    // Trailers do not become fields of the next request, and what follows a body is the next request.
    assert_eq!(
        log(
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n"
        ),
        "POST /  Transfer-Encoding=chunked | end  | GET /2  | end "
    );
}

#[test]
fn limits() {
    let limits = Limits { request_line: 40, head: 120, fields: 3, ..Limits::DEFAULT };
    let cases = [
        (format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(20)), "GET /xxx"),
        (format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(40)), "refused 414"),
        (format!("GET /{}", "x".repeat(200)), "refused 414"),
        (format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(200)), "refused 431"),
        ("GET / HTTP/1.1\r\nHost: a\r\nB: b\r\nC: c\r\nD: d\r\n\r\n".to_owned(), "refused 431"),
        ("GET / HTTP/1.1\r\nHost: a\r\nB: b\r\nC: c\r\n\r\n".to_owned(), "GET /  B=b C=c | end"),
    ];
    for (input, expected) in cases {
        let (log, _) = check(limits, input.as_bytes());
        assert!(log.starts_with(expected), "{input:?}: {log}");
    }
    let limits = Limits { requests: 2, ..Limits::DEFAULT };
    let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    let (log, out) = check(limits, request.repeat(3).as_bytes());
    assert_eq!(log, "GET /  | end  | GET /  | end  | close");
    assert!(out.ends_with(b"Content-Length: 0\r\nConnection: close\r\n\r\n"), "{}", out.escape_ascii());
}

#[test]
fn silence() {
    for input in [&b"\x16\x03\x01\x02\0\x01"[..], b"\0", b"{}", b"\xff\xfe"] {
        let (log, out) = check(Limits::DEFAULT, input);
        assert!(log.ends_with("abort") && out.is_empty(), "{log}");
    }
}

#[test]
fn expectations() {
    let request = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    let (log, out) = check(Limits::DEFAULT, request.as_bytes());
    assert_eq!(log, "POST /  Expect=100-continue Content-Length=2");
    assert_eq!(out, b"HTTP/1.1 100 Continue\r\n\r\n");
    // HTTP/1.0 does not know it, and without a body there is nothing to continue with.
    for request in [
        "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
    ] {
        let (_, out) = check(Limits::DEFAULT, request.as_bytes());
        assert!(!out.starts_with(b"HTTP/1.1 100"), "{}", out.escape_ascii());
    }
    assert!(refused("GET / HTTP/1.1\r\nHost: a\r\nExpect: other\r\n\r\n").starts_with("417"));
}
