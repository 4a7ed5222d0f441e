//! A response whose head has arrived.

use std::net::SocketAddr;

use bytes::Bytes;

use crate::Headers;
use crate::error::Result;

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
    /// The header fields, in order.
    pub headers: Headers,
    /// The peer of the connection.
    pub remote_addr: Option<SocketAddr>,
    /// The body, as it arrives.
    pub body: ResponseBody,
}

/// A response body on its way. Dropping it unread gives the connection up.
#[derive(Debug)]
pub struct ResponseBody;

impl ResponseBody {
    /// The next piece as it came off the wire, still content-encoded; `None` at the end.
    ///
    /// # Errors
    /// `ReadTimeout`, `ReadError`, or `RemoteProtocolError` for a body that ends too early.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>> {
        todo!()
    }
}
