//! A socket by its descriptor.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tauraro_bridge::WakeFd;

use super::waiting::lock;

/// What to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Read,
    Write,
    /// Either of them.
    Both,
}

/// How waiting for a socket ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readiness {
    /// The socket is ready.
    Ready,
    /// The handle was closed.
    Closed,
    /// Neither, within the timeout or before a signal arrived.
    NotReady,
}

/// A duplicate of a socket's descriptor: it stays valid while threads use it, whatever becomes of the
/// socket object, and can be taken from them.
#[derive(Debug)]
pub(super) struct SocketHandle {
    /// None when the socket has no descriptor, or none any more.
    socket: Mutex<Option<Arc<OwnedFd>>>,
    wake: WakeFd,
}

impl SocketHandle {
    /// A handle without a socket.
    ///
    /// # Errors
    /// There are too many descriptors.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { socket: Mutex::new(None), wake: WakeFd::new()? })
    }

    /// Duplicates the descriptor of a socket.
    ///
    /// # Errors
    /// There are too many descriptors, or it is not one.
    pub(super) fn open(&self, descriptor: RawFd) -> io::Result<()> {
        let socket = Arc::new(duplicate(descriptor)?);
        *lock(&self.socket) = Some(socket);
        Ok(())
    }

    /// The descriptor, to be used for one call.
    pub(super) fn socket(&self) -> Option<Arc<OwnedFd>> {
        lock(&self.socket).clone()
    }

    /// Ends all waits, now and later, and closes the descriptor as soon as no thread uses it.
    pub(super) fn close(&self) {
        self.wake.signal();
        let socket = lock(&self.socket).take();
        drop(socket);
    }

    /// Ends the stream in both directions, so that threads blocked in a method of the socket return.
    pub(super) fn shutdown_both(&self) {
        if let Some(socket) = self.socket() {
            shutdown(&socket, libc::SHUT_RDWR);
        }
    }

    /// Waits until the socket is ready, without a limit if `timeout` is `None`.
    pub(super) fn wait(
        &self,
        socket: &OwnedFd,
        direction: Direction,
        timeout: Option<Duration>,
    ) -> Readiness {
        let events = match direction {
            Direction::Read => libc::POLLIN,
            Direction::Write => libc::POLLOUT,
            Direction::Both => libc::POLLIN | libc::POLLOUT,
        };
        let watched = |fd, events| libc::pollfd { fd, events, revents: 0 };
        let mut watch = [watched(self.wake.as_raw_fd(), libc::POLLIN), watched(socket.as_raw_fd(), events)];
        // Rounded up, so that a wait does not end early.
        let timeout = timeout
            .map_or(-1, |timeout| i32::try_from(timeout.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX));
        // SAFETY: the array lives through the call, and has the given length.
        #[expect(unsafe_code, reason = "the standard library offers no poll")]
        let count = unsafe { libc::poll(watch.as_mut_ptr(), 2, timeout) };
        let [wake, socket] = watch;
        if count <= 0 {
            Readiness::NotReady
        } else if wake.revents != 0 {
            Readiness::Closed
        } else if socket.revents != 0 {
            Readiness::Ready
        } else {
            Readiness::NotReady
        }
    }
}

/// Receives what is there, without waiting. Returns 0 at the end of the stream.
pub(super) fn receive(socket: &OwnedFd, buffer: &mut [u8]) -> io::Result<usize> {
    // SAFETY: the buffer lives through the call, and has the given length.
    #[expect(unsafe_code, reason = "the standard library reads only in the mode that the socket is in")]
    let count = unsafe {
        libc::recv(socket.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len(), libc::MSG_DONTWAIT)
    };
    usize::try_from(count).map_err(|_| io::Error::last_os_error())
}

/// Sends what the system takes, without waiting.
pub(super) fn send(socket: &OwnedFd, data: &[u8]) -> io::Result<usize> {
    let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    // SAFETY: the data lives through the call, and has the given length.
    #[expect(unsafe_code, reason = "the standard library writes only in the mode that the socket is in")]
    let count = unsafe { libc::send(socket.as_raw_fd(), data.as_ptr().cast(), data.len(), flags) };
    usize::try_from(count).map_err(|_| io::Error::last_os_error())
}

/// Ends the stream in the directions of `how`. Errors are ignored: they mean that it has ended.
pub(super) fn shutdown(socket: &OwnedFd, how: i32) {
    // SAFETY: the call takes no pointers.
    #[expect(unsafe_code, reason = "the standard library shuts down its own sockets only")]
    let _ = unsafe { libc::shutdown(socket.as_raw_fd(), how) };
}

fn duplicate(descriptor: RawFd) -> io::Result<OwnedFd> {
    if descriptor < 0 {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: it is not -1, and borrowed only for the call, which fails if it is not open.
    #[expect(unsafe_code, reason = "the descriptor comes from a Python object")]
    let borrowed = unsafe { BorrowedFd::borrow_raw(descriptor) };
    borrowed.try_clone_to_owned()
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    use super::{Direction, Readiness, SocketHandle, receive, send};

    #[test]
    fn moves_bytes_and_ends_waits_when_closed() {
        let (here, there) = UnixStream::pair().unwrap();
        let (socket_handle, other) = (SocketHandle::new().unwrap(), SocketHandle::new().unwrap());
        assert!(socket_handle.open(-1).is_err());
        socket_handle.open(here.as_raw_fd()).unwrap();
        other.open(there.as_raw_fd()).unwrap();
        drop((here, there));
        let (socket, other) = (socket_handle.socket().unwrap(), other.socket().unwrap());
        let mut buffer = [0; 8];
        assert!(receive(&socket, &mut buffer).is_err());
        assert_eq!(socket_handle.wait(&socket, Direction::Read, Some(Duration::ZERO)), Readiness::NotReady);
        assert_eq!(socket_handle.wait(&socket, Direction::Write, None), Readiness::Ready);
        assert_eq!(send(&other, b"hello").unwrap(), 5);
        assert_eq!(socket_handle.wait(&socket, Direction::Read, None), Readiness::Ready);
        assert_eq!(receive(&socket, &mut buffer).unwrap(), 5);
        socket_handle.close();
        assert!(socket_handle.socket().is_none());
        assert_eq!(socket_handle.wait(&socket, Direction::Read, None), Readiness::Closed);
    }
}
