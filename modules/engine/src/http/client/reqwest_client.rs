//! Exchanges by reqwest: ordinary HTTP/1.1 to origins.
//!
//! Each client holds one connection, so that the pool knows of each of them as it does of the others.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tower_layer::Layer;
use tower_service::Service;

use super::config::TransportConfig;
use super::connect::resolve::resolve;
use super::failure;
use super::progress::{Phase, Progress};
use super::settings::HttpSettings;
use crate::error::{Error, ErrorKind, Result};
use tauraro_permissions::Policy;

/// A client for one connection to one origin.
#[derive(Clone, Debug)]
pub(super) struct ReqwestClient {
    client: reqwest::Client,
    dials: Arc<Dials>,
}

impl ReqwestClient {
    /// A client that is not connected yet.
    ///
    /// # Errors
    /// `ConnectError`.
    #[expect(
        clippy::disallowed_methods,
        reason = "its resolver asks the policy, and the transport has done so"
    )]
    pub(super) fn new(config: &TransportConfig, tls: rustls::ClientConfig, port: u16) -> Result<Self> {
        let dials = Arc::<Dials>::default();
        let resolver = Resolver { policy: Arc::clone(&config.policy), port };
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .dns_resolver(Arc::new(resolver))
            .connector_layer(WatchDials(Arc::clone(&dials)))
            .redirect(reqwest::redirect::Policy::none())
            // Without the second call every request would be cloned before it is not repeated.
            .retry(reqwest::retry::never().max_retries_per_request(0))
            .referer(false)
            .no_proxy()
            // The pool says how long it is kept.
            .pool_idle_timeout(None)
            .pool_max_idle_per_host(1);
        let client = HttpSettings::of(config)
            .apply(builder)
            .build()
            .map_err(|error| Error::new(ErrorKind::ConnectError, error.to_string()).with_source(error))?;
        Ok(Self { client, dials })
    }

    /// Whether it has been connected.
    pub(super) fn has_connected(&self) -> bool {
        self.dials.connected.load(Relaxed)
    }

    /// Sends a request and waits for the head of its response.
    ///
    /// # Errors
    /// Every kind of the network.
    pub(super) async fn send(
        &self,
        request: reqwest::Request,
        progress: &Arc<Progress>,
    ) -> Result<reqwest::Response> {
        let before = self.dials.count.load(Relaxed);
        self.dials.watch(Some(Arc::clone(progress)));
        let outcome = self.client.execute(request).await;
        self.dials.watch(None);
        outcome.map_err(|error| {
            let reused = before > 0 && self.dials.count.load(Relaxed) == before;
            failure::of_reqwest(error, progress, reused)
        })
    }
}

/// The connections that a client has made, and the exchange that it is used for.
#[derive(Debug, Default)]
struct Dials {
    count: AtomicUsize,
    /// Whether one of them stands, or stood.
    connected: AtomicBool,
    exchange: Mutex<Option<Arc<Progress>>>,
}

impl Dials {
    fn watch(&self, exchange: Option<Arc<Progress>>) {
        *self.exchange.lock().unwrap_or_else(PoisonError::into_inner) = exchange;
    }

    fn begin(&self) -> Option<Arc<Progress>> {
        self.count.fetch_add(1, Relaxed);
        self.exchange.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Tells the exchange that a client is used for when a connection is begun, and when it stands.
#[derive(Clone, Debug)]
struct WatchDials(Arc<Dials>);

impl<S> Layer<S> for WatchDials {
    type Service = WatchedConnector<S>;

    fn layer(&self, inner: S) -> WatchedConnector<S> {
        WatchedConnector { inner, dials: Arc::clone(&self.0) }
    }
}

#[derive(Clone, Debug)]
struct WatchedConnector<S> {
    inner: S,
    dials: Arc<Dials>,
}

impl<S, Target> Service<Target> for WatchedConnector<S>
where
    S: Service<Target>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, target: Target) -> Self::Future {
        let dialing = self.inner.call(target);
        let (exchange, dials) = (self.dials.begin(), Arc::clone(&self.dials));
        if let Some(exchange) = &exchange {
            exchange.enter(Phase::Connect);
        }
        Box::pin(async move {
            let outcome = dialing.await;
            dials.connected.fetch_or(outcome.is_ok(), Relaxed);
            if let Some(exchange) = exchange {
                exchange.connected();
            }
            outcome
        })
    }
}

/// Resolves names with the system's resolver and keeps the addresses that the policy allows.
#[derive(Debug)]
struct Resolver {
    policy: Arc<Policy>,
    port: u16,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (policy, port) = (Arc::clone(&self.policy), self.port);
        Box::pin(async move {
            let allowed = resolve(&policy, name.as_str(), port).await?;
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}
