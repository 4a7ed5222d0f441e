//! A web server in Rust whose requests are answered by Python coroutines: `cargo example http_server`, and
//! with `-- --demo` it asks itself a few questions and ends.

use std::convert::Infallible;
use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tauraro::{ErrorKind, Runtime, RuntimeHandle, ScriptError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// The application. Requests take turns on one event loop.
const APPLICATION: &str = "
import asyncio

visits = 0

async def handle(method, path, body):
    global visits
    visits += 1
    if path == '/slow':
        await asyncio.sleep(0.05)
        return 200, 'slept while others were served'
    if path == '/spin':
        while True:
            pass
    if path == '/echo':
        return 200, body.upper()
    if path == '/':
        return 200, f'visit {visits} by {method}'
    return 404, f'nothing at {path}'
";

/// What a request may take, the first one's imports included.
const TIME_LIMIT: Duration = Duration::from_secs(2);

/// How large the body of a request may be.
const LARGEST_BODY: usize = 64 * 1024;

type Failure = Box<dyn Error + Send + Sync>;

async fn respond(
    request: Request<Incoming>,
    python: RuntimeHandle,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (status, text) = match ask(request, python).await {
        Ok((status, text)) => (StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY), text),
        Err(error) => match error.downcast_ref::<ScriptError>().map(ScriptError::kind) {
            Some(ErrorKind::TimedOut) => (StatusCode::GATEWAY_TIMEOUT, "too slow".to_owned()),
            Some(_) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
            None => (StatusCode::BAD_REQUEST, error.to_string()),
        },
    };
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    Ok(response)
}

async fn ask(request: Request<Incoming>, python: RuntimeHandle) -> Result<(u16, String), Failure> {
    let method = request.method().to_string();
    let path = request.uri().path().to_owned();
    let body = Limited::new(request.into_body(), LARGEST_BODY).collect().await?.to_bytes();
    let body = String::from_utf8(body.to_vec())?;
    // A client that goes away drops this future, which cancels the coroutine.
    Ok(python.call_async("handle", (method, path, body)).await?)
}

async fn serve(listener: TcpListener, python: RuntimeHandle) -> Result<(), Failure> {
    loop {
        let (connection, _) = listener.accept().await?;
        let python = python.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| respond(request, python.clone()));
            let server = auto::Builder::new(TokioExecutor::new());
            // An error of one connection does not affect others.
            let _ = server.serve_connection(TokioIo::new(connection), service).await;
        });
    }
}

/// Asks the server for `path`. The status and the body of the answer.
#[expect(clippy::disallowed_methods, reason = "a client of the example's own server, no script's connection")]
async fn get(port: u16, path: &str, body: &str) -> Result<(String, String), Failure> {
    let mut connection = TcpStream::connect(("127.0.0.1", port)).await?;
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    connection.write_all(request.as_bytes()).await?;
    let mut response = String::new();
    connection.read_to_string(&mut response).await?;
    let (head, body) = response.split_once("\r\n\r\n").ok_or("no response")?;
    let status = head.split(' ').nth(1).ok_or("no status")?;
    Ok((status.to_owned(), body.to_owned()))
}

async fn demonstrate(port: u16) -> Result<(), Failure> {
    let first = get(port, "/", "").await?;
    // It never ends by itself, and keeps the others from their turn until it is stopped.
    let spun = get(port, "/spin", "").await?;
    // These take turns.
    let (slow, echoed, missing) =
        tokio::try_join!(get(port, "/slow", ""), get(port, "/echo", "hello"), get(port, "/missing", ""))?;
    for (path, (status, body)) in
        [("/", &first), ("/spin", &spun), ("/slow", &slow), ("/echo", &echoed), ("/missing", &missing)]
    {
        say(&format!("{path:<10} {status} {body}"));
    }
    assert_eq!((first.0.as_str(), first.1.as_str()), ("200", "visit 1 by POST"));
    assert_eq!(spun.0, "504");
    assert_eq!((echoed.0.as_str(), echoed.1.as_str()), ("200", "HELLO"));
    assert_eq!((missing.0.as_str(), missing.1.as_str()), ("404", "nothing at /missing"));
    assert_eq!(slow.0, "200");
    Ok(())
}

pub(crate) async fn run(demo: bool) -> Result<(), Failure> {
    let python = Runtime::builder().time_limit(TIME_LIMIT).spawn().await?;
    python.with(|runtime| runtime.run_string(APPLICATION, "application.py")).await??;

    let listener = TcpListener::bind(("127.0.0.1", if demo { 0 } else { 8000 })).await?;
    let address = listener.local_addr()?;
    say(&format!("serving on http://{address}"));
    let serving = serve(listener, python.clone());
    if !demo {
        return serving.await;
    }
    let serving = tokio::spawn(serving);
    demonstrate(address.port()).await?;
    serving.abort();
    python.finish().await;
    Ok(())
}

pub(crate) fn main() -> Result<(), Failure> {
    let demo = std::env::args().any(|argument| argument == "--demo");
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(run(demo))
}

#[expect(clippy::print_stdout, reason = "an example shows what it does")]
fn say(line: &str) {
    println!("{line}");
}
