//! The one gate of every connection: what may be connected to.
//!
//! It is asked twice for each connection: about the URL before a hop is sent (literal addresses in
//! every spelling, ports), and about each address after DNS (names), so that what was checked is
//! what is connected to.

use std::net::SocketAddr;

use crate::error::Result;

/// What may be connected to.
#[derive(Clone, Debug, Default)]
pub struct Policy {}

impl Policy {
    /// Everything.
    pub fn allow_all() -> Self {
        Self {}
    }

    /// May a connection to `host` (name or literal, as in the URL) and `port` be tried?
    ///
    /// # Errors
    /// [`ErrorKind::Denied`](crate::ErrorKind::Denied), naming what was asked for.
    pub fn check_host(&self, _host: &str, _port: u16) -> Result<()> {
        Ok(())
    }

    /// May this address, to which `host` resolved, be connected to?
    ///
    /// # Errors
    /// [`ErrorKind::Denied`](crate::ErrorKind::Denied), naming what was asked for.
    pub fn check_address(&self, _host: &str, _address: SocketAddr) -> Result<()> {
        Ok(())
    }
}
