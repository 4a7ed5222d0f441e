//! WebSocket peers in plain Rust, on tokio-tungstenite: a server that echoes, a client, a load, and many that wait.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async, client_async};

use crate::Result;
use crate::report::median;
use crate::websocket::ClientTimes;

const WINDOW: usize = 16;

/// A connection, over TLS or not.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

type Socket = Box<dyn Stream>;
type WebSocket = WebSocketStream<Socket>;

/// Echoes until the listener's task ends.
pub(crate) async fn echo(listener: TcpListener, tls: Option<TlsAcceptor>) {
    while let Ok((stream, _)) = listener.accept().await {
        let tls = tls.clone();
        tokio::spawn(async move {
            stream.set_nodelay(true).ok();
            let socket: Socket = match tls {
                None => Box::new(stream),
                Some(tls) => {
                    let Ok(stream) = tls.accept(stream).await else { return };
                    Box::new(stream)
                }
            };
            let Ok(mut ws) = accept_async(socket).await else { return };
            while let Some(Ok(message)) = ws.next().await {
                if (message.is_text() || message.is_binary()) && ws.send(message).await.is_err() {
                    return;
                }
            }
        });
    }
}

/// Opens connections, over TLS where the URL says so.
#[derive(Clone)]
pub(crate) struct Dialer {
    tls: TlsConnector,
}

impl Dialer {
    /// Trusts the authority in this file.
    pub(crate) fn new(ca: &Path) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(ca)?)?;
        let config =
            ClientConfig::builder_with_provider(rustls::crypto::aws_lc_rs::default_provider().into())
                .with_safe_default_protocol_versions()?
                .with_root_certificates(roots)
                .with_no_client_auth();
        Ok(Self { tls: TlsConnector::from(Arc::new(config)) })
    }

    #[expect(clippy::disallowed_methods, reason = "plain Rust is what this measures")]
    async fn open(&self, url: &str) -> Result<WebSocket> {
        let (scheme, authority) = url.split_once("://").ok_or("not a URL")?;
        let authority = authority.trim_end_matches('/');
        let stream = TcpStream::connect(authority).await?;
        stream.set_nodelay(true)?;
        let socket: Socket = if scheme == "wss" {
            let host = authority.split_once(':').map_or(authority, |(host, _)| host).to_owned();
            Box::new(self.tls.connect(ServerName::try_from(host)?, stream).await?)
        } else {
            Box::new(stream)
        };
        Ok(client_async(url, socket).await?.0)
    }
}

async fn message(ws: &mut WebSocket) -> Result<Message> {
    loop {
        let message = ws.next().await.ok_or("the peer hung up")??;
        if message.is_text() || message.is_binary() {
            return Ok(message);
        }
    }
}

/// Seconds that this process has used of the processor.
fn processor() -> f64 {
    let mut usage = std::mem::MaybeUninit::<libc::timespec>::uninit();
    // SAFETY: the call writes the whole timespec when it returns 0, and the clock exists on every Unix.
    #[expect(unsafe_code, reason = "std has no clock of processor time")]
    let time = unsafe {
        if libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, usage.as_mut_ptr()) != 0 {
            return f64::NAN;
        }
        usage.assume_init()
    };
    #[expect(clippy::cast_precision_loss, reason = "nanoseconds of minutes")]
    let seconds = time.tv_sec as f64 + time.tv_nsec as f64 / 1e9;
    seconds
}

/// What `websocket_client.py` does.
pub(crate) async fn client(
    dialer: &Dialer,
    url: &str,
    round_trips: usize,
    large: usize,
) -> Result<ClientTimes> {
    let mut ws = dialer.open(url).await?;
    let text = "x".repeat(64);
    let mut exchange = async |count: usize, times: &mut Vec<f64>| -> Result<()> {
        for _ in 0..count {
            let started = Instant::now();
            ws.send(Message::text(text.clone())).await?;
            let echo = message(&mut ws).await?;
            times.push(started.elapsed().as_secs_f64());
            if echo.to_text()? != text {
                return Err("the server answered something else".into());
            }
        }
        Ok(())
    };
    exchange(round_trips / 10, &mut Vec::new()).await?;
    let mut times = Vec::with_capacity(round_trips);
    let used = processor();
    exchange(round_trips, &mut times).await?;
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    let cpu = (processor() - used) / round_trips as f64;

    let data: Vec<u8> = (0..=255).cycle().take(65536).collect();
    let started = Instant::now();
    for _ in 0..large / WINDOW {
        for _ in 0..WINDOW {
            ws.send(Message::binary(data.clone())).await?;
        }
        for _ in 0..WINDOW {
            message(&mut ws).await?;
        }
    }
    let took = started.elapsed().as_secs_f64();
    ws.close(None).await?;
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    let throughput = (large / WINDOW * WINDOW) as f64 / 16.0 / took;
    Ok(ClientTimes { round_trip: median(&times), cpu, throughput })
}

/// Seconds that `connections` need for `messages` round trips each, all at once.
pub(crate) async fn load(dialer: &Dialer, url: &str, connections: usize, messages: usize) -> Result<f64> {
    let mut open_ones = Vec::with_capacity(connections);
    for _ in 0..connections {
        open_ones.push(dialer.open(url).await?);
    }
    let started = Instant::now();
    let tasks: Vec<_> = open_ones
        .into_iter()
        .map(|mut ws| {
            tokio::spawn(async move {
                let text = "x".repeat(64);
                for _ in 0..messages {
                    ws.send(Message::text(text.clone())).await.map_err(|error| error.to_string())?;
                    message(&mut ws).await.map_err(|error| error.to_string())?;
                }
                Ok::<_, String>(ws)
            })
        })
        .collect();
    let mut done = Vec::with_capacity(connections);
    for task in tasks {
        done.push(task.await??);
    }
    let took = started.elapsed().as_secs_f64();
    for mut ws in done {
        ws.close(None).await?;
    }
    Ok(took)
}

/// Seconds for opening and closing `count` connections, `at_once` of them at a time.
pub(crate) async fn connections(dialer: &Dialer, url: &str, count: usize, at_once: usize) -> Result<f64> {
    let started = Instant::now();
    let tasks: Vec<_> = (0..at_once)
        .map(|task| {
            let (dialer, url) = (dialer.clone(), url.to_owned());
            let own = count / at_once + usize::from(task < count % at_once);
            tokio::spawn(async move {
                for _ in 0..own {
                    let mut ws = dialer.open(&url).await.map_err(|error| error.to_string())?;
                    ws.close(None).await.map_err(|error| error.to_string())?;
                    // Until the answer has come, and the end.
                    while let Some(Ok(_)) = ws.next().await {}
                }
                Ok::<_, String>(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(started.elapsed().as_secs_f64())
}

/// Connections that only wait.
pub(crate) struct Idle(Vec<WebSocket>);

impl Idle {
    /// Opens so many, and waits until the server has settled.
    pub(crate) async fn open(dialer: &Dialer, url: &str, count: usize) -> Result<Self> {
        let mut all = Vec::with_capacity(count);
        for _ in 0..count {
            all.push(dialer.open(url).await?);
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        Ok(Self(all))
    }

    /// Has `send` send each a message: the seconds it says it took, and those until all have received theirs.
    pub(crate) async fn receive_one(&mut self, send: impl FnOnce() -> Result<f64>) -> Result<(f64, f64)> {
        let started = Instant::now();
        let call = send()?;
        for ws in &mut self.0 {
            message(ws).await?;
        }
        Ok((call, started.elapsed().as_secs_f64()))
    }
}
