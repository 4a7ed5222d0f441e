//! A descriptor that a poller watches and any thread can make readable.

use std::fs::File;
use std::io::{self, Read, Write};
#[cfg(not(target_os = "linux"))]
use std::os::fd::OwnedFd;
use std::os::fd::{AsRawFd, RawFd};

/// An eventfd where the system has them, else a pair of connected sockets.
#[derive(Debug)]
pub struct WakeFd {
    read: File,
    #[cfg(not(target_os = "linux"))]
    write: File,
}

impl WakeFd {
    /// A new descriptor, not readable yet.
    ///
    /// # Errors
    /// There are too many descriptors.
    #[cfg(target_os = "linux")]
    pub fn new() -> io::Result<Self> {
        use rustix::event::{EventfdFlags, eventfd};

        let fd = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?;
        Ok(Self { read: File::from(fd) })
    }

    /// A new descriptor, not readable yet.
    ///
    /// # Errors
    /// There are too many descriptors.
    #[cfg(not(target_os = "linux"))]
    pub fn new() -> io::Result<Self> {
        use std::os::unix::net::UnixStream;

        let (read, write) = UnixStream::pair()?;
        read.set_nonblocking(true)?;
        write.set_nonblocking(true)?;
        Ok(Self { read: File::from(OwnedFd::from(read)), write: File::from(OwnedFd::from(write)) })
    }

    #[cfg(target_os = "linux")]
    fn writer(&self) -> &File {
        &self.read
    }

    #[cfg(not(target_os = "linux"))]
    fn writer(&self) -> &File {
        &self.write
    }

    /// Makes the descriptor readable.
    pub fn signal(&self) {
        // It fails only when it is full, and then it is readable already.
        let _ = self.writer().write(&1_u64.to_ne_bytes());
    }

    /// Makes the descriptor unreadable until the next signal.
    pub fn clear(&self) {
        let mut bytes = [0; 512];
        // An eventfd gives all its signals at once; a socket gives as many as fit.
        while let Ok(read) = (&self.read).read(&mut bytes) {
            if read < bytes.len() {
                break;
            }
        }
    }

    /// Sleeps until there is a signal.
    #[cfg(test)]
    pub(crate) fn wait(&self) {
        use std::{thread, time::Duration};

        let mut bytes = [0; 8];
        while (&self.read).read(&mut bytes).is_err() {
            thread::sleep(Duration::from_micros(50));
        }
    }
}

impl AsRawFd for WakeFd {
    fn as_raw_fd(&self) -> RawFd {
        self.read.as_raw_fd()
    }
}
