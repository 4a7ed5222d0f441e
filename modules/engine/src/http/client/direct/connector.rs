//! The way to a server: straight, or through a proxy, with as many attempts as are allowed.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::{self, HeaderMap, HeaderValue};
use http::uri::Scheme;
use http::{HeaderName, Method, Request, Uri};
use rustls::ClientConfig;
use tower_service::Service;

use super::super::config::TransportConfig;
use super::super::connect::{BoxError, EXCHANGE};
use super::super::failure;
use super::super::progress::Phase;
use super::super::proxy::Proxy;
use super::super::trace::{Fact, Trace, step};
use super::told::Told;
use super::wire::Wire;
use super::{TRACE, dial, lone, socks};
use crate::error::{Error, ErrorKind, Result};
use crate::http::auth::basic;
use crate::tls::{self, TlsConfig};

/// The pause before the second repetition; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// How the servers of a transport are reached.
#[derive(Debug)]
pub(super) struct Route {
    config: TransportConfig,
    /// Header fields for an HTTP proxy, its authorization among them.
    pub(super) proxy_headers: HeaderMap,
    tls: OnceLock<Arc<ClientConfig>>,
    proxy_tls: OnceLock<Arc<ClientConfig>>,
}

/// The server that a connection is for.
struct Server<'a> {
    secure: bool,
    host: &'a str,
    port: u16,
}

/// What the exchange that asks for a connection wants of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Wishes {
    pub(super) sni_hostname: Option<String>,
    /// Offer nothing but HTTP/1.1.
    pub(super) http1_only: bool,
}

impl Route {
    /// The route that a transport's configuration describes.
    ///
    /// # Errors
    /// `UnsupportedProtocol` for a proxy of an unknown kind, `LocalProtocolError` for header fields
    /// that cannot be sent to it.
    pub(super) fn new(config: &TransportConfig) -> Result<Self> {
        let proxy_headers = config.proxy.as_ref().map_or_else(|| Ok(HeaderMap::new()), proxy_headers)?;
        let config = config.clone();
        Ok(Self { config, proxy_headers, tls: OnceLock::new(), proxy_tls: OnceLock::new() })
    }

    /// Makes a connection for `uri`, trying again as often as is allowed.
    ///
    /// # Errors
    /// `ConnectError`, `ConnectTimeout`, `ProxyError`, `Denied`.
    pub(super) async fn connect(&self, uri: &Uri, wishes: &Wishes, trace: Option<&Trace>) -> Result<Wire> {
        let server = Server::of(uri);
        let exchange = EXCHANGE.try_with(Arc::clone).ok();
        let timeout = exchange.as_ref().and_then(|exchange| exchange.connect_timeout());
        let mut pause = Duration::ZERO;
        let mut left = self.config.retries;
        loop {
            if let Some(exchange) = &exchange {
                exchange.enter(Phase::Dial);
            }
            let attempt = self.attempt(&server, wishes, Way { trace, timeout });
            let outcome = match timeout {
                Some(timeout) => tokio::time::timeout(timeout, attempt).await.unwrap_or_else(|_| {
                    Err(Error::new(ErrorKind::ConnectTimeout, "the connect operation timed out"))
                }),
                None => attempt.await,
            };
            match outcome {
                Err(error) if left > 0 && is_worth_repeating(&error) => left -= 1,
                outcome => return outcome,
            }
            let facts = || vec![("delay", Fact::Span(pause))];
            step(trace, "connection", "retry", facts, async {
                tokio::time::sleep(pause).await;
                Ok(())
            })
            .await?;
            pause = if pause.is_zero() { FIRST_PAUSE } else { pause.saturating_mul(2) };
        }
    }

