//! TLS and HTTP/2.

use std::fs;
use std::path::{Path, PathBuf};

use futures_util::future::join_all;
use http::Version;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tauraro_engine::http::client::{PoolLimits, Transport, TransportConfig};
use tauraro_engine::tls::{ClientCert, TlsConfig, TlsVersion, Verify};
use tauraro_engine::{Body, ErrorKind, http::body};
use tauraro_test_server::TestServer;

use crate::support::{RawServer, SERVER, SHORT, failure, fetch, get, request, run};

fn verifying(verify: Verify, client_cert: Option<ClientCert>) -> TransportConfig {
    let tls = TlsConfig { verify, client_cert, trust_env: false, ..TlsConfig::default() };
    TransportConfig { tls, ..TransportConfig::default() }
}

fn trusting(server: &TestServer) -> TransportConfig {
    verifying(Verify::Roots(server.ca_pem_path().to_owned()), None)
}

fn made(config: TransportConfig) -> Transport {
    Transport::new(config).expect("a transport")
}

#[test]
fn roots_of_ones_own() {
    let answer = run(fetch(&made(trusting(&SERVER)), get(&SERVER.tls_url("/json")))).expect("an answer");
    assert_eq!((answer.head.status, answer.head.version), (200, Version::HTTP_11));
    let by_name = SERVER.tls_url("/json").replace("127.0.0.1", "localhost");
    run(fetch(&made(trusting(&SERVER)), get(&by_name))).expect("an answer");
    let folder = SERVER.ca_pem_path().parent().expect("a folder").to_owned();
    let config = verifying(Verify::Roots(folder), None);
    run(fetch(&made(config), get(&SERVER.tls_url("/json")))).expect("an answer");
}

#[test]
fn the_system_does_not_know_the_test_authority() {
    let error = failure(
        run(fetch(&made(verifying(Verify::System, None)), get(&SERVER.tls_url("/json")))),
        ErrorKind::ConnectError,
    );
    let expected =
        "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer certificate";
    assert_eq!(error.message(), expected);
}

#[test]
fn a_certificate_for_another_name() {
    let url = SERVER.tls_url("/json").replace("127.0.0.1", "127.0.0.2");
    // The listener is on 127.0.0.1 only; a relay brings the connection there.
    let relay = Relay::to(&SERVER.tls_url("/"));
    let url = url.replace(&SERVER.tls_url("/json")[18..], &relay.rest("/json"));
    let error = failure(run(fetch(&made(trusting(&SERVER)), get(&url))), ErrorKind::ConnectError);
    let expected = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: Hostname mismatch, certificate is not valid for '127.0.0.2'";
    assert_eq!(error.message(), expected);
}

/// Passes bytes from 127.0.0.2 on to a listener on 127.0.0.1.
struct Relay {
    port: u16,
}

impl Relay {
    fn to(url: &str) -> Self {
        let target = url.trim_start_matches("https://").trim_end_matches('/').to_owned();
        let listener = std::net::TcpListener::bind(("127.0.0.2", 0)).expect("loopback");
        let port = listener.local_addr().expect("an address").port();
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                #[expect(clippy::disallowed_methods, reason = "it plays a part of the network")]
                let far = std::net::TcpStream::connect(&target).expect("the server");
                let (mut a, mut b) =
                    (near.try_clone().expect("a handle"), far.try_clone().expect("a handle"));
                let (mut near, mut far) = (near, far);
                std::thread::spawn(move || std::io::copy(&mut a, &mut far));
                std::thread::spawn(move || std::io::copy(&mut b, &mut near));
            }
        });
        Self { port }
    }

    fn rest(&self, path: &str) -> String {
        format!("{}{path}", self.port)
    }
}

#[test]
fn without_verification() {
    let transport = made(verifying(Verify::Off, None));
    run(fetch(&transport, get(&SERVER.tls_url("/json")))).expect("an answer");
}

