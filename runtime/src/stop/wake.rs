//! Making a thread that waits in a system call look up.
//!
//! A signal without `SA_RESTART` ends the call with `EINTR`, upon which the interpreter asks whether there is
//! something to do before it goes on. The signal is `SIGURG`: hardly any program uses it, and a process that
//! ignores ours does not end.

use std::io;
use std::mem::MaybeUninit;
use std::ptr;

use rustpython_vm::signal::{SignalNum, set_interrupt_ex};

/// The signal that ends system calls.
pub(super) const SIGNAL: libc::c_int = libc::SIGURG;

/// Raises the interpreters' flag, so that whoever runs looks at what happened.
pub(super) fn raise_flag() {
    if let Ok(signal) = SignalNum::try_from(SIGNAL) {
        // Sets two atomics: also what a signal handler may do.
        let _ = set_interrupt_ex(signal);
    }
}

extern "C" fn look_up(_: libc::c_int) {
    raise_flag();
}

/// What the process does on [`SIGNAL`].
pub(super) struct Disposition(libc::sigaction);

impl Disposition {
    /// What it does now.
    #[expect(unsafe_code, reason = "a system call without a safe wrapper among the dependencies")]
    pub(super) fn current() -> io::Result<Self> {
        let mut action = MaybeUninit::uninit();
        // SAFETY: a null new action only asks; the kernel fills `action` when it returns 0.
        unsafe {
            if libc::sigaction(SIGNAL, ptr::null(), action.as_mut_ptr()) != 0 {
                return Err(io::Error::last_os_error());
            }
            Ok(Self(action.assume_init()))
        }
    }

    /// What [`wake`] needs.
    #[expect(unsafe_code, reason = "a C structure without a safe constructor")]
    pub(super) fn looking_up() -> Self {
        // SAFETY: `sigaction` is plain data for which zeros are valid: no flags, an empty mask.
        let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
        action.sa_sigaction = look_up as extern "C" fn(libc::c_int) as libc::sighandler_t;
        Self(action)
    }

    /// Makes it what the process does.
    #[expect(unsafe_code, reason = "a system call without a safe wrapper among the dependencies")]
    pub(super) fn install(&self) -> io::Result<()> {
        // SAFETY: the action is valid: it came from the kernel, or is ours, whose handler only sets atomics.
        if unsafe { libc::sigaction(SIGNAL, &raw const self.0, ptr::null_mut()) } == 0 {
            Ok(())
        } else {
            Err(io::Error::last_os_error())
        }
    }
}

/// A thread that can be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Thread(libc::pthread_t);

impl Thread {
    /// The calling one.
    #[expect(unsafe_code, reason = "a call without a safe wrapper among the dependencies")]
    pub(super) fn current() -> Self {
        // SAFETY: it has no requirements.
        Self(unsafe { libc::pthread_self() })
    }

    /// Ends the system call the thread is in, if any.
    ///
    /// # Safety
    /// The thread has not ended.
    #[expect(unsafe_code, reason = "the thread must live, which only the caller knows")]
    pub(super) unsafe fn wake(self) {
        // SAFETY: the caller says that the thread lives. A failure means that nobody was woken.
        unsafe { libc::pthread_kill(self.0, SIGNAL) };
    }
}

/// Lets [`SIGNAL`] reach the calling thread, and says whether it did not before.
pub(super) fn unblock() -> bool {
    change_mask(libc::SIG_UNBLOCK)
}

/// Takes [`unblock`] back.
pub(super) fn block() {
    change_mask(libc::SIG_BLOCK);
}

/// Changes whether [`SIGNAL`] is blocked in the calling thread. Whether it was.
#[expect(unsafe_code, reason = "a call without a safe wrapper among the dependencies")]
fn change_mask(how: libc::c_int) -> bool {
    let mut set = MaybeUninit::uninit();
    let mut before = MaybeUninit::uninit();
    // SAFETY: `sigemptyset` initialises `set`, `pthread_sigmask` fills `before` when it returns 0.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), SIGNAL);
        libc::pthread_sigmask(how, set.as_ptr(), before.as_mut_ptr()) == 0
            && libc::sigismember(before.as_ptr(), SIGNAL) == 1
    }
}
