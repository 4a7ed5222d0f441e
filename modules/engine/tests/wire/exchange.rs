//! One exchange: what goes out, what comes back.

use bytes::Bytes;
use http::Version;
use tauraro_engine::http::client::TransportConfig;
use tauraro_engine::{Body, ErrorKind, http::client::Transport};
use tauraro_test_server::TestServer;

use crate::support::{RawServer, SERVER, direct, failure, fetch, get, request, run, transport};

/// The request head as the server saw it.
fn sent(request: tauraro_engine::http::client::Request) -> String {
    run(async { fetch(&transport(), request).await.expect("an answer").text().to_owned() })
}

#[test]
fn a_simple_get() {
    let answer = run(fetch(&transport(), get(&SERVER.url("/json")))).expect("an answer");
    assert_eq!((answer.head.status, answer.head.version), (200, Version::HTTP_11));
    assert_eq!(answer.head.reason, None);
    assert_eq!(answer.head.remote_addr, Some(SERVER.addr()));
    assert_eq!(answer.head.headers.get("Content-Length").map(Bytes::as_ref), Some(&b"1024"[..]));
    assert_eq!(answer.body.len(), 1024);
}

#[test]
fn the_head_is_sent_as_given_with_the_host_first() {
    let mut request = get(&SERVER.raw_url("/path?a=1"));
    request.headers.append("accept", "*/*");
    request.headers.append("X-Two", "1");
    request.headers.append("user-agent", "me/1.0");
    request.headers.append("x-latin", &b"caf\xe9"[..]);
    request.headers.append("x-two", "2");
    let host = request.url.netloc();
    let answer = run(fetch(&transport(), request)).expect("an answer");
    let expected = format!(
        "GET /path?a=1 HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\nX-Two: 1\r\nX-Two: 2\r\nUser-Agent: me/1.0\r\nX-Latin: caf\u{e9}\r\n\r\n"
    );
    let latin1: Vec<u8> =
        expected.chars().map(|char| u8::try_from(u32::from(char)).expect("Latin-1")).collect();
    assert_eq!(answer.body, latin1);
}

#[test]
fn a_host_of_the_caller_replaces_the_one_of_the_url() {
    let mut request = get(&SERVER.raw_url("/"));
    request.headers.append("accept", "*/*");
    request.headers.append("host", "elsewhere.example:81");
    assert_eq!(sent(request), "GET / HTTP/1.1\r\nHost: elsewhere.example:81\r\nAccept: */*\r\n\r\n");
}

#[test]
fn the_target_is_sent_as_the_url_spells_it() {
    let targets = [
        "/",
        "/?",
        "/a//b",
        "//a",
        "/a|b",
        "/it's",
        "/?q=it's",
        "/%7e/~",
        "/a%2Fb",
        "/%2e%2e/a",
        "/a/%2E/b",
        "/a^b",
        "/a\\b",
        "/?a=b|c^d`{e}",
        "/a;b=c,d:e@f!$&()*+",
        "/?a?b/c",
        "/%zz",
        "/?%zz",
        "/caf%C3%A9",
        "/[a]",
        "/?x[]=1",
        "/a%20b?c%20d+e",
        "/?'\"",
    ];
    for target in targets {
        let mut request = get(&SERVER.raw_url(target));
        let expected = request.url.raw_path();
        request.headers.append("accept", "*/*");
        let head = sent(request);
        let line = head.lines().next().expect("a request line");
        assert_eq!(line, format!("GET {expected} HTTP/1.1"), "{target}");
    }
}

#[test]
fn userinfo_and_fragment_stay_here() {
    let url = SERVER.raw_url("/a#b").replace("http://", "http://user:secret@");
    let head = sent(get(&url));
    assert!(head.starts_with("GET /a HTTP/1.1\r\n"), "{head}");
    assert!(!head.contains("secret"), "{head}");
}

#[test]
fn any_method_token() {
    for method in ["HEAD", "OPTIONS", "TRACE", "PURGE", "M-SEARCH", "get", "!#$%&'*+.^_`|~"] {
        let mut head = run(transport().send(request(method, &SERVER.url("/echo")))).expect(method);
        assert_eq!(head.status, 200, "{method}");
        let body = run(head.body.read_to_end()).expect(method);
        let text = String::from_utf8_lossy(&body);
        assert!(method == "HEAD" || text.contains(&format!("\"method\":\"{method}\"")), "{method}: {text}");
    }
}

#[test]
fn reason_phrases() {
    let reason = |answer: &str| {
        let server = RawServer::answering(answer);
        let head = run(transport().send(get(&server.url("/")))).expect(answer);
        (head.status, head.reason)
    };
    let own = Some(Bytes::from_static(b"Quite Fine"));
    assert_eq!(reason("HTTP/1.1 200 Quite Fine\r\ncontent-length: 0\r\n\r\n"), (200, own));
    assert_eq!(reason("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"), (200, None));
    assert_eq!(reason("HTTP/1.1 299 \r\ncontent-length: 0\r\n\r\n"), (299, Some(Bytes::new())));
}

