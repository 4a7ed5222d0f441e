//! Connections that die while they are kept, or under a request.

use std::io::{Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};

use bytes::Bytes;
use tauraro_engine::client::Request;
use tauraro_engine::{Body, ErrorKind, body};

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

#[test]
fn connections_closed_under_a_request_fail_none_that_is_safe() {
    for transport in [transport(), direct()] {
        // Closes as soon as it has answered, whether or not the next request is on its way.
        let server = RawServer::start(|mut stream| {
            read_head(&mut stream);
            let _ = stream.write_all(ANSWER);
        });
        for _ in 0..50 {
            assert_eq!(run(fetch(&transport, get(&server.url("/")))).expect("an answer").text(), "ok");
        }
    }
}

#[test]
fn what_the_server_may_have_acted_upon_is_not_sent_again() {
    for transport in [transport(), direct()] {
        // What is safe is sent again, once: over a connection of its own that is not to blame.
        for (method, times) in [("POST", 2), ("GET", 3)] {
            let seen = Arc::new(AtomicUsize::new(0));
            let counter = Arc::clone(&seen);
            let server = RawServer::start(move |mut stream| {
                // The first request is answered, the second is read and the connection dies.
                loop {
                    let head = read_head(&mut stream);
                    if head.is_empty() {
                        return;
                    }
                    if head.starts_with(b"POST") {
                        let mut body = [0; 5];
                        let _ = stream.read_exact(&mut body);
                    }
                    if counter.fetch_add(1, Ordering::SeqCst) > 0 {
                        return;
                    }
                    let _ = stream.write_all(ANSWER);
                }
            });
            let made = || if method == "POST" { post(&server.url("/")) } else { get(&server.url("/")) };
            run(fetch(&transport, made())).expect("an answer");
            let error = failure(run(fetch(&transport, made())), ErrorKind::RemoteProtocolError);
            assert_eq!(error.message(), "Server disconnected without sending a response.");
            assert_eq!(seen.load(Ordering::SeqCst), times, "{method}");
        }
    }
}