    async fn attempt(&self, server: &Server<'_>, wishes: &Wishes, way: Way<'_>) -> Result<Wire> {
        let (scope, wire) = match &self.config.proxy {
            Some(proxy) if is_socks(proxy) => ("socks", self.through_socks(proxy, server, way).await?),
            Some(proxy) => {
                let wire = self.to_proxy(proxy, way).await?;
                if !server.secure {
                    return Ok(wire.forwarding());
                }
                ("proxy", self.through_tunnel(wire, server, way).await?)
            }
            None => {
                let wire = match &self.config.uds {
                    Some(path) => {
                        let facts = || {
                            vec![
                                ("path", Fact::Text(path.display().to_string())),
                                ("timeout", way.timeout.into()),
                            ]
                        };
                        let dial = dial::unix(&self.config, path);
                        step(way.trace, "connection", "connect_unix_socket", facts, dial).await?
                    }
                    None => self.tcp("connection", server.host, server.port, way).await?,
                };
                ("connection", wire)
            }
        };
        if !server.secure {
            return Ok(wire);
        }
        let mut tls = self.tls()?;
        if wishes.http1_only {
            let mut only = (*tls).clone();
            only.alpn_protocols = vec![b"http/1.1".to_vec()];
            tls = Arc::new(only);
        }
        let name = wishes.sni_hostname.as_deref().unwrap_or(server.host);
        start_tls(scope, wire, name, tls, way).await
    }

    async fn tcp(&self, scope: &'static str, host: &str, port: u16, way: Way<'_>) -> Result<Wire> {
        let local = || {
            self.config.local_address.as_ref().map_or(Fact::Nothing, |ip| Fact::Text(IpAddr::to_string(ip)))
        };
        let facts = || {
            let port = Fact::Integer(port.into());
            vec![
                ("host", host.into()),
                ("port", port),
                ("local_address", local()),
                ("timeout", way.timeout.into()),
            ]
        };
        step(way.trace, scope, "connect_tcp", facts, dial::tcp(&self.config, host, port)).await
    }

    /// A connection to the HTTP proxy itself.
    async fn to_proxy(&self, proxy: &Proxy, way: Way<'_>) -> Result<Wire> {
        let (host, port) = address(proxy);
        let wire = self.tcp("connection", host, port, way).await?;
        if proxy.url.scheme() != "https" {
            return Ok(wire);
        }
        let tls = loaded(&self.proxy_tls, || {
            let trust = TlsConfig { trust_env: self.config.tls.trust_env, ..TlsConfig::default() };
            (proxy.tls.clone().unwrap_or(trust), vec![b"http/1.1".to_vec()])
        })?;
        start_tls("connection", wire, host, tls, way).await
    }

    /// A tunnel through the HTTP proxy.
    async fn through_tunnel(&self, wire: Wire, server: &Server<'_>, way: Way<'_>) -> Result<Wire> {
        let (target, host) = server.authority_form()?;
        let mut request = Request::new(reqwest::Body::default());
        *request.method_mut() = Method::CONNECT;
        *request.uri_mut() = target;
        let headers = request.headers_mut();
        headers.clone_from(&self.proxy_headers);
        headers.entry(header::HOST).or_insert(host);
        headers.entry(header::ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        let endpoints = wire.endpoints();
        let told = way.trace.cloned().map(Told::new);
        let answer = lone::exchange(wire, request, told.as_ref()).await.map_err(failure::of_exchange);
        if let Some(told) = &told {
            told.ended(&answer);
        }
        Ok(Wire::new(lone::enter(answer?).await?, endpoints))
    }

    async fn through_socks(&self, proxy: &Proxy, server: &Server<'_>, way: Way<'_>) -> Result<Wire> {
        let (host, port) = address(proxy);
        let wire = self.tcp("socks", host, port, way).await?;
        let endpoints = wire.endpoints();
        let mut stream = wire.into_stream();
        let facts = || vec![("host", server.host.into()), ("port", Fact::Integer(server.port.into()))];
        let auth = proxy.auth.as_ref().map(|(username, password)| (username.as_slice(), password.as_slice()));
        let handshake = socks::connect(&mut *stream, auth, server.host, server.port);
        step(way.trace, "socks", "setup_socks5_connection", facts, handshake).await?;
        Ok(Wire::new(stream, endpoints))
    }

    fn tls(&self) -> Result<Arc<ClientConfig>> {
        loaded(&self.tls, || (self.config.tls.clone(), self.config.alpn()))
    }
}

/// How one attempt is told of, and how long it may take.
#[derive(Clone, Copy)]
struct Way<'a> {
    trace: Option<&'a Trace>,
    timeout: Option<Duration>,
}

