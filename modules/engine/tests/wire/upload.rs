//! Request bodies on their way.

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;

use bytes::Bytes;
use tauraro_engine::http::body::{self, BodySender};
use tauraro_engine::http::client::{Request, Transport};
use tauraro_engine::{Body, ErrorKind};

use crate::support::{
    LONG, RawServer, SERVER, Whole, failure, fetch, get, read_head, request, run, transport,
};

/// Sends a request whose body comes in `chunks`; how many were asked for comes along.
async fn upload(
    transport: &Transport,
    mut request: Request,
    chunks: Vec<&'static str>,
) -> (tauraro_engine::Result<Whole>, usize) {
    let (sender, receiver) = body::channel();
    request.body = Body::Stream(receiver);
    let source = async {
        let mut taken = 0;
        for chunk in chunks {
            if !sender.ready().await {
                break;
            }
            taken += 1;
            sender.send(chunk.into());
        }
        sender.finish();
        taken
    };
    tokio::join!(fetch(transport, request), source)
}

#[test]
fn a_stream_without_a_length_is_chunked() {
    let request = request("POST", &SERVER.url("/echo"));
    let (answer, taken) = run(upload(&transport(), request, vec!["a", "", "bc"]));
    let text = answer.expect("an answer");
    let text = text.text();
    assert!(
        text.contains(r#"["transfer-encoding","chunked"]"#) && text.contains(r#""text":"abc""#),
        "{text}"
    );
    assert_eq!(taken, 3);
}

#[test]
fn a_stream_may_go_with_any_method() {
    for method in ["GET", "DELETE", "PURGE"] {
        let (answer, _) = run(upload(&transport(), request(method, &SERVER.url("/echo")), vec!["abc"]));
        let text = answer.expect(method);
        assert!(text.text().contains(r#""text":"abc""#), "{method}: {}", text.text());
    }
}

#[test]
fn a_stream_with_a_length_is_framed_by_it() {
    for chunks in [vec!["abc"], vec!["a", "b", "c"], vec!["ab", "", "c", ""]] {
        let mut request = request("POST", &SERVER.url("/echo"));
        request.headers.append("content-length", "3");
        let (answer, _) = run(upload(&transport(), request, chunks));
        let text = answer.expect("an answer");
        let text = text.text();
        assert!(text.contains(r#"["content-length","3"]"#) && text.contains(r#""text":"abc""#), "{text}");
        assert!(!text.contains("transfer-encoding"), "{text}");
    }
}

#[test]
fn a_stream_is_held_to_its_length() {
    let transport = transport();
    for (length, chunks, message) in [
        ("3", vec!["ab"], "Too little data for declared Content-Length"),
        ("3", vec![], "Too little data for declared Content-Length"),
        ("3", vec!["abcd"], "Too much data for declared Content-Length"),
        ("3", vec!["abc", "d"], "Too much data for declared Content-Length"),
        ("0", vec!["a"], "Too much data for declared Content-Length"),
    ] {
        let mut request = request("POST", &SERVER.url("/echo"));
        request.headers.append("content-length", length);
        let (outcome, _) = run(upload(&transport, request, chunks));
        assert_eq!(failure(outcome, ErrorKind::LocalProtocolError).message(), message);
        run(fetch(&transport, get(&SERVER.url("/json")))).expect("the transport is fine");
    }
    let mut request = request("POST", &SERVER.url("/echo"));
    request.headers.append("content-length", "0");
    run(upload(&transport, request, vec![""])).0.expect("nothing was promised and nothing sent");
}

#[test]
fn bytes_are_held_to_their_length_before_anything_is_sent() {
    let server = RawServer::answering("HTTP/1.1 200 OK\r\n\r\n");
    for (body, message) in [
        (Body::Empty, "Too little data for declared Content-Length"),
        (Body::Bytes("ab".into()), "Too little data for declared Content-Length"),
        (Body::Bytes("abcd".into()), "Too much data for declared Content-Length"),
    ] {
        let mut request = request("POST", &server.url("/"));
        request.headers.append("content-length", "3");
        request.body = body;
        let error = failure(run(transport().send(request)), ErrorKind::LocalProtocolError);
        assert_eq!(error.message(), message);
    }
    assert_eq!(server.accepted(), 0);
}

#[test]
fn an_aborted_source_gives_the_connection_up() {
    let (report, closed) = mpsc::channel();
    let server = RawServer::start(move |mut stream| {
        let mut received = Vec::new();
        let _ = stream.read_to_end(&mut received);
        let _ = report.send(received);
    });
    let mut request = request("POST", &server.url("/"));
    let (sender, receiver) = body::channel();
    request.body = Body::Stream(receiver);
    let source = async {
        assert!(sender.ready().await);
        sender.send("first".into());
        assert!(sender.ready().await);
        drop(sender);
    };
    let transport = transport();
    let (outcome, ()) = run(async { tokio::join!(transport.send(request), source) });
    failure(outcome, ErrorKind::BodyAborted);
    let bytes = closed.recv_timeout(LONG).expect("the connection is closed");
    assert!(!bytes.ends_with(b"0\r\n\r\n"), "the body must not look complete");
}

/// Feeds `sender` until nobody wants more, or `limit` bytes were taken.
async fn feed(sender: BodySender, limit: u64, fed: &AtomicU64) {
    let chunk = Bytes::from(vec![7; 64 * 1024]);
    while fed.load(Ordering::SeqCst) < limit && sender.ready().await {
        sender.send(chunk.clone());
        fed.fetch_add(chunk.len() as u64, Ordering::SeqCst);
    }
    sender.finish();
}

#[test]
fn the_source_is_read_no_faster_than_the_peer_takes_it() {
    const TOTAL: u64 = 256 << 20;
    let (go, wait) = mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let server = RawServer::start(move |mut stream| {
        read_head(&mut stream);
        let _ = wait.lock().expect("one connection").recv_timeout(LONG);
        let mut buffer = vec![0; 1 << 20];
        let mut last = Vec::new();
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            last.extend_from_slice(&buffer[..count]);
            let excess = last.len().saturating_sub(5);
            last.drain(..excess);
            if last == b"0\r\n\r\n" {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
                return;
            }
        }
    });
    let mut request = request("PUT", &server.url("/"));
    let (sender, receiver) = body::channel();
    request.body = Body::Stream(receiver);
    let fed = Arc::new(AtomicU64::new(0));
    let watcher = {
        let fed = Arc::clone(&fed);
        thread::spawn(move || {
            // Until it stands still, the buffers on the way are filling.
            let mut before = u64::MAX;
            loop {
                thread::sleep(std::time::Duration::from_millis(300));
                let now = fed.load(Ordering::SeqCst);
                if now > 0 && now == before {
                    let _ = go.send(());
                    return now;
                }
                before = now;
            }
        })
    };
    let transport = transport();
    let (outcome, ()) = run(async { tokio::join!(fetch(&transport, request), feed(sender, TOTAL, &fed)) });
    assert_eq!(outcome.expect("an answer").head.status, 200);
    let standstill = watcher.join().expect("the watcher");
    assert!(standstill < TOTAL / 2, "{standstill} bytes were taken from the source before the peer read any");
    assert_eq!(fed.load(Ordering::SeqCst), TOTAL);
}

#[test]
fn a_refusal_is_delivered_while_the_body_is_being_sent() {
    let server = RawServer::start(|mut stream| {
        read_head(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 413 Payload Too Large\r\ncontent-length: 9\r\n\r\ntoo large");
        // Reads nothing of the body, and waits for the client to give up.
        thread::sleep(LONG);
    });
    let transport = transport();
    let check = |outcome: tauraro_engine::Result<Whole>| {
        let answer = outcome.expect("an answer");
        assert_eq!((answer.head.status, answer.text()), (413, "too large"));
    };
    let mut bytes = request("PUT", &server.url("/"));
    bytes.body = Body::Bytes(vec![0; 64 << 20].into());
    check(run(fetch(&transport, bytes)));

    let mut stream = request("PUT", &server.url("/"));
    let (sender, receiver) = body::channel();
    stream.body = Body::Stream(receiver);
    let fed = AtomicU64::new(0);
    // The source would go on for ever.
    let (outcome, ()) = run(async { tokio::join!(fetch(&transport, stream), feed(sender, u64::MAX, &fed)) });
    check(outcome);
}

#[test]
fn a_source_that_waits_learns_of_the_refusal() {
    let server = RawServer::answering("HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno");
    let mut request = request("PUT", &server.url("/"));
    let (sender, receiver) = body::channel();
    request.body = Body::Stream(receiver);
    let transport = transport();
    run(async {
        let answer = fetch(&transport, request).await.expect("an answer");
        assert_eq!(answer.head.status, 403);
        // It is told, at the latest when the response is over, that nobody reads on.
        while sender.ready().await {
            tokio::task::yield_now().await;
        }
    });
}

#[test]
fn an_early_success_waits_for_the_rest_of_the_body() {
    let (report, reported) = mpsc::channel();
    let server = RawServer::start(move |mut stream| {
        read_head(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
        let mut body = Vec::new();
        while !body.ends_with(b"0\r\n\r\n") {
            let mut buffer = [0; 1024];
            match stream.read(&mut buffer) {
                Ok(count @ 1..) => body.extend_from_slice(&buffer[..count]),
                _ => break,
            }
        }
        let _ = report.send(body);
    });
    let mut request = request("POST", &server.url("/"));
    let (sender, receiver) = body::channel();
    request.body = Body::Stream(receiver);
    let source = async {
        for _ in 0..5 {
            assert!(sender.ready().await, "the body is still wanted");
            sender.send("x".into());
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        sender.finish();
    };
    let transport = transport();
    let (outcome, ()) = run(async { tokio::join!(fetch(&transport, request), source) });
    assert_eq!(outcome.expect("an answer").text(), "ok");
    let body = reported.recv_timeout(LONG).expect("a body");
    assert_eq!(body, b"1\r\nx\r\n1\r\nx\r\n1\r\nx\r\n1\r\nx\r\n1\r\nx\r\n0\r\n\r\n");
}

#[test]
fn uploads_arrive_whole() {
    let data: Vec<u8> = (0..1_000_000).map(|i| u8::try_from(i % 251).expect("a byte")).collect();
    let mut request = request("PUT", &SERVER.url("/upload"));
    request.body = Body::Bytes(data.into());
    let answer = run(fetch(&transport(), request)).expect("an answer");
    assert!(answer.text().contains(r#""size":1000000"#), "{}", answer.text());
    let expected = run(async {
        let bytes = fetch(&transport(), get(&SERVER.url("/bytes/1000000"))).await.expect("bytes").body;
        let mut request = crate::support::request("PUT", &SERVER.url("/upload"));
        request.headers.append("transfer-encoding", "chunked");
        request.body = Body::Bytes(bytes);
        fetch(&transport(), request).await.expect("an answer")
    });
    let crc = |text: &str| text.split("crc32").nth(1).map(|rest| rest.chars().take(14).collect::<String>());
    assert_eq!(crc(answer.text()), crc(expected.text()));
}