#[test]
fn response_headers_keep_their_order_and_bytes() {
    let server = RawServer::answering(&b"HTTP/1.1 200 OK\r\nB: 1\r\nSet-Cookie: a=1\r\nA:  caf\xe9 \r\nset-cookie: b=2\r\ncontent-length: 0\r\n\r\n"[..]);
    let answer = run(fetch(&transport(), get(&server.url("/")))).expect("an answer");
    let fields: Vec<_> = answer.head.headers.iter().map(|f| (f.name.as_ref(), f.value.as_ref())).collect();
    let expected: [(&[u8], &[u8]); 5] = [
        (b"b", b"1"),
        (b"set-cookie", b"a=1"),
        (b"set-cookie", b"b=2"),
        (b"a", b"caf\xe9"),
        (b"content-length", b"0"),
    ];
    assert_eq!(fields, expected);
}

#[test]
fn interim_responses_are_skipped() {
    let answer = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    let answer = run(fetch(&transport(), get(&RawServer::answering(answer).url("/")))).expect("an answer");
    assert_eq!((answer.head.status, answer.text()), (200, "ok"));
}

#[test]
fn responses_without_a_body() {
    for (method, answer) in [
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", "HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n"),
        ("GET", "HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n"),
        ("HEAD", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"),
        ("HEAD", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"),
    ] {
        let server = RawServer::answering(answer);
        let answer = run(fetch(&transport(), request(method, &server.url("/")))).expect(answer);
        assert_eq!(answer.body, "", "{method} {}", answer.head.status);
    }
}

#[test]
fn bodies_of_every_framing() {
    for (head, expected) in [
        ("content-length: 5\r\n\r\nhello", "hello"),
        ("transfer-encoding: chunked\r\n\r\n5;ext=1\r\nhello\r\n1\r\n!\r\n0\r\ntrailer: 1\r\n\r\n", "hello!"),
        ("\r\nuntil the end", "until the end"),
    ] {
        let server = RawServer::answering(format!("HTTP/1.1 200 OK\r\n{head}"));
        let answer = run(fetch(&transport(), get(&server.url("/")))).expect(head);
        assert_eq!(answer.text(), expected);
    }
    let server = RawServer::answering("HTTP/1.0 200 OK\r\n\r\nold");
    let answer = run(fetch(&transport(), get(&server.url("/")))).expect("HTTP/1.0");
    assert_eq!((answer.head.version, answer.text()), (Version::HTTP_10, "old"));
}

#[test]
fn large_bodies_arrive_whole() {
    for path in ["/bytes/3000000", "/chunked/3000000?size=50000"] {
        let body = run(fetch(&transport(), get(&SERVER.url(path)))).expect(path).body;
        assert_eq!(body.len(), 3_000_000, "{path}");
        assert!(body.iter().enumerate().all(|(i, byte)| usize::from(*byte) == i % 251), "{path}");
    }
}

#[test]
fn connections_are_reused() {
    let server = TestServer::start();
    let transport = transport();
    for _ in 0..100 {
        run(fetch(&transport, get(&server.url("/json")))).expect("an answer");
        run(fetch(&transport, request("HEAD", &server.url("/json")))).expect("an answer");
    }
    assert_eq!(server.connections(), 1);
}

#[test]
fn headers_that_would_break_the_message_are_not_sent() {
    let server = RawServer::answering("HTTP/1.1 200 OK\r\n\r\n");
    let transport = transport();
    let cases: [(&[u8], &[u8], &str); 16] = [
        (b"a", b"b\r\nc: d", r"Illegal header value b'b\r\nc: d'"),
        (b"a", b"b\nc", r"Illegal header value b'b\nc'"),
        (b"a", b"b\rc", r"Illegal header value b'b\rc'"),
        (b"a", b"b\0c", r"Illegal header value b'b\x00c'"),
        (b"a", b"\x1b[2J", r"Illegal header value b'\x1b[2J'"),
        (b"a", b" b", "Illegal header value b' b'"),
        (b"a", b"b\t", r"Illegal header value b'b\t'"),
        (b"host", b"a\r\nb: c", r"Illegal header value b'a\r\nb: c'"),
        (b"Authorization", b"secret\n", "Illegal header value b'[secure]'"),
        (b"", b"b", "Illegal header name b''"),
        (b"a b", b"c", "Illegal header name b'a b'"),
        (b"a:", b"c", "Illegal header name b'a:'"),
        (b"a\r\nb", b"c", r"Illegal header name b'a\r\nb'"),
        (b"caf\xe9", b"c", r"Illegal header name b'caf\xe9'"),
        (b"a\"b'", b"c", r#"Illegal header name b'a"b\''"#),
        (b"content-length", b"-1", "bad Content-Length"),
    ];
    for (name, value, message) in cases {
        let mut request = get(&server.url("/"));
        request.headers.append(name, value);
        let error = failure(run(transport.send(request)), ErrorKind::LocalProtocolError);
        assert_eq!(error.message(), message);
    }
    let cases: [(&[(&str, &str)], &str); 4] = [
        (&[("content-length", "1"), ("content-length", "2")], "conflicting Content-Length headers"),
        (&[("transfer-encoding", "gzip")], "Only Transfer-Encoding: chunked is supported"),
        (
            &[("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")],
            "multiple Transfer-Encoding headers",
        ),
        (&[("host", "a"), ("Host", "b")], "Found multiple Host: headers"),
    ];
    for (fields, message) in cases {
        let mut request = get(&server.url("/"));
        request.headers.extend_with(fields);
        let error = failure(run(transport.send(request)), ErrorKind::LocalProtocolError);
        assert_eq!(error.message(), message);
    }
    assert_eq!(server.accepted(), 0);
}

trait ExtendWith {
    fn extend_with(&mut self, fields: &[(&'static str, &'static str)]);
}

impl ExtendWith for tauraro_engine::Headers {
    fn extend_with(&mut self, fields: &[(&'static str, &'static str)]) {
        for (name, value) in fields {
            self.append(*name, *value);
        }
    }
}

#[test]
fn urls_that_cannot_be_sent() {
    let transport = transport();
    for (url, kind, message) in [
        (
            "/path",
            ErrorKind::UnsupportedProtocol,
            "Request URL is missing an 'http://' or 'https://' protocol.",
        ),
        ("ftp://a/", ErrorKind::UnsupportedProtocol, "Request URL has an unsupported protocol 'ftp://'."),
        ("http:///path", ErrorKind::InvalidUrl, "Request URL has no host."),
    ] {
        let error = failure(run(transport.send(get(url))), kind);
        assert_eq!(error.message(), message);
    }
}

#[test]
fn a_zone_is_for_connecting_and_is_not_sent() {
    let listener = std::net::TcpListener::bind("[::1]:0").expect("loopback");
    let port = listener.local_addr().expect("an address").port();
    let (report, seen) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let head = crate::support::read_head(&mut stream);
            let _ = report.send(String::from_utf8_lossy(&head).into_owned());
            let _ = std::io::Write::write_all(&mut stream, b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
        }
    });
    for zone in ["%1", ""] {
        let url = format!("http://[::1{zone}]:{port}/");
        assert_eq!(run(fetch(&transport(), get(&url))).expect("an answer").text(), "ok");
        let head = seen.recv_timeout(crate::support::LONG).expect("a request");
        assert!(head.contains(&format!("\r\nHost: [::1]:{port}\r\n")), "{head}");
    }
    let url = format!("http://[::1%nothing]:{port}/");
    failure(run(fetch(&transport(), get(&url))), ErrorKind::ConnectError);
}

#[test]
fn a_transport_needs_a_version_to_speak() {
    let config = TransportConfig { http1: false, http2: false, ..TransportConfig::default() };
    failure(Transport::new(config), ErrorKind::LocalProtocolError);
}

#[test]
fn a_body_of_every_kind_is_framed() {
    let echo = |headers: &[(&'static str, &'static str)], body: Body| {
        let mut request = request("PUT", &SERVER.url("/echo"));
        request.headers.extend_with(headers);
        request.body = body;
        run(fetch(&transport(), request)).expect("an answer").text().to_owned()
    };
    let text = echo(&[], Body::Bytes("abc".into()));
    assert!(text.contains(r#"["content-length","3"]"#) && text.contains(r#""text":"abc""#), "{text}");
    let text = echo(&[("transfer-encoding", "chunked")], Body::Bytes("abc".into()));
    assert!(
        text.contains(r#"["transfer-encoding","chunked"]"#) && text.contains(r#""text":"abc""#),
        "{text}"
    );
    let text = echo(&[("content-length", "0")], Body::Empty);
    assert!(text.contains(r#"["content-length","0"]"#), "{text}");
    let text = echo(&[("transfer-encoding", "chunked")], Body::Empty);
    assert!(text.contains(r#"["transfer-encoding","chunked"]"#) && text.contains(r#""size":0"#), "{text}");
    let text = echo(&[], Body::Empty);
    assert!(!text.contains("content-length") && !text.contains("transfer-encoding"), "{text}");
}

#[test]
fn many_header_fields() {
    let answer = |count: usize| {
        let fields = (0..count).map(|n| format!("x-{n}: {n}\r\n")).collect::<Vec<_>>().concat();
        RawServer::answering(format!("HTTP/1.1 200 OK\r\n{fields}content-length: 2\r\n\r\nok"))
    };
    for transport in [transport(), direct()] {
        let whole = run(fetch(&transport, get(&answer(200).url("/")))).expect("an answer");
        assert_eq!(whole.head.headers.len(), 201);
        failure(run(fetch(&transport, get(&answer(300).url("/")))), ErrorKind::RemoteProtocolError);
    }
}
