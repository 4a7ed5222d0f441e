//! System calls on sockets that never wait, whatever the socket was set to.

#![expect(unsafe_code, reason = "the standard library offers none of these for a bare descriptor")]

use std::io;
use std::os::fd::RawFd;
use std::ptr;

/// How many parts one system call takes at most: what POSIX promises is 16, what Linux takes is 1024.
pub(super) const MOST_PARTS: usize = 256;

fn checked(count: isize) -> io::Result<usize> {
    usize::try_from(count).map_err(|_| io::Error::last_os_error())
}

/// Reads what has arrived; nothing at the end of the stream.
pub(super) fn receive(fd: RawFd, buffer: &mut [u8]) -> io::Result<usize> {
    // SAFETY: the buffer lives through the call and is as long as said.
    checked(unsafe { libc::recv(fd, buffer.as_mut_ptr().cast(), buffer.len(), libc::MSG_DONTWAIT) })
}

/// Reads up to `most` bytes into the buffer, which is empty and grows as needed.
pub(super) fn receive_more(fd: RawFd, buffer: &mut Vec<u8>, most: usize) -> io::Result<usize> {
    buffer.clear();
    buffer.try_reserve(most)?;
    let room = buffer.spare_capacity_mut();
    let length = room.len().min(most);
    // SAFETY: the buffer lives through the call and has that much room.
    let count = checked(unsafe { libc::recv(fd, room.as_mut_ptr().cast(), length, libc::MSG_DONTWAIT) })?;
    // SAFETY: the system has written so many bytes, which are not more than there is room for.
    unsafe { buffer.set_len(count) };
    Ok(count)
}

/// Sends the parts one after the other, as much of them as the system takes; at most [`MOST_PARTS`].
pub(super) fn send(fd: RawFd, parts: &[&[u8]]) -> io::Result<usize> {
    let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    if let [part] = parts {
        // SAFETY: the part lives through the call and is as long as said.
        return checked(unsafe { libc::send(fd, part.as_ptr().cast(), part.len(), flags) });
    }
    let mut vectors = [libc::iovec { iov_base: ptr::null_mut(), iov_len: 0 }; MOST_PARTS];
    let mut count = 0;
    for (vector, part) in vectors.iter_mut().zip(parts) {
        *vector = libc::iovec { iov_base: part.as_ptr().cast_mut().cast(), iov_len: part.len() };
        count += 1;
    }
    // SAFETY: all of `msghdr` may be zero: no address, no control data, no flags.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = vectors.as_mut_ptr();
    message.msg_iovlen = count;
    // SAFETY: the first `count` vectors are parts that live through the call, which only reads them.
    checked(unsafe { libc::sendmsg(fd, &raw const message, flags) })
}

/// Sends small packets at once instead of waiting for acknowledgements (`TCP_NODELAY`). For sockets
/// that are not TCP this does nothing.
pub(super) fn set_no_delay(fd: RawFd) {
    let on: libc::c_int = 1;
    let length = libc::socklen_t::try_from(size_of::<libc::c_int>()).unwrap_or_default();
    // SAFETY: the option is an integer that lives through the call. That it may fail is intended.
    let _ =
        unsafe { libc::setsockopt(fd, libc::IPPROTO_TCP, libc::TCP_NODELAY, (&raw const on).cast(), length) };
}

/// Ends the sending direction.
pub(super) fn shut_down_writing(fd: RawFd) -> io::Result<()> {
    // SAFETY: takes no memory.
    if unsafe { libc::shutdown(fd, libc::SHUT_WR) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// What `epoll` tells about a socket.
pub(super) const READABLE: u32 = libc::EPOLLIN.cast_unsigned();
pub(super) const WRITABLE: u32 = libc::EPOLLOUT.cast_unsigned();

/// Has `epoll` watch `fd` for `after`, given that it watches for `before`; zero is not at all.
pub(super) fn watch(epoll: RawFd, fd: RawFd, before: u32, after: u32) -> io::Result<()> {
    match (before, after) {
        (0, 0) => Ok(()),
        (_, 0) => control(epoll, libc::EPOLL_CTL_DEL, fd, 0),
        (0, _) => match control(epoll, libc::EPOLL_CTL_ADD, fd, after) {
            Err(error) if error.raw_os_error() == Some(libc::EEXIST) => {
                control(epoll, libc::EPOLL_CTL_MOD, fd, after)
            }
            result => result,
        },
        (_, _) => match control(epoll, libc::EPOLL_CTL_MOD, fd, after) {
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => {
                control(epoll, libc::EPOLL_CTL_ADD, fd, after)
            }
            result => result,
        },
    }
}

fn control(epoll: RawFd, operation: libc::c_int, fd: RawFd, events: u32) -> io::Result<()> {
    let mut event = libc::epoll_event { events, u64: u64::from(fd.unsigned_abs()) };
    // SAFETY: the event lives through the call.
    if unsafe { libc::epoll_ctl(epoll, operation, fd, &raw mut event) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
