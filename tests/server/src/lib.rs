//! The HTTP server the tests run against: every kind of answer a client has to cope with, always
//! the same, on loopback only.
//!
//! [`TestServer::start`] brings up four listeners on ports the system chooses:
//!
//! | listener | speaks |
//! |---|---|
//! | [`TestServer::url`] | HTTP/1.1, and HTTP/2 by prior knowledge |
//! | [`TestServer::tls_url`] | the same over TLS, by ALPN; the certificate names `localhost`, `127.0.0.1` and `::1` |
//! | [`TestServer::mtls_url`] | the same, for clients that show [`TestServer::client_cert_paths`] |
//! | [`TestServer::raw_url`] | answers each connection's first request with the head it received, byte for byte |
//!
//! The first three have these routes, each for every method unless it says otherwise. `{x}` is a
//! path segment, `?x=` a query parameter, with its default after the sign where there is one.
//!
//! | route | answer |
//! |---|---|
//! | `/echo` | JSON of the request: `method`, `target`, `path`, `query` (pairs), `version`, `scheme`, `authority`, `headers` (pairs), `size`, `text` (or null), `base64`, `form` (pairs, or null) |
//! | `/headers` | JSON: `headers` (pairs) of the request |
//! | `/response-headers?{name}={value}` | these header fields (repeatable) and an empty body |
//! | `/status/{code}?reason=` | that status, its standard phrase as text, and `reason` as the phrase on the wire |
//! | `/no-content` | 204 |
//! | `/head-only` | to HEAD 200 with `Content-Length: 42`, to the rest 405 |
//! | `/early` | 413 at once; the request's body is taken and forgotten |
//! | `/close` | 200 and `Connection: close` |
//! | `/connections` | JSON: `accepted` connections so far, the number of this `connection`, `requests` on it so far |
//! | `/redirect/{n}?status=302` | a relative redirect to `/redirect/{n-1}` (keeping `status`), 200 at 0 |
//! | `/redirect-loop` | 302 to itself |
//! | `/redirect-to?url=&status=302` | a redirect to exactly that |
//! | `/cookies` | JSON: `cookies`, an object of those received |
//! | `/cookies/set?{name}={value}` | sets these, with `Path=/` |
//! | `/basic-auth/{user}/{password}` | 200 with JSON `user` for those credentials, else 401 with a `Basic` challenge |
//! | `/json` | a JSON document of 1024 bytes |
//! | `/bytes/{n}` | `n` bytes, byte `i` being `i % 251`, with `Content-Length` |
//! | `/chunked/{n}?size=1000` | the same in chunks of `size` (at most 65536) without a length |
//! | `/slow-head?ms=1000` | 200, that much later |
//! | `/slow-body?ms=1000&chunks=2` | `chunk 0\n`, `chunk 1\n`..., each but the first that much later |
//! | `/drip?bytes=10&ms=10` | bytes one by one, that much apart, with `Content-Length` |
//! | `/hang` | nothing, for ever |
//! | `/cut?after=10&length=1000` | breaks the connection after that many bytes of `length` declared ones |
//! | `/cut-chunked?after=10` | breaks the connection in a chunked body |
//! | `/encoded/{codings}?size=` | JSON (`coding`, `text`) in `gzip`, `deflate`, `raw-deflate` (said to be `deflate`), `br`, `zstd`, or several with commas, first applied first; or with `size` that many bytes of the pattern of `/bytes` |
//! | `/bomb/{coding}?size=1073741824` | that many zeros in one of these codings |
//! | `/bad-encoding?coding=gzip` | junk that is said to be in `coding` |
//! | `/cut-encoded/{codings}` | the first half of the body of `/encoded/{codings}` |
//! | `/text?charset=` | a text that `charset` can write, in it: one of `utf-8`, `utf-8-sig`, `iso-8859-1`, `iso-8859-2`, `windows-1252`, `koi8-r`, `shift_jis`, `gbk`, `utf-16`; without it in UTF-8 with no charset given |
//! | `/lines` | lines with every kind of break, chunked within a CR LF |
//! | `/link` | a `Link` header with `next` and `last` |
//! | `/sse` | three server-sent events, in two chunks |
//! | `/upload?delay-ms=0` | JSON of the body: `size`, `crc32`, `chunks`; waits `delay-ms` before taking each |

mod body;
mod certificates;
mod encoding;
mod listener;
mod routes;

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use certificates::Certificates;
use listener::Protocol;

/// A running server. It stops when dropped, and takes its certificates along.
pub struct TestServer {
    plain: SocketAddr,
    tls: SocketAddr,
    mtls: SocketAddr,
    raw: SocketAddr,
    certificates: Certificates,
    accepted: Arc<AtomicU64>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl TestServer {
    /// Starts a server on a thread of its own.
    ///
    /// # Panics
    /// When loopback or the folder for temporary files cannot be used: no test can run then.
    pub fn start() -> Self {
        Self::try_start().expect("the test server needs loopback and a folder for temporary files")
    }

    fn try_start() -> io::Result<Self> {
        let certificates = Certificates::make()?;
        let accepted = Arc::new(AtomicU64::new(0));
        let (plain, plain_addr) = bind()?;
        let (tls, tls_addr) = bind()?;
        let (mtls, mtls_addr) = bind()?;
        let (raw, raw_addr) = bind()?;
        let listeners = [
            (plain, Protocol::Plain),
            (tls, Protocol::Tls(certificates.server_config(false)?)),
            (mtls, Protocol::Tls(certificates.server_config(true)?)),
            (raw, Protocol::Raw),
        ];

        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let counter = accepted.clone();
        let thread = std::thread::Builder::new().name("test-server".into()).spawn(move || {
            runtime.block_on(async {
                for (socket, protocol) in listeners {
                    tokio::spawn(listener::serve(socket, protocol, counter.clone()));
                }
                // An error means that the handle is gone, which is a reason to stop too.
                let _ = stopped.await;
            });
        })?;

        Ok(Self {
            plain: plain_addr,
            tls: tls_addr,
            mtls: mtls_addr,
            raw: raw_addr,
            certificates,
            accepted,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The URL of `path` (with its leading slash) over plain HTTP.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.plain)
    }

    /// The URL of `path` over TLS.
    pub fn tls_url(&self, path: &str) -> String {
        format!("https://{}{path}", self.tls)
    }

    /// The URL of `path` over TLS with a client certificate.
    pub fn mtls_url(&self, path: &str) -> String {
        format!("https://{}{path}", self.mtls)
    }

    /// The URL of `path` on the listener that answers with the request's head as it came.
    pub fn raw_url(&self, path: &str) -> String {
        format!("http://{}{path}", self.raw)
    }

    /// The address of the plain listener.
    pub fn addr(&self) -> SocketAddr {
        self.plain
    }

    /// The PEM file of the authority that signed the server's certificate.
    pub fn ca_pem_path(&self) -> &Path {
        self.certificates.ca_path()
    }

    /// The PEM files of a client certificate and of its key.
    pub fn client_cert_paths(&self) -> (&Path, &Path) {
        self.certificates.client_paths()
    }

    /// How many connections were accepted so far, over all listeners.
    pub fn connections(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for TestServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestServer")
            .field("plain", &self.plain)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn bind() -> io::Result<(TcpListener, SocketAddr)> {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.set_nonblocking(true)?;
    let address = socket.local_addr()?;
    Ok((socket, address))
}
