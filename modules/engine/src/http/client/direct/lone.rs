//! One exchange on a connection of its own: a CONNECT above all (RFC 9110 section 9.3.6).

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use super::super::failure;
use super::super::pool::MAX_HEADERS;
use super::super::upgraded::Stream;
use super::told::Told;
use super::wire::Wire;
use crate::error::{Error, ErrorKind, Result};

/// Sends a request over `wire` and waits for the head of its response. What is on the other end of a
/// tunnel is got from a successful response by upgrading it.
///
/// # Errors
/// hyper's.
pub(super) async fn exchange(
    wire: Wire,
    request: Request<reqwest::Body>,
    told: Option<&Told>,
) -> hyper::Result<Response<Incoming>> {
    let mut builder = http1::Builder::new();
    builder
        .title_case_headers(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .max_headers(MAX_HEADERS);
    let (mut sender, connection) = builder.handshake(wire).await?;
    // Ends with the exchange, or with the tunnel that comes of it.
    tokio::spawn(connection.with_upgrades());
    if let Some(told) = told {
        told.begin("http11");
    }
    sender.send_request(request).await
}

/// What is on the other end of the tunnel that a proxy has made.
///
/// # Errors
/// `ProxyError` with the status line of a refusal.
pub(super) async fn enter(answer: Response<Incoming>) -> Result<Box<dyn Stream>> {
    let status = answer.status();
    if !status.is_success() {
        let reason = answer.extensions().get::<hyper::ext::ReasonPhrase>();
        let reason = match reason {
            Some(reason) => String::from_utf8_lossy(reason.as_bytes()).into_owned(),
            None => status.canonical_reason().unwrap_or_default().to_owned(),
        };
        return Err(Error::new(ErrorKind::ProxyError, format!("{} {reason}", status.as_u16())));
    }
    match hyper::upgrade::on(answer).await {
        Ok(tunnel) => Ok(Box::new(TokioIo::new(tunnel))),
        Err(error) => Err(failure::of_exchange(error)),
    }
}