#[test]
fn client_certificates() {
    let (chain, key) = SERVER.client_cert_paths();
    let roots = || Verify::Roots(SERVER.ca_pem_path().to_owned());
    let fetch_with = |cert| run(fetch(&made(verifying(roots(), cert)), get(&SERVER.mtls_url("/json"))));

    let apart =
        ClientCert { chain: chain.to_owned().into(), key: Some(key.to_owned().into()), password: None };
    fetch_with(Some(apart)).expect("an answer");

    let folder = Folder::new("client-cert");
    let both = [fs::read(chain).expect("a chain"), fs::read(key).expect("a key")].concat();
    let both = folder.file("both.pem", &both);
    fetch_with(Some(ClientCert { chain: both.into(), key: None, password: None })).expect("an answer");

    // The server says no after the handshake as far as the client is concerned, or in the middle of
    // it; its alert may be overtaken by the reset or the end of the connection that follows it.
    let error = fetch_with(None).expect_err("no certificate");
    let kinds = [ErrorKind::ReadError, ErrorKind::ConnectError, ErrorKind::RemoteProtocolError];
    assert!(kinds.contains(&error.kind()), "{error:?}");
}

/// A folder of its own for a test's files.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tauraro-wire-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, content).expect("a file");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn unusable_files_are_named_before_anything_is_connected() {
    let server = RawServer::answering("");
    let url = server.url("/").replace("http://", "https://");
    let folder = Folder::new("unusable");
    let garbled = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let ca = fs::read(SERVER.ca_pem_path()).expect("the authority");
    let missing = folder.0.join("missing.pem");
    let empty = folder.file("empty.pem", b"");
    let junk = folder.file("junk.pem", b"not a certificate\n\xff\xfe");
    let cut = folder.file("cut.pem", ca.get(..ca.len() / 2).expect("half of it"));
    let garbled = folder.file("garbled.pem", garbled);
    let without = folder.file("without-key.pem", &ca);
    let nothing = Folder::new("nothing");
    nothing.file("notes.txt", b"no certificate here");

    let named = |config: TransportConfig, path: &Path| {
        failure(config.tls.check(), ErrorKind::ConnectError);
        let error = failure(run(fetch(&made(config), get(&url))), ErrorKind::ConnectError);
        assert!(error.message().contains(&path.display().to_string()), "{error}");
        error.message().to_owned()
    };
    for path in [&missing, &empty, &junk, &cut, &garbled, &nothing.0] {
        named(verifying(Verify::Roots(path.clone()), None), path);
    }
    for path in [&missing, &empty, &junk, &cut, &without] {
        let identity = ClientCert { chain: path.clone().into(), key: None, password: None };
        named(verifying(Verify::Off, Some(identity)), path);
    }
    let key = |key: &PathBuf| {
        let identity =
            ClientCert { chain: without.clone().into(), key: Some(key.clone().into()), password: None };
        named(verifying(Verify::Off, Some(identity)), key)
    };
    assert!(key(&without).contains("no private key"));
    key(&missing);
    let locked = folder.file(
        "locked.pem",
        b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
    );
    assert!(key(&locked).contains("password"));
    let old = folder.file("old.pem", b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n");
    assert!(key(&old).contains("old format"));
    assert_eq!(server.accepted(), 0);
}

#[test]
fn plain_http_needs_no_certificates() {
    let missing = PathBuf::from("/no/such/file.pem");
    let transport = made(verifying(Verify::Roots(missing), None));
    run(fetch(&transport, get(&SERVER.url("/json")))).expect("an answer");
}

#[test]
fn a_server_that_does_not_speak_tls() {
    let server = RawServer::answering("HTTP/1.1 400 Bad Request\r\n\r\n");
    let url = server.url("/").replace("http://", "https://");
    let mut request = get(&url);
    request.timeouts.connect = Some(SHORT * 10);
    let error = run(fetch(&made(verifying(Verify::Off, None)), request)).expect_err("it must fail");
    assert!(matches!(error.kind(), ErrorKind::ConnectError | ErrorKind::ConnectTimeout), "{error:?}");
}

#[test]
fn http2_by_alpn() {
    let server = TestServer::start();
    let transport = made(TransportConfig { http2: true, ..trusting(&server) });
    for _ in 0..3 {
        let answer = run(fetch(&transport, get(&server.tls_url("/json")))).expect("an answer");
        assert_eq!((answer.head.version, answer.head.reason), (Version::HTTP_2, None));
        assert_eq!(answer.body.len(), 1024);
    }
    assert_eq!(server.connections(), 1);
    // Where TLS does not settle it, HTTP/1.1 is spoken.
    let answer = run(fetch(&transport, get(&server.url("/json")))).expect("an answer");
    assert_eq!(answer.head.version, Version::HTTP_11);
}

