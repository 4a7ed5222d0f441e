//! Accepting connections and speaking HTTP on them.

use std::convert::Infallible;
use std::io;
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::routes;

/// What is spoken on a listener.
#[derive(Clone)]
pub(crate) enum Protocol {
    /// HTTP as it is.
    Plain,
    /// HTTP in TLS.
    Tls(Arc<ServerConfig>),
    /// One request, answered with its head.
    Raw,
}

/// A connection, as its requests see it.
#[derive(Debug)]
pub(crate) struct Connection {
    /// Connections accepted by the server so far.
    pub(crate) accepted: Arc<AtomicU64>,
    /// Which of them this is, from 1.
    pub(crate) number: u64,
    /// Requests seen on it.
    pub(crate) requests: AtomicU64,
    /// `http` or `https`.
    pub(crate) scheme: &'static str,
    /// The name that the client asked for in TLS.
    pub(crate) sni: Option<String>,
}

impl Connection {
    fn accept(accepted: Arc<AtomicU64>, scheme: &'static str) -> Self {
        let number = accepted.fetch_add(1, Ordering::Relaxed) + 1;
        Self { accepted, number, requests: AtomicU64::new(0), scheme, sni: None }
    }
}

/// Serves every connection of a listener, for ever.
pub(crate) async fn serve(
    socket: TcpListener,
    protocol: Protocol,
    accepted: Arc<AtomicU64>,
) -> io::Result<()> {
    let socket = tokio::net::TcpListener::from_std(socket)?;
    loop {
        let Ok((stream, _)) = socket.accept().await else {
            // Such as too many open files: others may be closed meanwhile.
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            continue;
        };
        let scheme = if matches!(protocol, Protocol::Tls(_)) { "https" } else { "http" };
        let connection = Connection::accept(accepted.clone(), scheme);
        let protocol = protocol.clone();
        tokio::spawn(async move {
            // A connection that fails is the client's affair, and often what its test is about.
            let _ = serve_connection(stream, protocol, connection).await;
        });
    }
}

/// Serves plain HTTP on every connection of a Unix domain socket, for ever.
pub(crate) async fn serve_unix(socket: UnixListener, accepted: Arc<AtomicU64>) -> io::Result<()> {
    let socket = tokio::net::UnixListener::from_std(socket)?;
    loop {
        let Ok((stream, _)) = socket.accept().await else { continue };
        let connection = Connection::accept(accepted.clone(), "http");
        tokio::spawn(serve_http(stream, connection));
    }
}

async fn serve_connection(
    stream: TcpStream,
    protocol: Protocol,
    mut connection: Connection,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    match protocol {
        Protocol::Plain => serve_http(stream, connection).await,
        Protocol::Tls(config) => {
            let stream = TlsAcceptor::from(config).accept(stream).await?;
            connection.sni = stream.get_ref().1.server_name().map(str::to_owned);
            serve_http(stream, connection).await
        }
        Protocol::Raw => serve_raw(stream).await,
    }
}

async fn serve_http<S>(stream: S, connection: Connection) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let connection = Arc::new(connection);
    let service = service_fn(move |request| {
        let connection = connection.clone();
        async move { Ok::<_, Infallible>(routes::answer(request, connection).await) }
    });
    auto::Builder::new(TokioExecutor::new())
        .serve_connection_with_upgrades(TokioIo::new(stream), service)
        .await
        .map_err(io::Error::other)
}

/// Reads a head and sends it back as the body.
async fn serve_raw(mut stream: TcpStream) -> io::Result<()> {
    let mut received = Vec::new();
    let end = loop {
        if stream.read_buf(&mut received).await? == 0 {
            return Ok(());
        }
        if let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
    };
    received.truncate(end);
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {end}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&received).await?;
    // The body, if there is one, is taken before closing: unread data would make it a reset, in
    // which the answer can be lost.
    stream.shutdown().await?;
    tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.map(drop)
}
