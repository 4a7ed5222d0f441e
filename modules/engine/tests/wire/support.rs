//! What the tests share: requests in a line, and servers that send exact bytes.

use std::future::Future;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use tauraro_engine::http::client::{Extras, Request, Response, Timeouts, Transport, TransportConfig};
use tauraro_engine::{Body, Error, ErrorKind, Headers, Result, Url, runtime};
use tauraro_test_server::TestServer;

/// The server that all tests share, unless they count its connections.
pub(crate) static SERVER: LazyLock<TestServer> = LazyLock::new(TestServer::start);

/// Far longer than anything here takes: a test that waits for it has failed.
pub(crate) const LONG: Duration = Duration::from_secs(30);
/// Short enough to wait for.
pub(crate) const SHORT: Duration = Duration::from_millis(80);

pub(crate) fn run<F: Future>(future: F) -> F::Output {
    let outcome = runtime::block_on(async { tokio::time::timeout(LONG, future).await });
    outcome.expect("a runtime").expect("the test hangs")
}

pub(crate) fn transport() -> Transport {
    Transport::new(TransportConfig::default()).expect("a transport")
}

/// One whose connections are of our own making, like those through proxies.
pub(crate) fn direct() -> Transport {
    Transport::new(TransportConfig { retries: 1, ..TransportConfig::default() }).expect("a transport")
}

pub(crate) fn request(method: &str, url: &str) -> Request {
    Request {
        method: Method::from_bytes(method.as_bytes()).expect("a method"),
        url: Url::parse(url).expect(url),
        headers: Headers::new(),
        body: Body::Empty,
        timeouts: Timeouts { connect: Some(LONG), read: Some(LONG), write: Some(LONG), pool: Some(LONG) },
        extras: Extras::default(),
    }
}

pub(crate) fn get(url: &str) -> Request {
    request("GET", url)
}

/// A response with its body.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) head: Response,
    pub(crate) body: Bytes,
}

impl Whole {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }
}

pub(crate) async fn fetch(transport: &Transport, request: Request) -> Result<Whole> {
    let mut head = transport.send(request).await?;
    let body = head.body.read_to_end().await?;
    Ok(Whole { head, body })
}

/// The error of a request that must fail, checked for its kind.
pub(crate) fn failure(outcome: Result<impl std::fmt::Debug>, kind: ErrorKind) -> Error {
    let error = outcome.expect_err("it must fail");
    assert_eq!(error.kind(), kind, "{error} ({error:?})");
    error
}

/// A server that hands each connection to a function on a thread of its own.
pub(crate) struct RawServer {
    address: SocketAddr,
    accepted: Arc<AtomicUsize>,
}

impl RawServer {
    pub(crate) fn start(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback");
        let address = listener.local_addr().expect("an address");
        let accepted = Arc::new(AtomicUsize::new(0));
        let (serve, counter) = (Arc::new(serve), Arc::clone(&accepted));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                counter.fetch_add(1, Ordering::SeqCst);
                let serve = Arc::clone(&serve);
                thread::spawn(move || serve(stream));
            }
        });
        Self { address, accepted }
    }

    /// Answers the first request of each connection with these bytes and closes it.
    pub(crate) fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::start(move |mut stream| {
            read_head(&mut stream);
            // The client may have given up already.
            let _ = stream.write_all(&answer);
        })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

/// Reads up to the end of a request head; fewer bytes if the peer stops before.
pub(crate) fn read_head(stream: &mut TcpStream) -> Vec<u8> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        head.extend_from_slice(&byte);
    }
    head
}
