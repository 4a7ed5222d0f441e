//! System calls on sockets that never block, whatever mode the socket is in.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::RawFd;

use smallvec::SmallVec;
use socket2::SockRef;

use crate::fd::borrow;

/// How many parts one system call takes at most: POSIX promises 16, Linux takes 1024.
pub(super) const MAX_PARTS: usize = 256;

/// Reads what has arrived; 0 at the end of the stream.
pub(super) fn receive(fd: RawFd, buffer: &mut [u8]) -> io::Result<usize> {
    // SAFETY: the bytes stay initialized: `recv` writes none that are not.
    #[expect(unsafe_code, reason = "socket2 only reads into memory that may be uninitialized")]
    let buffer = unsafe { &mut *(std::ptr::from_mut(buffer) as *mut [MaybeUninit<u8>]) };
    receive_uninit(fd, buffer)
}

/// Reads up to `max` bytes into the buffer, which is cleared first and grows as needed.
pub(super) fn receive_into(fd: RawFd, buffer: &mut Vec<u8>, max: usize) -> io::Result<usize> {
    buffer.clear();
    buffer.try_reserve(max)?;
    let spare = buffer.spare_capacity_mut();
    let length = spare.len().min(max);
    let count = receive_uninit(fd, spare.get_mut(..length).unwrap_or_default())?;
    // SAFETY: `recv` has initialized that many bytes, at most as many as there is room for.
    #[expect(unsafe_code, reason = "the buffer would have to be cleared for each read")]
    unsafe {
        buffer.set_len(count);
    }
    Ok(count)
}

fn receive_uninit(fd: RawFd, buffer: &mut [MaybeUninit<u8>]) -> io::Result<usize> {
    SockRef::from(&borrow(fd)?).recv_with_flags(buffer, libc::MSG_DONTWAIT)
}

/// Sends the parts one after the other, as much of them as the system takes; at most [`MAX_PARTS`].
pub(super) fn send(fd: RawFd, parts: &[&[u8]]) -> io::Result<usize> {
    let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    let fd = borrow(fd)?;
    let socket = SockRef::from(&fd);
    if let [part] = parts {
        return socket.send_with_flags(part, flags);
    }
    let slices: SmallVec<[IoSlice<'_>; 16]> =
        parts.iter().take(MAX_PARTS).map(|part| IoSlice::new(part)).collect();
    socket.send_vectored_with_flags(&slices, flags)
}

/// Sends small packets at once instead of waiting for acknowledgements (`TCP_NODELAY`). Sockets of other protocols
/// than TCP are left alone.
pub(super) fn set_no_delay(fd: RawFd) {
    if let Ok(fd) = borrow(fd) {
        // It fails for sockets that are not TCP.
        let _ = SockRef::from(&fd).set_tcp_nodelay(true);
    }
}

/// Ends the sending direction.
pub(super) fn shut_down_writing(fd: RawFd) -> io::Result<()> {
    SockRef::from(&borrow(fd)?).shutdown(Shutdown::Write)
}
