//! Chains of exchanges, each the answer to the one before.

use http::Method;
use tauraro_engine::http::client::{Response, Transport};
use tauraro_engine::http::redirect::{Redirect, follow};
use tauraro_engine::{Body, ErrorKind, Headers, Result, Url};

use crate::support::{SERVER, failure, fetch, get, request, run, transport};

/// The hop that an answer to `method url` asks for.
fn next(method: &Method, url: &Url, answer: &Response) -> Result<Option<Redirect>> {
    follow(method, url, &Headers::new(), answer.status, &answer.headers)
}

/// Follows redirects with a body of `text`: the URLs asked for, and the last answer's body.
async fn follow_all(
    transport: &Transport,
    method: &str,
    url: &str,
    text: &'static str,
) -> Result<(Vec<Url>, String)> {
    let mut hop = Some(request(method, url));
    let mut body = text;
    let mut urls = Vec::new();
    while let Some(mut request) = hop.take() {
        let (method, url) = (request.method.clone(), request.url.clone());
        if !body.is_empty() {
            request.body = Body::Bytes(body.into());
        }
        let answer = fetch(transport, request).await?;
        urls.push(url.clone());
        let Some(redirect) = next(&method, &url, &answer.head)? else {
            return Ok((urls, answer.text().to_owned()));
        };
        if !redirect.keep_body {
            body = "";
        }
        let mut request = get(redirect.url.as_str());
        request.method = redirect.method;
        hop = Some(request);
    }
    unreachable!("each hop ends in an answer")
}

#[test]
fn a_chain_arrives_over_one_connection() {
    let transport = transport();
    let (urls, text) =
        run(follow_all(&transport, "GET", &SERVER.url("/redirect/3"), "")).expect("an end of the chain");
    assert_eq!(text, "arrived");
    let paths: Vec<&str> = urls.iter().map(Url::raw_path_only).collect();
    assert_eq!(paths, ["/redirect/3", "/redirect/2", "/redirect/1", "/redirect/0"]);
    let count = run(fetch(&transport, get(&SERVER.url("/connections")))).expect("an answer");
    assert!(count.text().contains("\"requests\":5"), "{}", count.text());
}

#[test]
fn the_method_and_body_of_each_status() {
    let echo = SERVER.url("/echo");
    let cases = [
        ("POST", 301, "GET", ""),
        ("POST", 302, "GET", ""),
        ("POST", 303, "GET", ""),
        ("POST", 307, "POST", "hello"),
        ("POST", 308, "POST", "hello"),
        ("PUT", 301, "PUT", "hello"),
        ("PUT", 303, "GET", ""),
    ];
    for (method, status, expected, body) in cases {
        let url = SERVER.url(&format!("/redirect-to?url={echo}&status={status}"));
        let (_, seen) = run(follow_all(&transport(), method, &url, "hello")).expect("an echo");
        assert!(seen.contains(&format!("\"method\":\"{expected}\"")), "{method} {status}: {seen}");
        assert!(seen.contains(&format!("\"text\":\"{body}\"")), "{method} {status}: {seen}");
    }
}

#[test]
fn a_loop_leads_to_itself() {
    let url = Url::parse(&SERVER.url("/redirect-loop")).expect("a URL");
    let answer = run(fetch(&transport(), get(url.as_str()))).expect("an answer");
    let hop = next(&Method::GET, &url, &answer.head).expect("a location").expect("a redirect");
    assert_eq!(hop.url, url);
}

#[test]
fn a_location_that_is_no_url() {
    let url = Url::parse(&SERVER.url("/redirect-to?url=https://host:port/")).expect("a URL");
    let answer = run(fetch(&transport(), get(url.as_str()))).expect("an answer");
    let error = failure(next(&Method::GET, &url, &answer.head), ErrorKind::RemoteProtocolError);
    assert_eq!(error.message(), "Invalid URL in location header: Invalid port: 'port'.");
}
