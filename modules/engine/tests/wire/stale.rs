//! Connections that die while they are kept, or under a request.

use std::io::{Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};

use bytes::Bytes;
use tauraro_engine::http::client::Request;
use tauraro_engine::{Body, ErrorKind, http::body};

use crate::support::{LONG, RawServer, direct, failure, fetch, get, read_head, request, run, transport};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

fn post(url: &str) -> Request {
    let mut post = request("POST", url);
    post.body = Body::Bytes("hello".into());
    post
}

#[test]
fn idle_connections_that_the_server_closed_are_passed_over() {
    for transport in [transport(), direct()] {
        // Says nothing of closing, and closes after each answer.
        let (report, closed) = mpsc::channel();
        let server = RawServer::start(move |mut stream| {
            let head = read_head(&mut stream);
            if head.starts_with(b"POST") {
                let mut body = [0; 5];
                let _ = stream.read_exact(&mut body);
            }
            let _ = stream.write_all(ANSWER);
            drop(stream);
            let _ = report.send(());
        });
        for round in 1..=20 {
            let request = if round % 2 == 0 { get(&server.url("/")) } else { post(&server.url("/")) };
            assert_eq!(run(fetch(&transport, request)).expect("an answer").text(), "ok");
            closed.recv_timeout(LONG).expect("the server closes");
            assert_eq!(server.accepted(), round);
        }
    }
}

#[test]
fn a_streamed_body_survives_a_connection_that_was_closed_before() {
    let transport = transport();
    let (report, closed) = mpsc::channel();
    let server = RawServer::start(move |mut stream| {
        let head = read_head(&mut stream);
        if head.starts_with(b"POST") {
            let mut chunked = [0; b"5\r\nhello\r\n0\r\n\r\n".len()];
            let _ = stream.read_exact(&mut chunked);
        }
        let _ = stream.write_all(ANSWER);
        drop(stream);
        let _ = report.send(());
    });
    run(fetch(&transport, get(&server.url("/")))).expect("an answer");
    closed.recv_timeout(LONG).expect("the server closes");
    let mut post = request("POST", &server.url("/"));
    let (sender, receiver) = body::channel();
    post.body = Body::Stream(receiver);
    let source = async {
        assert!(sender.ready().await);
        sender.send(Bytes::from_static(b"hello"));
        sender.finish();
    };
    let (answer, ()) = run(async { tokio::join!(fetch(&transport, post), source) });
    assert_eq!(answer.expect("an answer").text(), "ok");
}

/// Answers the first request of each connection; reads the second, counts it and hangs up.
fn hanging_up_on_the_second() -> (RawServer, Arc<AtomicUsize>) {
    let refused = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&refused);
    let server = RawServer::start(move |mut stream| {
        let head = read_head(&mut stream);
        if head.is_empty() {
            return;
        }
        let answer = if head.starts_with(b"HEAD") { &ANSWER[..ANSWER.len() - 2] } else { ANSWER };
        let _ = stream.write_all(answer);
        let head = read_head(&mut stream);
        if head.starts_with(b"POST") {
            let mut body = [0; 5];
            let _ = stream.read_exact(&mut body);
        }
        if !head.is_empty() {
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    (server, refused)
}

#[test]
fn what_is_safe_is_sent_again() {
    for transport in [transport(), direct()] {
        for method in ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"] {
            let (server, refused) = hanging_up_on_the_second();
            for _ in 0..2 {
                run(fetch(&transport, request(method, &server.url("/")))).expect(method);
            }
            assert_eq!(refused.load(Ordering::SeqCst), 1, "{method}");
            assert_eq!(server.accepted(), 2, "{method}");
        }
    }
}

#[test]
fn what_the_server_may_have_done_is_not_sent_again() {
    for transport in [transport(), direct()] {
        for method in ["POST", "PATCH", "TRANSFER"] {
            let (server, refused) = hanging_up_on_the_second();
            run(fetch(&transport, get(&server.url("/")))).expect("an answer");
            let unsafe_one =
                if method == "POST" { post(&server.url("/")) } else { request(method, &server.url("/")) };
            let error = failure(run(fetch(&transport, unsafe_one)), ErrorKind::RemoteProtocolError);
            assert_eq!(error.message(), "Server disconnected without sending a response.");
            assert_eq!(refused.load(Ordering::SeqCst), 1, "{method}");
            assert_eq!(server.accepted(), 1, "{method} was sent again");
        }
    }
}
