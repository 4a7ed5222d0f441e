//! HTTP/2: fields that mean something else there, or nothing, and heads of every size.

use std::sync::mpsc::{Receiver, Sender, channel};

use http::HeaderMap;
use tauraro_engine::{Body, ErrorKind};

use crate::http2_peer::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PADDED, Peer, block, server, transport,
};
use crate::support::{LONG, RawServer, failure, fetch, get, request, run};

/// The authority and the fields of each request, by an implementation that is not the client's.
fn recording() -> (RawServer, Receiver<(String, HeaderMap)>) {
    let (report, seen) = channel();
    let server = RawServer::start(move |stream| {
        let report: Sender<_> = report.clone();
        stream.set_nonblocking(true).expect("a socket");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let stream = tokio::net::TcpStream::from_std(stream).expect("a socket");
            let mut connection = h2::server::handshake(stream).await.expect("HTTP/2");
            while let Some(Ok((request, mut respond))) = connection.accept().await {
                let authority = request.uri().authority().map(ToString::to_string).unwrap_or_default();
                let _ = report.send((authority, request.headers().clone()));
                let _ = respond.send_response(http::Response::new(()), true);
            }
        });
    });
    (server, seen)
}

#[test]
fn the_host_becomes_the_authority() {
    let (server, seen) = recording();
    let transport = transport();
    for (host, expected) in
        [(None, server.url("").replace("http://", "")), (Some("example.com"), "example.com".into())]
    {
        let mut request = get(&server.url("/"));
        if let Some(host) = host {
            request.headers.append("Host", host);
        }
        run(fetch(&transport, request)).expect("an answer");
        let (authority, headers) = seen.recv_timeout(LONG).expect("a request");
        assert_eq!((authority, headers.get("host")), (expected, None));
    }
    for host in ["user@example.com", "a b", ""] {
        let mut request = get(&server.url("/"));
        request.headers.append("Host", host);
        failure(run(fetch(&transport, request)), ErrorKind::LocalProtocolError);
    }
}

#[test]
fn fields_about_the_connection_are_left_out() {
    let (server, seen) = recording();
    let mut request = request("POST", &server.url("/"));
    for (name, value) in [
        ("X-First", "1"),
        ("Connection", "close, X-Hop"),
        ("X-Hop", "1"),
        ("Keep-Alive", "timeout=5"),
        ("Proxy-Connection", "keep-alive"),
        ("Transfer-Encoding", "chunked"),
        ("Upgrade", "websocket"),
        ("HTTP2-Settings", "AAMAAABkAAQAAP__"),
        ("TE", "gzip, trailers"),
        ("X-Last", "2"),
    ] {
        request.headers.append(name, value);
    }
    request.body = Body::Bytes("body".into());
    run(fetch(&transport(), request)).expect("an answer");
    let (_, headers) = seen.recv_timeout(LONG).expect("a request");
    let names: Vec<_> = headers.keys().map(http::HeaderName::as_str).collect();
    assert_eq!(names, ["x-first", "x-last", "accept", "te"]);
    assert_eq!(headers.get("te").map(http::HeaderValue::as_bytes), Some(&b"trailers"[..]));

    let mut request = get(&server.url("/"));
    request.headers.append("TE", "gzip");
    run(fetch(&transport(), request)).expect("an answer");
    let (_, headers) = seen.recv_timeout(LONG).expect("a request");
    assert!(!headers.contains_key("te"), "{headers:?}");
}

#[test]
fn the_length_of_a_body_is_told() {
    let (server, seen) = recording();
    let mut request = request("POST", &server.url("/"));
    request.body = Body::Bytes(vec![1; 100_000].into());
    run(fetch(&transport(), request)).expect("an answer");
    let (_, headers) = seen.recv_timeout(LONG).expect("a request");
    assert_eq!(headers.get("content-length").map(http::HeaderValue::as_bytes), Some(&b"100000"[..]));
}

/// Sends a header block in pieces, the first of them in HEADERS.
fn in_pieces(peer: &mut Peer, stream: u32, block: &[u8], size: usize) -> std::io::Result<()> {
    let pieces: Vec<_> = block.chunks(size).collect();
    for (n, piece) in pieces.iter().enumerate() {
        let kind = if n == 0 { HEADERS } else { CONTINUATION };
        let flags = if n + 1 == pieces.len() { END_HEADERS } else { 0 };
        peer.send(kind, flags, stream, piece)?;
    }
    Ok(())
}

