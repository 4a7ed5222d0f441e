//! Which way a request takes: by reqwest, over a connection of the pool, or over one made for it alone.

use bytes::Bytes;
use http::uri::{PathAndQuery, Uri};
use http::{HeaderMap, Method, header};

use super::config::TransportConfig;
use super::connect::Connector;
use super::extras::Extras;
use super::head::{self, Repr};
use super::reqwest_client::ReqwestClient;
use super::target::Target;
use crate::error::{Error, ErrorKind, Result};
use crate::tls;

/// How a request is carried.
#[derive(Debug)]
pub(super) enum Route {
    /// By reqwest, unless a connection of the other kind is idle.
    Reqwest(reqwest::Url),
    /// Over a connection of the pool, with this path.
    Pooled(PathAndQuery),
    /// Over an HTTP/1.1 connection that nobody uses before or after it, with this target: a CONNECT,
    /// which leads wherever the peer lets it, or one that is no path.
    Dedicated(Uri),
}

/// The ways that the requests of a transport may take.
#[derive(Debug)]
pub(super) struct Routes {
    config: TransportConfig,
    pub(super) connector: Connector,
    /// Whether reqwest has no means for any request.
    is_custom: bool,
    plain: tls::LazyConfig,
    secure: tls::LazyConfig,
}

impl Routes {
    /// # Errors
    /// Those of a proxy that cannot be used.
    pub(super) fn new(config: &TransportConfig) -> Result<Self> {
        let is_custom = config.proxy.is_some()
            || config.uds.is_some()
            || !config.socket_options.is_empty()
            || config.retries > 0
            || !config.http1;
        let connector = Connector::new(config.into())?;
        let (plain, secure) = Default::default();
        Ok(Self { config: config.clone(), connector, is_custom, plain, secure })
    }

    /// The way of a request.
    ///
    /// # Errors
    /// `LocalProtocolError` for what cannot be a target, or not over HTTP/2.
    pub(super) fn choose(
        &self,
        method: &Method,
        target: &Target,
        headers: &HeaderMap,
        extras: &Extras,
    ) -> Result<Route> {
        if method == Method::CONNECT {
            let asked = match &extras.target {
                Some(target) => uri(target)?,
                None => target.destination().authority_form()?.0,
            };
            return self.dedicated(method, asked);
        }
        if let Some(asked) = &extras.target {
            return match asked.as_ref() {
                [b'/', ..] | b"*" => head::origin_form(asked).map(Route::Pooled),
                _ => self.dedicated(method, uri(asked)?),
            };
        }
        let may_be_http2 = self.config.http2 && target.secure;
        let is_ordinary = extras.is_empty() && !headers.contains_key(header::UPGRADE);
        let url = if self.is_custom || may_be_http2 || !is_ordinary { None } else { target.url() };
        Ok(url.map_or_else(|| Route::Pooled(target.path.clone()), Route::Reqwest))
    }

    fn dedicated(&self, method: &Method, target: Uri) -> Result<Route> {
        if self.config.http1 {
            return Ok(Route::Dedicated(target));
        }
        let message = format!("{method} {target} can only be sent over HTTP/1.1 (http1)");
        Err(Error::new(ErrorKind::LocalProtocolError, message))
    }

    /// Whether `connection` speaks HTTP/2: TLS has settled on it, or nothing else is spoken.
    pub(super) fn is_http2(&self, alpn: Option<&[u8]>) -> bool {
        alpn == Some(b"h2") || self.config.http2_prior_knowledge()
    }

    /// A client for one connection to `target`.
    ///
    /// # Errors
    /// `ConnectError` when certificates cannot be loaded, naming their file.
    pub(super) fn reqwest_client(&self, target: &Target) -> Result<ReqwestClient> {
        let tls = if target.secure {
            self.secure.get(|| {
                let mut tls = tls::client_config(&self.config.tls)?;
                tls.alpn_protocols = self.config.alpn();
                Ok(tls)
            })?
        } else {
            self.plain.get(tls::unused_config)?
        };
        ReqwestClient::new(&self.config, (*tls).clone(), target.port)
    }
}

fn uri(target: &Bytes) -> Result<Uri> {
    Uri::from_maybe_shared(target.clone()).map_err(|error| {
        let message = format!("Illegal target {}", Repr(target));
        Error::new(ErrorKind::LocalProtocolError, message).with_source(error)
    })
}