#[test]
fn http2_by_prior_knowledge() {
    let server = TestServer::start();
    let transport = made(TransportConfig { http1: false, http2: true, ..trusting(&server) });
    for url in [server.url("/json"), server.tls_url("/json")] {
        let answer = run(fetch(&transport, get(&url))).expect("an answer");
        assert_eq!(answer.head.version, Version::HTTP_2);
    }
}

#[test]
fn http2_shares_one_connection_and_one_slot() {
    let server = TestServer::start();
    let limits = PoolLimits { max_connections: Some(1), ..PoolLimits::default() };
    let transport = made(TransportConfig { http2: true, limits, ..trusting(&server) });
    run(async {
        fetch(&transport, get(&server.tls_url("/json"))).await.expect("an answer");
        let held = transport.send(get(&server.tls_url("/bytes/3000000"))).await.expect("a head");
        let all = join_all((0..64).map(|_| fetch(&transport, get(&server.tls_url("/json"))))).await;
        assert!(all.into_iter().all(|outcome| outcome.is_ok_and(|answer| answer.body.len() == 1024)));
        drop(held);
    });
    assert_eq!(server.connections(), 1);
}

#[test]
fn http2_first_requests_all_at_once_make_one_connection() {
    for (http1, tls, max_connections) in [
        (true, true, None),
        (true, true, Some(1)),
        (false, true, Some(1)),
        (false, false, Some(1)),
        (false, false, None),
    ] {
        let server = TestServer::start();
        let limits = PoolLimits { max_connections, ..PoolLimits::default() };
        let transport = made(TransportConfig { http1, http2: true, limits, ..trusting(&server) });
        let url = if tls { server.tls_url("/slow-head?ms=50") } else { server.url("/slow-head?ms=50") };
        let all = run(join_all((0..100).map(|_| fetch(&transport, get(&url)))));
        for outcome in all {
            assert_eq!(outcome.expect("an answer").head.version, Version::HTTP_2);
        }
        assert_eq!(server.connections(), 1, "{http1} {tls} {max_connections:?}");
    }
}

#[test]
fn http2_connections_count_once_for_as_long_as_they_are_used() {
    let server = TestServer::start();
    let limits = PoolLimits { max_connections: Some(1), ..PoolLimits::default() };
    let transport = made(TransportConfig { http2: true, limits, ..trusting(&server) });
    run(async {
        let first = transport.send(get(&server.tls_url("/bytes/3000000"))).await.expect("a head");
        let second = transport.send(get(&server.tls_url("/bytes/3000000"))).await.expect("a head");
        // Another origin needs a connection of its own, for which there is no room.
        let mut elsewhere = get(&server.url("/json"));
        elsewhere.timeouts.pool = Some(SHORT);
        failure(fetch(&transport, elsewhere).await, ErrorKind::PoolTimeout);
        drop(first);
        let mut elsewhere = get(&server.url("/json"));
        elsewhere.timeouts.pool = Some(SHORT);
        failure(fetch(&transport, elsewhere).await, ErrorKind::PoolTimeout);
        drop(second);
        fetch(&transport, get(&server.url("/json"))).await.expect("an answer");
    });
}

#[test]
fn http1_by_alpn_takes_a_connection_each() {
    let server = TestServer::start();
    let proxied = server.tls_proxy_url();
    let transport = made(TransportConfig { http2: true, ..trusting(&server) });
    // The proxy that speaks TLS offers nothing but HTTP/1.1, and answers for itself.
    let url = format!("{proxied}/log");
    let all = run(join_all((0..20).map(|_| fetch(&transport, get(&url)))));
    for outcome in all {
        assert_eq!(outcome.expect("an answer").head.version, Version::HTTP_11);
    }
}

#[test]
fn http2_when_nobody_is_there() {
    let unbound = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback").local_addr().expect("one");
    let transport = made(TransportConfig { http2: true, ..trusting(&SERVER) });
    let url = format!("https://{unbound}/");
    for outcome in run(join_all((0..20).map(|_| fetch(&transport, get(&url))))) {
        failure(outcome, ErrorKind::ConnectError);
    }
}

