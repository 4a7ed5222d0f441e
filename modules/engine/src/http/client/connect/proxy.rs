//! HTTP proxies: how they are reached, what they are told, and tunnels through them.

use std::borrow::Cow;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, Uri};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;

use super::super::exchange_trace::ExchangeTrace;
use super::super::failure;
use super::super::proxy::Proxy;
use super::super::settings;
use super::super::trace::Trace;
use super::super::upload::RequestBody;
use super::Destination;
use super::stream::{Connection, Stream};
use crate::error::{Error, ErrorKind, Result};
use crate::http::auth::basic;

impl Proxy {
    pub(super) fn is_socks(&self) -> bool {
        self.url.scheme().starts_with("socks5")
    }

    pub(super) fn address(&self) -> (Cow<'_, str>, u16) {
        let default = match self.url.scheme() {
            "https" => 443,
            "http" => 80,
            _ => 1080,
        };
        (self.url.connect_host(), self.url.port().unwrap_or(default))
    }

    /// Header fields for an HTTP proxy, its authorization among them.
    ///
    /// # Errors
    /// `UnsupportedProtocol` for a proxy of an unknown kind, `LocalProtocolError` for header fields
    /// that cannot be sent to it.
    pub(super) fn header_fields(&self) -> Result<HeaderMap> {
        if !matches!(self.url.scheme(), "http" | "https" | "socks5" | "socks5h") {
            let message = format!("Unknown scheme for proxy URL '{}'", self.url);
            return Err(Error::new(ErrorKind::UnsupportedProtocol, message));
        }
        if self.is_socks() {
            // It reads no header fields; whatever is sent goes to the server.
            return Ok(HeaderMap::new());
        }
        let mut headers = HeaderMap::with_capacity(self.headers.len() + 1);
        if let Some((username, password)) = &self.auth
            && let Ok(mut value) = HeaderValue::from_str(&basic::credentials(username, password))
        {
            value.set_sensitive(true);
            headers.insert(header::PROXY_AUTHORIZATION, value);
        }
        for field in &self.headers {
            let (Ok(name), Ok(value)) =
                (HeaderName::from_bytes(&field.name), HeaderValue::from_bytes(&field.value))
            else {
                let name = String::from_utf8_lossy(&field.name).into_owned();
                let message = format!("the header field {name:?} cannot be sent to a proxy");
                return Err(Error::new(ErrorKind::LocalProtocolError, message));
            };
            headers.append(name, value);
        }
        Ok(headers)
    }
}

/// Has the proxy at the other end of `connection` connect it to `destination` (RFC 9110 section 9.3.6).
///
/// # Errors
/// `ProxyError` with the status line of a refusal; what speaking HTTP/1.1 with it may fail with.
pub(super) async fn tunnel(
    connection: Connection,
    fields: &HeaderMap,
    destination: &Destination<'_>,
    trace: Option<&Trace>,
) -> Result<Connection> {
    let (target, host) = destination.authority_form()?;
    let mut request = Request::new(());
    *request.method_mut() = Method::CONNECT;
    *request.uri_mut() = target;
    let headers = request.headers_mut();
    headers.clone_from(fields);
    headers.entry(header::HOST).or_insert(host);
    headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("*/*"));
    let endpoints = connection.endpoints();
    let trace = trace.cloned().map(ExchangeTrace::new);
    let request = request.map(|()| RequestBody::empty().traced(trace.as_ref()));
    let answer = exchange(connection, request, trace.as_ref()).await;
    if let Some(trace) = &trace {
        trace.ended(&answer);
    }
    Ok(Connection::new(enter(answer?).await?, endpoints))
}

async fn exchange(
    connection: Connection,
    request: Request<RequestBody>,
    trace: Option<&ExchangeTrace>,
) -> Result<Response<Incoming>> {
    let exchange = async {
        let (mut sender, connection) = settings::http1().handshake(TokioIo::new(connection)).await?;
        // Ends with the exchange, or with the tunnel that comes of it.
        tokio::spawn(connection.with_upgrades());
        if let Some(trace) = trace {
            trace.begin("http11");
        }
        sender.send_request(request).await
    };
    exchange.await.map_err(failure::of_exchange)
}

/// What is on the other end of the tunnel that a proxy has made.
async fn enter(answer: Response<Incoming>) -> Result<Box<dyn Stream>> {
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

impl Destination<'_> {
    /// `host:port`, as the target of a CONNECT and as a `Host` field.
    ///
    /// # Errors
    /// `LocalProtocolError` for a host that cannot be written so.
    pub(in super::super) fn authority_form(&self) -> Result<(Uri, HeaderValue)> {
        let Self { host, port, .. } = self;
        let host = host.split_once('%').map_or(*host, |(address, _)| address);
        let authority =
            if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        let unusable = |error: http::Error| {
            let message = format!("cannot ask for a connection to '{authority}'");
            Error::new(ErrorKind::LocalProtocolError, message).with_source(error)
        };
        let target = Uri::builder().authority(authority.as_str()).build().map_err(unusable)?;
        Ok((target, HeaderValue::from_str(&authority).map_err(|error| unusable(error.into()))?))
    }
}
