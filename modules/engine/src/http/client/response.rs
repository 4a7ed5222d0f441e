//! A response whose head has arrived.

use std::net::SocketAddr;

use bytes::Bytes;
use http::HeaderMap;

use super::body::ResponseBody;
use super::upgraded::Upgraded;
use crate::Headers;

/// A response whose head has arrived and whose body has not been read.
#[derive(Debug)]
pub struct Response {
    /// The status code, 100 to 999.
    pub status: u16,
    /// The reason phrase of an HTTP/1 status line, as sent; `None` over HTTP/2 or when it is the
    /// standard one.
    pub reason: Option<Bytes>,
    /// The version spoken.
    pub version: http::Version,
    /// The header fields: names in lower case, in order of first appearance, those of one name
    /// together.
    pub headers: Headers,
    /// Our end of the connection.
    pub local_addr: Option<SocketAddr>,
    /// The peer of the connection: the proxy where there is one.
    pub remote_addr: Option<SocketAddr>,
    /// The raw connection, after a `101 Switching Protocols` or a successful CONNECT.
    pub upgrade: Option<Upgraded>,
    /// The body, as it arrives.
    pub body: ResponseBody,
}

/// Response header fields in order, those of one name together. They share one allocation.
pub(super) fn fields(headers: &HeaderMap) -> Headers {
    let size = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    let mut text = Vec::with_capacity(size);
    for (name, value) in headers {
        text.extend_from_slice(name.as_ref());
        text.extend_from_slice(value.as_bytes());
    }
    let mut text = Bytes::from(text);
    // What was put in is taken out again, so never past the end.
    headers
        .iter()
        .map(|(name, value)| (text.split_to(name.as_str().len()), text.split_to(value.len())))
        .collect()
}
