//! What ordinary requests do without: Unix sockets, socket options, repeated attempts, targets that
//! are no URL, other methods, other names, other protocols.

use std::io::{Read, Write};
use std::net::{IpAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use tauraro_engine::http::client::{Extras, SocketOption, SocketValue, Transport, TransportConfig};
use tauraro_engine::tls::{TlsConfig, Verify};
use tauraro_engine::{Body, ErrorKind};
use tauraro_permissions::Policy;
use tauraro_test_server::TestServer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{
    LONG, RawServer, SERVER, SHORT, direct, failure, fetch, get, read_head, request, run, transport,
};

fn made(config: TransportConfig) -> Transport {
    Transport::new(config).expect("a transport")
}

fn trusting(server: &TestServer) -> TransportConfig {
    let verify = Verify::Roots(server.ca_pem_path().to_owned());
    let tls = TlsConfig { verify, trust_env: false, ..TlsConfig::default() };
    TransportConfig { tls, ..TransportConfig::default() }
}

/// A request with the given target.
fn targeting(method: &str, url: &str, target: &'static [u8]) -> tauraro_engine::http::client::Request {
    let mut request = request(method, url);
    request.extras = Extras { target: Some(target.into()), ..Extras::default() };
    request
}

#[test]
fn unix_sockets() {
    let server = TestServer::start();
    let uds = Some(server.uds_path().to_owned());
    let transport = made(TransportConfig { uds: uds.clone(), ..TransportConfig::default() });
    for _ in 0..3 {
        let answer = run(fetch(&transport, get("http://somewhere.test/echo"))).expect("an answer");
        assert!(answer.text().contains(r#""authority":"somewhere.test""#), "{}", answer.text());
        assert_eq!((answer.head.local_addr, answer.head.remote_addr), (None, None));
    }
    assert_eq!(server.connections(), 1);

    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let policy = Arc::new(Policy::allow_if(move |wanted| {
        seen.lock().expect("a lock").push(wanted.host.to_owned());
        !wanted.host.starts_with("unix:")
    }));
    let guarded = made(TransportConfig { uds, policy, ..TransportConfig::default() });
    let error = failure(run(fetch(&guarded, get("http://somewhere.test/json"))), ErrorKind::Denied);
    assert!(error.message().contains("http.sock"), "{error}");
    assert_eq!(asked.lock().expect("a lock").len(), 2);

    let missing = made(TransportConfig { uds: Some("/nowhere/x.sock".into()), ..TransportConfig::default() });
    let error = failure(run(fetch(&missing, get("http://somewhere.test/"))), ErrorKind::ConnectError);
    assert_eq!(error.message(), "[Errno 2] No such file or directory");
}

#[test]
fn socket_options_are_set_and_bad_ones_are_told() {
    let option = |level, name, value| SocketOption { level, name, value };
    let good = [
        option(libc::SOL_SOCKET, libc::SO_KEEPALIVE, SocketValue::Integer(1)),
        option(libc::SOL_SOCKET, libc::SO_RCVTIMEO, SocketValue::Bytes(vec![0; size_of::<libc::timeval>()])),
    ];
    let transport = made(TransportConfig { socket_options: good.to_vec(), ..TransportConfig::default() });
    run(fetch(&transport, get(&SERVER.url("/json")))).expect("an answer");
    for value in [SocketValue::Integer(1), SocketValue::Bytes(Vec::new()), SocketValue::Null(4)] {
        let bad = vec![option(-1, -1, value)];
        let transport = made(TransportConfig { socket_options: bad, ..TransportConfig::default() });
        let error = failure(run(fetch(&transport, get(&SERVER.url("/json")))), ErrorKind::ConnectError);
        assert!(error.message().starts_with("[Errno "), "{error}");
    }
}

#[test]
fn addresses_of_ones_own_with_socket_options() {
    let socket_options = vec![SocketOption {
        level: libc::SOL_SOCKET,
        name: libc::SO_KEEPALIVE,
        value: SocketValue::Integer(1),
    }];
    let local_address = Some(IpAddr::from([127, 0, 0, 2]));
    let transport = made(TransportConfig { local_address, socket_options, ..TransportConfig::default() });
    let answer = run(fetch(&transport, get(&SERVER.url("/json")))).expect("an answer");
    assert_eq!(answer.head.local_addr.map(|address| address.ip()), local_address);
    assert_eq!(answer.head.remote_addr, Some(SERVER.addr()));
}

#[test]
fn connecting_is_tried_again_when_asked_for() {
    // Bound and closed, so that nobody listens until the second attempt.
    let address = TcpListener::bind("127.0.0.1:0").expect("loopback").local_addr().expect("an address");
    let url = format!("http://{address}/");
    let never = made(TransportConfig { retries: 1, ..TransportConfig::default() });
    failure(run(fetch(&never, get(&url))), ErrorKind::ConnectError);

    let late = thread::spawn(move || {
        // After the first two attempts and before the third, half a second later.
        thread::sleep(Duration::from_millis(100));
        let listener = TcpListener::bind(address).expect("the address");
        let (mut stream, _) = listener.accept().expect("a connection");
        let head = read_head(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").expect("an answer");
        head
    });
    let patient = made(TransportConfig { retries: 3, ..TransportConfig::default() });
    let mut post = request("POST", &url);
    post.body = Body::Bytes("hello".into());
    assert_eq!(run(fetch(&patient, post)).expect("an answer").text(), "ok");
    assert!(late.join().expect("a server").starts_with(b"POST / HTTP/1.1\r\n"));
}

#[test]
fn what_was_sent_is_never_sent_again_by_retries() {
    let server = RawServer::start(|mut stream| {
        read_head(&mut stream);
    });
    let transport = made(TransportConfig { retries: 5, ..TransportConfig::default() });
    failure(run(fetch(&transport, get(&server.url("/")))), ErrorKind::RemoteProtocolError);
    assert_eq!(server.accepted(), 1);
}

#[test]
fn the_timeout_of_each_attempt() {
    let silent = RawServer::start(|mut stream| {
        let _ = stream.read(&mut [0; 1]);
        thread::sleep(LONG);
    });
    let transport = made(TransportConfig { retries: 1, ..trusting(&SERVER) });
    // TCP stands at once, TLS never does.
    let mut hanging = get(&silent.url("/").replace("http:", "https:"));
    hanging.timeouts.connect = Some(SHORT);
    failure(run(fetch(&transport, hanging)), ErrorKind::ConnectTimeout);
    assert_eq!(silent.accepted(), 2);
}

#[test]
fn targets_that_are_no_path_of_the_url() {
    let transport = transport();
    let url = SERVER.raw_url("/ignored?too");
    for (method, target, line) in [
        ("OPTIONS", b"*".as_slice(), "OPTIONS * HTTP/1.1"),
        ("GET", b"/a/%2e%2e/b?c", "GET /a/%2e%2e/b?c HTTP/1.1"),
        ("GET", b"http://other.test/x?y", "GET http://other.test/x?y HTTP/1.1"),
        ("GET", b"relative", "GET relative HTTP/1.1"),
    ] {
        let answer = run(fetch(&transport, targeting(method, &url, target))).expect("an answer");
        assert_eq!(answer.text().lines().next(), Some(line));
    }
    for target in [b"/with space".as_slice(), b"/x\r\nEvil: 1", b"/\0"] {
        let error =
            failure(run(fetch(&transport, targeting("GET", &url, target))), ErrorKind::LocalProtocolError);
        assert!(error.message().starts_with("Illegal target b'/"), "{error}");
    }
}

#[test]
fn targets_over_http2() {
    let transport = made(TransportConfig { http2: true, ..trusting(&SERVER) });
    let answer =
        run(fetch(&transport, targeting("GET", &SERVER.tls_url("/x"), b"/echo?y"))).expect("an answer");
    assert!(answer.text().contains(r#""target":"/echo?y""#), "{}", answer.text());
    assert!(answer.text().contains(r#""version":"HTTP/2.0""#), "{}", answer.text());
}

#[test]
fn methods_of_all_kinds() {
    let transport = transport();
    for method in ["TRACE", "PROPFIND", "get", "M-SEARCH", "!#$%&'*+-.^_`|~9"] {
        let answer = run(fetch(&transport, request(method, &SERVER.raw_url("/x")))).expect("an answer");
        assert_eq!(answer.text().lines().next(), Some(&*format!("{method} /x HTTP/1.1")));
    }
    let answer = run(fetch(&transport, request("TRACE", &SERVER.url("/trace")))).expect("an answer");
    assert!(answer.text().starts_with("TRACE /trace HTTP/1.1\r\n"), "{}", answer.text());
}

#[test]
fn other_names_in_tls() {
    let server = TestServer::start();
    let transport = made(trusting(&server));
    let named = |name: &str| {
        let mut request = get(&server.tls_url("/echo"));
        request.extras.sni_hostname = Some(name.to_owned());
        request
    };
    for _ in 0..2 {
        let answer = run(fetch(&transport, named("origin.test"))).expect("an answer");
        assert!(answer.text().contains(r#""sni":"origin.test""#), "{}", answer.text());
    }
    assert_eq!(server.connections(), 1, "connections of one name are kept");
    let error = failure(run(fetch(&transport, named("elsewhere.test"))), ErrorKind::ConnectError);
    assert!(error.message().contains("Hostname mismatch"), "{error}");
    let error = failure(run(fetch(&transport, named("no name\n"))), ErrorKind::ConnectError);
    assert!(error.message().contains("cannot connect to a host called"), "{error}");
    // The other names' connections are not mistaken for the host's own.
    let answer = run(fetch(&transport, get(&server.tls_url("/echo")))).expect("an answer");
    assert!(answer.text().contains(r#""sni":null"#), "{}", answer.text());
}

#[test]
fn upgrades_hand_over_the_connection() {
    for transport in [transport(), direct()] {
        run(async {
            let mut asking = get(&SERVER.url("/upgrade"));
            asking.headers.append("Connection", "Upgrade");
            asking.headers.append("Upgrade", "echo");
            let mut answer = transport.send(asking).await.expect("a head");
            assert_eq!(answer.status, 101);
            assert_eq!(answer.headers.get("upgrade").map(AsRef::as_ref), Some(b"echo".as_slice()));
            assert_eq!(answer.body.chunk().await.expect("the end"), None);
            let mut raw = answer.upgrade.take().expect("a connection");
            assert_eq!(raw.remote_addr(), Some(SERVER.addr()));
            assert!(raw.local_addr().is_some());
            for message in [b"hello".as_slice(), &vec![7; 100_000]] {
                let mut back = vec![0; message.len()];
                let (mut reader, mut writer) = tokio::io::split(&mut raw);
                let (sent, read) = tokio::join!(writer.write_all(message), reader.read_exact(&mut back));
                sent.expect("sent");
                read.expect("echoed");
                assert_eq!(back, message);
            }
            raw.shutdown().await.expect("closed");
            assert_eq!(raw.read(&mut [0; 1]).await.expect("the end"), 0);
        });
    }
}

#[test]
fn ordinary_responses_have_nothing_to_hand_over() {
    let answer = run(fetch(&transport(), get(&SERVER.url("/json")))).expect("an answer");
    assert!(answer.head.upgrade.is_none());
    assert!(answer.head.local_addr.is_some_and(|address| address.ip().is_loopback()));
}

#[test]
fn connect_opens_a_tunnel() {
    let server = TestServer::start();
    let transport = transport();
    run(async {
        let target = server.addr().to_string();
        let mut asking = request("CONNECT", &server.proxy_url());
        asking.extras.target = Some(target.into());
        let answer = transport.send(asking).await.expect("a head");
        assert_eq!(answer.status, 200);
        let mut raw = answer.upgrade.expect("a tunnel");
        raw.write_all(b"GET /json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.expect("sent");
        let mut text = Vec::new();
        raw.read_to_end(&mut text).await.expect("read");
        assert!(text.starts_with(b"HTTP/1.1 200 OK\r\n"), "{}", String::from_utf8_lossy(&text));
    });
}

#[test]
fn connect_names_the_server_itself_unless_told_otherwise() {
    let transport = transport();
    let answer = run(fetch(&transport, request("CONNECT", &SERVER.raw_url("/path")))).expect("an answer");
    let mut raw = answer.head.upgrade.expect("a tunnel");
    let mut text = String::new();
    run(raw.read_to_string(&mut text)).expect("text");
    let authority = SERVER.raw_url("");
    let authority = authority.trim_start_matches("http://");
    assert!(text.starts_with(&format!("CONNECT {authority} HTTP/1.1\r\n")), "{text}");
}

#[test]
fn a_refused_connect_is_a_response() {
    let answer =
        run(fetch(&transport(), request("CONNECT", &SERVER.guarded_proxy_url()))).expect("an answer");
    assert_eq!((answer.head.status, answer.text()), (407, "who are you?"));
    assert!(answer.head.upgrade.is_none());
}

#[test]
fn an_upgraded_connection_counts_until_it_is_dropped() {
    let limits = tauraro_engine::http::client::PoolLimits { max_connections: Some(1), ..Default::default() };
    let transport = made(TransportConfig { limits, ..TransportConfig::default() });
    run(async {
        let mut asking = get(&SERVER.url("/upgrade"));
        asking.headers.append("Connection", "Upgrade");
        asking.headers.append("Upgrade", "echo");
        let raw = transport.send(asking).await.expect("a head").upgrade.expect("a connection");
        let mut waiting = get(&SERVER.url("/json"));
        waiting.timeouts.pool = Some(SHORT);
        failure(fetch(&transport, waiting).await, ErrorKind::PoolTimeout);
        drop(raw);
        fetch(&transport, get(&SERVER.url("/json"))).await.expect("an answer");
    });
}
