//! What the next request is, given a response (RFC 9110 section 15.4, as httpx 0.28 reads it).

use http::Method;

use crate::error::{Error, ErrorKind, Result};
use crate::http::url::UrlParts;
use crate::{Headers, Url};

/// The next hop of a redirect.
#[derive(Clone, Debug)]
pub struct Redirect {
    /// The method: 303 turns all but HEAD into GET, 302 all but HEAD into GET, 301 POST into GET.
    pub method: Method,
    /// Where to; the fragment of the request's URL is carried over.
    pub url: Url,
    /// The headers: `Authorization` dropped when the origin changes (unless it is only http to https
    /// on the default ports), `Host` renewed, framing headers dropped with the body, `Cookie` dropped
    /// (the jar decides anew).
    pub headers: Headers,
    /// Whether the request's body is sent again.
    pub keep_body: bool,
}

/// Whether a response of this status with these headers says where to go instead: a 301, 302, 303,
/// 307 or 308 with a `Location`.
pub fn has_location(status: u16, response_headers: &Headers) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308) && response_headers.contains("Location")
}

/// The request that follows a response, or `None` when it is not a redirect (see [`has_location`]).
///
/// The URL's scheme is not judged here: a redirect that is not followed may lead anywhere, and one
/// that is followed is judged when it is sent.
///
/// # Errors
/// `RemoteProtocolError` when `Location` is not a URL.
pub fn follow(
    method: &Method,
    url: &Url,
    headers: &Headers,
    status: u16,
    response_headers: &Headers,
) -> Result<Option<Redirect>> {
    if !has_location(status, response_headers) {
        return Ok(None);
    }
    let next_method = next_method(method, status);
    let next_url = next_url(url, &location(response_headers)).map_err(|error| {
        let message = format!("Invalid URL in location header: {error}.");
        Error::new(ErrorKind::RemoteProtocolError, message)
    })?;
    let keep_body = next_method == *method || next_method != Method::GET;

    let mut headers = headers.clone();
    if !url.same_origin(&next_url) {
        if !is_https_upgrade(url, &next_url) {
            headers.remove("Authorization");
        }
        headers.set("Host", next_url.host_header());
    }
    if !keep_body {
        headers.remove("Content-Length");
        headers.remove("Transfer-Encoding");
    }
    headers.remove("Cookie");
    Ok(Some(Redirect { method: next_method, url: next_url, headers, keep_body }))
}

fn next_method(method: &Method, status: u16) -> Method {
    match (status, method) {
        // What asks with a body goes on asking with it.
        (302, method) if method.as_str() == "QUERY" => method.clone(),
        (302 | 303, method) if *method != Method::HEAD => Method::GET,
        // What browsers do, and what every server has come to expect.
        (301, &Method::POST) => Method::GET,
        _ => method.clone(),
    }
}

/// The `Location` as text, several joined as one field's value.
fn location(headers: &Headers) -> String {
    let values: Vec<&[u8]> = headers.get_all("Location").map(AsRef::as_ref).collect();
    let joined = values.join(b", ".as_slice());
    String::from_utf8(joined)
        .unwrap_or_else(|error| error.as_bytes().iter().copied().map(char::from).collect())
}

fn next_url(from: &Url, location: &str) -> Result<Url> {
    let mut url = Url::parse(location)?;
    // Such as `https:///path`.
    if !url.scheme().is_empty() && url.raw_host().is_empty() {
        url =
            url.copy_with(UrlParts { host: Some(Some(from.raw_host().to_owned())), ..UrlParts::default() })?;
    }
    if !url.is_absolute() {
        url = from.join(url.as_str())?;
    }
    match (from.raw_fragment(), url.raw_fragment()) {
        (Some(fragment), None | Some("")) if !fragment.is_empty() => {
            url.copy_with(UrlParts { fragment: Some(Some(fragment.to_owned())), ..UrlParts::default() })
        }
        _ => Ok(url),
    }
}

