//! Making connections: to a server, or through a proxy, with as many attempts as are allowed.
//!
//! Knows nothing of pools or of HTTP exchanges, and can be used for other protocols as well.
//!
//! | file | what it does |
//! |---|---|
//! | `resolve` | names to addresses, under the policy |
//! | `tcp` | TCP connections and Unix domain sockets |
//! | `tls` | TLS over either |
//! | `proxy` | HTTP proxies and tunnels through them |
//! | `socks` | SOCKS5 proxies |
//! | `stream` | the connection that comes of it |

mod proxy;
pub(super) mod resolve;
mod socks;
mod stream;
mod tcp;
mod tls;

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::header::HeaderMap;

pub use self::stream::{Connection, Endpoints, Stream};

use super::config::TransportConfig;
use super::proxy::Proxy;
use super::socket_option::SocketOption;
use super::trace::{Fact, Trace, step};
use crate::error::{Error, ErrorKind, Result};
use crate::tls::{LazyConfig, TlsConfig, client_config};
use tauraro_permissions::Policy;

/// The pause before the second repetition; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// How servers are reached.
#[derive(Clone, Debug)]
pub struct ConnectorConfig {
    /// Whom to trust and who to be, where TLS is spoken.
    pub tls: TlsConfig,
    /// The protocols to offer in TLS, the best first (RFC 7301).
    pub alpn: Vec<Vec<u8>>,
    /// The local address to connect from.
    pub local_address: Option<IpAddr>,
    /// The Unix domain socket to connect to, whatever the destination. A proxy goes before it.
    pub uds: Option<PathBuf>,
    /// Set on every socket, in this order.
    pub socket_options: Vec<SocketOption>,
    /// How often to try again when no connection could be made: at once, then after half a second,
    /// and after twice as long each time.
    pub retries: u32,
    /// What connections go through.
    pub proxy: Option<Proxy>,
    /// What may be connected to.
    pub policy: Arc<Policy>,
}

impl From<&TransportConfig> for ConnectorConfig {
    fn from(config: &TransportConfig) -> Self {
        Self {
            tls: config.tls.clone(),
            alpn: config.alpn(),
            local_address: config.local_address,
            uds: config.uds.clone(),
            socket_options: config.socket_options.clone(),
            retries: config.retries,
            proxy: config.proxy.clone(),
            policy: Arc::clone(&config.policy),
        }
    }
}

/// The server that a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Destination<'a> {
    /// Whether TLS is spoken with it.
    pub secure: bool,
    /// A name, or a literal address without brackets; an IPv6 one may have a zone.
    pub host: &'a str,
    /// The port.
    pub port: u16,
}

/// What one connection is to be, apart from where it leads.
#[derive(Clone, Debug, Default)]
pub struct ConnectOptions {
    /// The name to ask for in TLS and to find in the certificate, in place of the host.
    pub sni_hostname: Option<String>,
    /// Offer nothing but HTTP/1.1 in TLS.
    pub http1_only: bool,
    /// Always ask an HTTP proxy for a tunnel, also for what it could forward.
    pub tunnel: bool,
    /// How long each attempt may take; `None` waits for ever.
    pub timeout: Option<Duration>,
    /// Who is told of each step.
    pub trace: Option<Trace>,
}

/// Makes connections, each of them allowed by the policy.
#[derive(Debug)]
pub struct Connector {
    config: ConnectorConfig,
    /// Header fields for an HTTP proxy, its authorization among them.
    proxy_headers: HeaderMap,
    tls: LazyConfig,
    tls_http1: LazyConfig,
    proxy_tls: LazyConfig,
}

impl Connector {
    /// A connector; nothing is loaded or connected yet.
    ///
    /// # Errors
    /// `UnsupportedProtocol` for a proxy of an unknown kind, `LocalProtocolError` for header fields
    /// that cannot be sent to it.
    pub fn new(config: ConnectorConfig) -> Result<Self> {
        let proxy_headers =
            config.proxy.as_ref().map_or_else(|| Ok(HeaderMap::new()), Proxy::header_fields)?;

        let (tls, tls_http1, proxy_tls) = Default::default();
        Ok(Self { config, proxy_headers, tls, tls_http1, proxy_tls })
    }

    /// Header fields for an HTTP proxy that forwards requests.
    pub(super) fn proxy_headers(&self) -> &HeaderMap {
        &self.proxy_headers
    }