impl<'a> Server<'a> {
    fn of(uri: &'a Uri) -> Self {
        let secure = uri.scheme() == Some(&Scheme::HTTPS);
        let host = uri.host().unwrap_or_default();
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        Self { secure, host, port }
    }

    /// `host:port`, as the target of a CONNECT and as a `Host` field.
    fn authority_form(&self) -> Result<(Uri, HeaderValue)> {
        let Self { host, port, .. } = self;
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

/// The target of a CONNECT to the server of `uri` itself.
///
/// # Errors
/// `LocalProtocolError` for a host that cannot be written so.
pub(super) fn authority_form(uri: &Uri) -> Result<Uri> {
    Server::of(uri).authority_form().map(|(target, _)| target)
}

async fn start_tls(
    scope: &'static str,
    wire: Wire,
    name: &str,
    config: Arc<ClientConfig>,
    way: Way<'_>,
) -> Result<Wire> {
    let facts = || vec![("server_hostname", name.into()), ("timeout", way.timeout.into())];
    step(way.trace, scope, "start_tls", facts, dial::tls(wire, name, config)).await
}

fn loaded(
    cell: &OnceLock<Arc<ClientConfig>>,
    wanted: impl FnOnce() -> (TlsConfig, Vec<Vec<u8>>),
) -> Result<Arc<ClientConfig>> {
    if let Some(config) = cell.get() {
        return Ok(Arc::clone(config));
    }
    let (wanted, alpn) = wanted();
    let mut config = tls::client_config(&wanted)?;
    config.alpn_protocols = alpn;
    Ok(Arc::clone(cell.get_or_init(|| Arc::new(config))))
}

fn is_socks(proxy: &Proxy) -> bool {
    proxy.url.scheme().starts_with("socks5")
}

fn address(proxy: &Proxy) -> (&str, u16) {
    let default = match proxy.url.scheme() {
        "https" => 443,
        "http" => 80,
        _ => 1080,
    };
    (proxy.url.raw_host(), proxy.url.port().unwrap_or(default))
}

fn proxy_headers(proxy: &Proxy) -> Result<HeaderMap> {
    let scheme = proxy.url.scheme();
    if !matches!(scheme, "http" | "https" | "socks5" | "socks5h") {
        let message = format!("Unknown scheme for proxy URL '{}'", proxy.url);
        return Err(Error::new(ErrorKind::UnsupportedProtocol, message));
    }
    if is_socks(proxy) {
        // It reads no header fields; whatever is sent goes to the server.
        return Ok(HeaderMap::new());
    }
    let mut headers = HeaderMap::with_capacity(proxy.headers.len() + 1);
    if let Some((username, password)) = &proxy.auth
        && let Ok(mut value) = HeaderValue::from_str(&basic::credentials(username, password))
    {
        value.set_sensitive(true);
        headers.insert(header::PROXY_AUTHORIZATION, value);
    }
    for field in &proxy.headers {
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

/// Whether another attempt might succeed: no connection came about, and nobody forbade it.
fn is_worth_repeating(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectError | ErrorKind::ConnectTimeout)
}

/// Makes the connections of a pool.
#[derive(Clone, Debug)]
pub(super) struct Connector {
    pub(super) route: Arc<Route>,
    pub(super) wishes: Arc<Wishes>,
}

impl Service<Uri> for Connector {
    type Response = Wire;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Wire, BoxError>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let Self { route, wishes } = self.clone();
        // Looked up now: when the pool no longer waits for it, the connection is made elsewhere.
        let trace = TRACE.try_with(Clone::clone).ok();
        Box::pin(async move { Ok(route.connect(&uri, &wishes, trace.as_ref()).await?) })
    }
}
