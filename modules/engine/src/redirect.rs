//! What the next request is, given a response (RFC 9110 section 15.4, as httpx 0.28 reads it).

use http::Method;

use crate::error::{Error, ErrorKind, Result};
use crate::url::UrlParts;
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
        headers.set("Host", next_url.netloc());
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
