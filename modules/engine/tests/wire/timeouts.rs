//! The four timeouts, each in its own phase.

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use tauraro_engine::http::body;
use tauraro_engine::http::client::{PoolLimits, Request, Timeouts, Transport, TransportConfig};
use tauraro_engine::{Body, ErrorKind};

use crate::support::{
    LONG, RawServer, SERVER, SHORT, failure, fetch, get, read_head, request, run, transport,
};

fn with(mut request: Request, set: impl FnOnce(&mut Timeouts)) -> Request {
    set(&mut request.timeouts);
    request
}

#[test]
fn connect() {
    // A TLS server that never says a word, behind a listener whose queue takes the connection.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback");
    let url = format!("https://{}/", listener.local_addr().expect("an address"));
    let request = with(get(&url), |timeouts| timeouts.connect = Some(SHORT));
    let error = failure(run(transport().send(request)), ErrorKind::ConnectTimeout);
    assert_eq!(error.message(), "the connect operation timed out");
}

#[test]
fn a_short_connect_timeout_is_not_for_reading() {
    let transport = transport();
    let timeout = Some(Duration::from_millis(400));
    let slow = || with(get(&SERVER.url("/slow-head?ms=1000")), |timeouts| timeouts.connect = timeout);
    run(fetch(&transport, slow())).expect("over a new connection");
    run(fetch(&transport, slow())).expect("over a kept connection");
}

#[test]
fn read_the_head() {
    let request = with(get(&SERVER.url("/hang")), |timeouts| timeouts.read = Some(SHORT));
    let error = failure(run(transport().send(request)), ErrorKind::ReadTimeout);
    assert_eq!(error.message(), "the read operation timed out");
}

#[test]
fn read_the_body() {
    let url = SERVER.url("/slow-body?ms=20000&chunks=2");
    let request = with(get(&url), |timeouts| timeouts.read = Some(SHORT));
    run(async {
        let mut response = transport().send(request).await.expect("a head");
        assert_eq!(response.body.chunk().await.expect("a chunk").as_deref(), Some(&b"chunk 0\n"[..]));
        failure(response.body.chunk().await, ErrorKind::ReadTimeout);
        assert_eq!(response.body.chunk().await.expect("nothing more"), None);
    });
}

#[test]
fn reading_may_take_long_while_data_arrives() {
    let url = SERVER.url("/drip?bytes=12&ms=60");
    let request = with(get(&url), |timeouts| timeouts.read = Some(Duration::from_millis(500)));
    assert_eq!(run(fetch(&transport(), request)).expect("an answer").body.len(), 12);
}

/// Takes the head and nothing more.
fn deaf() -> RawServer {
    RawServer::start(|mut stream| {
        read_head(&mut stream);
        std::thread::sleep(LONG);
    })
}

#[test]
fn write_bytes() {
    let server = deaf();
    let mut request = with(request("PUT", &server.url("/")), |timeouts| timeouts.write = Some(SHORT));
    request.body = Body::Bytes(vec![0; 64 << 20].into());
    let error = failure(run(transport().send(request)), ErrorKind::WriteTimeout);
    assert_eq!(error.message(), "the write operation timed out");
}

#[test]
fn write_a_stream() {
    let server = deaf();
    let mut request = with(request("PUT", &server.url("/")), |timeouts| timeouts.write = Some(SHORT));
    let (sender, receiver) = body::channel();
    request.body = Body::Stream(receiver);
    let transport = transport();
    let source = async {
        while sender.ready().await {
            sender.send(vec![0; 1 << 20].into());
        }
    };
    let (outcome, ()) = run(async { tokio::join!(transport.send(request), source) });
    failure(outcome, ErrorKind::WriteTimeout);
}

#[test]
fn a_slow_source_is_not_a_slow_peer() {
    let timeout = Duration::from_millis(300);
    let short = |timeouts: &mut Timeouts| (timeouts.write, timeouts.read) = (Some(timeout), Some(timeout));
    let mut request = with(request("PUT", &SERVER.url("/upload")), short);
    let (sender, receiver) = body::channel();
    request.body = Body::Stream(receiver);
    let transport = transport();
    let source = async {
        for _ in 0..3 {
            tokio::time::sleep(timeout * 2).await;
            assert!(sender.ready().await);
            assert!(sender.send("x".into()));
        }
        tokio::time::sleep(timeout * 2).await;
        sender.finish();
    };
    let (outcome, ()) = run(async { tokio::join!(fetch(&transport, request), source) });
    assert!(outcome.expect("an answer").text().contains(r#""size":3"#));
}

#[test]
fn reading_is_timed_from_the_end_of_the_upload() {
    let server = RawServer::start(|mut stream| {
        read_head(&mut stream);
        std::thread::sleep(LONG);
    });
    for stream in [false, true] {
        let mut request = with(request("PUT", &server.url("/")), |timeouts| timeouts.read = Some(SHORT));
        let (sender, receiver) = body::channel();
        request.body = if stream { Body::Stream(receiver) } else { Body::Bytes(vec![0; 100_000].into()) };
        let transport = transport();
        let source = async {
            if sender.ready().await {
                sender.send("x".into());
            }
            sender.finish();
        };
        let (outcome, ()) = run(async { tokio::join!(transport.send(request), source) });
        failure(outcome, ErrorKind::ReadTimeout);
    }
}

#[test]
fn pool() {
    let limits = PoolLimits { max_connections: Some(1), ..PoolLimits::default() };
    let transport =
        Transport::new(TransportConfig { limits, ..TransportConfig::default() }).expect("a transport");
    run(async {
        let held = transport.send(get(&SERVER.url("/bytes/1000000"))).await.expect("a head");
        let request = with(get(&SERVER.url("/json")), |timeouts| timeouts.pool = Some(SHORT));
        let error = failure(transport.send(request).await, ErrorKind::PoolTimeout);
        assert_eq!(error.message(), "timed out waiting for a free connection of the pool");
        drop(held);
        transport.send(get(&SERVER.url("/json"))).await.expect("the slot is free");
    });
}

#[test]
fn none_at_all_and_absurdly_long_ones() {
    for timeout in [None, Some(Duration::MAX)] {
        let timeouts = Timeouts { connect: timeout, read: timeout, write: timeout, pool: timeout };
        let mut request = request("PUT", &SERVER.url("/upload"));
        request.timeouts = timeouts;
        request.body = Body::Bytes(vec![1; 200_000].into());
        assert_eq!(run(fetch(&transport(), request)).expect("an answer").head.status, 200);
    }
}

#[test]
fn zero_is_over_at_once() {
    let request = with(get(&SERVER.url("/hang")), |timeouts| timeouts.read = Some(Duration::ZERO));
    failure(run(transport().send(request)), ErrorKind::ReadTimeout);
}
