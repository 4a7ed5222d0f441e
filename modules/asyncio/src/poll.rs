//! Sleeping until a descriptor is ready.

use std::io;
use std::os::fd::RawFd;

/// How many descriptors one look reports; the others are found by the next.
const BATCH: usize = 64;

/// A descriptor that is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) fd: RawFd,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
}

/// Waits up to `timeout` milliseconds (for ever if negative) for the descriptors that `epoll`
/// watches, and adds those that are ready to `events`.
pub(crate) fn wait(epoll: RawFd, timeout: i32, events: &mut Vec<Event>) -> io::Result<()> {
    let mut buffer = [libc::epoll_event { events: 0, u64: 0 }; BATCH];
    let capacity = i32::try_from(BATCH).unwrap_or(i32::MAX);
    // SAFETY: the buffer lives through the call and has room for `capacity` events.
    #[expect(unsafe_code, reason = "the standard library offers no epoll")]
    let count = unsafe { libc::epoll_wait(epoll, buffer.as_mut_ptr(), capacity, timeout) };
    let Ok(count) = usize::try_from(count) else {
        return Err(io::Error::last_os_error());
    };
    events.extend(buffer.iter().take(count).map(|event| {
        // As `selectors` sees it: errors and hang-ups wake readers and writers alike.
        let (input, output) = (libc::EPOLLIN.cast_unsigned(), libc::EPOLLOUT.cast_unsigned());
        Event {
            fd: RawFd::try_from(event.u64 & u64::from(u32::MAX)).unwrap_or(-1),
            readable: event.events & !output != 0,
            writable: event.events & !input != 0,
        }
    }));
    Ok(())
}
