//! Refusals: the one place for their messages.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::Path;

use crate::NetRule;
use crate::net::{self, Named};

/// A refusal, with what was requested and the flag that would allow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    message: String,
}

impl Denial {
    pub(crate) fn new(message: String) -> Self {
        Self { message }
    }

    pub(crate) fn into_message(self) -> String {
        self.message
    }

    /// A connection to `what`, which `flag` would allow; or denied by a rule.
    pub(crate) fn net(what: &str, flag: &str, rule: Option<&NetRule>) -> Self {
        Self::new(match rule {
            Some(rule) => format!("network access to {what} is denied by --deny-net={rule}"),
            None => format!("network access to {what} is denied; run with --allow-net={flag}"),
        })
    }

    pub(crate) fn other_network(what: &str) -> Self {
        Self::new(format!("network access by {what} is denied; run with --allow-net"))
    }

    pub(crate) fn listen(what: &str) -> Self {
        Self::new(format!("listening at {what} is denied; run with --allow-listen={what}"))
    }

    pub(crate) fn run(what: &str) -> Self {
        Self::new(format!("running {what} is denied; run with --allow-run"))
    }

    pub(crate) fn ffi(what: &str) -> Self {
        Self::new(format!("foreign code by {what} is denied; run with --allow-ffi"))
    }

    pub(crate) fn env(name: &str) -> Self {
        Self::new(format!("environment variable {name} is denied; run with --allow-env={name}"))
    }

    pub(crate) fn read(path: &Path) -> Self {
        let path = path.display();
        Self::new(format!("read access to {path} is denied; run with --allow-read={path}"))
    }

    pub(crate) fn write(path: &Path) -> Self {
        let path = path.display();
        Self::new(format!("write access to {path} is denied; run with --allow-write={path}"))
    }

    pub(crate) fn every_file(what: &str) -> Self {
        Self::new(format!("{what} is denied where only some files may be read or written"))
    }

    pub(crate) fn restricted(what: &str) -> Self {
        Self::new(format!("{what} is denied to a script with restricted permissions"))
    }

    /// Whatever cannot be logged is denied.
    pub(crate) fn not_logged(what: &str, error: &io::Error) -> Self {
        Self::new(format!("{what} is denied: the audit log cannot be written: {error}"))
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Denial {}

/// An address as in a URL.
pub(crate) fn display_address(address: IpAddr) -> String {
    if address.is_ipv6() { format!("[{address}]") } else { address.to_string() }
}

/// A host and its port, in the form of a rule.
pub(crate) fn display_host(host: &str, port: Option<u16>) -> String {
    let host = match net::parse_name(host) {
        Some(Named::Address(address)) => display_address(address),
        Some(Named::Name(name)) => name,
        None => host.to_owned(),
    };
    match port {
        Some(port) => format!("{host}:{port}"),
        None => host,
    }
}