#[test]
fn certificates_given_as_they_are() {
    let pem = fs::read(SERVER.ca_pem_path()).expect("a file");
    let der = CertificateDer::from_pem_slice(&pem).expect("a certificate").to_vec();
    let transport = made(verifying(Verify::Certificates(vec![der.clone()]), None));
    run(fetch(&transport, get(&SERVER.tls_url("/json")))).expect("an answer");
    for (given, message) in [
        (vec![], "there is no certificate to trust"),
        (vec![der, b"nonsense".to_vec()], "cannot use one of the given certificates"),
    ] {
        let transport = made(verifying(Verify::Certificates(given), None));
        let error = failure(run(fetch(&transport, get(&SERVER.tls_url("/json")))), ErrorKind::ConnectError);
        assert!(error.message().starts_with(message), "{error}");
    }
}

#[test]
fn names_are_only_looked_at_when_they_are_to_be() {
    let server = TestServer::start();
    let mut config = trusting(&server);
    config.tls.check_hostname = false;
    let by_other_name = |config: TransportConfig| {
        let mut request = get(&server.tls_url("/json"));
        request.extras.sni_hostname = Some("elsewhere.test".to_owned());
        run(fetch(&made(config), request))
    };
    by_other_name(config.clone()).expect("an answer");
    let error = failure(by_other_name(trusting(&server)), ErrorKind::ConnectError);
    assert!(error.message().contains("Hostname mismatch"), "{error}");
    // Whoever signed it still matters.
    config.tls.verify = Verify::System;
    let error = failure(by_other_name(config), ErrorKind::ConnectError);
    assert!(error.message().contains("unable to get local issuer certificate"), "{error}");
}

#[test]
fn versions_of_tls() {
    use TlsVersion::{Tls12, Tls13};
    for (min_version, max_version) in [(None, Some(Tls12)), (Some(Tls12), Some(Tls12)), (Some(Tls13), None)] {
        let mut config = trusting(&SERVER);
        (config.tls.min_version, config.tls.max_version) = (min_version, max_version);
        run(fetch(&made(config), get(&SERVER.tls_url("/json")))).expect("an answer");
    }
    let mut config = trusting(&SERVER);
    (config.tls.min_version, config.tls.max_version) = (Some(Tls13), Some(Tls12));
    failure(run(fetch(&made(config), get(&SERVER.tls_url("/json")))), ErrorKind::ConnectError);
}

#[test]
fn http2_to_a_server_that_knows_only_http1() {
    let server = RawServer::answering("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
    let transport = made(TransportConfig { http1: false, http2: true, ..TransportConfig::default() });
    let error = failure(run(fetch(&transport, get(&server.url("/")))), ErrorKind::RemoteProtocolError);
    assert!(!error.message().is_empty());
}

#[test]
fn http2_uploads() {
    let transport = made(TransportConfig { http2: true, ..trusting(&SERVER) });
    let mut whole = request("PUT", &SERVER.tls_url("/upload"));
    whole.body = Body::Bytes(vec![1; 1_000_000].into());
    let answer = run(fetch(&transport, whole)).expect("an answer");
    assert!(answer.text().contains(r#""size":1000000"#), "{}", answer.text());

    let mut stream = request("PUT", &SERVER.tls_url("/upload"));
    stream.headers.append("connection", "keep-alive");
    let (sender, receiver) = body::channel();
    stream.body = Body::Stream(receiver);
    let source = async {
        for _ in 0..10 {
            assert!(sender.ready().await);
            sender.send("ten bytes.".into());
        }
        sender.finish();
    };
    let (answer, ()) = run(async { tokio::join!(fetch(&transport, stream), source) });
    let answer = answer.expect("an answer");
    assert!(answer.text().contains(r#""size":100"#), "{}", answer.text());
}

#[test]
fn http2_timeouts_and_broken_bodies() {
    let transport = made(TransportConfig { http2: true, ..trusting(&SERVER) });
    let mut hanging = get(&SERVER.tls_url("/hang"));
    hanging.timeouts.read = Some(SHORT);
    failure(run(fetch(&transport, hanging)), ErrorKind::ReadTimeout);
    failure(run(fetch(&transport, get(&SERVER.tls_url("/cut?after=10")))), ErrorKind::RemoteProtocolError);
    run(fetch(&transport, get(&SERVER.tls_url("/json")))).expect("the transport is fine");
}
