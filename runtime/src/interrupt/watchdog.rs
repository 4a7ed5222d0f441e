//! The one thread of the process that watches deadlines and interrupts threads.
//!
//! The interpreters of a process share one flag that says that a signal has arrived, and the first thread to see
//! it takes it down, whether the signal was for it or not. So the flag is raised repeatedly while an interrupt is
//! pending, and a thread that took it down by mistake raises it again ([`resend`]). As that slows threads down, it
//! is done all the time only for a short period, and at intervals after that, unless the thread to be interrupted
//! is unwinding.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{process, thread};

use super::token::{InterruptReason, InterruptToken, is_same};
use super::wake::{SignalAction, ThreadId, raise_flag};

/// How often threads are signaled while an interrupt is pending.
const POLL_INTERVAL: Duration = Duration::from_millis(1);
/// How long after the request a thread is signaled without a pause: some waits of the interpreter check for signals
/// only every 50 ms.
const FAST_POLL_PERIOD: Duration = Duration::from_millis(120);
/// How long after its last exception a thread counts as unwinding.
const UNWIND_PERIOD: Duration = Duration::from_millis(5);
/// Every how many polls a thread is signaled that does not react: it is inside of a native call.
const RELAY_INTERVAL: u32 = 20;

/// What the threads of one runtime have in common.
pub(super) type Owner = u64;

struct Entry {
    owner: Owner,
    token: Arc<InterruptToken>,
    thread: ThreadId,
    deadline: Option<Instant>,
}

#[derive(Default)]
struct Watched {
    /// The process that has the watchdog thread: not a forked one.
    process: u32,
    entries: Vec<Entry>,
}

static WATCHED: Mutex<Watched> = Mutex::new(Watched { process: 0, entries: Vec::new() });
static CHANGED: Condvar = Condvar::new();

/// Whether a thread that took the flag down by mistake is to raise it again.
static RESENDING: AtomicBool = AtomicBool::new(false);

fn watched() -> MutexGuard<'static, Watched> {
    WATCHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Registers the calling thread, which runs scripts until `deadline`, and [`remove`].
///
/// # Errors
/// When there is a deadline and the watchdog thread cannot be started.
pub(super) fn add(owner: Owner, token: &Arc<InterruptToken>, deadline: Option<Instant>) -> io::Result<()> {
    let mut watched = watched();
    if deadline.is_some() {
        ensure_started(&mut watched)?;
    }
    watched.entries.push(Entry { owner, token: Arc::clone(token), thread: ThreadId::current(), deadline });
    if deadline.is_some() {
        CHANGED.notify_one();
    }
    Ok(())
}

/// Takes back [`add`]. The calling thread is not signaled any more.
pub(super) fn remove(token: &Arc<InterruptToken>) {
    let mut watched = watched();
    watched.entries.retain(|entry| !is_same(&entry.token, token));
    CHANGED.notify_all();
}

/// Changes the deadline of a thread.
///
/// # Errors
/// When there is a deadline and the watchdog thread cannot be started.
pub(super) fn set_deadline(token: &Arc<InterruptToken>, deadline: Option<Instant>) -> io::Result<()> {
    let mut watched = watched();
    let Some(entry) = watched.entries.iter_mut().find(|entry| is_same(&entry.token, token)) else {
        return Ok(());
    };
    entry.deadline = deadline;
    if deadline.is_some() {
        ensure_started(&mut watched)?;
        CHANGED.notify_all();
    }
    Ok(())
}

/// Interrupts every thread of a runtime.
///
/// # Errors
/// When the watchdog thread cannot be started.
pub(super) fn interrupt(owner: Owner, reason: InterruptReason) -> io::Result<()> {
    let mut watched = watched();
    if request(&watched, reason, |entry| entry.owner == owner) {
        ensure_started(&mut watched)?;
        CHANGED.notify_all();
    }
    Ok(())
}

/// Interrupts the threads that scripts of a runtime have started.
///
/// # Errors
/// When the watchdog thread cannot be started.
pub(super) fn interrupt_script_threads(owner: Owner) -> io::Result<()> {
    let mut watched = watched();
    let matches = |entry: &Entry| entry.owner == owner && entry.token.is_script_thread();
    if request(&watched, InterruptReason::Requested, matches) {
        ensure_started(&mut watched)?;
        CHANGED.notify_all();
    }
    Ok(())
}

