//! What a trace is told, and when.

use tauraro_engine::Body;
use tauraro_engine::http::client::trace::{Events, Fact};
use tauraro_engine::http::client::{Proxy, Request, Trace, Transport, TransportConfig};
use tauraro_engine::tls::{TlsConfig, Verify};
use tauraro_engine::{Headers, Url};
use tauraro_test_server::TestServer;

use crate::support::{SERVER, fetch, get, request, run, transport};

fn trusting(server: &TestServer) -> TransportConfig {
    let verify = Verify::Roots(server.ca_pem_path().to_owned());
    let tls = TlsConfig { verify, trust_env: false, ..TlsConfig::default() };
    TransportConfig { tls, ..TransportConfig::default() }
}

fn traced(mut request: Request) -> (Request, Events) {
    let (trace, events) = Trace::new();
    request.extras.trace = Some(trace);
    (request, events)
}

/// The names of all events; starts and ends in a row are written once.
fn names(mut events: Events) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    while let Ok(event) = events.try_recv() {
        let name = event.name();
        let started = name.strip_suffix(".complete").map(|name| format!("{name}.started"));
        match names.last_mut() {
            Some(last) if started.as_ref() == Some(last) => {
                name.trim_end_matches(".complete").clone_into(last);
            }
            _ => names.push(name),
        }
    }
    names
}

fn exchange(scope: &str) -> Vec<String> {
    [
        "send_request_headers",
        "send_request_body",
        "receive_response_headers",
        "receive_response_body",
        "response_closed",
    ]
    .map(|operation| format!("{scope}.{operation}"))
    .to_vec()
}

fn all(first: &[&str], scope: &str) -> Vec<String> {
    first.iter().map(|name| (*name).to_owned()).chain(exchange(scope)).collect()
}

#[test]
fn an_exchange_step_by_step() {
    let transport = transport();
    let mut post = request("POST", &SERVER.url("/upload"));
    post.body = Body::Bytes(vec![1; 300_000].into());
    for (request, first) in [
        (get(&SERVER.url("/json")), ["connection.connect_tcp"].as_slice()),
        (get(&SERVER.url("/chunked/100000")), &[]),
        (post, &[]),
        (get(&SERVER.url("/no-content")), &[]),
    ] {
        let (request, events) = traced(request);
        run(fetch(&transport, request)).expect("an answer");
        assert_eq!(names(events), all(first, "http11"));
    }
}

#[test]
fn the_facts() {
    let (request, mut events) = traced(get(&SERVER.url("/json")));
    run(fetch(&transport(), request)).expect("an answer");
    let mut seen = Vec::new();
    while let Ok(event) = events.try_recv() {
        seen.push(event);
    }
    let of = |name: &str| {
        let event = seen.iter().find(|event| event.name() == name).expect(name);
        event.facts.clone()
    };
    let start = of("connection.connect_tcp.started");
    assert!(matches!(&start[0], ("host", Fact::Text(host)) if host == "127.0.0.1"), "{start:?}");
    assert!(matches!(start[1], ("port", Fact::Integer(port)) if port == i64::from(SERVER.addr().port())));
    let head = of("http11.receive_response_headers.complete");
    assert!(head.iter().any(|fact| matches!(fact, ("status", Fact::Integer(200)))), "{head:?}");
    let typed = |headers: &Headers| headers.get("content-type").is_some();
    assert!(head.iter().any(|fact| matches!(fact, ("headers", Fact::Headers(headers)) if typed(headers))));
}

#[test]
fn tls_and_http2() {
    let transport =
        Transport::new(TransportConfig { http2: true, ..trusting(&SERVER) }).expect("a transport");
    for first in [["connection.connect_tcp", "connection.start_tls"].as_slice(), &[]] {
        let (request, events) = traced(get(&SERVER.tls_url("/json")));
        run(fetch(&transport, request)).expect("an answer");
        assert_eq!(names(events), all(first, "http2"));
    }
}

#[test]
fn unix_sockets_and_proxies() {
    let proxy = |url: String| {
        let proxy =
            Proxy { url: Url::parse(&url).expect("a URL"), auth: None, headers: Headers::new(), tls: None };
        TransportConfig { proxy: Some(proxy), ..trusting(&SERVER) }
    };
    let uds = TransportConfig { uds: Some(SERVER.uds_path().to_owned()), ..trusting(&SERVER) };
    let tunnel = [
        "connection.connect_tcp",
        "http11.send_request_headers",
        "http11.send_request_body",
        "http11.receive_response_headers",
        "proxy.start_tls",
    ];
    let socks = ["socks.connect_tcp", "socks.setup_socks5_connection", "socks.start_tls"];
    for (config, url, first) in [
        (uds, SERVER.url("/json"), ["connection.connect_unix_socket"].as_slice()),
        (proxy(SERVER.proxy_url()), SERVER.url("/json"), &["connection.connect_tcp"]),
        (proxy(SERVER.proxy_url()), SERVER.tls_url("/json"), &tunnel),
        (proxy(SERVER.socks_url()), SERVER.tls_url("/json"), &socks),
    ] {
        let (request, events) = traced(get(&url));
        run(fetch(&Transport::new(config).expect("a transport"), request)).expect("an answer");
        assert_eq!(names(events), all(first, "http11"));
    }
}

#[test]
fn failures() {
    let unbound = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback").local_addr().expect("one");
    let retrying = TransportConfig { retries: 1, ..TransportConfig::default() };
    for (config, mut expected) in [(TransportConfig::default(), vec![]), (retrying, vec!["connection.retry"])]
    {
        let (request, events) = traced(get(&format!("http://{unbound}/")));
        run(fetch(&Transport::new(config).expect("a transport"), request)).expect_err("it must fail");
        let attempt = ["connection.connect_tcp.started", "connection.connect_tcp.failed"];
        let mut all = attempt.to_vec();
        if !expected.is_empty() {
            all.append(&mut expected);
            all.extend(attempt);
        }
        assert_eq!(names(events), all);
    }
    let (request, events) = traced(get(&SERVER.url("/cut?after=10")));
    run(fetch(&transport(), request)).expect_err("it must fail");
    let names = names(events);
    assert!(names.contains(&"http11.receive_response_body.failed".to_owned()), "{names:?}");
    assert_eq!(names.last().map(String::as_str), Some("http11.response_closed"));
}

#[test]
fn a_response_that_is_dropped_is_closed() {
    let (request, events) = traced(get(&SERVER.url("/bytes/3000000")));
    run(async { drop(transport().send(request).await.expect("a head")) });
    assert_eq!(names(events).last().map(String::as_str), Some("http11.response_closed"));
}
