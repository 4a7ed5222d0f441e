//! Descriptors that Python objects own.

use std::io;
use std::os::fd::{BorrowedFd, RawFd};

/// The descriptor, for one system call.
///
/// # Errors
/// `EBADF` for a negative number.
pub(crate) fn borrow(fd: RawFd) -> io::Result<BorrowedFd<'static>> {
    if fd < 0 {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: the number is not -1. A script may close the Python object that owns it at any time, in another thread
    // even; the kernel then refuses the call, or makes it on the file that has the number by then, as it would for a
    // call from Python. No memory is reached through the number.
    #[expect(unsafe_code, reason = "the descriptor belongs to a Python object")]
    let fd = unsafe { BorrowedFd::borrow_raw(fd) };
    Ok(fd)
}
