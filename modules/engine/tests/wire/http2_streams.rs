//! HTTP/2: streams that are refused, given up, cut off or canceled.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};

use futures_util::future::join_all;
use tauraro_engine::http::body;
use tauraro_engine::http::client::Request;
use tauraro_engine::{Body, ErrorKind};

use crate::http2_peer::{
    CANCEL, DATA, END_STREAM, ENHANCE_YOUR_CALM, HEADERS, INTERNAL_ERROR, NO_ERROR, Peer, REFUSED_STREAM,
    RST_STREAM, pause, server, transport,
};
use crate::support::{LONG, failure, fetch, get, request, run};

fn post(url: &str) -> Request {
    let mut post = request("POST", url);
    post.body = Body::Bytes("hello".into());
    post
}

/// Answers every request.
fn answer_all(peer: &mut Peer, body: &str) -> io::Result<()> {
    loop {
        let stream = peer.request()?;
        peer.answer(stream, body)?;
    }
}

#[test]
fn refused_streams_are_sent_again() {
    for method in ["GET", "POST"] {
        let refused = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&refused);
        let server = server(move |peer, _| {
            let mut open = Vec::new();
            loop {
                let frame = peer.frame()?;
                if frame.kind == HEADERS && open.len() >= 4 {
                    count.fetch_add(1, Ordering::SeqCst);
                    peer.reset(frame.stream, REFUSED_STREAM)?;
                } else if frame.ends_stream() {
                    open.push(frame.stream);
                    if open.len() == 4 {
                        // Long enough for all that were sent to arrive and be refused.
                        pause();
                        for stream in open.drain(..) {
                            peer.answer(stream, "ok")?;
                        }
                    }
                }
            }
        });
        let transport = transport();
        let ask = |_| {
            fetch(&transport, if method == "GET" { get(&server.url("/")) } else { post(&server.url("/")) })
        };
        for outcome in run(join_all((0..40).map(ask))) {
            assert_eq!(outcome.expect(method).text(), "ok");
        }
    }
}

#[test]
fn a_streamed_body_that_was_not_used_is_sent_again() {
    let server = server(|peer, number| {
        let stream = peer.next(HEADERS)?.stream;
        if number == 1 {
            peer.go_away(0, NO_ERROR)?;
            return Ok(());
        }
        assert_eq!(peer.next(DATA)?.payload, b"hello");
        peer.answer(stream, "ok")?;
        peer.linger();
        Ok(())
    });
    let mut post = request("POST", &server.url("/"));
    let (sender, receiver) = body::channel();
    post.body = Body::Stream(receiver);
    let transport = transport();
    let source = async {
        // Only once the first connection is gone.
        while server.accepted() < 2 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        assert!(sender.ready().await);
        sender.send("hello".into());
        sender.finish();
    };
    let (answer, ()) = run(async { tokio::join!(fetch(&transport, post), source) });
    assert_eq!(answer.expect("an answer").text(), "ok");
}

#[test]
fn a_streamed_body_that_was_used_is_not_sent_again() {
    let server = server(|peer, _| {
        let stream = peer.next(DATA)?.stream;
        peer.reset(stream, REFUSED_STREAM)?;
        peer.linger();
        Ok(())
    });
    let mut post = request("POST", &server.url("/"));
    let (sender, receiver) = body::channel();
    post.body = Body::Stream(receiver);
    let transport = transport();
    let source = async {
        assert!(sender.ready().await);
        sender.send("hello".into());
        while sender.ready().await {
            tokio::task::yield_now().await;
        }
    };
    let (outcome, ()) = run(async { tokio::join!(fetch(&transport, post), source) });
    failure(outcome, ErrorKind::RemoteProtocolError);
    assert_eq!(server.accepted(), 1);
}

#[test]
fn what_a_goaway_says_was_not_processed_is_sent_again() {
    for method in ["GET", "POST"] {
        let server = server(|peer, number| {
            if number > 1 {
                return answer_all(peer, "again");
            }
            let streams = (0..3).map(|_| peer.request()).collect::<io::Result<Vec<_>>>()?;
            let last = streams[0];
            peer.go_away(last, NO_ERROR)?;
            pause();
            peer.answer(last, "first")?;
            peer.shutdown();
            peer.linger();
            Ok(())
        });
        let transport = transport();
        let ask = |_| {
            fetch(&transport, if method == "GET" { get(&server.url("/")) } else { post(&server.url("/")) })
        };
        let outcomes = run(join_all((0..3).map(ask)));
        let mut texts: Vec<_> = outcomes.into_iter().map(|o| o.expect(method).text().to_owned()).collect();
        texts.sort();
        assert_eq!(texts, ["again", "again", "first"]);
        assert_eq!(server.accepted(), 2);
    }
}

