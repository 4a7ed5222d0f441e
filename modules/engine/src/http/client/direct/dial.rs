//! Making connections: TCP, Unix domain sockets, and TLS over either.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::vec;

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;
use tower_service::Service;

use super::super::config::TransportConfig;
use super::super::connect::{USER_TIMEOUT, resolve};
use super::super::failure;
use super::super::socket_option::{SocketOption, SocketValue};
use super::wire::{Endpoints, Wire};
use crate::error::{Error, ErrorKind, Result};
use tauraro_permissions::Policy;

/// Connects to `host` (a name or a literal address, without brackets) over TCP.
///
/// # Errors
/// `ConnectError`; `Denied` when the policy allows none of the addresses.
pub(super) async fn tcp(config: &TransportConfig, host: &str, port: u16) -> Result<Wire> {
    config.policy.check_host(host, port)?;
    let shown = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let target = Uri::builder().scheme("http").authority(format!("{shown}:{port}")).path_and_query("/");
    let target = target.build().map_err(|error| unusable(host, error))?;
    let mut connector = HttpConnector::new_with_resolver(Names { policy: Arc::clone(&config.policy), port });
    connector.set_local_address(config.local_address);
    connector.set_nodelay(true);
    connector.set_tcp_user_timeout(Some(USER_TIMEOUT));
    let stream = connector.call(target).await.map_err(failure::of_connecting)?.into_inner();
    set_options(&stream, &config.socket_options)?;
    let endpoints = Endpoints { local: stream.local_addr().ok(), remote: stream.peer_addr().ok() };
    Ok(Wire::new(Box::new(stream), endpoints))
}

/// Connects to a Unix domain socket.
///
/// # Errors
/// `ConnectError`; `Denied` when the policy does not allow it.
pub(super) async fn unix(config: &TransportConfig, path: &Path) -> Result<Wire> {
    config.policy.check_unix(path)?;
    #[expect(clippy::disallowed_methods, reason = "the policy was asked just now")]
    let stream = tokio::net::UnixStream::connect(path).await.map_err(failure::of_connecting)?;
    set_options(&stream, &config.socket_options)?;
    Ok(Wire::new(Box::new(stream), Endpoints::default()))
}

/// Speaks TLS over `wire` with the server called `name`.
///
/// # Errors
/// `ConnectError`.
pub(super) async fn tls(wire: Wire, name: &str, config: Arc<ClientConfig>) -> Result<Wire> {
    let server = ServerName::try_from(name.to_owned()).map_err(|error| unusable(name, error))?;
    let endpoints = wire.endpoints();
    let stream = TlsConnector::from(config).connect(server, wire.into_stream()).await;
    let stream = stream.map_err(failure::of_connecting)?;
    let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    Ok(Wire::new(Box::new(stream), endpoints).speaking(http2))
}

fn unusable(host: &str, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::ConnectError, format!("cannot connect to a host called '{host}'"))
        .with_source(error)
}

/// Resolves for one port under the policy.
#[derive(Clone)]
struct Names {
    policy: Arc<Policy>,
    port: u16,
}

impl Service<Name> for Names {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let Self { policy, port } = self.clone();
        Box::pin(async move { resolve(&policy, name.as_str(), port).await.map(Vec::into_iter) })
    }
}

fn set_options(socket: &impl AsFd, options: &[SocketOption]) -> Result<()> {
    options.iter().try_for_each(|option| {
        set_option(socket, option).map_err(|error| failure::of_io(error, ErrorKind::ConnectError))
    })
}

fn set_option(socket: &impl AsFd, option: &SocketOption) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    use std::ptr;

    let integer;
    let (value, length): (*const libc::c_void, usize) = match &option.value {
        SocketValue::Integer(value) => {
            integer = *value;
            ((&raw const integer).cast(), size_of::<i32>())
        }
        SocketValue::Bytes(bytes) => (bytes.as_ptr().cast(), bytes.len()),
        SocketValue::Null(length) => (ptr::null(), usize::try_from(*length).unwrap_or_default()),
    };
    let length = libc::socklen_t::try_from(length).map_err(|_| {
        io::Error::new(io::ErrorKind::InvalidInput, "the value of a socket option is too long")
    })?;
    // SAFETY: the descriptor is open for as long as it is borrowed; `value` points to `length` bytes
    // that live until the end of this function, or is null, which the kernel checks; nothing is kept.
    #[expect(unsafe_code, reason = "no safe interface takes arbitrary options")]
    let status =
        unsafe { libc::setsockopt(socket.as_fd().as_raw_fd(), option.level, option.name, value, length) };
    if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
