//! Servers that break the protocol, or the connection.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};

use tauraro_engine::http::client::Transport;
use tauraro_engine::{Body, Error, ErrorKind};

use crate::support::{RawServer, SERVER, failure, fetch, get, read_head, request, run, transport};

fn failing(transport: &Transport, url: &str, kind: ErrorKind) -> Error {
    failure(run(fetch(transport, get(url))), kind)
}

#[test]
fn bodies_that_end_too_early() {
    let cut = "peer closed connection without sending complete message body";
    for (head, reason) in [
        ("content-length: 10\r\n\r\n", "received 0 bytes, expected 10"),
        ("content-length: 10\r\n\r\nhello", "received 5 bytes, expected 10"),
        ("transfer-encoding: chunked\r\n\r\n", "incomplete chunked read"),
        ("transfer-encoding: chunked\r\n\r\n5\r\nhel", "incomplete chunked read"),
        ("transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n", "incomplete chunked read"),
        ("transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", "incomplete chunked read"),
    ] {
        let server = RawServer::answering(format!("HTTP/1.1 200 OK\r\n{head}"));
        let error = failing(&transport(), &server.url("/"), ErrorKind::RemoteProtocolError);
        assert_eq!(error.message(), format!("{cut} ({reason})"), "{head:?}");
    }
    for path in ["/cut?after=10&length=1000", "/cut-chunked?after=10"] {
        failing(&transport(), &SERVER.url(path), ErrorKind::RemoteProtocolError);
    }
}

#[test]
fn what_arrived_before_the_cut_is_handed_out() {
    let server = RawServer::answering("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello");
    run(async {
        let mut body = transport().send(get(&server.url("/"))).await.expect("a head").body;
        assert_eq!(body.chunk().await.expect("a chunk").as_deref(), Some(&b"hello"[..]));
        failure(body.chunk().await, ErrorKind::RemoteProtocolError);
        assert_eq!(body.chunk().await.expect("no more"), None);
    });
}

#[test]
fn heads_that_are_none() {
    let long = |what: &str, size| format!("HTTP/1.1 200 OK\r\n{}", what.replace("{}", &"a".repeat(size)));
    let many = "h: v\r\n".repeat(2000);
    let answers: Vec<Vec<u8>> = vec![
        "garbage".into(),
        "\r\n\r\n\r\n".into(),
        "\0\0\0\0\r\n\r\n".into(),
        "SSH-2.0-OpenSSH_9.2\r\n".into(),
        "220 smtp.example.org ESMTP\r\n".into(),
        "<html>hello</html>\r\n\r\n".into(),
        "HTTP/1.1\r\n\r\n".into(),
        "HTTP/1.1 \r\n\r\n".into(),
        "HTTP/1.1 20 OK\r\n\r\n".into(),
        "HTTP/1.1 2000 OK\r\n\r\n".into(),
        "HTTP/1.1 abc OK\r\n\r\n".into(),
        "HTTP/1.1 -20 OK\r\n\r\n".into(),
        "HTTP/1.1 099 OK\r\n\r\n".into(),
        "HTTP/2.0 200 OK\r\n\r\n".into(),
        "HTTP/9.9 200 OK\r\n\r\n".into(),
        "http/1.1 200 OK\r\n\r\n".into(),
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n".into(),
        "HTTP/1.1 200 OK\r\n: no name\r\n\r\n".into(),
        "HTTP/1.1 200 OK\r\na b: c\r\n\r\n".into(),
        "HTTP/1.1 200 OK\r\na : c\r\n\r\n".into(),
        "HTTP/1.1 200 OK\r\na: b\0c\r\n\r\n".into(),
        "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n".into(),
        "HTTP/1.1 200 OK\r\ncontent-length: 1x\r\n\r\n1".into(),
        "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999999\r\n\r\n1".into(),
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n12".into(),
        b"HTTP/1.1 200 O\x00K\r\n\r\n".into(),
        b"\x15\x03\x01\x00\x02\x02\x28".into(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(),
        long("{}: b\r\n\r\n", 1 << 20).into(),
        long("a: {}\r\n\r\n", 1 << 20).into(),
        long(&many, 0).into(),
        vec![b'a'; 1 << 20],
    ];
    for answer in answers {
        let shown = String::from_utf8_lossy(&answer[..answer.len().min(60)]).into_owned();
        let server = RawServer::answering(answer);
        let error = failure(run(fetch(&transport(), get(&server.url("/")))), ErrorKind::RemoteProtocolError);
        assert!(!error.message().is_empty(), "{shown:?}");
    }
}

#[test]
fn bodies_that_are_none() {
    for body in [
        "x\r\n",
        "5\r\nhelloXX",
        "-1\r\n",
        "5 5\r\nhello\r\n",
        "fffffffffffffffff\r\n",
        "\r\n",
        "5\nhello\n0\n\n",
    ] {
        let answer = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{body}");
        let server = RawServer::answering(answer);
        failing(&transport(), &server.url("/"), ErrorKind::RemoteProtocolError);
    }
}

#[test]
fn no_answer_at_all() {
    for answer in ["", "HTTP", "HTTP/1.1 200 OK\r\na: b\r\n"] {
        let server = RawServer::answering(answer);
        let error = failing(&transport(), &server.url("/"), ErrorKind::RemoteProtocolError);
        assert_eq!(error.message(), "Server disconnected without sending a response.", "{answer:?}");
    }
}

#[test]
fn a_reset_is_not_a_good_bye() {
    // Closing with unread data resets the connection.
    let server = RawServer::start(|mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello");
        let mut byte = [0];
        let _ = stream.peek(&mut byte);
    });
    let kinds: Vec<_> = (0..20)
        .map(|_| run(fetch(&transport(), get(&server.url("/")))).expect_err("it must fail").kind())
        .collect();
    // Whether the client sees the bytes that came before the reset is the system's choice.
    let known = [ErrorKind::ReadError, ErrorKind::RemoteProtocolError];
    assert!(kinds.iter().all(|kind| known.contains(kind)), "{kinds:?}");
}

