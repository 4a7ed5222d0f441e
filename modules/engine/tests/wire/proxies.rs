//! Proxies: what they are asked for, what they are told, and what comes of their refusals.

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};

use futures_util::future::join_all;
use http::Version;
use tauraro_engine::http::client::{Proxy, Transport, TransportConfig};
use tauraro_engine::tls::{TlsConfig, Verify};
use tauraro_engine::{Body, ErrorKind, Headers, Url};
use tauraro_permissions::Policy;
use tauraro_test_server::TestServer;

use crate::support::{RawServer, SERVER, failure, fetch, get, request, run};

fn proxy(url: &str) -> Proxy {
    Proxy { url: Url::parse(url).expect(url), auth: None, headers: Headers::new(), tls: None }
}

fn with_auth(proxy: Proxy, password: &str) -> Proxy {
    Proxy { auth: Some((b"user".to_vec(), password.as_bytes().to_vec())), ..proxy }
}

fn trusted(server: &TestServer) -> TlsConfig {
    let verify = Verify::Roots(server.ca_pem_path().to_owned());
    TlsConfig { verify, trust_env: false, ..TlsConfig::default() }
}

fn config(server: &TestServer, proxy: Proxy) -> TransportConfig {
    TransportConfig { proxy: Some(proxy), tls: trusted(server), ..TransportConfig::default() }
}

fn through(server: &TestServer, proxy: Proxy) -> Transport {
    Transport::new(config(server, proxy)).expect("a transport")
}

/// The header fields of the last request that a proxy of `server` saw.
fn last_headers(server: &TestServer) -> Vec<(String, String)> {
    let log = server.proxy_log();
    let headers = log.last().expect("an entry")["headers"].as_array().expect("a list");
    let pairs =
        headers.iter().map(|pair| [&pair[0], &pair[1]].map(|text| text.as_str().expect("text").to_owned()));
    pairs.map(|[name, value]| (name, value)).collect()
}

fn targets(server: &TestServer) -> Vec<(String, String)> {
    let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
    server.proxy_log().iter().map(|entry| (text(&entry["method"]), text(&entry["target"]))).collect()
}

