//! Asking a SOCKS5 proxy for a connection (RFC 1928, RFC 1929).

use std::io;
use std::net::IpAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::super::failure;
use super::stream::Stream;
use crate::error::{Error, ErrorKind, Result};

const VERSION: u8 = 5;
const NO_AUTHENTICATION: u8 = 0;
const USERNAME_PASSWORD: u8 = 2;

/// Has the proxy at the other end of `stream` connect it to `host` and `port`. A name is resolved by
/// the proxy.
///
/// # Errors
/// `ProxyError` when it refuses or answers nonsense, with what it said; `ReadError` and `WriteError`
/// when the connection to it breaks.
pub(super) async fn connect(
    stream: &mut dyn Stream,
    auth: Option<(&[u8], &[u8])>,
    host: &str,
    port: u16,
) -> Result<()> {
    let method = if auth.is_some() { USERNAME_PASSWORD } else { NO_AUTHENTICATION };
    send(stream, &[VERSION, 1, method]).await?;
    let [version, chosen] = receive(stream).await?;
    check_version(version, VERSION)?;
    if chosen != method {
        let (requested, responded) = (method_name(method), method_name(chosen));
        return Err(refused(format!("Requested {requested} from proxy server, but got {responded}.")));
    }
    if let Some((username, password)) = auth {
        let mut message = vec![1];
        push_counted(&mut message, username, "user name")?;
        push_counted(&mut message, password, "password")?;
        send(stream, &message).await?;
        let [_, status] = receive(stream).await?;
        if status != 0 {
            return Err(refused("Invalid username/password"));
        }
    }
    let mut message = vec![VERSION, 1, 0];
    match host.parse() {
        Ok(IpAddr::V4(address)) => {
            message.push(1);
            message.extend(address.octets());
        }
        Ok(IpAddr::V6(address)) => {
            message.push(4);
            message.extend(address.octets());
        }
        Err(_) => {
            message.push(3);
            push_counted(&mut message, host.as_bytes(), "host name")?;
        }
    }
    message.extend(port.to_be_bytes());
    send(stream, &message).await?;
    let [version, reply, _, address_type] = receive(stream).await?;
    check_version(version, VERSION)?;
    if reply != 0 {
        return Err(refused(format!("Proxy Server could not connect: {}.", reply_name(reply))));
    }
    // The address that the proxy connects from, of no use to us.
    let length = match address_type {
        1 => 4,
        4 => 16,
        3 => usize::from(receive::<1>(stream).await?[0]),
        _ => return Err(refused("The proxy server's reply has an address of an unknown type.")),
    };
    let mut rest = [0; 255 + 2];
    let rest = rest.get_mut(..length + 2).unwrap_or_default();
    stream.read_exact(rest).await.map(drop).map_err(broken)
}

async fn send(stream: &mut dyn Stream, message: &[u8]) -> Result<()> {
    let sent = async {
        stream.write_all(message).await?;
        stream.flush().await
    };
    sent.await.map_err(|error| failure::of_io(error, ErrorKind::WriteError))
}

async fn receive<const LENGTH: usize>(stream: &mut dyn Stream) -> Result<[u8; LENGTH]> {
    let mut message = [0; LENGTH];
    stream.read_exact(&mut message).await.map_err(broken)?;
    Ok(message)
}

fn broken(error: io::Error) -> Error {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return refused("The proxy server closed the connection while it was being set up.")
            .with_source(error);
    }
    failure::of_io(error, ErrorKind::ReadError)
}

fn check_version(found: u8, expected: u8) -> Result<()> {
    if found == expected { Ok(()) } else { Err(refused("The proxy server does not speak SOCKS5.")) }
}

/// Appends `value` after its length, one byte.
fn push_counted(message: &mut Vec<u8>, value: &[u8], what: &str) -> Result<()> {
    let Ok(length) = u8::try_from(value.len()) else {
        return Err(refused(format!("The {what} is too long for a SOCKS5 proxy (more than 255 bytes).")));
    };
    message.push(length);
    message.extend(value);
    Ok(())
}

fn refused(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::ProxyError, message)
}

fn method_name(method: u8) -> &'static str {
    match method {
        NO_AUTHENTICATION => "NO AUTHENTICATION REQUIRED",
        1 => "GSSAPI",
        USERNAME_PASSWORD => "USERNAME/PASSWORD",
        0xff => "NO ACCEPTABLE METHODS",
        _ => "UNKNOWN",
    }
}

fn reply_name(reply: u8) -> &'static str {
    match reply {
        1 => "General SOCKS server failure",
        2 => "Connection not allowed by ruleset",
        3 => "Network unreachable",
        4 => "Host unreachable",
        5 => "Connection refused",
        6 => "TTL expired",
        7 => "Command not supported",
        8 => "Address type not supported",
        _ => "unknown reason",
    }
}
