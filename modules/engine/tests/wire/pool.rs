//! Connections: bounded, kept, given up, and allowed.

use std::io::{Read, Write};
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use futures_util::future::join_all;
use tauraro_engine::http::client::{PoolLimits, Transport, TransportConfig};
use tauraro_engine::{ErrorKind, Url};
use tauraro_permissions::Policy;
use tauraro_test_server::TestServer;

use crate::support::{LONG, RawServer, SERVER, failure, fetch, get, read_head, run, transport};

fn limited(limits: PoolLimits) -> Transport {
    Transport::new(TransportConfig { limits, ..TransportConfig::default() }).expect("a transport")
}

#[test]
fn many_requests_at_once() {
    let server = TestServer::start();
    let transport = transport();
    let request = |_| fetch(&transport, get(&server.url("/json")));
    for outcome in run(join_all((0..64).map(request))) {
        assert_eq!(outcome.expect("an answer").body.len(), 1024);
    }
    for outcome in run(join_all((0..64).map(request))) {
        assert_eq!(outcome.expect("an answer").body.len(), 1024);
    }
    assert!(server.connections() <= 128, "{} connections", server.connections());
}

#[test]
fn threads_share_a_transport() {
    let transport = transport();
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..20 {
                    run(fetch(&transport, get(&SERVER.url("/json")))).expect("an answer");
                }
            });
        }
    });
}

