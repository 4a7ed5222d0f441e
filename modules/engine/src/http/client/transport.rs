//! The transport: a pool of connections, and one exchange over them.

use std::future::poll_fn;
use std::mem;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Method, StatusCode, Version};
use hyper::ext::ReasonPhrase;
use hyper::upgrade::OnUpgrade;

use super::connect::EXCHANGE;
use super::direct::{Direct, Endpoints};
use super::extras::Extras;
use super::failure;
use super::head::{self, Framing};
use super::pool::{Pool, Slot};
use super::progress::{Progress, UploadGuard};
use super::response::{Connection, Response, ResponseBody, fields};
use super::reuse::Origin;
use super::target::Target;
use super::upgraded::Upgraded;
use super::upload::{PIECE, Source, Upload, too_much};
use super::{Request, TransportConfig};
use crate::error::{Error, ErrorKind, Result};
use crate::{Body, runtime};

/// A pool of connections to any number of hosts. Cheap to share between threads.
///
/// Dropping it closes the idle connections; responses still being read are not disturbed.
#[derive(Debug)]
pub struct Transport {
    config: TransportConfig,
    pool: Pool,
    /// Whether reqwest has no means for any of its requests.
    special: bool,
}

impl Transport {
    /// A transport with an empty pool; nothing is loaded or connected yet.
    ///
    /// # Errors
    /// `LocalProtocolError` when neither HTTP version is allowed.
    pub fn new(config: TransportConfig) -> Result<Self> {
        if !config.http1 && !config.http2 {
            let message = "either HTTP/1.1 or HTTP/2 must be allowed (http1, http2)";
            return Err(Error::new(ErrorKind::LocalProtocolError, message));
        }
        let pool = Pool::new(&config);
        let special = Direct::is_needed(&config);
        if special {
            pool.direct(&config)?;
        }
        Ok(Self { config, pool, special })
    }

    /// Sends one request and waits for the head of its response. Dropping the future cancels it.
    ///
    /// A response that comes before the request body is complete is handed out at once if it refuses
    /// the request (any status but 2xx), and the rest of the body is not sent; otherwise when the
    /// body has been sent.
    ///
    /// A connection of the pool may turn out to have been closed by the server. The request is then
    /// sent again, unless the server may have acted on it and doing so twice could make a difference
    /// (RFC 9110 section 9.2.2): the method is not idempotent, or the body cannot be had again.
    ///
    /// # Errors
    /// Every [`ErrorKind`](crate::ErrorKind) of the network, by phase.
    pub async fn send(&self, mut request: Request) -> Result<Response> {
        let mut tries = 0;
        loop {
            let again = body_again(&request).filter(|_| tries < MAX_REPETITIONS);
            match (self.exchange(&mut request).await, again) {
                (Err(error), Some(body)) if error.is_stale() => {
                    request.body = body;
                    tries += 1;
                }
                (result, _) => return result,
            }
        }
    }

    /// Sends a request, whose body it takes, over one connection.
    async fn exchange(&self, request: &mut Request) -> Result<Response> {
        let (method, timeouts, extras) = (request.method.clone(), request.timeouts, request.extras.clone());
        let body = mem::take(&mut request.body);
        let target = Target::of(&request.url)?;
        let (headers, framing) = head::prepare(&request.headers, &request.url)?;
        let body = Outgoing::plan(body, framing).await?;
        self.config.policy.check_host(request.url.raw_host(), target.port)?;

        let pool = self.pool.current(&self.config);
        let connect = method == Method::CONNECT;
        let special = self.special || connect || !extras.is_empty();
        let path = if special {
            Path::Direct(pool.direct(&self.config)?)
        } else {
            Path::Ordinary(pool.client(target.secure, &self.config)?)
        };
        let may_share = self.config.http2 && (target.secure || !self.config.http1) && !connect;
        let sharing = may_share.then(|| {
            // Those below do not share connections with those of other names, or with reqwest's.
            let name = if special { extras.sni_hostname.as_deref().unwrap_or("direct") } else { "" };
            let origin = format!("{name} {}", target.url.authority());
            Arc::new(pool.sharing(origin, !self.config.http1))
        });
        let slot = pool.slot(sharing.as_deref(), timeouts.pool).await?;
        runtime::poll_io_once().await;

        let returning = pool.returning().map(|returning| (returning, Origin::of(&target.url)));
        let patience = returning.and_then(|(returning, origin)| returning.claim(origin));
        let mut outgoing = reqwest::Request::new(method, target.url);
        *outgoing.headers_mut() = headers;
        let (source, length) = body.attach(&mut outgoing, framing);
        let uploads = source.is_some();
        let progress = Progress::new(timeouts, target.port, patience, source);
        let progress = Arc::new(progress.with_sharing(sharing.clone()));
        if uploads {
            *outgoing.body_mut() = Some(reqwest::Body::wrap(Upload::new(Arc::clone(&progress), length)));
        }
        let upload = UploadGuard(Arc::clone(&progress));
        let trace = extras.trace.clone();
        let exchange = EXCHANGE.scope(Arc::clone(&progress), path.send(outgoing, extras, &progress));
        let mut response = progress.watch(exchange).await??;

        if response.status().is_success() {
            progress.watch(progress.wait_uploaded()).await?;
        }
        let endpoints = Endpoints::found_in(response.extensions());
        let mut slot = match (sharing, slot) {
            (Some(sharing), Some(Slot::Shared(slot))) if response.version() == Version::HTTP_2 => {
                Some(Slot::Shared(sharing.shared(slot)))
            }
            (_, slot) => slot,
        };
        let switched = response.status() == StatusCode::SWITCHING_PROTOCOLS
            || (connect && response.status().is_success());
        let upgrade = match response.extensions_mut().remove::<OnUpgrade>() {
            Some(upgrade) if switched => {
                let io = progress.watch(upgrade).await?.map_err(failure::of_exchange)?;
                Some(Upgraded::new(io, endpoints, pool.generation(), slot.take()))
            }
            _ => None,
        };
        let reuse = returning.filter(|_| upgrade.is_none() && is_kept(&response));
        let reuse = reuse.map(|(returning, origin)| (Arc::clone(returning), origin));
        Ok(Response {
            status: response.status().as_u16(),
            reason: response.extensions().get::<ReasonPhrase>().map(|r| Bytes::copy_from_slice(r.as_bytes())),
            version: response.version(),
            local_addr: endpoints.local,
            remote_addr: endpoints.remote,
            upgrade,
            headers: fields(response.headers()),
            body: ResponseBody::new(
                response,
                timeouts.read,
                upload,
                Connection { generation: pool.generation(), reuse, slot },
                trace,
            ),
        })
    }
}

