//! The policy that every connection of the engine is checked by.
//!
//! It is asked twice for each connection: about the URL before a request is sent (literal addresses in every notation,
//! ports), and about each address after DNS (names), so that a connection is made to exactly what was checked.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use crate::Denial;

/// A connection to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Destination<'a> {
    /// The name or literal address, as in the URL; or `unix:<path>` for a Unix domain socket.
    pub host: &'a str,
    /// The port.
    pub port: u16,
    /// The address, when `host` is a literal or has been resolved. An IPv4 address inside an IPv6
    /// one is given as IPv4.
    pub address: Option<IpAddr>,
}

type Rule = dyn Fn(&Destination<'_>) -> Result<(), String> + Send + Sync;

/// What may be connected to.
#[derive(Clone, Default)]
pub struct Policy {
    rule: Option<Arc<Rule>>,
}

impl Policy {
    /// Everything.
    pub fn allow_all() -> Self {
        Self::default()
    }

    /// Destinations for which `allowed` returns true. It is asked about a name before it is resolved (without an
    /// address) and again about each of its addresses, and must allow all of them.
    pub fn allow_if(allowed: impl Fn(&Destination<'_>) -> bool + Send + Sync + 'static) -> Self {
        Self::decided_by(move |asked| if allowed(asked) { Ok(()) } else { Err(denial_message(asked)) })
    }

    /// As [`allow_if`](Self::allow_if), with its own messages for refusals.
    pub fn decided_by(rule: impl Fn(&Destination<'_>) -> Result<(), String> + Send + Sync + 'static) -> Self {
        Self { rule: Some(Arc::new(rule)) }
    }

    /// May a connection to `host` (name or literal, as in the URL) and `port` be tried?
    ///
    /// # Errors
    /// [`Denial`], naming what was requested.
    pub fn check_host(&self, host: &str, port: u16) -> Result<(), Denial> {
        let Some(rule) = &self.rule else { return Ok(()) };
        let address = literal(host).map(|address| address.to_canonical());
        ask(&**rule, &Destination { host, port, address })
    }

    /// May the Unix domain socket at `path` be connected to? The rule is asked about the host
    /// `unix:<path>` at port 0, without an address.
    ///
    /// # Errors
    /// [`Denial`], naming the path.
    pub fn check_unix(&self, path: &Path) -> Result<(), Denial> {
        let Some(rule) = &self.rule else { return Ok(()) };
        let host = format!("unix:{}", path.display());
        ask(&**rule, &Destination { host: &host, port: 0, address: None })
    }

    /// May this address, to which `host` resolved, be connected to?
    ///
    /// # Errors
    /// [`Denial`], naming what was requested.
    pub fn check_address(&self, host: &str, address: SocketAddr) -> Result<(), Denial> {
        let Some(rule) = &self.rule else { return Ok(()) };
        let (port, address) = (address.port(), address.ip().to_canonical());
        ask(&**rule, &Destination { host, port, address: Some(address) })
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.rule.is_some() { "Policy(rule)" } else { "Policy(allow all)" })
    }
}

fn ask(rule: &Rule, destination: &Destination<'_>) -> Result<(), Denial> {
    rule(destination).map_err(Denial::new)
}

fn denial_message(destination: &Destination<'_>) -> String {
    let Destination { host, port, address } = destination;
    match address {
        Some(address) if address.to_string() != *host => {
            format!("the policy does not allow a connection to {host} port {port} ({address})")
        }
        _ => format!("the policy does not allow a connection to {host} port {port}"),
    }
}

/// The address of a literal host: dotted, decimal, hexadecimal, octal, shortened, or IPv6.
fn literal(host: &str) -> Option<IpAddr> {
    if let Ok(address) = host.parse() {
        return Some(address);
    }
    match url::Host::parse(host) {
        Ok(url::Host::Ipv4(address)) => Some(address.into()),
        Ok(url::Host::Ipv6(address)) => Some(address.into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_notation_of_an_address_is_recognized() {
        let policy = Policy::allow_if(|asked| !asked.address.is_some_and(|address| address.is_loopback()));
        let loopback = [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0x7f.0.0.1",
            "0177.0.0.1",
            "017700000001",
            "::1",
            "[::1]",
            "::ffff:127.0.0.1",
            "::ffff:7f00:1",
        ];
        for host in loopback {
            let error = policy.check_host(host, 80).expect_err(host);
            assert!(error.to_string().contains(host), "{error}");
        }
        for host in ["8.8.8.8", "example.org", "127.example.org", "2001:db8::1"] {
            policy.check_host(host, 80).expect(host);
        }
    }

    #[test]
    fn a_resolved_address_is_checked_with_its_name_and_port() {
        let policy = Policy::allow_if(|asked| asked.port == 443 && asked.host == "example.org");
        let address = |port| SocketAddr::from(([192, 0, 2, 1], port));
        policy.check_address("example.org", address(443)).expect("allowed");
        let error = policy.check_address("example.org", address(80)).expect_err("another port");
        let expected = "the policy does not allow a connection to example.org port 80 (192.0.2.1)";
        assert_eq!(error.to_string(), expected);
        policy.check_address("example.com", address(443)).expect_err("another name");
    }

    #[test]
    fn without_a_rule_everything_is_allowed() {
        Policy::allow_all().check_host("127.0.0.1", 22).expect("allowed");
    }
}
