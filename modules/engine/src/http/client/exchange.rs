//! One exchange: a connection is found or made, a request goes out, the head of a response comes back.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use futures_util::future::Either;
use h2::SendStream;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Request, Response, StatusCode, Uri, Version};
use hyper::upgrade::OnUpgrade;
use hyper_util::client::legacy::connect::HttpInfo;

use super::connect::{ConnectOptions, Endpoints};
use super::exchange_trace::ExchangeTrace;
use super::extras::Extras;
use super::head;
use super::incoming::IncomingBody;
use super::pool::{DialPermit, Http1, Http1Lease, Http2Lease, Lease, Need, Origin, Shared, Slot};
use super::progress::{Phase, Progress};
use super::reqwest_client::ReqwestClient;
use super::route::{Route, Routes};
use super::target::Target;
use super::upgraded::Upgraded;
use super::upload::Payload;
use super::{failure, http1, http2};
use crate::error::{Error, ErrorKind, Result};
use crate::runtime;

/// What an exchange is made of.
pub(super) struct Exchange<'a> {
    pub(super) routes: &'a Routes,
    pub(super) connections: &'a Arc<Shared>,
    pub(super) method: &'a Method,
    pub(super) extras: &'a Extras,
    pub(super) target: Target,
    pub(super) headers: HeaderMap,
    pub(super) payload: Payload,
    pub(super) progress: &'a Arc<Progress>,
}

/// What comes of an exchange.
pub(super) struct Exchanged {
    pub(super) response: Response<IncomingBody>,
    /// How long the body is, where the head says so.
    pub(super) expected: Option<u64>,
    pub(super) endpoints: Endpoints,
    pub(super) upgraded: Option<Upgraded>,
    /// The way of a request body that the response made pointless, over HTTP/2.
    pub(super) rest: Option<SendStream<Bytes>>,
    pub(super) lease: Lease,
}