/// How often a request is sent again at most. Each time uses up a connection of the pool, so only a
/// server that answers one request a connection, asked for many at once, comes near it.
const MAX_REPETITIONS: u32 = 100;

/// The body of a request that may be sent twice, for the second time.
fn body_again(request: &Request) -> Option<Body> {
    match &request.body {
        Body::Empty if request.method.is_idempotent() => Some(Body::Empty),
        Body::Bytes(bytes) if request.method.is_idempotent() => Some(Body::Bytes(bytes.clone())),
        _ => None,
    }
}

/// What a request is sent by.
enum Path<'a> {
    Ordinary(&'a reqwest::Client),
    Direct(&'a Direct),
}

impl Path<'_> {
    async fn send(
        self,
        request: reqwest::Request,
        extras: Extras,
        progress: &Progress,
    ) -> Result<reqwest::Response> {
        match self {
            Self::Ordinary(client) => {
                client.execute(request).await.map_err(|error| failure::of_request(error, progress))
            }
            // Boxed, so that it makes no ordinary exchange larger.
            Self::Direct(direct) => Box::pin(direct.send(request, extras, progress)).await,
        }
    }
}

/// Whether a connection goes back into the pool after this response (RFC 9112 section 9.3).
fn is_kept(response: &reqwest::Response) -> bool {
    let options = response.headers().get_all(header::CONNECTION).iter().map(HeaderValue::as_bytes);
    let mut options = options.flat_map(|options| options.split(|byte| *byte == b','));
    let closes = options.any(|option| option.trim_ascii().eq_ignore_ascii_case(b"close"));
    response.version() == Version::HTTP_11 && !closes
}

/// The request body, checked against the head.
#[derive(Debug)]
enum Outgoing {
    Nothing,
    /// Sent in one go: smaller than what would be told apart as headway.
    Whole(Bytes),
    Pieces(Source),
}

impl Outgoing {
    async fn plan(body: Body, framing: Framing) -> Result<Self> {
        Ok(match body {
            Body::Empty if framing == Framing::Chunked => Self::Pieces(Source::Bytes(Bytes::new())),
            Body::Empty => {
                framing.check(0)?;
                Self::Nothing
            }
            Body::Bytes(bytes) => {
                framing.check(bytes.len())?;
                match framing {
                    Framing::Chunked => Self::Pieces(Source::Bytes(bytes)),
                    _ if bytes.len() > PIECE => Self::Pieces(Source::Bytes(bytes)),
                    _ => Self::Whole(bytes),
                }
            }
            Body::Stream(mut stream) if framing == Framing::Length(0) => {
                // Nothing would ever ask for its data.
                while let Some(chunk) = poll_fn(|cx| stream.poll_recv(cx)).await {
                    if !chunk?.is_empty() {
                        return Err(too_much());
                    }
                }
                Self::Nothing
            }
            Body::Stream(stream) => Self::Pieces(Source::Stream(stream)),
        })
    }

    /// Puts the body into the request; one in pieces is returned, with its length if that is known.
    fn attach(self, request: &mut reqwest::Request, framing: Framing) -> (Option<Source>, Option<u64>) {
        let source = match self {
            Self::Nothing => return (None, None),
            Self::Whole(bytes) => {
                *request.body_mut() = Some(bytes.into());
                return (None, None);
            }
            Self::Pieces(source) => source,
        };
        let length = match (framing, &source) {
            (Framing::Length(length), _) => Some(length),
            (Framing::None, Source::Bytes(bytes)) => Some(bytes.len() as u64),
            (Framing::None, Source::Stream(_)) => {
                // Said here because for some methods no body would be expected.
                request.headers_mut().insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
                None
            }
            (Framing::Chunked, _) => None,
        };
        (Some(source), length)
    }
}