#[test]
fn a_graceful_shutdown_in_two_steps() {
    let server = server(|peer, number| {
        if number > 1 {
            return answer_all(peer, "again");
        }
        let first = peer.request()?;
        peer.go_away(0x7fff_ffff, NO_ERROR)?;
        pause();
        peer.go_away(first, NO_ERROR)?;
        peer.answer(first, "first")?;
        peer.linger();
        Ok(())
    });
    let transport = transport();
    assert_eq!(run(fetch(&transport, get(&server.url("/")))).expect("an answer").text(), "first");
    assert_eq!(run(fetch(&transport, post(&server.url("/")))).expect("an answer").text(), "again");
}

#[test]
fn answers_that_have_begun_outlive_a_goaway() {
    for reason in [NO_ERROR, ENHANCE_YOUR_CALM] {
        let server = server(move |peer, number| {
            if number > 1 {
                return answer_all(peer, "again");
            }
            let stream = peer.request()?;
            peer.head(stream, 200, &[], false)?;
            peer.data(stream, b"be", false)?;
            peer.go_away(stream, reason)?;
            pause();
            peer.data(stream, b"gun", true)?;
            peer.shutdown();
            peer.linger();
            Ok(())
        });
        let transport = transport();
        run(async {
            let mut begun = transport.send(get(&server.url("/"))).await.expect("a head");
            assert_eq!(begun.body.chunk().await.expect("a chunk").as_deref(), Some(&b"be"[..]));
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            let answer = fetch(&transport, get(&server.url("/"))).await.expect("an answer");
            assert_eq!(answer.text(), "again");
            assert_eq!(begun.body.read_to_end().await.expect("the rest"), "gun");
        });
    }
}

#[test]
fn what_may_have_been_processed_is_not_sent_again() {
    let server = server(|peer, _| {
        // Answers one and, having read another, goes without a word about it.
        let stream = peer.request()?;
        peer.answer(stream, "ok")?;
        peer.request()?;
        peer.shutdown();
        peer.linger();
        Ok(())
    });
    let transport = transport();
    run(fetch(&transport, get(&server.url("/")))).expect("an answer");
    failure(run(fetch(&transport, post(&server.url("/")))), ErrorKind::RemoteProtocolError);
    assert_eq!(server.accepted(), 1);
    // One that is idempotent is.
    run(fetch(&transport, get(&server.url("/")))).expect("an answer");
    run(fetch(&transport, get(&server.url("/")))).expect("an answer");
    assert_eq!(server.accepted(), 3);
}

#[test]
fn idle_connections_that_the_server_closed_are_passed_over() {
    let (report, closed) = mpsc::channel();
    let server = server(move |peer, _| {
        let stream = peer.request()?;
        peer.answer(stream, "ok")?;
        peer.shutdown();
        let _ = report.send(());
        peer.linger();
        Ok(())
    });
    let transport = transport();
    for round in 1..=20 {
        let request = if round % 2 == 0 { get(&server.url("/")) } else { post(&server.url("/")) };
        assert_eq!(run(fetch(&transport, request)).expect("an answer").text(), "ok");
        closed.recv_timeout(LONG).expect("the server closes");
        assert_eq!(server.accepted(), round);
    }
}

#[test]
fn a_reset_before_the_end_is_an_error_at_every_point() {
    for reason in [NO_ERROR, CANCEL, INTERNAL_ERROR] {
        for point in 0..4 {
            let server = server(move |peer, _| {
                loop {
                    let stream = peer.request()?;
                    if point > 0 {
                        peer.head(stream, 200, &[], false)?;
                    }
                    if point > 1 {
                        peer.data(stream, b"half", false)?;
                    }
                    if point > 2 {
                        pause();
                    }
                    peer.reset(stream, reason)?;
                }
            });
            let transport = transport();
            let outcome = run(fetch(&transport, get(&server.url("/"))));
            failure(outcome, ErrorKind::RemoteProtocolError);
            failure(run(fetch(&transport, get(&server.url("/")))), ErrorKind::RemoteProtocolError);
            assert_eq!(server.accepted(), 1, "a stream ends alone");
        }
    }
}

#[test]
fn what_arrived_before_a_reset_is_handed_out() {
    let server = server(|peer, _| {
        let stream = peer.request()?;
        peer.head(stream, 200, &[("content-length", "10")], false)?;
        peer.data(stream, b"hello", false)?;
        pause();
        peer.reset(stream, INTERNAL_ERROR)?;
        peer.linger();
        Ok(())
    });
    run(async {
        let mut body = transport().send(get(&server.url("/"))).await.expect("a head").body;
        assert_eq!(body.chunk().await.expect("a chunk").as_deref(), Some(&b"hello"[..]));
        failure(body.chunk().await, ErrorKind::RemoteProtocolError);
        assert_eq!(body.chunk().await.expect("no more"), None);
    });
}

