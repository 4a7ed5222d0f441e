//! Watching connections being made, and resolving names under the policy.

use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper_util::client::legacy::connect::Connection;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::time::sleep_until;
use tower_layer::Layer;
use tower_service::Service;

use super::direct::Endpoints;
use super::progress::{Phase, Progress};
use crate::error::{Error, ErrorKind, Result};
use tauraro_permissions::Policy;

pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A peer may be slow for as long as the timeouts say. What this one ends is an upload that a response
/// made pointless, to a peer that neither reads it nor hangs up.
pub(super) const USER_TIMEOUT: Duration = Duration::from_mins(10);

tokio::task_local! {
    /// The exchange on whose behalf the pool is working.
    pub(super) static EXCHANGE: Arc<Progress>;
}

/// Reports to the exchange that asked for it when a connection is begun and when it stands.
#[derive(Clone, Debug)]
pub(super) struct ConnectLayer;

impl<S> Layer<S> for ConnectLayer {
    type Service = Connect<S>;

    fn layer(&self, inner: S) -> Connect<S> {
        Connect { inner }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Connect<S> {
    inner: S,
}

impl<S, Target> Service<Target> for Connect<S>
where
    S: Service<Target, Error = BoxError>,
    S::Future: Send + 'static,
    S::Response: Connection + Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, target: Target) -> Self::Future {
        let attempt = self.inner.call(target);
        match EXCHANGE.try_with(Arc::clone) {
            Ok(exchange) => {
                exchange.enter(Phase::Connect);
                Box::pin(watched(exchange, attempt))
            }
            Err(_) => Box::pin(attempt),
        }
    }
}

/// Makes a connection for `exchange`. When a connection of the pool becomes free meanwhile, the pool
/// gives the exchange that one and finishes this attempt in a task of its own: outside the exchange,
/// which no longer waits for it, so the attempt keeps the time itself.
async fn watched<F, C>(exchange: Arc<Progress>, attempt: F) -> Result<C, BoxError>
where
    F: Future<Output = Result<C, BoxError>>,
    C: Connection,
{
    if let Some(patience) = exchange.patience()
        && while_asked_for(sleep_until(patience)).await.is_none()
    {
        return Err(found_in_time(&exchange));
    }
    let turn = match exchange.sharing() {
        Some(sharing) => match while_asked_for(sharing.turn()).await {
            Some(turn) => Some(turn),
            None => return Err(found_in_time(&exchange)),
        },
        None => None,
    };
    let mut attempt = pin!(EXCHANGE.scope(Arc::clone(&exchange), attempt));
    let connection = while_asked_for(attempt.as_mut()).await;
    if !matches!(connection, Some(Err(_))) {
        exchange.connected();
    }
    if let Some(Ok(connection)) = &connection {
        exchange.made(Endpoints::of_connected(&connection.connected()));
    }
    let connection = match (connection, exchange.connect_timeout()) {
        (Some(connection), _) => connection,
        (None, Some(timeout)) => tokio::time::timeout(timeout, attempt).await?,
        (None, None) => attempt.await,
    }?;
    if let Some(sharing) = exchange.sharing() {
        sharing.connected(connection.connected().is_negotiated_h2());
    }
    drop(turn);
    Ok(connection)
}

/// The exchange was given a connection of the pool before it began to make one.
fn found_in_time(exchange: &Progress) -> BoxError {
    exchange.connected();
    "a connection of the pool was free in time".into()
}

/// Waits for `future` for as long as an exchange does so.
async fn while_asked_for<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| match EXCHANGE.try_with(|_| ()) {
        Ok(()) => future.as_mut().poll(cx).map(Some),
        Err(_) => Poll::Ready(None),
    })
    .await
}

/// Resolves names with the system's resolver and keeps the addresses that the policy allows.
#[derive(Debug)]
pub(super) struct Resolver {
    pub(super) policy: Arc<Policy>,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = Arc::clone(&self.policy);
        let port = EXCHANGE.try_with(|exchange| exchange.port()).unwrap_or_default();
        Box::pin(async move {
            let allowed = resolve(&policy, name.as_str(), port).await?;
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// The addresses of `host` that the policy allows, with `port`.
///
/// # Errors
/// `ConnectError` for a name that does not resolve, `Denied` when none of its addresses is allowed.
pub(super) async fn resolve(policy: &Policy, host: &str, port: u16) -> Result<Vec<SocketAddr>> {
    #[expect(clippy::disallowed_methods, reason = "this is where the policy is asked")]
    let found = tokio::net::lookup_host((host, port)).await.map_err(unresolved)?;
    let mut denied = None;
    let allowed: Vec<SocketAddr> = found
        .filter(|address| match policy.check_address(host, *address) {
            Ok(()) => true,
            Err(error) => {
                denied = Some(error);
                false
            }
        })
        .collect();
    match denied {
        Some(error) if allowed.is_empty() => Err(error.into()),
        _ => Ok(allowed),
    }
}

/// The standard library keeps the text of a resolver error but not its number.
fn unresolved(error: std::io::Error) -> Error {
    let text = error.to_string();
    let reason = text.rsplit(": ").next().unwrap_or(&text);
    let number = match reason {
        "Name or service not known" => -2,
        "Temporary failure in name resolution" => -3,
        "Non-recoverable failure in name resolution" => -4,
        "No address associated with hostname" => -5,
        _ => return Error::new(ErrorKind::ConnectError, text).with_source(error),
    };
    Error::new(ErrorKind::ConnectError, format!("[Errno {number}] {reason}")).with_source(error)
}
