//! TCP connections and Unix domain sockets.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::net::{TcpSocket, TcpStream, UnixStream};

use super::super::failure;
use super::super::settings::USER_TIMEOUT;
use super::super::socket_option::{SocketOption, SocketValue};
use super::ConnectorConfig;
use super::resolve::resolve;
use super::stream::{Connection, Endpoints};
use crate::error::{Error, ErrorKind, Result};

/// How long an address has before the next one is tried beside it (RFC 8305 section 5).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Connects to `host` (a name or a literal address, without brackets).
///
/// # Errors
/// `ConnectError`; `Denied` when the policy allows none of the addresses.
pub(super) async fn connect(config: &ConnectorConfig, host: &str, port: u16) -> Result<Connection> {
    config.policy.check_host(host, port)?;
    let mut addresses = resolve(&config.policy, host, port).await?;
    if let Some(local) = config.local_address {
        addresses.retain(|address| address.is_ipv4() == local.is_ipv4());
    }
    let stream = first_of(config, interleaved(addresses)).await?;
    let endpoints = Endpoints { local: stream.local_addr().ok(), remote: stream.peer_addr().ok() };
    Ok(Connection::new(Box::new(stream), endpoints))
}

/// Addresses of both families in turn, beginning with the one that the resolver prefers.
fn interleaved(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_ipv4 = addresses.first().is_some_and(SocketAddr::is_ipv4);
    let (preferred, others): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv4() == first_is_ipv4);
    let mut interleaved = Vec::with_capacity(preferred.len() + others.len());
    let mut others = others.into_iter();
    for address in preferred {
        interleaved.push(address);
        interleaved.extend(others.next());
    }
    interleaved.extend(others);
    interleaved
}

/// The first connection that stands: each address is tried when the one before it failed, or is slow.
async fn first_of(config: &ConnectorConfig, addresses: Vec<SocketAddr>) -> Result<TcpStream> {
    let mut addresses = addresses.into_iter();
    let mut attempts = FuturesUnordered::new();
    let mut failed = None;
    loop {
        let next = addresses.next();
        if let Some(address) = next {
            attempts.push(attempt(config, address));
        }
        let outcome = match addresses.len() {
            0 => attempts.next().await,
            _ => match tokio::time::timeout(ATTEMPT_DELAY, pin!(attempts.next())).await {
                Ok(outcome) => outcome,
                Err(_) => continue,
            },
        };
        match outcome {
            Some(Ok(stream)) => return Ok(stream),
            // The first failure is that of the address that was preferred.
            Some(Err(error)) => drop(failed.get_or_insert(error)),
            None => {
                return Err(failed.unwrap_or_else(|| {
                    Error::new(ErrorKind::ConnectError, "the host has no address that could be used")
                }));
            }
        }
    }
}

async fn attempt(config: &ConnectorConfig, address: SocketAddr) -> Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    let connected = async {
        let socket = socket?;
        socket.set_nodelay(true)?;
        set_option(&socket, &user_timeout())?;
        for option in &config.socket_options {
            set_option(&socket, option)?;
        }
        if let Some(local) = config.local_address {
            socket.bind(SocketAddr::new(local, 0))?;
        }
        #[expect(clippy::disallowed_methods, reason = "the policy has allowed this address")]
        socket.connect(address).await
    };
    connected.await.map_err(failure::of_connecting)
}

/// Connects to a Unix domain socket.
///
/// # Errors
/// `ConnectError`; `Denied` when the policy does not allow it.
pub(super) async fn connect_unix(config: &ConnectorConfig, path: &Path) -> Result<Connection> {
    config.policy.check_unix(path)?;
    #[expect(clippy::disallowed_methods, reason = "the policy was asked just now")]
    let stream = UnixStream::connect(path).await.map_err(failure::of_connecting)?;
    for option in &config.socket_options {
        set_option(&stream, option).map_err(failure::of_connecting)?;
    }
    Ok(Connection::new(Box::new(stream), Endpoints::default()))
}

fn user_timeout() -> SocketOption {
    let value = i32::try_from(USER_TIMEOUT.as_millis()).unwrap_or(i32::MAX);
    SocketOption {
        level: libc::IPPROTO_TCP,
        name: libc::TCP_USER_TIMEOUT,
        value: SocketValue::Integer(value),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns() {
        let parsed = |text: &str| text.parse::<SocketAddr>().expect("an address");
        let given = ["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1", "2.2.2.2:1"].map(parsed);
        let expected = ["[::1]:1", "1.1.1.1:1", "[::2]:1", "2.2.2.2:1", "[::3]:1"].map(parsed);
        assert_eq!(interleaved(given.to_vec()), expected);
        assert_eq!(interleaved(Vec::new()), []);
    }
}
