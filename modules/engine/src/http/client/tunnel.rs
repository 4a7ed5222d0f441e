//! Reading from and writing to a connection that left HTTP behind, from several places at once.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split};
use tokio::sync::{Mutex, Semaphore};
use tokio::time::timeout;

use super::failure;
use super::progress::{read_timed_out, write_timed_out};
use super::upgraded::Upgraded;
use crate::error::{Error, ErrorKind, Result};

/// The most that one read sets aside, whatever it asks for.
const LARGEST_READ: usize = 1 << 20;

/// A connection that left HTTP behind, for one reader and one writer at a time, which do not wait
/// for each other. Dropping it closes the connection.
pub struct Tunnel {
    reader: Mutex<Option<ReadHalf<Upgraded>>>,
    writer: Mutex<Option<WriteHalf<Upgraded>>>,
    /// Has no permits; closed when the tunnel is.
    open: Semaphore,
    local_addr: Option<SocketAddr>,
    remote_addr: Option<SocketAddr>,
}

impl Tunnel {
    /// A tunnel over `connection`.
    pub fn new(connection: Upgraded) -> Self {
        let (local_addr, remote_addr) = (connection.local_addr(), connection.remote_addr());
        let (reader, writer) = split(connection);
        Self {
            reader: Mutex::new(Some(reader)),
            writer: Mutex::new(Some(writer)),
            open: Semaphore::new(0),
            local_addr,
            remote_addr,
        }
    }

    /// Our address.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.local_addr
    }

    /// The peer's address: the proxy's where there is one.
    pub fn remote_addr(&self) -> Option<SocketAddr> {
        self.remote_addr
    }

    /// Reads what has arrived, at least a byte and at most `max` of them; nothing once the peer sends
    /// no more.
    ///
    /// # Errors
    /// `ReadTimeout` when nothing arrives in `limit`; `ReadError` when the connection breaks or is
    /// closed.
    pub async fn read(&self, max: usize, limit: Option<Duration>) -> Result<Bytes> {
        let read = async {
            let mut reader = self.reader.lock().await;
            let reader = reader.as_mut().ok_or_else(|| closed(ErrorKind::ReadError))?;
            let mut data = BytesMut::with_capacity(max.min(LARGEST_READ));
            let mut limited = reader.take(max as u64);
            limited.read_buf(&mut data).await.map_err(|error| broken(ErrorKind::ReadError, error))?;
            Ok(data.freeze())
        };
        self.while_open(read, limit, (ErrorKind::ReadError, read_timed_out)).await
    }

    /// Writes all of `data`.
    ///
    /// # Errors
    /// `WriteTimeout` when the peer does not take it in `limit`, which may have taken a part;
    /// `WriteError` when the connection breaks or is closed.
    pub async fn write(&self, data: Bytes, limit: Option<Duration>) -> Result<()> {
        let write = async {
            let mut writer = self.writer.lock().await;
            let writer = writer.as_mut().ok_or_else(|| closed(ErrorKind::WriteError))?;
            let failed = |error| broken(ErrorKind::WriteError, error);
            writer.write_all(&data).await.map_err(failed)?;
            writer.flush().await.map_err(failed)
        };
        self.while_open(write, limit, (ErrorKind::WriteError, write_timed_out)).await
    }

    /// Closes the connection; whoever waits for it is told so.
    pub async fn close(&self) {
        self.open.close();
        let writer = self.writer.lock().await.take();
        if let Some(mut writer) = writer {
            // It is gone in any case.
            let _ = writer.shutdown().await;
        }
        self.abort();
    }

    /// The same without telling the peer, and without waiting.
    pub fn abort(&self) {
        self.open.close();
        // Whoever holds one of these is on the way out, and will do the same.
        if let Ok(mut reader) = self.reader.try_lock() {
            drop(reader.take());
        }
        if let Ok(mut writer) = self.writer.try_lock() {
            drop(writer.take());
        }
    }

    async fn while_open<T>(
        &self,
        operation: impl Future<Output = Result<T>>,
        limit: Option<Duration>,
        (failure, timed_out): (ErrorKind, fn() -> Error),
    ) -> Result<T> {
        let limited = async {
            match limit {
                None => operation.await,
                Some(limit) => timeout(limit, operation).await.unwrap_or_else(|_| Err(timed_out())),
            }
        };
        tokio::select! {
            biased;
            _ = self.open.acquire() => {
                self.abort();
                Err(closed(failure))
            }
            result = limited => result,
        }
    }
}

impl fmt::Debug for Tunnel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tunnel").field("remote_addr", &self.remote_addr).finish_non_exhaustive()
    }
}

fn closed(kind: ErrorKind) -> Error {
    Error::new(kind, "the connection is closed")
}

fn broken(kind: ErrorKind, error: io::Error) -> Error {
    let message = failure::os_text(&error).unwrap_or_else(|| error.to_string());
    Error::new(kind, message).with_source(error)
}
