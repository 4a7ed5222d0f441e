//! The HTTP server the tests run against: every kind of answer a client has to cope with, always
//! the same, on loopback only.
//!
//! [`TestServer::start`] brings up these listeners on ports the system chooses:
//!
//! | listener | speaks |
//! |---|---|
//! | [`TestServer::url`] | HTTP/1.1, and HTTP/2 by prior knowledge |
//! | [`TestServer::uds_path`] | the same over a Unix domain socket |
//! | [`TestServer::tls_url`] | the same over TLS, by ALPN; the certificate names `localhost`, `origin.test`, `127.0.0.1` and `::1` |
//! | [`TestServer::mtls_url`] | the same, for clients that show [`TestServer::client_cert_paths`] |
//! | [`TestServer::raw_url`] | answers each connection's first request with the head it received, byte for byte |
//! | [`TestServer::proxy_url`] | an HTTP/1.1 proxy; [`TestServer::tls_proxy_url`] over TLS; [`TestServer::guarded_proxy_url`] for `user` with the password `secret` |
//! | [`TestServer::socks_url`] | a SOCKS5 proxy; [`TestServer::guarded_socks_url`] for the same user |
//!
//! The proxies take every name that ends in `.test` for this machine, but let nobody connect to
//! `forbidden.test`. What they were asked for is to be had from [`TestServer::proxy_log`], and from
//! each HTTP proxy at `/log`: a JSON list of `method` (`SOCKS5` too), `target` and `headers` (pairs).
//! They add `Via: 1.1 test-proxy` to what they forward and to its answer.
//!
//! The first four have these routes, each for every method unless it says otherwise. `{x}` is a
//! path segment, `?x=` a query parameter, with its default after the sign where there is one.
//!
//! | route | answer |
//! |---|---|
//! | `/echo` | JSON of the request: `method`, `target`, `path`, `query` (pairs), `version`, `scheme`, `sni` (or null), `authority`, `headers` (pairs), `size`, `text` (or null), `base64`, `form` (pairs, or null) |
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
//! | `/upgrade` | 101 to the protocol `echo`, which sends back what it gets |
//! | `/trace` | the head of the request as `message/http` |
//! | `/upload?delay-ms=0` | JSON of the body: `size`, `crc32`, `chunks`; waits `delay-ms` before taking each |

mod body;
mod certificates;
mod encoding;
mod listener;
mod proxy;
mod routes;
mod socks;

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

pub use certificates::Certificates;
use serde_json::Value;
use tokio::sync::oneshot;

use listener::Protocol;
use proxy::{Log, Proxy};

/// A running server. It stops when dropped, and takes its certificates along.
pub struct TestServer {
    plain: SocketAddr,
    tls: SocketAddr,
    mtls: SocketAddr,
    raw: SocketAddr,
    proxy: SocketAddr,
    tls_proxy: SocketAddr,
    guarded_proxy: SocketAddr,
    socks: SocketAddr,
    guarded_socks: SocketAddr,
    uds: PathBuf,
    log: Log,
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
        let (open_proxy, proxy_addr) = bind()?;
        let (tls_proxy, tls_proxy_addr) = bind()?;
        let (guarded_proxy, guarded_proxy_addr) = bind()?;
        let (open_socks, socks_addr) = bind()?;
        let (guarded_socks, guarded_socks_addr) = bind()?;
        let uds = certificates.folder().join("http.sock");
        let unix = UnixListener::bind(&uds)?;
        unix.set_nonblocking(true)?;
        let log = Log::default();
        let listeners = [
            (plain, Protocol::Plain),
            (tls, Protocol::Tls(certificates.server_config(false)?)),
            (mtls, Protocol::Tls(certificates.server_config(true)?)),
            (raw, Protocol::Raw),
        ];
        let open = Proxy { tls: None, guarded: false, log: log.clone() };
        let proxies = [
            (tls_proxy, Proxy { tls: Some(certificates.http1_config()?), ..open.clone() }),
            (guarded_proxy, Proxy { guarded: true, ..open.clone() }),
            (open_proxy, open),
        ];
        let all_socks = [(open_socks, false), (guarded_socks, true)];

        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        let (counter, entries) = (accepted.clone(), log.clone());
        let thread = std::thread::Builder::new().name("test-server".into()).spawn(move || {
            runtime.block_on(async {
                for (socket, protocol) in listeners {
                    tokio::spawn(listener::serve(socket, protocol, counter.clone()));
                }
                tokio::spawn(listener::serve_unix(unix, counter));
                for (socket, proxy) in proxies {
                    tokio::spawn(proxy::serve(socket, proxy));
                }
                for (socket, guarded) in all_socks {
                    tokio::spawn(socks::serve(socket, guarded, entries.clone()));
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
            proxy: proxy_addr,
            tls_proxy: tls_proxy_addr,
            guarded_proxy: guarded_proxy_addr,
            socks: socks_addr,
            guarded_socks: guarded_socks_addr,
            uds,
            log,
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

    /// The URL of the HTTP proxy.
    pub fn proxy_url(&self) -> String {
        format!("http://{}", self.proxy)
    }

    /// The URL of the HTTP proxy that is reached over TLS.
    pub fn tls_proxy_url(&self) -> String {
        format!("https://{}", self.tls_proxy)
    }

    /// The URL of the HTTP proxy that asks for credentials, without them.
    pub fn guarded_proxy_url(&self) -> String {
        format!("http://{}", self.guarded_proxy)
    }

    /// The URL of the SOCKS5 proxy.
    pub fn socks_url(&self) -> String {
        format!("socks5://{}", self.socks)
    }

    /// The URL of the SOCKS5 proxy that asks for credentials, without them.
    pub fn guarded_socks_url(&self) -> String {
        format!("socks5://{}", self.guarded_socks)
    }

    /// The path of the Unix domain socket.
    pub fn uds_path(&self) -> &Path {
        &self.uds
    }

    /// What the proxies were asked for so far.
    pub fn proxy_log(&self) -> Vec<Value> {
        self.log.read()
    }

    /// What the tests of one process are told of the server, as environment variables.
    pub fn environment(&self) -> Vec<(&'static str, OsString)> {
        let (certificate, key) = self.client_cert_paths();
        vec![
            ("TAURARO_TEST_HTTP", self.url("").into()),
            ("TAURARO_TEST_HTTPS", self.tls_url("").into()),
            ("TAURARO_TEST_MTLS", self.mtls_url("").into()),
            ("TAURARO_TEST_RAW", self.raw_url("").into()),
            ("TAURARO_TEST_UDS", self.uds_path().into()),
            ("TAURARO_TEST_PROXY", self.proxy_url().into()),
            ("TAURARO_TEST_PROXY_TLS", self.tls_proxy_url().into()),
            ("TAURARO_TEST_PROXY_GUARDED", self.guarded_proxy_url().into()),
            ("TAURARO_TEST_SOCKS", self.socks_url().into()),
            ("TAURARO_TEST_SOCKS_GUARDED", self.guarded_socks_url().into()),
            ("TAURARO_TEST_CA", self.ca_pem_path().into()),
            ("TAURARO_TEST_CERTIFICATES", self.certificates.folder().into()),
            ("TAURARO_TEST_CLIENT_CERT", certificate.into()),
            ("TAURARO_TEST_CLIENT_KEY", key.into()),
        ]
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
