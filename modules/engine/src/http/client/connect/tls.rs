//! TLS over a connection.

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;

use super::super::failure;
use super::stream::Connection;
use crate::error::{Error, ErrorKind, Result};

/// Speaks TLS over `connection` with the server called `name`. A zone is of this host alone and no
/// part of the name (RFC 6874 section 4).
///
/// # Errors
/// `ConnectError`.
pub(super) async fn start(
    connection: Connection,
    name: &str,
    config: Arc<ClientConfig>,
) -> Result<Connection> {
    let name = name.split_once('%').map_or(name, |(address, _)| address);
    let server = ServerName::try_from(name.to_owned()).map_err(|error| {
        let message = format!("cannot connect to a host called '{name}'");
        Error::new(ErrorKind::ConnectError, message).with_source(error)
    })?;
    let endpoints = connection.endpoints();
    let stream = TlsConnector::from(config).connect(server, connection.into_stream()).await;
    let stream = stream.map_err(failure::of_connecting)?;
    let alpn = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
    Ok(Connection::new(Box::new(stream), endpoints).with_alpn(alpn.as_deref()))
}