#[test]
fn plain_requests_are_forwarded_whole() {
    let server = TestServer::start();
    let mut proxy = with_auth(proxy(&server.proxy_url()), "secret");
    proxy.headers.append("X-For-The-Proxy", "1");
    let transport = through(&server, proxy);
    let url = server.url("/echo?a=b").replace("127.0.0.1", "origin.test");
    for _ in 0..2 {
        let answer = run(fetch(&transport, get(&url))).expect("an answer");
        assert!(answer.text().contains(r#""target":"/echo?a=b""#), "{}", answer.text());
        assert!(!answer.text().contains("proxy-authorization"), "{}", answer.text());
        assert_eq!(answer.head.headers.get("via").map(AsRef::as_ref), Some(b"1.1 test-proxy".as_slice()));
    }
    let expected = ("GET".to_owned(), url);
    assert_eq!(targets(&server), [expected.clone(), expected]);
    let headers = last_headers(&server);
    assert!(
        headers.contains(&("proxy-authorization".into(), "Basic dXNlcjpzZWNyZXQ=".into())),
        "{headers:?}"
    );
    assert!(headers.contains(&("x-for-the-proxy".into(), "1".into())), "{headers:?}");
}

#[test]
fn secure_requests_are_tunnelled_and_tunnels_are_kept() {
    let server = TestServer::start();
    let mut proxy = with_auth(proxy(&server.guarded_proxy_url()), "secret");
    proxy.headers.append("X-For-The-Proxy", "1");
    let transport = through(&server, proxy);
    let url = server.tls_url("/echo").replace("127.0.0.1", "origin.test");
    for _ in 0..3 {
        let mut post = request("POST", &url);
        post.body = Body::Bytes("hello".into());
        let answer = run(fetch(&transport, post)).expect("an answer");
        let text = answer.text();
        assert!(text.contains(r#""text":"hello""#) && text.contains(r#""sni":"origin.test""#), "{text}");
        assert!(!text.contains("proxy-authorization") && !text.contains("x-for-the-proxy"), "{text}");
    }
    let authority = url.trim_start_matches("https://").trim_end_matches("/echo").to_owned();
    assert_eq!(targets(&server), [("CONNECT".to_owned(), authority.clone())]);
    let headers = last_headers(&server);
    for (name, value) in
        [("host", &*authority), ("proxy-authorization", "Basic dXNlcjpzZWNyZXQ="), ("x-for-the-proxy", "1")]
    {
        assert!(headers.contains(&(name.into(), value.into())), "{headers:?}");
    }
    assert_eq!(server.connections(), 1);
}

#[test]
fn http2_goes_through_tunnels() {
    let server = TestServer::start();
    let config = TransportConfig { http2: true, ..config(&server, proxy(&server.proxy_url())) };
    let transport = Transport::new(config).expect("a transport");
    run(fetch(&transport, get(&server.tls_url("/json")))).expect("an answer");
    let all = run(join_all((0..50).map(|_| fetch(&transport, get(&server.tls_url("/json"))))));
    for outcome in all {
        assert_eq!(outcome.expect("an answer").head.version, Version::HTTP_2);
    }
    assert_eq!(server.connections(), 1);
}

#[test]
fn proxies_that_speak_tls() {
    let server = TestServer::start();
    let judged = Proxy { tls: Some(trusted(&server)), ..proxy(&server.tls_proxy_url()) };
    let transport = through(&server, judged);
    for url in [server.url("/json"), server.tls_url("/json")] {
        assert_eq!(run(fetch(&transport, get(&url))).expect("an answer").body.len(), 1024);
    }
    assert_eq!(server.proxy_log().len(), 2);
    let distrusted = Proxy {
        tls: Some(TlsConfig { trust_env: false, ..TlsConfig::default() }),
        ..proxy(&server.tls_proxy_url())
    };
    let transport = through(&server, distrusted);
    let error = failure(run(fetch(&transport, get(&server.url("/json")))), ErrorKind::ConnectError);
    assert!(error.message().contains("CERTIFICATE_VERIFY_FAILED"), "{error}");
}

#[test]
fn refusals_are_told_with_their_status_line() {
    let server = TestServer::start();
    for proxy in [proxy(&server.guarded_proxy_url()), with_auth(proxy(&server.guarded_proxy_url()), "wrong")]
    {
        let transport = through(&server, proxy);
        let error = failure(run(fetch(&transport, get(&server.tls_url("/json")))), ErrorKind::ProxyError);
        assert_eq!(error.message(), "407 Proxy Authentication Required");
        // A forwarded request simply has that response.
        let answer = run(fetch(&transport, get(&server.url("/json")))).expect("an answer");
        assert_eq!(answer.head.status, 407);
    }
    let transport = through(&server, proxy(&server.proxy_url()));
    let error = failure(run(fetch(&transport, get("https://forbidden.test/"))), ErrorKind::ProxyError);
    assert_eq!(error.message(), "403 Forbidden");
    assert_eq!(server.connections(), 0, "nothing but refusals");
}

#[test]
fn proxies_that_are_not_there_or_talk_nonsense() {
    let unbound = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback").local_addr().expect("one");
    for scheme in ["http", "socks5"] {
        let transport = through(&SERVER, proxy(&format!("{scheme}://{unbound}")));
        for url in [SERVER.url("/json"), SERVER.tls_url("/json")] {
            let error = failure(run(fetch(&transport, get(&url))), ErrorKind::ConnectError);
            assert!(error.message().contains("Connection refused"), "{error}");
        }
    }
    let rude = RawServer::answering("What?\r\n\r\n");
    let transport = through(&SERVER, proxy(&rude.url("")));
    failure(run(fetch(&transport, get(&SERVER.tls_url("/json")))), ErrorKind::RemoteProtocolError);
    let rude = RawServer::start(|mut stream| {
        let _ = stream.write_all(b"What?");
        // Closing with unread data would be a reset.
        let _ = stream.read(&mut [0; 16]);
    });
    let rude = through(&SERVER, proxy(&rude.url("").replace("http", "socks5")));
    let silent = RawServer::start(drop);
    let gone = through(&SERVER, proxy(&silent.url("").replace("http", "socks5")));
    for transport in [rude, gone] {
        let outcome = run(fetch(&transport, get(&SERVER.url("/json"))));
        let error = outcome.expect_err("it must fail");
        assert!(
            matches!(error.kind(), ErrorKind::ProxyError | ErrorKind::ReadError | ErrorKind::WriteError),
            "{error:?}"
        );
    }
}

#[test]
fn socks_with_and_without_credentials() {
    let server = TestServer::start();
    let guarded = with_auth(proxy(&server.guarded_socks_url()), "secret");
    let by_name = proxy(&server.socks_url().replace("socks5", "socks5h"));
    for proxy in [proxy(&server.socks_url()), guarded, by_name] {
        let transport = through(&server, proxy);
        for url in [server.url("/json"), server.tls_url("/json")] {
            // Only the proxy knows the name.
            let url = url.replace("127.0.0.1", "origin.test");
            for _ in 0..2 {
                assert_eq!(run(fetch(&transport, get(&url))).expect("an answer").body.len(), 1024);
            }
        }
    }
    assert_eq!((server.connections(), server.proxy_log().len()), (6, 6));
    let (method, target) = targets(&server).remove(0);
    assert_eq!((method, target), ("SOCKS5".to_owned(), format!("origin.test:{}", server.addr().port())));
}

#[test]
fn nothing_of_a_socks_proxy_reaches_the_server() {
    let mut proxy = with_auth(proxy(&SERVER.guarded_socks_url()), "secret");
    proxy.headers.append("X-For-The-Proxy", "1");
    let transport = through(&SERVER, proxy);
    for url in [SERVER.url("/headers"), SERVER.tls_url("/headers")] {
        let answer = run(fetch(&transport, get(&url))).expect("an answer");
        let text = answer.text();
        assert!(!text.contains("proxy-authorization") && !text.contains("x-for-the-proxy"), "{text}");
    }
}

#[test]
fn refusals_of_socks_proxies() {
    let cases = [
        (
            proxy(&SERVER.guarded_socks_url()),
            "Requested NO AUTHENTICATION REQUIRED from proxy server, but got NO ACCEPTABLE METHODS.",
        ),
        (with_auth(proxy(&SERVER.guarded_socks_url()), "wrong"), "Invalid username/password"),
        (proxy(&SERVER.socks_url()), "Proxy Server could not connect: Connection not allowed by ruleset."),
    ];
    for (proxy, message) in cases {
        let transport = through(&SERVER, proxy);
        let error = failure(run(fetch(&transport, get("http://forbidden.test/"))), ErrorKind::ProxyError);
        assert_eq!(error.message(), message);
    }
}

#[test]
fn the_policy_is_asked_about_proxy_and_server() {
    let server = TestServer::start();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let policy = Arc::new(Policy::allow_if(move |wanted| {
        seen.lock().expect("a lock").push(wanted.host.to_owned());
        wanted.host == "127.0.0.1"
    }));
    let with_policy = |proxy| {
        Transport::new(TransportConfig { policy: Arc::clone(&policy), ..config(&server, proxy) })
            .expect("a transport")
    };
    let transport = with_policy(proxy(&server.proxy_url()));
    for url in ["http://origin.test/", "https://origin.test/"] {
        let error = failure(run(fetch(&transport, get(url))), ErrorKind::Denied);
        assert!(error.message().contains("origin.test"), "{error}");
    }
    run(fetch(&transport, get(&server.url("/json")))).expect("allowed");
    let denied = with_policy(proxy(&server.proxy_url().replace("127.0.0.1", "localhost")));
    let denied_socks = with_policy(proxy(&server.socks_url().replace("127.0.0.1", "localhost")));
    for transport in [denied, denied_socks] {
        let error = failure(run(fetch(&transport, get(&server.url("/json")))), ErrorKind::Denied);
        assert!(error.message().contains("localhost"), "{error}");
    }
    assert_eq!(server.proxy_log().len(), 1, "nothing left on a denial");
}

#[test]
fn secrets_are_not_shown() {
    let proxy = with_auth(proxy("http://127.0.0.1:1"), "hush");
    assert!(!format!("{proxy:?}").contains("hush"));
    let transport = through(&SERVER, proxy);
    let error = failure(run(fetch(&transport, get(&SERVER.tls_url("/json")))), ErrorKind::ConnectError);
    assert!(!format!("{error:?} {transport:?}").contains("hush"));
    assert!(!format!("{transport:?}").contains("aHVzaA"));
}

#[test]
fn proxies_of_unknown_kinds_are_refused() {
    let outcome = Transport::new(config(&SERVER, proxy("ftp://user:hush@127.0.0.1/")));
    let error = failure(outcome, ErrorKind::UnsupportedProtocol);
    assert!(error.message().contains("Unknown scheme for proxy URL") && !error.message().contains("hush"));
}
