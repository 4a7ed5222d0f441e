//! What the next request is, given a response (RFC 9110 section 15.4, as httpx 0.28 reads it).

use http::Method;

use crate::error::Result;
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

/// The request that follows a response, or `None` when it is not a redirect (a 301, 302, 303, 307
/// or 308 with a `Location`).
///
/// # Errors
/// `RemoteProtocolError` when `Location` is not a URL, `UnsupportedProtocol` when it is not one of
/// `http` and `https`.
pub fn follow(
    _method: &Method,
    _url: &Url,
    _headers: &Headers,
    _status: u16,
    _response_headers: &Headers,
) -> Result<Option<Redirect>> {
    todo!()
}
