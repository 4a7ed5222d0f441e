//! The transport: a pool of connections, and one exchange over them.

use super::{Request, Response, TransportConfig};
use crate::error::Result;

/// A pool of connections to any number of hosts. Cheap to share between threads.
#[derive(Debug)]
pub struct Transport;

impl Transport {
    /// A transport with an empty pool; nothing is loaded or connected yet.
    ///
    /// # Errors
    /// `LocalProtocolError` when neither HTTP version is allowed.
    pub fn new(_config: TransportConfig) -> Result<Self> {
        todo!()
    }

    /// Sends one request and waits for the head of its response. Dropping the future cancels it.
    ///
    /// # Errors
    /// Every [`ErrorKind`](crate::ErrorKind) of the network, by phase.
    pub async fn send(&self, _request: Request) -> Result<Response> {
        todo!()
    }
}
