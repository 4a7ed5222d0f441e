//! Waking a thread that waits in a system call.
//!
//! A signal without `SA_RESTART` ends the call with `EINTR`, upon which the interpreter handles signals before it
//! continues. The signal is `SIGURG`: hardly any program uses it, and its default action is to be ignored.

use std::io;
use std::mem::MaybeUninit;
use std::ptr;

use rustpython_vm::signal::{SignalNum, set_interrupt_ex};

/// The signal that ends system calls.
pub(super) const SIGNAL: libc::c_int = libc::SIGURG;

/// Raises the interpreters' flag, so that running threads check for signals.
pub(super) fn raise_flag() {
    if let Ok(signal) = SignalNum::try_from(SIGNAL) {
        // Sets two atomics: also what a signal handler may do.
        let _ = set_interrupt_ex(signal);
    }
}

extern "C" fn handle_signal(_: libc::c_int) {
    raise_flag();
}

/// What the process does on [`SIGNAL`].
pub(super) struct SignalAction(libc::sigaction);

impl SignalAction {
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
    pub(super) fn interrupting() -> Self {
        // SAFETY: `sigaction` is plain data for which zeros are valid: no flags, an empty mask.
        let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
        action.sa_sigaction = handle_signal as extern "C" fn(libc::c_int) as libc::sighandler_t;
        Self(action)
    }

    /// Makes it the action of the process.
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
pub(super) struct ThreadId(libc::pthread_t);

impl ThreadId {
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
    #[expect(unsafe_code, reason = "only the caller knows that the thread lives")]
    pub(super) unsafe fn wake(self) {
        // SAFETY: the caller guarantees that the thread lives. A failure means that no thread was woken.
        unsafe { libc::pthread_kill(self.0, SIGNAL) };
    }
}

/// Unblocks [`SIGNAL`] in the calling thread. Whether it was blocked.
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
