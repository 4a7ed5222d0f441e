//! The transport: connections to any number of hosts, and one exchange over them.

use std::mem;
use std::sync::Arc;

use bytes::Bytes;
use hyper::ext::ReasonPhrase;

use super::body::{PendingUpload, ResponseBody};
use super::exchange::{Exchange, Exchanged};
use super::head;
use super::pool::Pool;
use super::progress::{Progress, UploadGuard};
use super::response::{Response, fields};
use super::route::Routes;
use super::target::Target;
use super::trace::BodyTrace;
use super::upload::{Outgoing, Source};
use super::{Request, TransportConfig};
use crate::Body;
use crate::error::{Error, ErrorKind, Resend, Result};

/// How often a request is sent again at most. Each time uses up a connection of the pool, or a stream
/// of one, so only a server that answers one request a connection, asked for many at once, comes near
/// it.
const MAX_REPETITIONS: u32 = 100;

/// A pool of connections to any number of hosts. Cheap to share between threads.
///
/// Dropping it closes the idle connections; responses still being read are not disturbed.
#[derive(Debug)]
pub struct Transport {
    config: TransportConfig,
    routes: Routes,
    pool: Pool,
}

impl Transport {
    /// A transport with an empty pool; nothing is loaded or connected yet.
    ///
    /// # Errors
    /// `LocalProtocolError` when neither HTTP version is allowed; those of a proxy that cannot be used.
    pub fn new(config: TransportConfig) -> Result<Self> {
        if !config.http1 && !config.http2 {
            let message = "either HTTP/1.1 or HTTP/2 must be allowed (http1, http2)";
            return Err(Error::new(ErrorKind::LocalProtocolError, message));
        }
        let (routes, pool) = (Routes::new(&config)?, Pool::new(&config));
        Ok(Self { config, routes, pool })
    }

    /// Sends one request and waits for the head of its response. Dropping the future cancels it.
    ///
    /// A response that comes before the request body is complete is handed out at once if it refuses
    /// the request (any status but 2xx), and the rest of the body is not sent; otherwise when the
    /// body has been sent.
    ///
    /// A connection of the pool may turn out to have been closed by the server. The request is then
    /// sent again, unless the server may have acted on it and doing so twice could make a difference
    /// (RFC 9110 section 9.2.2): the method is not idempotent, or the body cannot be had again. What
    /// the server says it has not processed (RFC 9113 section 8.7) is sent again whatever its method.
    ///
    /// # Errors
    /// Every [`ErrorKind`](crate::ErrorKind) of the network, by phase.
    pub async fn send(&self, mut request: Request) -> Result<Response> {
        let mut tries = 0;
        loop {
            let again = match &request.body {
                Body::Empty => Some(Body::Empty),
                Body::Bytes(bytes) => Some(Body::Bytes(bytes.clone())),
                Body::Stream(_) => None,
            };
            let error = match self.exchange(&mut request).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            let may_repeat = match error.resend() {
                Resend::Always => true,
                Resend::IfIdempotent => request.method.is_idempotent(),
                Resend::Never => false,
            };
            match again {
                _ if !may_repeat || tries >= MAX_REPETITIONS => return Err(error),
                Some(body) => request.body = body,
                // None of it has been used.
                None if matches!(request.body, Body::Stream(_)) => {}
                None => return Err(error),
            }
            tries += 1;
        }
    }

    /// Sends a request, whose body it takes, over one connection. After a failure, a body of which
    /// nothing has been used is put back.
    async fn exchange(&self, request: &mut Request) -> Result<Response> {
        let timeouts = request.timeouts;
        let body = mem::take(&mut request.body);
        let target = Target::of(&request.url)?;
        let (headers, framing) = head::prepare(&request.headers, &target)?;
        let (payload, source) = Outgoing::plan(body, framing).await?.split();
        self.config.policy.check_host(&target.host, target.port)?;
        let Some(connections) = self.pool.current(&self.config) else {
            return Err(Error::new(ErrorKind::PoolTimeout, "the pool was closed"));
        };
        let progress = Arc::new(Progress::new(timeouts, source));
        let upload = UploadGuard(Arc::clone(&progress));
        let exchange = Exchange {
            routes: &self.routes,
            connections,
            method: &request.method,
            extras: &request.extras,
            target,
            headers,
            payload,
            progress: &progress,
        };
        let outcome = progress.watch(exchange.run()).await.flatten();
        if let Err(error) = &outcome
            && error.resend() != Resend::Never
            && let Some(Source::Stream(stream)) = progress.reclaim_source()
        {
            request.body = Body::Stream(stream);
        }
        let Exchanged { mut response, expected, endpoints, upgraded, rest, lease } = outcome?;
        if response.status().is_success() {
            progress.watch(progress.wait_uploaded()).await?;
        }
        let is_http2 = response.version() == http::Version::HTTP_2;
        let told = request.extras.trace.clone().map(|trace| BodyTrace::new(trace, is_http2));
        let reason = response.extensions_mut().remove::<ReasonPhrase>();
        Ok(Response {
            status: response.status().as_u16(),
            reason: reason.map(|reason| Bytes::copy_from_slice(reason.as_bytes())),
            version: response.version(),
            local_addr: endpoints.local,
            remote_addr: endpoints.remote,
            upgrade: upgraded,
            headers: fields(response.headers()),
            body: ResponseBody::new(
                response.into_body(),
                expected,
                timeouts.read,
                PendingUpload { guard: upload, stream: rest },
                lease,
                told,
            ),
        })
    }
}