    /// Makes a connection, trying again as often as is allowed.
    ///
    /// # Errors
    /// `ConnectError`, `ConnectTimeout`, `ProxyError`, `Denied`; `ReadError`, `WriteError` and
    /// `RemoteProtocolError` when speaking with a proxy fails.
    pub async fn connect(
        &self,
        destination: Destination<'_>,
        options: &ConnectOptions,
    ) -> Result<Connection> {
        let mut pause = Duration::ZERO;
        let mut left = self.config.retries;
        loop {
            let attempt = self.attempt(&destination, options);
            let outcome = match options.timeout {
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
            step(options.trace.as_ref(), "connection", "retry", facts, async {
                tokio::time::sleep(pause).await;
                Ok(())
            })
            .await?;
            pause = if pause.is_zero() { FIRST_PAUSE } else { pause.saturating_mul(2) };
        }
    }

    async fn attempt(&self, destination: &Destination<'_>, options: &ConnectOptions) -> Result<Connection> {
        let (scope, connection) = match &self.config.proxy {
            Some(proxy) if proxy.is_socks() => {
                ("socks", self.through_socks(proxy, destination, options).await?)
            }
            Some(proxy) => {
                let connection = self.to_proxy(proxy, options).await?;
                if !destination.secure && !options.tunnel {
                    return Ok(connection.forwarding());
                }
                let trace = options.trace.as_ref();
                ("proxy", proxy::tunnel(connection, &self.proxy_headers, destination, trace).await?)
            }
            None => ("connection", self.without_proxy(destination, options).await?),
        };
        if !destination.secure {
            return Ok(connection);
        }
        let tls = if options.http1_only {
            self.tls_http1.get(|| with_alpn(&self.config.tls, &[b"http/1.1".to_vec()]))?
        } else {
            self.tls.get(|| with_alpn(&self.config.tls, &self.config.alpn))?
        };
        let name = options.sni_hostname.as_deref().unwrap_or(destination.host);
        start_tls(scope, connection, name, tls, options).await
    }

    async fn without_proxy(
        &self,
        destination: &Destination<'_>,
        options: &ConnectOptions,
    ) -> Result<Connection> {
        let Some(path) = &self.config.uds else {
            return self.tcp("connection", destination.host, destination.port, options).await;
        };
        let facts =
            || vec![("path", Fact::Text(path.display().to_string())), ("timeout", options.timeout.into())];
        let connecting = tcp::connect_unix(&self.config, path);
        step(options.trace.as_ref(), "connection", "connect_unix_socket", facts, connecting).await
    }

    async fn tcp(
        &self,
        scope: &'static str,
        host: &str,
        port: u16,
        options: &ConnectOptions,
    ) -> Result<Connection> {
        let local = || {
            self.config.local_address.as_ref().map_or(Fact::Nothing, |ip| Fact::Text(IpAddr::to_string(ip)))
        };
        let facts = || {
            let port = Fact::Integer(port.into());
            vec![
                ("host", host.into()),
                ("port", port),
                ("local_address", local()),
                ("timeout", options.timeout.into()),
            ]
        };
        let connecting = tcp::connect(&self.config, host, port);
        step(options.trace.as_ref(), scope, "connect_tcp", facts, connecting).await
    }

    /// A connection to the HTTP proxy itself.
    async fn to_proxy(&self, proxy: &Proxy, options: &ConnectOptions) -> Result<Connection> {
        let (host, port) = proxy.address();
        let connection = self.tcp("connection", &host, port, options).await?;
        if proxy.url.scheme() != "https" {
            return Ok(connection);
        }
        let tls = self.proxy_tls.get(|| {
            let trust = TlsConfig { trust_env: self.config.tls.trust_env, ..TlsConfig::default() };
            with_alpn(proxy.tls.as_ref().unwrap_or(&trust), &[b"http/1.1".to_vec()])
        })?;
        start_tls("connection", connection, &host, tls, options).await
    }

    async fn through_socks(
        &self,
        proxy: &Proxy,
        destination: &Destination<'_>,
        options: &ConnectOptions,
    ) -> Result<Connection> {
        let (host, port) = proxy.address();
        let connection = self.tcp("socks", &host, port, options).await?;
        let endpoints = connection.endpoints();
        let mut stream = connection.into_stream();
        let Destination { host, port, .. } = *destination;
        let facts = || vec![("host", host.into()), ("port", Fact::Integer(port.into()))];
        let auth = proxy.auth.as_ref().map(|(username, password)| (username.as_slice(), password.as_slice()));
        let handshake = socks::connect(&mut *stream, auth, host, port);
        step(options.trace.as_ref(), "socks", "setup_socks5_connection", facts, handshake).await?;
        Ok(Connection::new(stream, endpoints))
    }
}

async fn start_tls(
    scope: &'static str,
    connection: Connection,
    name: &str,
    config: Arc<rustls::ClientConfig>,
    options: &ConnectOptions,
) -> Result<Connection> {
    let facts = || vec![("server_hostname", name.into()), ("timeout", options.timeout.into())];
    let handshake = tls::start(connection, name, config);
    step(options.trace.as_ref(), scope, "start_tls", facts, handshake).await
}

fn with_alpn(tls: &TlsConfig, alpn: &[Vec<u8>]) -> Result<rustls::ClientConfig> {
    let mut config = client_config(tls)?;
    config.alpn_protocols = alpn.to_vec();
    Ok(config)
}

/// Whether another attempt might succeed: no connection came about, and nobody forbade it.
fn is_worth_repeating(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectError | ErrorKind::ConnectTimeout)
}