/// Whether the redirect only goes from http to https on the same host, with the ports that go with
/// them: the credentials then stay with whom they are for.
fn is_https_upgrade(from: &Url, to: &Url) -> bool {
    let is = |url: &Url, scheme, port| url.scheme() == scheme && url.port_or_default() == Some(port);
    from.raw_host() == to.raw_host() && is(from, "http", 80) && is(to, "https", 443)
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::{Redirect, follow};
    use crate::error::ErrorKind;
    use crate::{Headers, Url};

    fn redirect(method: &str, from: &str, status: u16, location: &str) -> Option<Redirect> {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let url = Url::parse(from).unwrap();
        let headers = Headers::from_iter([
            ("Host", "a.example"),
            ("Authorization", "Basic x"),
            ("Content-Length", "5"),
            ("Transfer-Encoding", "chunked"),
            ("Content-Type", "text/plain"),
            ("Cookie", "a=1"),
        ]);
        let answer = Headers::from_iter([("Location", location.to_owned())]);
        follow(&method, &url, &headers, status, &answer).unwrap()
    }

    fn names(redirect: &Redirect) -> Vec<&str> {
        redirect.headers.iter().map(|field| std::str::from_utf8(&field.name).unwrap()).collect()
    }

    #[test]
    fn only_these_statuses_with_a_location() {
        for status in 100..600 {
            let followed = redirect("GET", "http://a.example/", status, "/x").is_some();
            assert_eq!(followed, [301, 302, 303, 307, 308].contains(&status), "{status}");
        }
        let url = Url::parse("http://a.example/").unwrap();
        assert!(follow(&Method::GET, &url, &Headers::new(), 302, &Headers::new()).unwrap().is_none());
    }

    #[test]
    fn methods_and_bodies() {
        let cases = [
            ("GET", 301, "GET", true),
            ("GET", 302, "GET", true),
            ("GET", 303, "GET", true),
            ("GET", 307, "GET", true),
            ("POST", 301, "GET", false),
            ("POST", 302, "GET", false),
            ("POST", 303, "GET", false),
            ("POST", 307, "POST", true),
            ("POST", 308, "POST", true),
            ("PUT", 301, "PUT", true),
            ("PUT", 302, "GET", false),
            ("PUT", 303, "GET", false),
            ("DELETE", 303, "GET", false),
            ("HEAD", 302, "HEAD", true),
            ("HEAD", 303, "HEAD", true),
            ("PURGE", 301, "PURGE", true),
            ("PURGE", 302, "GET", false),
        ];
        for (method, status, expected, keep_body) in cases {
            let next = redirect(method, "http://a.example/", status, "/x").unwrap();
            assert_eq!(next.method, expected, "{method} {status}");
            assert_eq!(next.keep_body, keep_body, "{method} {status}");
            assert_eq!(next.headers.contains("content-length"), keep_body, "{method} {status}");
            assert_eq!(next.headers.contains("transfer-encoding"), keep_body, "{method} {status}");
            assert!(next.headers.contains("content-type"), "{method} {status}");
        }
    }

    #[test]
    fn locations() {
        // The expectations were printed by httpx 0.28.1.
        let cases = [
            ("http://a.example/dir/page?q=1", "/x?y=2", "http://a.example/x?y=2"),
            ("http://a.example/dir/page?q=1", "x", "http://a.example/dir/x"),
            ("http://a.example/dir/page?q=1", "../x", "http://a.example/x"),
            ("http://a.example/dir/page?q=1", "?z", "http://a.example/dir/page?z"),
            ("http://a.example/dir/page?q=1", "//b.example/x", "http://b.example/x"),
            ("http://a.example/dir/", "http://b.example", "http://b.example"),
            ("http://a.example/dir/", "https://B.example:443/x", "https://b.example/x"),
            ("http://a.example/dir/", "", "http://a.example/dir/"),
            ("http://a.example:8080/dir/", "https:///x", "https://a.example/x"),
            ("http://a.example:8080/dir/", "http:///x", "http://a.example/x"),
            ("http://[::1]:8080/", "https:///x", "https://[::1]/x"),
            ("http://user:pw@a.example/", "/x", "http://user:pw@a.example/x"),
            ("http://a.example/", "http://u:p@b.example/x", "http://u:p@b.example/x"),
            ("http://a.example/#part", "/x", "http://a.example/x#part"),
            ("http://a.example/#part", "/x#other", "http://a.example/x#other"),
            ("http://a.example/#a%20b", "/x", "http://a.example/x#a%20b"),
            ("http://a.example/#", "/x", "http://a.example/x"),
            ("http://a.example/#part", "/x#", "http://a.example/x#part"),
            ("http://a.example/", "/a b|c?d e", "http://a.example/a%20b|c?d%20e"),
            ("http://a.example/", "/ż", "http://a.example/%C5%BC"),
            ("http://a.example/", "http://żółw.example/", "http://xn--w-uga1v8h.example/"),
            ("http://a.example/", "ftp://b.example/x", "ftp://b.example/x"),
            ("http://żółw.example/", "https:///x", "https://xn--w-uga1v8h.example/x"),
        ];
        for (from, location, expected) in cases {
            let next = redirect("GET", from, 302, location).unwrap();
            assert_eq!(next.url.as_str(), expected, "{from} -> {location}");
        }
    }

    #[test]
    fn credentials_stay_with_whom_they_are_for() {
        let cases = [
            ("http://a.example/", "/x", true),
            ("http://a.example/", "http://A.example:80/x", true),
            ("http://a.example/", "https://a.example/x", true),
            ("http://a.example:80/", "https://a.example:443/x", true),
            ("http://a.example/", "https://a.example:444/x", false),
            ("http://a.example:8080/", "https://a.example/x", false),
            ("http://a.example:8080/", "https://a.example:8080/x", false),
            ("https://a.example/", "http://a.example/x", false),
            ("http://a.example/", "http://a.example:81/x", false),
            ("http://a.example/", "http://b.a.example/x", false),
            ("http://a.example/", "https://b.example/x", false),
            ("https://a.example/", "//b.example/x", false),
        ];
        for (from, location, kept) in cases {
            let next = redirect("GET", from, 302, location).unwrap();
            assert_eq!(next.headers.contains("authorization"), kept, "{from} -> {location}");
            assert!(!next.headers.contains("cookie"), "{from} -> {location}");
        }
    }

    #[test]
    fn the_host_header_follows_and_stays_first() {
        let next = redirect("GET", "http://a.example/", 302, "http://b.example:81/x").unwrap();
        assert_eq!(next.headers.get("host").unwrap(), "b.example:81");
        assert_eq!(names(&next), ["Host", "Content-Length", "Transfer-Encoding", "Content-Type"]);
        let next = redirect("GET", "http://a.example/", 302, "https://[::1]:444/x").unwrap();
        assert_eq!(next.headers.get("host").unwrap(), "[::1]:444");
        // A name chosen by the caller is kept as long as the origin is.
        let next = redirect("GET", "http://127.0.0.1/", 302, "/x").unwrap();
        assert_eq!(next.headers.get("host").unwrap(), "a.example");
    }

    #[test]
    fn locations_that_are_no_urls() {
        let url = Url::parse("http://a.example/").unwrap();
        for location in ["https://a:port/", "http://[::1/", "/a\u{0}b", "https://\u{1f600}/"] {
            let answer = Headers::from_iter([("Location", location.to_owned())]);
            let error = follow(&Method::GET, &url, &Headers::new(), 302, &answer).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::RemoteProtocolError, "{location:?}");
            assert!(error.message().starts_with("Invalid URL in location header: "), "{}", error.message());
            assert!(error.message().ends_with('.'), "{}", error.message());
        }
    }

    #[test]
    fn locations_in_other_encodings() {
        let url = Url::parse("http://a.example/").unwrap();
        for (location, expected) in
            [("/ż".as_bytes(), "http://a.example/%C5%BC"), (b"/\xbf".as_slice(), "http://a.example/%C2%BF")]
        {
            let answer = Headers::from_iter([("Location", location.to_vec())]);
            let next = follow(&Method::GET, &url, &Headers::new(), 302, &answer).unwrap().unwrap();
            assert_eq!(next.url.as_str(), expected);
        }
    }
}
