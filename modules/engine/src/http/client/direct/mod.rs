//! Exchanges over connections of our own making.
//!
//! Ordinary requests are reqwest's. What it has no means for goes through here: proxies that are
//! judged and heard apart from servers, Unix sockets, socket options, repeated attempts, request
//! targets that are no URL, other names in TLS, CONNECT, and exchanges that are traced. The pool is
//! the one that reqwest uses, with a connector of ours below it.
//!
//! | file | what it is |
//! |---|---|
//! | `connector` | the way to a server, straight or through a proxy |
//! | `dial`, `wire` | TCP, Unix sockets and TLS; what comes of them |
//! | `socks` | asking a proxy for a connection |
//! | `lone` | exchanges that need a connection of their own: CONNECT above all |
//! | `told` | what a trace is told of a message |

mod connector;
mod dial;
mod lone;
mod socks;
mod told;

mod wire;

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, Request, Response, Uri};
use hyper::body::Incoming;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::capture_connection;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tower_layer::Layer;

use self::connector::{Connector, Route, Wishes};
use self::told::Told;
pub(super) use self::wire::Endpoints;
use super::config::TransportConfig;
use super::connect::{Connect, ConnectLayer};
use super::extras::Extras;
use super::failure;
use super::head::Repr;
use super::pool::MAX_HEADERS;
use super::progress::Progress;
use super::trace::Trace;
use crate::error::{Error, ErrorKind, Result};

type Client = legacy::Client<Connect<Connector>, reqwest::Body>;

tokio::task_local! {
    /// Who is told of the exchange on whose behalf the pool is working.
    static TRACE: Trace;
}

/// The connections of our own making.
#[derive(Debug)]
pub(super) struct Direct {
    config: TransportConfig,
    route: Arc<Route>,
    /// A pool for each name that was to be asked for in place of the host: a connection to the server
    /// of one name is no use for another.
    clients: Mutex<HashMap<Option<String>, Client>>,
}

impl Direct {
    /// Nothing is connected yet.
    ///
    /// # Errors
    /// Those of a proxy that cannot be used.
    pub(super) fn new(config: &TransportConfig) -> Result<Self> {
        let route = Arc::new(Route::new(config)?);
        Ok(Self { config: config.clone(), route, clients: Mutex::default() })
    }

    /// Whether all requests of a transport go through here.
    pub(super) fn is_needed(config: &TransportConfig) -> bool {
        config.proxy.is_some()
            || config.uds.is_some()
            || !config.socket_options.is_empty()
            || config.retries > 0
    }

    /// Sends one request and waits for the head of its response.
    ///
    /// # Errors
    /// Every [`ErrorKind`] of the network, by phase.
    pub(super) async fn send(
        &self,
        request: reqwest::Request,
        extras: Extras,
        progress: &Progress,
    ) -> Result<reqwest::Response> {
        let mut request = Request::try_from(request).map_err(|error| {
            Error::new(ErrorKind::InvalidUrl, error.to_string()).with_source(error.without_url())
        })?;
        if request.uri().scheme_str() == Some("http") {
            self.add_proxy_headers(request.headers_mut());
        }
        let told = extras.trace.clone().map(Told::new);
        if let Some(told) = &told {
            let body = std::mem::take(request.body_mut());
            *request.body_mut() = told.body(body);
        }
        let tracing = extras.trace.clone();
        let exchange = async {
            match lone_target(&mut request, extras.target.as_ref())? {
                Some(target) => self.alone(request, target, extras, told.as_ref(), progress).await,
                None => self.pooled(request, extras, told.as_ref(), progress).await,
            }
        };
        let response = match tracing {
            Some(trace) => TRACE.scope(trace, exchange).await,
            None => exchange.await,
        };
        if let Some(told) = &told {
            told.ended(&response);
        }
        Ok(response?.map(reqwest::Body::wrap).into())
    }