#[test]
fn a_reset_after_the_end_takes_nothing_back() {
    let server = server(|peer, _| {
        loop {
            let stream = peer.next(HEADERS)?.stream;
            peer.answer(stream, "whole")?;
            peer.reset(stream, NO_ERROR)?;
        }
    });
    let transport = transport();
    assert_eq!(run(fetch(&transport, get(&server.url("/")))).expect("an answer").text(), "whole");
    // The server has seen enough of the request (RFC 9113 section 8.1).
    let mut upload = request("POST", &server.url("/"));
    upload.body = Body::Bytes(vec![0; 1 << 20].into());
    assert_eq!(run(fetch(&transport, upload)).expect("an answer").text(), "whole");
}

#[test]
fn a_connection_that_ends_before_the_body_does() {
    for (fields, sent, message) in [
        (&[][..], &b"half"[..], "(received 4 bytes)"),
        (&[], b"", "(received 0 bytes)"),
        (&[("content-length", "10")], b"half", "(received 4 bytes, expected 10)"),
    ] {
        let server = server(move |peer, _| {
            let stream = peer.request()?;
            peer.head(stream, 200, fields, false)?;
            peer.data(stream, sent, false)?;
            pause();
            peer.shutdown();
            peer.linger();
            Ok(())
        });
        let error = failure(run(fetch(&transport(), get(&server.url("/")))), ErrorKind::RemoteProtocolError);
        assert!(error.message().ends_with(message), "{error}");
    }
}

#[test]
fn bodies_of_another_length_than_promised() {
    for (body, ends_apart) in
        [("short", false), ("short", true), ("much too long", false), ("much too long", true)]
    {
        let server = server(move |peer, _| {
            let stream = peer.request()?;
            peer.head(stream, 200, &[("content-length", "10")], false)?;
            peer.data(stream, body.as_bytes(), !ends_apart)?;
            if ends_apart {
                peer.data(stream, b"", true)?;
            }
            peer.linger();
            Ok(())
        });
        failure(run(fetch(&transport(), get(&server.url("/")))), ErrorKind::RemoteProtocolError);
    }
}

#[test]
fn canceling_never_ends_a_connection_for_others() {
    const CANCELED: usize = 1_300;
    let server = server(|peer, _| {
        let long = peer.request()?;
        peer.head(long, 200, &[], false)?;
        loop {
            let frame = peer.frame()?;
            // What was on its way when a stream was canceled arrives all the same, and late.
            if frame.kind == RST_STREAM {
                peer.head(frame.stream, 200, &[], false)?;
                peer.data(frame.stream, b"too late", false)?;
                peer.data(frame.stream, b"", true)?;
            } else if frame.kind == HEADERS && frame.flags & END_STREAM == 0 {
                peer.answer(frame.stream, "last")?;
                peer.data(long, b"still here", true)?;
            }
        }
    });
    let transport = transport();
    run(async {
        let mut long = transport.send(get(&server.url("/"))).await.expect("a head");
        for _ in 0..CANCELED / 100 {
            let asked = join_all((0..100).map(|_| transport.send(get(&server.url("/")))));
            let canceled = tokio::time::timeout(std::time::Duration::from_millis(10), asked).await;
            assert!(canceled.is_err());
        }
        let answer = fetch(&transport, post(&server.url("/"))).await.expect("an answer");
        assert_eq!(answer.text(), "last");
        assert_eq!(long.body.read_to_end().await.expect("the rest"), "still here");
    });
    assert_eq!(server.accepted(), 1);
}

#[test]
fn dropping_a_body_cancels_its_stream() {
    let (report, reported) = mpsc::channel();
    let server = server(move |peer, _| {
        let stream = peer.request()?;
        peer.head(stream, 200, &[], false)?;
        peer.data(stream, b"some", false)?;
        let reset = peer.next(RST_STREAM)?;
        let _ = report.send((reset.stream == stream, reset.payload));
        answer_all(peer, "next")
    });
    let transport = transport();
    run(async { drop(transport.send(get(&server.url("/"))).await.expect("a head")) });
    assert_eq!(run(fetch(&transport, get(&server.url("/")))).expect("an answer").text(), "next");
    let reset = reported.recv_timeout(LONG).expect("a reset");
    assert_eq!(reset, (true, CANCEL.to_be_bytes().to_vec()));
    assert_eq!(server.accepted(), 1);
}

#[test]
fn a_refusal_ends_an_upload() {
    let server = server(|peer, _| {
        let stream = peer.next(HEADERS)?.stream;
        peer.head(stream, 413, &[], false)?;
        peer.data(stream, b"too large", true)?;
        assert_eq!(peer.next(RST_STREAM)?.stream, stream);
        answer_all(peer, "next")
    });
    let mut upload = request("PUT", &server.url("/"));
    upload.body = Body::Bytes(vec![0; 8 << 20].into());
    let transport = transport();
    let answer = run(fetch(&transport, upload)).expect("an answer");
    assert_eq!((answer.head.status, answer.text()), (413, "too large"));
    assert_eq!(run(fetch(&transport, get(&server.url("/")))).expect("an answer").text(), "next");
}
