//! Resolving names with the system's resolver, under the policy.

use std::net::{IpAddr, SocketAddr};

use dns_lookup::{AddrInfoHints, LookupError, getaddrinfo};

use crate::error::{Error, ErrorKind, Result};
use tauraro_permissions::Policy;

/// The addresses of `host` (a name or a literal address, perhaps with a zone) that the policy allows,
/// with `port`.
///
/// # Errors
/// `ConnectError` with the number of the resolver's error for a name that does not resolve, `Denied`
/// when none of its addresses is allowed.
pub(in super::super) async fn resolve(policy: &Policy, host: &str, port: u16) -> Result<Vec<SocketAddr>> {
    let found = match host.parse::<IpAddr>() {
        Ok(address) => vec![SocketAddr::new(address, port)],
        Err(_) => look_up(host.to_owned(), port).await?,
    };
    let mut denied = None;
    let allowed: Vec<SocketAddr> = found
        .into_iter()
        .filter(|address| match policy.check_address(host, *address) {
            Ok(()) => true,
            Err(error) => {
                denied = Some(error);
                false
            }
        })
        .collect();
    match denied {
        Some(error) if allowed.is_empty() => Err(error.into()),
        _ => Ok(allowed),
    }
}

async fn look_up(host: String, port: u16) -> Result<Vec<SocketAddr>> {
    let hints = AddrInfoHints { socktype: libc::SOCK_STREAM, ..AddrInfoHints::default() };
    let service = port.to_string();
    let task = tokio::task::spawn_blocking(move || {
        let found = getaddrinfo(Some(&host), Some(&service), Some(hints)).map_err(unresolved)?;
        // An address of a family that is not known here is of no use.
        Ok(found.filter_map(Result::ok).map(|found| found.sockaddr).collect())
    });
    match task.await {
        Ok(outcome) => outcome,
        Err(error) => {
            Err(Error::new(ErrorKind::ConnectError, "the name could not be resolved").with_source(error))
        }
    }
}

/// As Python's `socket.gaierror` is written.
fn unresolved(error: LookupError) -> Error {
    let number = error.error_num();
    let source = std::io::Error::from(error);
    let text = source.to_string();
    let reason = text.rsplit(": ").next().unwrap_or(&text);
    let message = match source.raw_os_error() {
        Some(number) => format!("[Errno {number}] {}", text.split(" (os error").next().unwrap_or(&text)),
        None => format!("[Errno {number}] {reason}"),
    };
    Error::new(ErrorKind::ConnectError, message).with_source(source)
}
