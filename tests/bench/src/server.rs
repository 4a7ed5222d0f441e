//! The server that all contestants talk to: HTTP/1.1 and WebSocket on loopback, as little as there can be.

use std::convert::Infallible;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::{env, io, thread};

use bytes::Bytes;
use futures_util::stream;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tauraro_test_server::Certificates;
use tokio_rustls::TlsAcceptor;

use crate::{Result, peers};

/// The argument that makes this program the server; the paths of a certificate and its key follow.
pub(crate) const ARGUMENT: &str = "--serve";

const CHUNK: usize = 64 * 1024;
const CHUNKS: usize = 128 * 1024 * 1024 / CHUNK;

/// This program again, as the server; it ends with its standard input, that is, with this value.
pub(crate) struct ServerProcess {
    child: Child,
    stdin: Option<ChildStdin>,
    url: String,
    echo_url: String,
    tls_echo_url: String,
    certificates: Certificates,
}

impl ServerProcess {
    /// Starts the server and waits until it listens.
    pub(crate) fn start() -> Result<Self> {
        let certificates = Certificates::make()?;
        let (certificate, key) = certificates.server_paths();
        let mut child = Command::new(env::current_exe()?)
            .arg(ARGUMENT)
            .args([certificate, key])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdin = child.stdin.take();
        let mut urls = [const { String::new() }; 3];
        if let Some(stdout) = child.stdout.take() {
            let mut lines = BufReader::new(stdout);
            for url in &mut urls {
                lines.read_line(url)?;
            }
        }
        let [url, echo_url, tls_echo_url] = urls.map(|url| url.trim().to_owned());
        Ok(Self { child, stdin, url, echo_url, tls_echo_url, certificates })
    }

    /// Where it listens: `http://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Where it echoes WebSocket messages: `ws://127.0.0.1:PORT/`.
    pub(crate) fn echo_url(&self) -> &str {
        &self.echo_url
    }

    /// The same over TLS: `wss://127.0.0.1:PORT/`.
    pub(crate) fn tls_echo_url(&self) -> &str {
        &self.tls_echo_url
    }

    /// Its certificate, and the authority that clients trust.
    pub(crate) fn certificates(&self) -> &Certificates {
        &self.certificates
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

/// Prints the addresses, then serves until standard input ends. The arguments are the certificate and its key.
pub(crate) fn serve_until_stdin_closes(mut arguments: impl Iterator<Item = String>) -> Result<()> {
    let mut path = || arguments.next().ok_or("the server takes a certificate and its key");
    let certificates = CertificateDer::pem_file_iter(path()?)?.collect::<std::result::Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_file(path()?)?;
    let tls = ServerConfig::builder_with_provider(rustls::crypto::aws_lc_rs::default_provider().into())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(certificates, key)?;

    let listen = || -> io::Result<TcpListener> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    };
    let (listener, echoing, echoing_tls) = (listen()?, listen()?, listen()?);
    writeln!(
        io::stdout(),
        "http://{}\nws://{}/\nwss://{}/",
        listener.local_addr()?,
        echoing.local_addr()?,
        echoing_tls.local_addr()?,
    )?;
    thread::spawn(|| serve(listener, echoing, echoing_tls, TlsAcceptor::from(Arc::new(tls))));
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

fn serve(
    listener: TcpListener,
    echoing: TcpListener,
    echoing_tls: TcpListener,
    tls: TlsAcceptor,
) -> io::Result<()> {
    let document = document();
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        tokio::spawn(peers::echo(tokio::net::TcpListener::from_std(echoing)?, None));
        tokio::spawn(peers::echo(tokio::net::TcpListener::from_std(echoing_tls)?, Some(tls)));
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let document = document.clone();
            let service = service_fn(move |request| answer(request, document.clone()));
            // A client that goes away mid-answer is none of our business.
            tokio::spawn(async move {
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    })
}

type Answer = Response<BoxBody<Bytes, Infallible>>;

async fn answer(request: Request<Incoming>, document: Bytes) -> hyper::Result<Answer> {
    Ok(match (request.method(), request.uri().path()) {
        (&Method::GET, "/json") => json(document),
        (&Method::POST, "/json") => {
            let received = request.into_body().collect().await?.to_bytes().len();
            json(format!(r#"{{"received":{received}}}"#).into())
        }
        (&Method::GET, "/download") => download(),
        _ => {
            let mut answer = Response::new(Full::default().boxed());
            *answer.status_mut() = StatusCode::NOT_FOUND;
            answer
        }
    })
}

fn json(content: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(content).boxed());
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

/// 128 MiB in pieces that all are the same memory.
fn download() -> Answer {
    let chunk = Bytes::from(vec![b'x'; CHUNK]);
    let chunks = stream::iter((0..CHUNKS).map(move |_| Ok(Frame::data(chunk.clone()))));
    let mut answer = Response::new(StreamBody::new(chunks).boxed());
    answer.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(CHUNK * CHUNKS));
    answer
}

/// A list of twelve records: 1 KiB of JSON.
fn document() -> Bytes {
    let items: Vec<_> = (0..12)
        .map(|id| {
            serde_json::json!({
                "id": id,
                "name": format!("record {id:02}"),
                "score": f64::from(id) * 1.25,
                "tags": ["alpha", "beta"],
                "open": id % 2 == 0,
            })
        })
        .collect();
    serde_json::json!({ "items": items, "next": null, "padding": "x".repeat(48) }).to_string().into()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_document_is_one_kibibyte() {
        let length = super::document().len();
        assert!((1000..=1048).contains(&length), "{length} bytes");
    }
}
