//! The two ways to the wire are not to be told apart: by reqwest, and over connections of our own.

use std::io::Write;
use std::sync::mpsc;

use tauraro_engine::http::client::Request;
use tauraro_engine::{Body, http::body};

use crate::support::{LONG, RawServer, direct, failure, fetch, get, request, run, transport};

/// Notes all bytes of each connection until `end`, then answers.
fn recording(end: &'static [u8]) -> (RawServer, mpsc::Receiver<String>) {
    let (report, seen) = mpsc::channel();
    let server = RawServer::start(move |mut stream| {
        let (mut bytes, mut byte) = (Vec::new(), [0]);
        while !bytes.ends_with(end) && matches!(std::io::Read::read(&mut stream, &mut byte), Ok(1)) {
            bytes.extend(byte);
        }
        let _ = report.send(bytes.iter().map(|byte| char::from(*byte)).collect());
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    });
    (server, seen)
}

fn with_fields(mut request: Request, fields: &[(&'static str, &'static str)]) -> Request {
    for (name, value) in fields {
        request.headers.append(*name, *value);
    }
    request
}

fn with_body(mut request: Request, body: &'static str) -> Request {
    request.body = Body::Bytes(body.into());
    request
}

#[test]
fn the_same_bytes_go_out() {
    type Make = Box<dyn Fn(&str) -> Request>;
    let cases: Vec<(&'static [u8], Make)> = vec![
        (b"\r\n\r\n", Box::new(get)),
        (b"\r\n\r\n", Box::new(|url| get(&format!("{url}a/b?c=d&e=%20")))),
        (b"\r\n\r\n", Box::new(|url| request("HEAD", url))),
        (b"\r\n\r\n", Box::new(|url| request("DELETE", url))),
        (b"\r\n\r\n", Box::new(|url| request("POST", url))),
        (
            b"\r\n\r\n",
            Box::new(|url| {
                let fields = [
                    ("host", "else.where"),
                    ("ACCEPT", "text/html"),
                    ("x-a", "1"),
                    ("X-B", "2"),
                    ("x-a", "3"),
                ];
                with_fields(get(url), &fields)
            }),
        ),
        (b"\r\n\r\n", Box::new(|url| with_fields(get(url), &[("connection", "close"), ("te", "trailers")]))),
        (b"hello", Box::new(|url| with_body(request("POST", url), "hello"))),
        (
            b"hello",
            Box::new(|url| with_body(with_fields(request("PUT", url), &[("content-length", "5")]), "hello")),
        ),
        (
            b"0\r\n\r\n",
            Box::new(|url| {
                with_body(with_fields(request("PUT", url), &[("transfer-encoding", "chunked")]), "hello")
            }),
        ),
        (
            b"0\r\n\r\n",
            Box::new(|url| {
                let (sender, receiver) = body::channel();
                assert!(sender.send("hello".into()));
                sender.finish();
                let mut request = request("GET", url);
                request.body = Body::Stream(receiver);
                request
            }),
        ),
    ];
    for (end, make) in cases {
        let seen = [transport(), direct()].map(|transport| {
            let (server, seen) = recording(end);
            let url = server.url("/");
            run(fetch(&transport, make(&url))).expect("an answer");
            let bytes = seen.recv_timeout(LONG).expect("a request");
            bytes.replace(url.trim_start_matches("http://").trim_end_matches('/'), "<host>")
        });
        assert!(seen[0].ends_with(std::str::from_utf8(end).expect("text")), "{}", seen[0]);
        assert_eq!(seen[0], seen[1]);
    }
}

#[test]
fn the_same_comes_of_every_answer() {
    let answers: [&[u8]; 8] = [
        b"HTTP/1.1 200 Fine\r\nA: 1\r\nb: 2\r\nA: 3\r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nfolded: a\r\n b\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\nuntil the end",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\no",
        b"garbage\r\n\r\n",
    ];
    for answer in answers {
        let shown = String::from_utf8_lossy(answer);
        let [one, other] = [transport(), direct()].map(|transport| {
            let server = RawServer::answering(answer);
            run(fetch(&transport, get(&server.url("/"))))
                .map(|whole| {
                    let head = whole.head;
                    (head.status, head.reason, head.version, head.headers, whole.body)
                })
                .map_err(|error| (error.kind(), error.message().to_owned()))
        });
        assert_eq!(one, other, "{shown}");
    }
}

#[test]
fn the_same_limits_hold() {
    for transport in [transport(), direct()] {
        let answer = |size: usize| {
            let long = "y".repeat(size);
            RawServer::answering(format!("HTTP/1.1 200 OK\r\nx-long: {long}\r\ncontent-length: 2\r\n\r\nok"))
        };
        run(fetch(&transport, get(&answer(400_000).url("/")))).expect("an answer");
        let outcome = run(fetch(&transport, get(&answer(600_000).url("/")))).map(|_| ());
        failure(outcome, tauraro_engine::ErrorKind::RemoteProtocolError);
    }
}
