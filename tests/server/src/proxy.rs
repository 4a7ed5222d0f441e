//! An HTTP proxy: it forwards requests for whole URLs, and opens tunnels.

use std::convert::Infallible;
use std::io;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1 as client;
use hyper::header::{HeaderValue, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, VIA};
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

/// Who is let through where credentials are asked for.
pub(crate) const USER: &str = "user";
/// Their password.
pub(crate) const PASSWORD: &str = "secret";

/// What the proxies were asked for, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<Value>>>);

impl Log {
    fn entries(&self) -> MutexGuard<'_, Vec<Value>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn push(&self, entry: Value) {
        self.entries().push(entry);
    }

    pub(crate) fn read(&self) -> Vec<Value> {
        self.entries().clone()
    }
}

/// How a proxy behaves.
#[derive(Clone)]
pub(crate) struct Proxy {
    /// Whether it speaks TLS itself.
    pub(crate) tls: Option<Arc<ServerConfig>>,
    /// Whether it asks for credentials.
    pub(crate) guarded: bool,
    pub(crate) log: Log,
}

/// Serves every connection of a listener, for ever.
pub(crate) async fn serve(socket: TcpListener, proxy: Proxy) -> io::Result<()> {
    let socket = tokio::net::TcpListener::from_std(socket)?;
    loop {
        let Ok((stream, _)) = socket.accept().await else { continue };
        let proxy = proxy.clone();
        tokio::spawn(async move {
            match proxy.tls.clone() {
                Some(config) => match TlsAcceptor::from(config).accept(stream).await {
                    Ok(stream) => proxy.serve_connection(stream).await,
                    Err(error) => Err(error),
                },
                None => proxy.serve_connection(stream).await,
            }
        });
    }
}

/// The address behind a name: all names that end in `.test` are this machine's, which only a proxy
/// knows.
fn resolve(host: &str) -> &str {
    let is_test = host.rsplit_once('.').is_some_and(|(_, last)| last == "test");
    if is_test { "127.0.0.1" } else { host.trim_start_matches('[').trim_end_matches(']') }
}

/// Connects to where a proxy was asked to connect.
#[expect(clippy::disallowed_methods, reason = "a server of the tests, which no policy binds")]
pub(crate) async fn connect(host: &str, port: u16) -> io::Result<TcpStream> {
    TcpStream::connect((resolve(host), port)).await
}

type Reply = Response<BoxBody<Bytes, hyper::Error>>;

impl Proxy {
    async fn serve_connection<S>(self, stream: S) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let service = service_fn(move |request| {
            let proxy = self.clone();
            async move { Ok::<_, Infallible>(proxy.answer(request).await) }
        });
        server::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades()
            .await
            .map_err(io::Error::other)
    }

    async fn answer(&self, request: Request<Incoming>) -> Reply {
        if request.uri().authority().is_none() && request.uri().path() == "/log" {
            return say(StatusCode::OK, Value::from(self.log.read()).to_string());
        }
        let headers = request.headers().iter();
        let headers: Vec<_> = headers
            .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        self.log.push(json!({
            "method": request.method().as_str(),
            "target": request.uri().to_string(),
            "headers": headers,
        }));
        if self.guarded && !is_authorized(&request) {
            let mut refusal = say(StatusCode::PROXY_AUTHENTICATION_REQUIRED, "who are you?");
            refusal
                .headers_mut()
                .insert(PROXY_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"test\""));
            return refusal;
        }
        let Some(host) = request.uri().host().map(str::to_owned) else {
            return say(StatusCode::BAD_REQUEST, "a proxy is asked for whole URLs");
        };
        if host == "forbidden.test" {
            return say(StatusCode::FORBIDDEN, "not there");
        }
        let port = request.uri().port_u16().unwrap_or(80);
        match connect(&host, port).await {
            Ok(stream) if request.method() == Method::CONNECT => open(request, stream),
            Ok(stream) => forward(request, stream).await.unwrap_or_else(bad_gateway),
            Err(error) => bad_gateway(error),
        }
    }
}

fn is_authorized(request: &Request<Incoming>) -> bool {
    let expected = format!("Basic {}", BASE64_STANDARD.encode(format!("{USER}:{PASSWORD}")));
    request.headers().get(PROXY_AUTHORIZATION).is_some_and(|value| value.as_bytes() == expected.as_bytes())
}

/// Connects the client to `stream` once it has the answer.
fn open(request: Request<Incoming>, mut stream: TcpStream) -> Reply {
    tokio::spawn(async move {
        let mut client = TokioIo::new(hyper::upgrade::on(request).await.map_err(io::Error::other)?);
        tokio::io::copy_bidirectional(&mut client, &mut stream).await.map(drop)
    });
    say(StatusCode::OK, "")
}

/// Sends the request on, without what was meant for the proxy.
async fn forward(mut request: Request<Incoming>, stream: TcpStream) -> hyper::Result<Reply> {
    let path = request.uri().path_and_query().cloned();
    *request.uri_mut() = path.map_or_else(Uri::default, Uri::from);
    let headers = request.headers_mut();
    headers.remove(PROXY_AUTHORIZATION);
    headers.insert(VIA, HeaderValue::from_static("1.1 test-proxy"));
    let (mut sender, connection) = client::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let mut answer = sender.send_request(request).await?;
    answer.headers_mut().insert(VIA, HeaderValue::from_static("1.1 test-proxy"));
    Ok(answer.map(BodyExt::boxed))
}

fn bad_gateway(error: impl std::fmt::Display) -> Reply {
    say(StatusCode::BAD_GATEWAY, error.to_string())
}

fn say(status: StatusCode, text: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Full::new(text.into()).map_err(|never| match never {}).boxed());
    *reply.status_mut() = status;
    reply
}
