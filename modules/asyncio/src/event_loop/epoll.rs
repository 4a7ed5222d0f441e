//! The loop's epoll instance, which belongs to its selector.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::RawFd;

use rustix::event::Timespec;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::io::Errno;

use crate::fd::borrow;

/// How many descriptors one wait reports; the others are found by the next.
const BATCH: usize = 64;

/// What a descriptor is watched for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Interest {
    pub(crate) readable: bool,
    pub(crate) writable: bool,
}

impl Interest {
    pub(crate) const NONE: Self = Self { readable: false, writable: false };

    fn flags(self) -> EventFlags {
        let mut flags = EventFlags::empty();
        flags.set(EventFlags::IN, self.readable);
        flags.set(EventFlags::OUT, self.writable);
        flags
    }
}

/// A descriptor that is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) fd: RawFd,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
}

/// Waits up to `timeout` milliseconds (without a limit if `None`) for the descriptors that `epoll` watches, and
/// adds those that are ready to `events`.
pub(crate) fn wait(epoll: RawFd, timeout: Option<u32>, events: &mut Vec<Event>) -> io::Result<()> {
    let timeout = timeout.map(|milliseconds| Timespec {
        tv_sec: i64::from(milliseconds / 1000),
        tv_nsec: i64::from(milliseconds % 1000) * 1_000_000,
    });
    let mut buffer = [MaybeUninit::<epoll::Event>::uninit(); BATCH];
    let (ready, _) = epoll::wait(borrow(epoll)?, &mut buffer, timeout.as_ref())?;
    events.extend(ready.iter().map(|event| {
        // As `selectors` does: errors and hang-ups wake readers and writers alike.
        let (flags, data) = (event.flags, event.data);
        Event {
            fd: RawFd::try_from(data.u64() & u64::from(u32::MAX)).unwrap_or(-1),
            readable: !flags.difference(EventFlags::OUT).is_empty(),
            writable: !flags.difference(EventFlags::IN).is_empty(),
        }
    }));
    Ok(())
}

/// Has `epoll` watch `fd` for `after`, given that it watches for `before`.
pub(crate) fn watch(epoll: RawFd, fd: RawFd, before: Interest, after: Interest) -> io::Result<()> {
    if before == after {
        return Ok(());
    }
    let (epoll, source) = (borrow(epoll)?, borrow(fd)?);
    let data = EventData::new_u64(u64::from(fd.unsigned_abs()));
    if after == Interest::NONE {
        return Ok(epoll::delete(epoll, source)?);
    }
    let add = || epoll::add(epoll, source, data, after.flags());
    let modify = || epoll::modify(epoll, source, data, after.flags());
    // A number that was closed and given out again may be known to epoll, or not any more.
    let result = if before == Interest::NONE {
        match add() {
            Err(Errno::EXIST) => modify(),
            result => result,
        }
    } else {
        match modify() {
            Err(Errno::NOENT) => add(),
            result => result,
        }
    };
    Ok(result?)
}