#[test]
fn a_reset_before_the_head() {
    let server = RawServer::start(|stream| {
        let mut byte = [0];
        let _ = stream.peek(&mut byte);
    });
    let error = failing(&transport(), &server.url("/"), ErrorKind::ReadError);
    assert_eq!(error.message(), "[Errno 104] Connection reset by peer");
}

#[test]
fn a_reset_while_writing() {
    let server = RawServer::start(|mut stream| {
        read_head(&mut stream);
    });
    let mut request = request("PUT", &server.url("/"));
    request.body = Body::Bytes(vec![0; 64 << 20].into());
    let error = failure(run(transport().send(request)), ErrorKind::WriteError);
    assert!(error.message().starts_with("[Errno "), "{error}");
}

#[test]
fn nobody_listens() {
    let closed =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback").local_addr().expect("an address");
    let error = failing(&transport(), &format!("http://{closed}/"), ErrorKind::ConnectError);
    assert_eq!(error.message(), "[Errno 111] Connection refused");
}

#[test]
fn names_that_do_not_exist() {
    let error = failing(&transport(), "http://no-such-host.invalid/", ErrorKind::ConnectError);
    assert!(error.message().starts_with("[Errno -"), "{error}");
}

#[test]
fn the_transport_survives() {
    let transport = transport();
    let broken = RawServer::answering("garbage");
    for _ in 0..3 {
        failing(&transport, &broken.url("/"), ErrorKind::RemoteProtocolError);
        failing(&transport, &SERVER.url("/cut?after=10&length=1000"), ErrorKind::RemoteProtocolError);
        run(fetch(&transport, get(&SERVER.url("/json")))).expect("an answer");
    }
}

#[test]
fn a_kept_connection_that_the_server_closed_is_replaced() {
    // Promises to keep the connection and closes it after a moment of idleness.
    let server = RawServer::start(|mut stream| {
        read_head(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    });
    let transport = transport();
    for round in 1..=5 {
        run(fetch(&transport, get(&server.url("/")))).expect("an answer");
        assert_eq!(server.accepted(), round);
        // Until the end of the connection has arrived, a request may be sent into the void.
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

#[test]
fn data_after_the_response_spoils_the_connection() {
    let server = RawServer::answering(
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged",
    );
    let transport = transport();
    for _ in 0..3 {
        let answer = run(fetch(&transport, get(&server.url("/")))).expect("an answer");
        assert_eq!(answer.text(), "ok");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(server.accepted(), 3);
}

#[test]
fn mutilated_responses_are_answers_or_errors() {
    let valid = [
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nx: y\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nx: y\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.0 404 No\r\nset-cookie: a=b\r\n\r\nbye",
    ];
    let mut random = fastrand::Rng::with_seed(1);
    let transport = transport();
    for round in 0..400 {
        let mut answer = valid[round % valid.len()].as_bytes().to_vec();
        for _ in 0..random.usize(1..4) {
            let at = random.usize(..answer.len());
            match random.u8(..4) {
                0 => answer[at] = random.u8(..),
                1 => answer.insert(at, *random.choice(b"\r\n\0:; \t0\xff").expect("a byte")),
                2 => drop(answer.remove(at)),
                _ => answer.truncate(at.max(1)),
            }
        }
        let server = RawServer::answering(answer.clone());
        if let Err(error) = run(fetch(&transport, get(&server.url("/")))) {
            let shown = String::from_utf8_lossy(&answer);
            assert_eq!(error.kind(), ErrorKind::RemoteProtocolError, "{error} for {shown:?}");
        }
    }
}