#[test]
fn heads_as_large_as_over_http1() {
    for (size, is_taken) in
        [(10_000, true), (17_000, true), (60_000, true), (400_000, true), (420_000, false)]
    {
        let server = server(move |peer, _| {
            let long = "y".repeat(size);
            let stream = peer.request()?;
            in_pieces(peer, stream, &block(200, &[("x-long", &long)]), 16_000)?;
            peer.data(stream, b"ok", true)?;
            peer.linger();
            Ok(())
        });
        let outcome = run(fetch(&transport(), get(&server.url("/"))));
        if is_taken {
            let answer = outcome.expect("an answer");
            assert_eq!(answer.head.headers.get("x-long").map(bytes::Bytes::len), Some(size));
        } else {
            failure(outcome, ErrorKind::RemoteProtocolError);
        }
    }
}

#[test]
fn a_head_in_many_small_pieces() {
    let server = server(|peer, _| {
        let stream = peer.request()?;
        in_pieces(peer, stream, &block(200, &[("x-a", "1"), ("x-b", "2")]), 7)?;
        peer.data(stream, b"ok", true)?;
        peer.linger();
        Ok(())
    });
    let answer = run(fetch(&transport(), get(&server.url("/")))).expect("an answer");
    assert_eq!(answer.text(), "ok");
    assert_eq!(answer.head.headers.get("x-b").map(AsRef::as_ref), Some(&b"2"[..]));
}

#[test]
fn as_many_fields_as_over_http1() {
    for (count, is_taken) in [(256, true), (257, false)] {
        let server = server(move |peer, _| {
            let names: Vec<String> = (0..count).map(|n| format!("x-{n}")).collect();
            let fields: Vec<_> = names.iter().map(|name| (&**name, "1")).collect();
            let stream = peer.request()?;
            peer.head(stream, 200, &fields, false)?;
            peer.data(stream, b"ok", true)?;
            peer.linger();
            Ok(())
        });
        let outcome = run(fetch(&transport(), get(&server.url("/"))));
        if is_taken {
            assert_eq!(outcome.expect("an answer").head.headers.len(), count);
        } else {
            failure(outcome, ErrorKind::RemoteProtocolError);
        }
    }
}

#[test]
fn interim_responses_are_skipped() {
    let server = server(|peer, _| {
        let stream = peer.request()?;
        peer.head(stream, 100, &[], false)?;
        peer.head(stream, 103, &[("link", "</a>")], false)?;
        peer.head(stream, 200, &[], false)?;
        peer.data(stream, b"ok", true)?;
        peer.linger();
        Ok(())
    });
    let answer = run(fetch(&transport(), get(&server.url("/")))).expect("an answer");
    assert_eq!((answer.head.status, answer.text()), (200, "ok"));
    assert_eq!(answer.head.headers.get("link"), None);
}

#[test]
fn padding_and_trailers_are_no_part_of_the_body() {
    let server = server(|peer, _| {
        let stream = peer.request()?;
        let padded = |content: &[u8]| [&[3][..], content, &[0; 3][..]].concat();
        peer.send(HEADERS, END_HEADERS | PADDED, stream, &padded(&block(200, &[("content-length", "10")])))?;
        peer.send(DATA, PADDED, stream, &padded(b"hello"))?;
        peer.data(stream, b"", false)?;
        peer.send(DATA, PADDED, stream, &padded(b"there"))?;
        let trailers = &block(200, &[("x-checksum", "1")])[5..];
        peer.send(HEADERS, END_HEADERS | END_STREAM, stream, trailers)?;
        peer.linger();
        Ok(())
    });
    let answer = run(fetch(&transport(), get(&server.url("/")))).expect("an answer");
    assert_eq!(answer.text(), "hellothere");
    assert_eq!(answer.head.headers.get("x-checksum"), None);
}

#[test]
fn responses_without_a_body() {
    for (method, status, length) in [("HEAD", 200, "5"), ("GET", 204, "0"), ("GET", 304, "5")] {
        let server = server(move |peer, _| {
            let stream = peer.request()?;
            peer.head(stream, status, &[("content-length", length)], true)?;
            peer.linger();
            Ok(())
        });
        let answer = run(fetch(&transport(), request(method, &server.url("/")))).expect("an answer");
        assert_eq!((answer.head.status, answer.body.len()), (status, 0), "{method}");
    }
}
