//! Counts the forks that led to the running process.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

static COUNT: AtomicU32 = AtomicU32::new(0);

/// The number of forks since the first process; the process's own number where forks cannot be counted.
pub(super) fn count() -> u32 {
    static IS_COUNTED: OnceLock<bool> = OnceLock::new();
    if *IS_COUNTED.get_or_init(install) { COUNT.load(Relaxed) } else { std::process::id() }
}

extern "C" fn in_child() {
    COUNT.fetch_add(1, Relaxed);
}

/// Installs the handler that counts; false when there is no memory for it.
#[expect(unsafe_code, reason = "the standard library has no fork handlers")]
fn install() -> bool {
    // SAFETY: the handler only touches an atomic, so it may run in a child of a process with
    // threads, and it is never unloaded.
    unsafe { libc::pthread_atfork(None, None, Some(in_child)) == 0 }
}
