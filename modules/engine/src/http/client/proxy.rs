//! The proxy that a transport's connections go through.

use std::fmt;

use crate::tls::TlsConfig;
use crate::{Headers, Url};

/// A proxy: requests to `http` URLs are handed to it, connections to `https` URLs are tunnelled
/// through it (RFC 9110 sections 7.3.2 and 9.3.6); a SOCKS proxy tunnels both (RFC 1928).
#[derive(Clone)]
pub struct Proxy {
    /// Where it is: `http`, `https`, `socks5` or `socks5h`. Its userinfo is not looked at. A SOCKS
    /// proxy resolves names itself, whichever of the two schemes is used, as httpx's does.
    pub url: Url,
    /// User name and password, shown to the proxy and to nobody else.
    pub auth: Option<(Vec<u8>, Vec<u8>)>,
    /// Further header fields for an HTTP proxy, likewise.
    pub headers: Headers,
    /// How an `https` proxy is judged; `None` judges it like any server.
    pub tls: Option<TlsConfig>,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let auth = self.auth.as_ref().map(|_| "[secure]");
        f.debug_struct("Proxy").field("url", &self.url).field("auth", &auth).finish_non_exhaustive()
    }
}
