//! One thread for the process that looks at deadlines, and reminds who is to stop.
//!
//! The interpreters of a process share one flag that says that something happened, and whoever sees it first
//! takes it down, be it meant or not. So it is raised again and again while somebody is to stop, and who is
//! not meant raises it anew ([`relay`]). As that slows them down, they do so for a while only and then in
//! short intervals, unless whom it is meant for is on the way out.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::{process, thread};

use super::target::{Reason, Target, is_same};
use super::wake::{Disposition, Thread, raise_flag};

/// How far apart reminders are.
const TICK: Duration = Duration::from_millis(1);
/// How long after it was asked a thread is reminded without a pause: there are waits in the interpreter that look
/// around only every 50 ms.
const EAGER: Duration = Duration::from_millis(120);
/// How long after its last exception it is taken to be on its way out.
const LEAVING: Duration = Duration::from_millis(5);
/// How many ticks pass between reminders of a thread that does not react: it is inside of a native call.
const PATIENT: u32 = 20;

/// What the threads of one runtime have in common, to be told from others.
pub(super) type Owner = u64;

struct Entry {
    owner: Owner,
    target: Arc<Target>,
    thread: Thread,
    deadline: Option<Instant>,
}

#[derive(Default)]
struct Watched {
    /// The process that has the thread: not a forked one.
    process: u32,
    entries: Vec<Entry>,
}

static WATCHED: Mutex<Watched> = Mutex::new(Watched { process: 0, entries: Vec::new() });
static CHANGED: Condvar = Condvar::new();

/// Whether those who are not meant are to raise the flag again.
static RELAYING: AtomicBool = AtomicBool::new(false);

fn watched() -> MutexGuard<'static, Watched> {
    WATCHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The calling thread runs scripts from now on, until `deadline`, and [`remove`].
///
/// # Errors
/// When there is a deadline and no thread to look at it can be started.
pub(super) fn add(owner: Owner, target: &Arc<Target>, deadline: Option<Instant>) -> io::Result<()> {
    let mut watched = watched();
    if deadline.is_some() {
        start(&mut watched)?;
    }
    watched.entries.push(Entry { owner, target: Arc::clone(target), thread: Thread::current(), deadline });
    if deadline.is_some() {
        CHANGED.notify_one();
    }
    Ok(())
}

/// The calling thread is done with what [`add`] was told of. It is not woken any more.
pub(super) fn remove(target: &Arc<Target>) {
    let mut watched = watched();
    watched.entries.retain(|entry| !is_same(&entry.target, target));
    CHANGED.notify_all();
}

/// Changes until when a thread may run scripts.
///
/// # Errors
/// When there is a deadline and no thread to look at it can be started.
pub(super) fn set_deadline(target: &Arc<Target>, deadline: Option<Instant>) -> io::Result<()> {
    let mut watched = watched();
    let Some(entry) = watched.entries.iter_mut().find(|entry| is_same(&entry.target, target)) else {
        return Ok(());
    };
    entry.deadline = deadline;
    if deadline.is_some() {
        start(&mut watched)?;
        CHANGED.notify_all();
    }
    Ok(())
}

/// Asks every thread of a runtime to stop.
///
/// # Errors
/// When no thread to remind them can be started.
pub(super) fn stop(owner: Owner, reason: Reason) -> io::Result<()> {
    let mut watched = watched();
    if ask(&watched, reason, |entry| entry.owner == owner) {
        start(&mut watched)?;
        CHANGED.notify_all();
    }
    Ok(())
}

/// Asks the threads that scripts of a runtime have started.
///
/// # Errors
/// When no thread to remind them can be started.
pub(super) fn stop_threads(owner: Owner) -> io::Result<()> {
    let mut watched = watched();
    if ask(&watched, Reason::Stopped, |entry| entry.owner == owner && entry.target.is_thread()) {
        start(&mut watched)?;
        CHANGED.notify_all();
    }
    Ok(())
}

/// Waits until a runtime has at most the calling thread's entry, and for `patience` at most. Whether it has.
pub(super) fn wait_for_others(owner: Owner, patience: Duration) -> bool {
    let this = Thread::current();
    let end = Instant::now() + patience;
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

/// Raises the flag again for whoever was meant.
pub(super) fn relay() {
    if RELAYING.load(Ordering::Relaxed) {
        raise_flag();
    }
}

/// The next instruction is to raise as well.
pub(super) fn press() {
    RELAYING.store(true, Ordering::Relaxed);
    raise_flag();
}

/// Asks threads to stop. Whether there are any.
fn ask(watched: &Watched, reason: Reason, which: impl Fn(&Entry) -> bool) -> bool {
    let mut any = false;
    for entry in watched.entries.iter().filter(|entry| which(entry)) {
        entry.target.ask(reason);
        any = true;
    }
    any
}

fn start(watched: &mut Watched) -> io::Result<()> {
    if watched.process != process::id() {
        thread::Builder::new().name("tauraro-watchdog".to_owned()).spawn(watch)?;
        watched.process = process::id();
    }
    Ok(())
}

fn watch() {
    let mut watched = watched();
    let mut reminding = false;
    let mut ticks: u32 = 0;
    loop {
        let now = Instant::now();
        let due = |entry: &&Entry| entry.deadline.is_some_and(|deadline| deadline <= now);
        let due: Vec<Owner> = watched
            .entries
            .iter()
            .filter(due)
            .filter(|entry| entry.target.reason().is_none())
            .map(|entry| entry.owner)
            .collect();
        for owner in due {
            ask(&watched, Reason::TimedOut, |entry| entry.owner == owner);
        }
        let wait = if watched.entries.iter().any(|entry| entry.target.reason().is_some()) {
            if !reminding {
                reminding = true;
                // Each time anew: somebody may have changed it.
                let _ = Disposition::looking_up().install();
            }
            remind(&watched, ticks);
            ticks = ticks.wrapping_add(1);
            Some(TICK)
        } else {
            reminding = false;
            RELAYING.store(false, Ordering::Relaxed);
            let next = watched.entries.iter().filter_map(|entry| entry.deadline).min();
            next.map(|next| next.saturating_duration_since(now))
        };
        watched = match wait {
            // A notification must not make the ticks any closer: others want the lock.
            Some(wait) if reminding => {
                drop(watched);
                thread::sleep(wait);
                self::watched()
            }
            Some(wait) => CHANGED.wait_timeout(watched, wait).unwrap_or_else(PoisonError::into_inner).0,
            None => CHANGED.wait(watched).unwrap_or_else(PoisonError::into_inner),
        };
    }
}

/// Wakes the threads that are to stop.
fn remind(watched: &Watched, ticks: u32) {
    let asked = || watched.entries.iter().filter(|entry| entry.target.reason().is_some());
    let is_hot = asked().any(|entry| entry.target.is_hot(EAGER, LEAVING));
    // Two ticks of every so many: one raises the flag, the next finds it raised all the while.
    let is_on = is_hot || ticks % PATIENT < 2;
    RELAYING.store(is_on, Ordering::Relaxed);
    if is_on {
        raise_flag();
        for entry in asked() {
            #[expect(unsafe_code, reason = "the thread lives")]
            // SAFETY: a thread removes its entry before it ends, and needs the lock held here to do so.
            unsafe {
                entry.thread.wake();
            }
        }
    }
}