impl Exchange<'_> {
    /// Sends the request and waits for the head of its response.
    ///
    /// # Errors
    /// Every [`ErrorKind`] of the network.
    pub(super) async fn run(self) -> Result<Exchanged> {
        let trace = self.extras.trace.clone().map(ExchangeTrace::new);
        let outcome = self.route(trace.as_ref()).await;
        if let Some(trace) = &trace {
            match &outcome {
                Ok(exchanged) => trace.answered(&exchanged.response),
                Err(error) => trace.failed(error),
            }
        }
        outcome
    }

    async fn route(mut self, trace: Option<&ExchangeTrace>) -> Result<Exchanged> {
        let route = self.routes.choose(self.method, &self.target, &self.headers, self.extras)?;
        let need = match &route {
            Route::Dedicated(_) => Need::Slot,
            route => Need::Connection { origin: self.origin(), any: matches!(route, Route::Reqwest(_)) },
        };
        // What has happened to idle connections meanwhile is seen before one is chosen.
        runtime::poll_io_once().await;
        if matches!(route, Route::Pooled(_)) {
            // An HTTP/2 connection takes note in its task, which has its turn now.
            tokio::task::yield_now().await;
        }
        let mut lease = self.connections.acquire(need, self.progress).await?;
        if let Lease::Dial(permit) = lease {
            // Boxed, so that it makes no exchange over a connection of the pool larger.
            lease = Box::pin(self.dial(permit, &route)).await?;
        }
        self.progress.connected();
        match (lease, route) {
            (Lease::Http2(lease), Route::Pooled(path)) => self.over_http2(lease, path, trace).await,
            (Lease::Http1(lease), route) => self.over_http1(lease, route, trace).await,
            (Lease::Slot(slot), Route::Dedicated(target)) => {
                Box::pin(self.over_dedicated(slot, target, trace)).await
            }
            _ => Err(unsuitable()),
        }
    }

    fn origin(&self) -> Arc<Origin> {
        let Target { secure, host, port, .. } = &self.target;
        let sni_hostname = self.extras.sni_hostname.clone();
        Arc::new(Origin { secure: *secure, host: host.clone(), port: *port, sni_hostname })
    }

    fn options(&self, http1_only: bool) -> ConnectOptions {
        ConnectOptions {
            sni_hostname: self.extras.sni_hostname.clone(),
            http1_only,
            tunnel: false,
            timeout: self.progress.connect_timeout(),
            trace: self.extras.trace.clone(),
        }
    }

    /// Makes a connection for the pool.
    async fn dial(&mut self, permit: DialPermit, route: &Route) -> Result<Lease> {
        if matches!(route, Route::Reqwest(_)) {
            // It connects when it sends.
            let client = self.routes.reqwest_client(&self.target)?;
            return Ok(Lease::Http1(permit.into_http1(Http1::Reqwest(client))));
        }
        self.progress.enter(Phase::Dial);
        let options = self.options(false);
        let connecting = self.routes.connector.connect(self.target.destination(), &options);
        let connection = match self.unless_idle(connecting, || true, false).await {
            Either::Left(connection) => connection?,
            Either::Right(idle) => return Ok(Lease::Http1(idle)),
        };
        if self.routes.is_http2(connection.alpn()) {
            return http2::start(connection, permit).await.map(Lease::Http2);
        }
        let connection = http1::start(connection, Some(permit.watch())).await?;
        Ok(Lease::Http1(permit.into_http1(connection)))
    }

    async fn over_http2(
        self,
        mut lease: Http2Lease,
        path: http::uri::PathAndQuery,
        trace: Option<&ExchangeTrace>,
    ) -> Result<Exchanged> {
        let (uri, headers) = head::for_http2(&self.headers, &self.target, path)?;
        let mut request = Request::new(());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = uri;
        *request.version_mut() = Version::HTTP_2;
        *request.headers_mut() = headers;
        if let Some(length) = self.payload.length().filter(|length| *length > 0) {
            let headers = request.headers_mut();
            headers.entry(header::CONTENT_LENGTH).or_insert_with(|| HeaderValue::from(length));
        }
        if let Some(trace) = trace {
            trace.begin("http2");
        }
        let sent = http2::send(&mut lease, request, self.payload, self.progress, trace).await;
        let http2::Answer { response, rest } = sent?;
        let endpoints = lease.connection().endpoints;
        let response = response.map(IncomingBody::Http2);
        let length = response.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        let expected = length.and_then(|length| length.parse().ok());
        Ok(Exchanged { response, expected, endpoints, upgraded: None, rest, lease: Lease::Http2(lease) })
    }

    async fn over_http1(
        mut self,
        mut lease: Http1Lease,
        route: Route,
        trace: Option<&ExchangeTrace>,
    ) -> Result<Exchanged> {
        let reused = lease.reused;
        let (response, endpoints) = match (lease.connection(), route) {
            (Some(Http1::Reqwest(client)), Route::Reqwest(url)) => {
                match self.by_reqwest(client, url.clone()).await? {
                    Sent::Response(sent) => sent,
                    Sent::Idle(idle) => {
                        drop(lease);
                        return Box::pin(self.over_http1(idle, Route::Reqwest(url), trace)).await;
                    }
                }
            }
            (Some(Http1::Hyper { sender, endpoints, forwards }), route) => {
                let path = match route {
                    Route::Pooled(path) => path,
                    _ => self.target.path.clone(),
                };
                let uri = if *forwards {
                    self.add_proxy_headers();
                    self.target.absolute_form(&path)?
                } else {
                    origin_form(path)?
                };
                let endpoints = *endpoints;
                if let Some(trace) = trace {
                    trace.begin("http11");
                }
                let request = self.http1_request(uri, trace);
                let response = http1::send(sender, request, self.progress, reused).await?;
                (response.map(IncomingBody::Http1), endpoints)
            }
            _ => return Err(unsuitable()),
        };
        lease.keep = response.version() == Version::HTTP_11 && !head::closes(response.headers());
        self.exchanged(response, endpoints, Lease::Http1(lease)).await
    }

    /// Sends the request by reqwest, unless another connection becomes idle while it connects.
    async fn by_reqwest(&mut self, client: &ReqwestClient, url: reqwest::Url) -> Result<Sent> {
        let mut request = reqwest::Request::new(self.method.clone(), url);
        // Kept for another attempt, where there may be one.
        let kept = (!client.has_connected()).then(|| self.headers.clone());
        *request.headers_mut() = self.http1_headers();
        self.headers = kept.unwrap_or_default();
        *request.body_mut() = match self.payload.clone() {
            Payload::Empty => None,
            payload => Some(reqwest::Body::wrap(payload.into_body(self.progress))),
        };
        let response = {
            let sending = client.send(request, self.progress);
            match self.unless_idle(sending, || !client.has_connected(), true).await {
                Either::Left(outcome) => outcome?,
                Either::Right(idle) => {
                    self.progress.restart_upload();
                    return Ok(Sent::Idle(idle));
                }
            }
        };
        let info = response.extensions().get::<HttpInfo>();
        let endpoints = info.map_or_else(Endpoints::default, |info| Endpoints {
            local: Some(info.local_addr()),
            remote: Some(info.remote_addr()),
        });
        Ok(Sent::Response((Response::from(response).map(IncomingBody::Reqwest), endpoints)))
    }

    /// What `future` gives, or a connection that becomes idle while it `is_connecting`, which is given up
    /// then.
    async fn unless_idle<F: Future>(
        &self,
        future: F,
        is_connecting: impl Fn() -> bool,
        any: bool,
    ) -> Either<F::Output, Http1Lease> {
        let mut future = pin!(future);
        if !is_connecting() {
            return Either::Left(future.await);
        }
        let need = Need::Idle { origin: self.origin(), any };
        let mut idle = pin!(Some(self.connections.acquire(need, self.progress)));
        poll_fn(|cx| {
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                return Poll::Ready(Either::Left(output));
            }
            if !is_connecting() {
                // What it may have been given meanwhile goes back.
                idle.set(None);
            }
            match idle.as_mut().as_pin_mut().map(|idle| idle.poll(cx)) {
                Some(Poll::Ready(Ok(Lease::Http1(lease)))) => return Poll::Ready(Either::Right(lease)),
                Some(Poll::Ready(_)) => idle.set(None),
                Some(Poll::Pending) | None => {}
            }
            Poll::Pending
        })
        .await
    }

    async fn over_dedicated(
        mut self,
        slot: Slot,
        target: Uri,
        trace: Option<&ExchangeTrace>,
    ) -> Result<Exchanged> {
        self.progress.enter(Phase::Dial);
        let options = self.options(true);
        let connection = self.routes.connector.connect(self.target.destination(), &options).await?;
        self.progress.connected();
        let Http1::Hyper { mut sender, endpoints, forwards } = http1::start(connection, None).await? else {
            return Err(unsuitable());
        };
        if forwards {
            self.add_proxy_headers();
        }
        if let Some(trace) = trace {
            trace.begin("http11");
        }
        let request = self.http1_request(target, trace);
        let response = http1::send(&mut sender, request, self.progress, false).await?;
        self.exchanged(response.map(IncomingBody::Http1), endpoints, Lease::Slot(slot)).await
    }

    /// The raw connection goes to whoever asked for it.
    async fn exchanged(
        &self,
        mut response: Response<IncomingBody>,
        endpoints: Endpoints,
        mut lease: Lease,
    ) -> Result<Exchanged> {
        let expected = response.body().expected_length();
        let status = response.status();
        let is_connect = *self.method == Method::CONNECT;
        let switched = status == StatusCode::SWITCHING_PROTOCOLS || (is_connect && status.is_success());
        let upgraded = match response.extensions_mut().remove::<OnUpgrade>() {
            Some(upgrade) if switched => {
                let io = upgrade.await.map_err(failure::of_exchange)?;
                let lease = std::mem::replace(&mut lease, Lease::None);
                Some(Upgraded::new(io, endpoints, lease))
            }
            _ => None,
        };
        Ok(Exchanged { response, expected, endpoints, upgraded, rest: None, lease })
    }

    fn http1_headers(&mut self) -> HeaderMap {
        let mut headers = std::mem::take(&mut self.headers);
        if matches!(self.payload, Payload::Pieces(None)) {
            // Said here because for some methods no body would be expected.
            headers.insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        }
        headers
    }

    fn http1_request(
        &mut self,
        uri: Uri,
        trace: Option<&ExchangeTrace>,
    ) -> Request<super::upload::RequestBody> {
        let headers = self.http1_headers();
        let payload = std::mem::replace(&mut self.payload, Payload::Empty);
        let mut request = Request::new(payload.into_body(self.progress).traced(trace));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        request
    }

    /// Adds what an HTTP proxy wants to know to a request that it is to forward.
    fn add_proxy_headers(&mut self) {
        let fields = self.routes.connector.proxy_headers();
        for name in fields.keys() {
            if !self.headers.contains_key(name) {
                for value in fields.get_all(name) {
                    self.headers.append(name.clone(), value.clone());
                }
            }
        }
    }
}

/// What an exchange by reqwest comes to.
enum Sent {
    Response((Response<IncomingBody>, Endpoints)),
    /// Nothing yet: a connection is idle.
    Idle(Http1Lease),
}

/// The pool gives what was asked for, so that this is not seen.
fn unsuitable() -> Error {
    Error::new(ErrorKind::LocalProtocolError, "the connection does not suit the request")
}

fn origin_form(path: http::uri::PathAndQuery) -> Result<Uri> {
    let mut parts = http::uri::Parts::default();
    parts.path_and_query = Some(path);
    Uri::from_parts(parts)
        .map_err(|error| Error::new(ErrorKind::LocalProtocolError, "Illegal target").with_source(error))
}