/// Waits, for `timeout` at most, until a runtime has no entry but the calling thread's. Whether that is so.
pub(super) fn wait_for_others(owner: Owner, timeout: Duration) -> bool {
    let this = ThreadId::current();
    let end = Instant::now() + timeout;
    let mut watched = watched();
    while watched.entries.iter().any(|entry| entry.owner == owner && entry.thread != this) {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        watched = CHANGED.wait_timeout(watched, left).unwrap_or_else(PoisonError::into_inner).0;
    }
    true
}

/// Raises the flag again for the thread that it was raised for.
pub(super) fn resend() {
    if RESENDING.load(Ordering::Relaxed) {
        raise_flag();
    }
}

/// Has the next instruction check for interrupts as well.
pub(super) fn check_next_instruction() {
    RESENDING.store(true, Ordering::Relaxed);
    raise_flag();
}

/// Requests interrupts. Whether there is a thread that matches.
fn request(watched: &Watched, reason: InterruptReason, matches: impl Fn(&Entry) -> bool) -> bool {
    let mut any = false;
    for entry in watched.entries.iter().filter(|entry| matches(entry)) {
        entry.token.request(reason);
        any = true;
    }
    any
}

fn ensure_started(watched: &mut Watched) -> io::Result<()> {
    if watched.process != process::id() {
        thread::Builder::new().name("tauraro-watchdog".to_owned()).spawn(watch)?;
        watched.process = process::id();
    }
    Ok(())
}

fn watch() {
    let mut watched = watched();
    let mut is_polling = false;
    let mut polls: u32 = 0;
    loop {
        let now = Instant::now();
        let is_due = |entry: &&Entry| entry.deadline.is_some_and(|deadline| deadline <= now);
        let due: Vec<Owner> = watched
            .entries
            .iter()
            .filter(is_due)
            .filter(|entry| entry.token.reason().is_none())
            .map(|entry| entry.owner)
            .collect();
        for owner in due {
            request(&watched, InterruptReason::TimedOut, |entry| entry.owner == owner);
        }
        let wait = if watched.entries.iter().any(|entry| entry.token.reason().is_some()) {
            if !is_polling {
                is_polling = true;
                // Each time again: the host may have changed it meanwhile.
                let _ = SignalAction::interrupting().install();
            }
            signal_threads(&watched, polls);
            polls = polls.wrapping_add(1);
            Some(POLL_INTERVAL)
        } else {
            is_polling = false;
            RESENDING.store(false, Ordering::Relaxed);
            let next = watched.entries.iter().filter_map(|entry| entry.deadline).min();
            next.map(|next| next.saturating_duration_since(now))
        };
        watched = match wait {
            // A notification must not make polls more frequent: other threads want the lock.
            Some(wait) if is_polling => {
                drop(watched);
                thread::sleep(wait);
                self::watched()
            }
            Some(wait) => CHANGED.wait_timeout(watched, wait).unwrap_or_else(PoisonError::into_inner).0,
            None => CHANGED.wait(watched).unwrap_or_else(PoisonError::into_inner),
        };
    }
}

/// Wakes the threads that are to be interrupted.
fn signal_threads(watched: &Watched, polls: u32) {
    let pending = || watched.entries.iter().filter(|entry| entry.token.reason().is_some());
    let is_fast = pending().any(|entry| entry.token.needs_fast_polling(FAST_POLL_PERIOD, UNWIND_PERIOD));
    // Two polls of every so many: one raises the flag, and until the next it is raised again by others.
    let is_on = is_fast || polls % RELAY_INTERVAL < 2;
    RESENDING.store(is_on, Ordering::Relaxed);
    if is_on {
        raise_flag();
        for entry in pending() {
            #[expect(unsafe_code, reason = "the thread lives")]
            // SAFETY: a thread removes its entry before it ends, and needs the lock held here to do so.
            unsafe {
                entry.thread.wake();
            }
        }
    }
}