#[test]
fn the_number_of_connections_in_use_is_bounded() {
    let (busy, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = Arc::clone(&most);
    let server = RawServer::start(move |mut stream| {
        while !read_head(&mut stream).is_empty() {
            let now = busy.fetch_add(1, Ordering::SeqCst) + 1;
            seen.fetch_max(now, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(5));
            busy.fetch_sub(1, Ordering::SeqCst);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
        }
    });
    let transport = limited(PoolLimits { max_connections: Some(3), ..PoolLimits::default() });
    for outcome in run(join_all((0..40).map(|_| fetch(&transport, get(&server.url("/")))))) {
        outcome.expect("an answer");
    }
    assert_eq!(most.load(Ordering::SeqCst), 3);
}

#[test]
fn keeping_none_alive() {
    let server = TestServer::start();
    for limits in [
        PoolLimits { max_keepalive_connections: Some(0), ..PoolLimits::default() },
        PoolLimits { keepalive_expiry: Some(Duration::ZERO), ..PoolLimits::default() },
    ] {
        let before = server.connections();
        let transport = limited(limits);
        for _ in 0..3 {
            run(fetch(&transport, get(&server.url("/json")))).expect("an answer");
        }
        assert_eq!(server.connections() - before, 3, "{limits:?}");
    }
}

#[test]
fn idle_connections_expire() {
    let server = TestServer::start();
    let keepalive_expiry = Some(Duration::from_millis(50));
    let transport = limited(PoolLimits { keepalive_expiry, ..PoolLimits::default() });
    for round in 1..=3 {
        run(fetch(&transport, get(&server.url("/json")))).expect("an answer");
        assert_eq!(server.connections(), round);
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn a_connection_that_the_server_closes_is_not_reused() {
    let server = TestServer::start();
    let transport = transport();
    for round in 1..=3 {
        run(fetch(&transport, get(&server.url("/close")))).expect("an answer");
        assert_eq!(server.connections(), round);
    }
}

/// Answers with an endless body, and reports when the connection is gone.
fn endless() -> (RawServer, mpsc::Receiver<()>) {
    let (report, closed) = mpsc::channel();
    let server = RawServer::start(move |mut stream| {
        read_head(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(&[0; 4096]).is_ok() {}
        let _ = report.send(());
    });
    (server, closed)
}

#[test]
fn dropping_a_body_closes_its_connection() {
    let (server, closed) = endless();
    let transport = transport();
    run(async {
        let mut response = transport.send(get(&server.url("/"))).await.expect("a head");
        response.body.chunk().await.expect("a chunk").expect("some");
    });
    closed.recv_timeout(LONG).expect("the connection is closed");
}

#[test]
fn dropping_a_request_closes_its_connection() {
    let (report, closed) = mpsc::channel();
    let server = RawServer::start(move |mut stream| {
        read_head(&mut stream);
        let _ = stream.read(&mut [0]);
        let _ = report.send(());
    });
    let transport = transport();
    let cancelled = run(async {
        tokio::time::timeout(Duration::from_millis(100), transport.send(get(&server.url("/")))).await
    });
    assert!(cancelled.is_err());
    closed.recv_timeout(LONG).expect("the connection is closed");
}

#[test]
fn cancelling_gives_the_slot_back() {
    let transport = limited(PoolLimits { max_connections: Some(1), ..PoolLimits::default() });
    for _ in 0..5 {
        let hanging = transport.send(get(&SERVER.url("/hang")));
        assert!(run(async { tokio::time::timeout(Duration::from_millis(20), hanging).await }).is_err());
    }
    run(fetch(&transport, get(&SERVER.url("/json")))).expect("an answer");
}

#[test]
fn dropping_the_transport_leaves_its_responses_alone() {
    let transport = transport();
    run(async {
        let mut response = transport.send(get(&SERVER.url("/bytes/1000000"))).await.expect("a head");
        drop(transport);
        assert_eq!(response.body.read_to_end().await.expect("a body").len(), 1_000_000);
    });
}

fn denying(
    allowed: impl Fn(&tauraro_permissions::Destination<'_>) -> bool + Send + Sync + 'static,
) -> Transport {
    let policy = Arc::new(Policy::allow_if(allowed));
    Transport::new(TransportConfig { policy, ..TransportConfig::default() }).expect("a transport")
}

#[test]
fn what_the_policy_denies_is_not_connected_to() {
    let server = RawServer::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    let port = Url::parse(&server.url("/")).expect("a URL").port().expect("a port");
    let no_loopback = denying(|asked| !asked.address.is_some_and(|address| address.is_loopback()));
    let mut spellings =
        vec!["127.0.0.1", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "[::ffff:127.0.0.1]"];
    // This one is a name, and is judged once it has been resolved.
    spellings.push("localhost");
    for host in spellings {
        let Ok(url) = Url::parse(&format!("http://{host}:{port}/")) else { continue };
        let mut request = get(&server.url("/"));
        request.url = url;
        let error = failure(run(no_loopback.send(request)), ErrorKind::Denied);
        assert!(error.message().contains("does not allow"), "{error}");
    }
    let no_name = denying(|asked| asked.host != "localhost");
    let error = failure(run(no_name.send(get(&format!("http://localhost:{port}/")))), ErrorKind::Denied);
    assert!(error.message().contains(&format!("localhost port {port}")), "{error}");
    let no_port = denying(move |asked| asked.port != port);
    failure(run(no_port.send(get(&server.url("/")))), ErrorKind::Denied);
    assert_eq!(server.accepted(), 0);
}

#[test]
fn names_are_connected_to_at_their_allowed_addresses_only() {
    let port = SERVER.addr().port();
    let v4_only = denying(|asked| asked.address.is_none_or(|address| address.is_ipv4()));
    let answer = run(fetch(&v4_only, get(&format!("http://localhost:{port}/json")))).expect("an answer");
    assert_eq!(answer.head.remote_addr.map(|peer| peer.ip()), Some(IpAddr::from([127, 0, 0, 1])));
}

#[test]
fn the_policy_is_told_the_port_with_each_address() {
    let port = SERVER.addr().port();
    let asked = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let transport = denying(move |destination| {
        seen.lock().expect("the list").push((
            destination.host.to_owned(),
            destination.port,
            destination.address,
        ));
        true
    });
    run(fetch(&transport, get(&format!("http://localhost:{port}/json")))).expect("an answer");
    let asked = asked.lock().expect("the list");
    assert_eq!(asked.first(), Some(&("localhost".to_owned(), port, None)));
    assert!(
        asked.len() >= 2 && asked.iter().all(|(host, p, _)| host == "localhost" && *p == port),
        "{asked:?}"
    );
}

#[test]
fn connections_come_from_the_local_address_given() {
    let local_address = Some(IpAddr::from([127, 0, 0, 2]));
    let transport =
        Transport::new(TransportConfig { local_address, ..TransportConfig::default() }).expect("one");
    let (report, peer) = mpsc::channel();
    let server = RawServer::start(move |mut stream| {
        let _ = report.send(stream.peer_addr());
        read_head(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    });
    run(fetch(&transport, get(&server.url("/")))).expect("an answer");
    let peer = peer.recv_timeout(LONG).expect("a connection").expect("its peer");
    assert_eq!(peer.ip(), IpAddr::from([127, 0, 0, 2]));
}
