//! What a [`Transport`](super::Transport) is made from.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::proxy::Proxy;
use super::socket_option::SocketOption;
use crate::tls::TlsConfig;
use tauraro_permissions::Policy;

/// How long each phase of an exchange may take; `None` waits for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// Establishing a connection: DNS, TCP and TLS together. Waiting for a connection that another
    /// exchange is making counts too.
    pub connect: Option<Duration>,
    /// Between two arrivals of response data.
    pub read: Option<Duration>,
    /// Between two moments at which the peer takes request data. Bodies go out in pieces of 64 KiB,
    /// and what fits into the buffers on the way counts as taken.
    pub write: Option<Duration>,
    /// Waiting for a free connection of the pool, or for a free stream of one.
    pub pool: Option<Duration>,
}

/// Bounds of the connection pool; `None` is unbounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolLimits {
    /// Exchanges in progress at the same time, each with a connection of its own (all exchanges over
    /// an HTTP/2 connection count as one). Idle connections are not counted.
    pub max_connections: Option<usize>,
    /// Idle connections kept for reuse, for each host. Zero keeps none.
    pub max_keepalive_connections: Option<usize>,
    /// How long an idle connection is kept.
    pub keepalive_expiry: Option<Duration>,
    /// HTTP/2 connections to one origin, at least one. A further one is made when the streams that
    /// the peer allows on the others are all in use. RFC 9113 section 9.1 recommends one.
    pub max_http2_connections: Option<usize>,
}

impl Default for PoolLimits {
    /// httpx's defaults: 100 connections, 20 of them idle, for 5 seconds; one HTTP/2 connection.
    fn default() -> Self {
        Self {
            max_connections: Some(100),
            max_keepalive_connections: Some(20),
            keepalive_expiry: Some(Duration::from_secs(5)),
            max_http2_connections: Some(1),
        }
    }
}

impl PoolLimits {
    /// Whether idle connections are kept at all.
    pub(super) fn keeps_idle(&self) -> bool {
        self.max_keepalive_connections != Some(0) && self.keepalive_expiry != Some(Duration::ZERO)
    }
}

/// What a [`Transport`](super::Transport) is made from.
#[derive(Clone, Debug)]
pub struct TransportConfig {
    /// Whom to trust and who to be.
    pub tls: TlsConfig,
    /// Whether HTTP/1.1 may be spoken.
    pub http1: bool,
    /// Whether HTTP/2 may be spoken: by ALPN over TLS, and with `http1` off by prior knowledge.
    pub http2: bool,
    /// Bounds of the connection pool.
    pub limits: PoolLimits,
    /// The local address to connect from.
    pub local_address: Option<IpAddr>,
    /// The Unix domain socket to connect to, whatever the URL's host. A proxy goes before it.
    pub uds: Option<PathBuf>,
    /// Set on every socket, in this order.
    pub socket_options: Vec<SocketOption>,
    /// How often to try again when no connection could be made: at once, then after half a second,
    /// and after twice as long each time. Each attempt has the whole connect timeout.
    pub retries: u32,
    /// What connections go through.
    pub proxy: Option<Proxy>,
    /// What may be connected to.
    pub policy: Arc<Policy>,
}

impl Default for TransportConfig {
    fn default() -> Self {
        Self {
            tls: TlsConfig::default(),
            http1: true,
            http2: false,
            limits: PoolLimits::default(),
            local_address: None,
            uds: None,
            socket_options: Vec::new(),
            retries: 0,
            proxy: None,
            policy: Arc::new(Policy::allow_all()),
        }
    }
}

impl TransportConfig {
    /// The protocols to offer in TLS, the best first (RFC 7301).
    pub(super) fn alpn(&self) -> Vec<Vec<u8>> {
        let versions = [(self.http2, "h2"), (self.http1, "http/1.1")];
        versions.into_iter().filter(|(spoken, _)| *spoken).map(|(_, name)| name.into()).collect()
    }

    /// Whether HTTP/2 is spoken without asking the peer (RFC 9113 section 3.3).
    pub(super) fn http2_prior_knowledge(&self) -> bool {
        !self.http1
    }
}
