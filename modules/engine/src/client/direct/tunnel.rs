//! CONNECT, on a connection of its own (RFC 9110 section 9.3.6).

use http::header::HeaderMap;
use http::{Method, Request, Response, Uri};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use super::super::failure;
use super::super::upgraded::Stream;
use super::told::Told;
use super::wire::Wire;
use crate::error::{Error, ErrorKind, Result};

/// Sends a CONNECT over `wire` and waits for the head of its answer. What is on the other end of the
/// tunnel is got from a successful answer by upgrading it.
///
/// # Errors
/// `ReadError`, `WriteError` or `RemoteProtocolError`.
pub(super) async fn ask(
    wire: Wire,
    target: Uri,
    headers: HeaderMap,
    body: reqwest::Body,
    told: Option<&Told>,
) -> Result<Response<Incoming>> {
    let mut request = Request::new(body);
    *request.method_mut() = Method::CONNECT;
    *request.uri_mut() = target;
    *request.headers_mut() = headers;
    let exchange = async {
        let mut builder = http1::Builder::new();
        builder.title_case_headers(true).allow_obsolete_multiline_headers_in_responses(true);
        let (mut sender, connection) = builder.handshake(wire).await?;
        // Ends with the tunnel, or when the sender is dropped.
        tokio::spawn(connection.with_upgrades());
        if let Some(told) = told {
            told.begin("http11");
        }
        sender.send_request(request).await
    };
    exchange.await.map_err(failure::of_exchange)
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