    /// An exchange over a connection of the pool.
    async fn pooled(
        &self,
        mut request: Request<reqwest::Body>,
        extras: Extras,
        told: Option<&Told>,
        progress: &Progress,
    ) -> Result<Response<Incoming>> {
        let client = self.client(extras.sni_hostname);
        let answer = match told {
            None => client.request(request).await,
            Some(told) => {
                let captured = capture_connection(&mut request);
                let mut answer = pin!(client.request(request));
                poll_fn(|cx| {
                    let answer = answer.as_mut().poll(cx);
                    if let Some(connected) = &*captured.connection_metadata() {
                        let http2 = connected.is_negotiated_h2() || !self.config.http1;
                        told.begin(if http2 { "http2" } else { "http11" });
                    }
                    answer
                })
                .await
            }
        };
        answer.map_err(|error| failure::of_client(error, progress))
    }

    /// An exchange over a connection that nobody uses before or after it: a CONNECT, which leads
    /// wherever the peer lets it, or one whose target the pool cannot send.
    async fn alone(
        &self,
        request: Request<reqwest::Body>,
        target: Uri,
        extras: Extras,
        told: Option<&Told>,
        progress: &Progress,
    ) -> Result<Response<Incoming>> {
        if !self.config.http1 {
            let message = format!("{} {target} can only be sent over HTTP/1.1 (http1)", request.method());
            return Err(Error::new(ErrorKind::LocalProtocolError, message));
        }
        let wishes = Wishes { sni_hostname: extras.sni_hostname, http1_only: true };
        let wire = self.route.connect(request.uri(), &wishes, extras.trace.as_ref()).await?;
        progress.connected();
        let mut request = request;
        *request.uri_mut() = target;
        lone::exchange(wire, request, told).await.map_err(|error| failure::of_lone(error, progress))
    }

    /// Adds what an HTTP proxy wants to know to a request that it is to forward.
    fn add_proxy_headers(&self, headers: &mut HeaderMap) {
        for name in self.route.proxy_headers.keys() {
            if !headers.contains_key(name) {
                for value in self.route.proxy_headers.get_all(name) {
                    headers.append(name.clone(), value.clone());
                }
            }
        }
    }

    fn client(&self, sni_hostname: Option<String>) -> Client {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&sni_hostname) {
            return client.clone();
        }
        let wishes = Wishes { sni_hostname: sni_hostname.clone(), http1_only: false };
        let connector = Connector { route: Arc::clone(&self.route), wishes: Arc::new(wishes) };
        let client = build(&self.config, connector);
        clients.insert(sni_hostname, client.clone());
        client
    }
}

fn build(config: &TransportConfig, connector: Connector) -> Client {
    let limits = config.limits;
    legacy::Client::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(limits.keepalive_expiry)
        .pool_max_idle_per_host(limits.max_keepalive_connections.unwrap_or(usize::MAX))
        .http1_title_case_headers(true)
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .http1_max_headers(MAX_HEADERS)
        .http2_only(!config.http1)
        .build(ConnectLayer.layer(connector))
}

/// The target of a request that has to go alone. Any other is put into the request.
///
/// # Errors
/// `LocalProtocolError` for what cannot be a target.
fn lone_target<B>(request: &mut Request<B>, target: Option<&Bytes>) -> Result<Option<Uri>> {
    let connect = request.method() == Method::CONNECT;
    let Some(target) = target else {
        return if connect { connector::authority_form(request.uri()).map(Some) } else { Ok(None) };
    };
    if !connect && let Ok(path) = PathAndQuery::from_maybe_shared(target.clone()) {
        let mut parts = request.uri().clone().into_parts();
        parts.path_and_query = Some(path);
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
            return Ok(None);
        }
    }
    Uri::from_maybe_shared(target.clone()).map(Some).map_err(|error| {
        let message = format!("Illegal target {}", Repr(target));
        Error::new(ErrorKind::LocalProtocolError, message).with_source(error)
    })
}
