//! WebSocket peers in plain Rust, on tokio-tungstenite: a server that echoes, a client, a load, and many that wait.

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async, client_async};

use crate::Result;
use crate::report::median;
use crate::websocket::ClientTimes;

const WINDOW: usize = 16;

/// Echoes until the listener's task ends.
pub(crate) async fn echo(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            stream.set_nodelay(true).ok();
            let Ok(mut ws) = accept_async(stream).await else { return };
            while let Some(Ok(message)) = ws.next().await {
                if (message.is_text() || message.is_binary()) && ws.send(message).await.is_err() {
                    return;
                }
            }
        });
    }
}

#[expect(clippy::disallowed_methods, reason = "plain Rust is what this measures")]
async fn open(url: &str) -> Result<WebSocketStream<TcpStream>> {
    let authority = url.trim_start_matches("ws://").trim_end_matches('/');
    let stream = TcpStream::connect(authority).await?;
    stream.set_nodelay(true)?;
    Ok(client_async(url, stream).await?.0)
}

async fn message(ws: &mut WebSocketStream<TcpStream>) -> Result<Message> {
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
pub(crate) async fn client(url: &str, round_trips: usize, large: usize) -> Result<ClientTimes> {
    let mut ws = open(url).await?;
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
pub(crate) async fn load(url: &str, connections: usize, messages: usize) -> Result<f64> {
    let mut open_ones = Vec::with_capacity(connections);
    for _ in 0..connections {
        open_ones.push(open(url).await?);
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

/// Connections that only wait.
pub(crate) struct Idle(Vec<WebSocketStream<TcpStream>>);

impl Idle {
    /// Opens so many, and waits until the server has settled.
    pub(crate) async fn open(url: &str, count: usize) -> Result<Self> {
        let mut all = Vec::with_capacity(count);
        for _ in 0..count {
            all.push(open(url).await?);
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
