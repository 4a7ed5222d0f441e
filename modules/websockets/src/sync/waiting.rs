//! Waiting for other threads, while signals are handled and the interpreter runs.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustpython_vm::stdlib::_thread::get_ident;
use rustpython_vm::{PyResult, VirtualMachine};

/// How long the main thread sleeps at once: only it runs signal handlers, which must not be delayed much.
const SIGNAL_TICK: Duration = Duration::from_millis(50);

/// Locks, even if a thread has panicked while it held the lock: the state is consistent at any time.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A point in time by which something has to happen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    /// There is no limit.
    pub(crate) const NEVER: Self = Self(None);

    /// This many seconds from now; negative ones have passed. No limit for `None`, or a time too far away.
    pub(crate) fn after(seconds: Option<f64>) -> Self {
        let pause = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds.max(0.0)).ok());
        Self(pause.and_then(|pause| Instant::now().checked_add(pause)))
    }

    /// The one that comes first.
    pub(crate) fn min(self, other: Self) -> Self {
        match (self.0, other.0) {
            (Some(one), Some(two)) => Self(Some(one.min(two))),
            (one, two) => Self(one.or(two)),
        }
    }

    /// The time left; none if there is no limit.
    pub(crate) fn left(self) -> Option<Duration> {
        self.0.map(|end| end.saturating_duration_since(Instant::now()))
    }

    /// Whether it has passed.
    pub(crate) fn has_passed(self) -> bool {
        self.left().is_some_and(|left| left.is_zero())
    }

    /// How long the thread may sleep at once.
    pub(super) fn slice(self, vm: &VirtualMachine) -> Option<Duration> {
        let left = self.left();
        if get_ident() == vm.state.main_thread_ident.load() {
            Some(left.map_or(SIGNAL_TICK, |left| left.min(SIGNAL_TICK)))
        } else {
            left
        }
    }
}

/// Waits on a condition variable, without a limit if `pause` is `None`.
pub(super) fn sleep<'a, T>(
    condition: &Condvar,
    guard: MutexGuard<'a, T>,
    pause: Option<Duration>,
) -> MutexGuard<'a, T> {
    match pause {
        None => condition.wait(guard).unwrap_or_else(PoisonError::into_inner),
        Some(pause) => condition.wait_timeout(guard, pause).unwrap_or_else(PoisonError::into_inner).0,
    }
}

/// A lock that may be held while Python runs. Waiting for it does not block the interpreter, and is interrupted by
/// signals.
#[derive(Debug, Default)]
pub(crate) struct InterruptibleMutex {
    state: Mutex<Holding>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct Holding {
    taken: bool,
    waiters: usize,
}

impl InterruptibleMutex {
    /// Takes it, unless another thread has it.
    pub(crate) fn try_acquire(&self) -> bool {
        !std::mem::replace(&mut lock(&self.state).taken, true)
    }

    /// Takes it; returns false if the deadline passes before.
    ///
    /// # Errors
    /// What a signal handler raises.
    pub(crate) fn acquire(&self, deadline: Deadline, vm: &VirtualMachine) -> PyResult<bool> {
        loop {
            if self.try_acquire() {
                return Ok(true);
            }
            if deadline.has_passed() {
                return Ok(false);
            }
            let slice = deadline.slice(vm);
            vm.allow_threads(|| {
                let mut state = lock(&self.state);
                if state.taken {
                    state.waiters += 1;
                    state = sleep(&self.freed, state, slice);
                    state.waiters -= 1;
                }
            });
            vm.check_signals()?;
        }
    }

    /// Takes it without handling signals. Only for a lock that is held for short times.
    pub(crate) fn acquire_uninterrupted(&self, vm: &VirtualMachine) {
        while !self.try_acquire() {
            vm.allow_threads(|| {
                let mut state = lock(&self.state);
                if state.taken {
                    state.waiters += 1;
                    state = sleep(&self.freed, state, None);
                    state.waiters -= 1;
                }
            });
        }
    }

    /// Releases it.
    pub(crate) fn release(&self) {
        let mut state = lock(&self.state);
        state.taken = false;
        if state.waiters > 0 {
            self.freed.notify_one();
        }
    }

    /// Whether a thread has it.
    pub(crate) fn is_taken(&self) -> bool {
        lock(&self.state).taken
    }
}

/// An event that happens once.
#[derive(Debug, Default)]
pub(crate) struct OneShotEvent {
    happened: Mutex<bool>,
    changed: Condvar,
}

impl OneShotEvent {
    /// It has happened.
    pub(crate) fn set(&self) {
        *lock(&self.happened) = true;
        self.changed.notify_all();
    }

    /// Whether it has happened.
    pub(crate) fn is_set(&self) -> bool {
        *lock(&self.happened)
    }

    /// Waits for it; returns whether it happened before the deadline.
    ///
    /// # Errors
    /// What a signal handler raises.
    pub(crate) fn wait(&self, deadline: Deadline, vm: &VirtualMachine) -> PyResult<bool> {
        loop {
            if self.is_set() {
                return Ok(true);
            }
            if deadline.has_passed() {
                return Ok(false);
            }
            let slice = deadline.slice(vm);
            vm.allow_threads(|| {
                let happened = lock(&self.happened);
                if !*happened {
                    drop(sleep(&self.changed, happened, slice));
                }
            });
            vm.check_signals()?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Deadline, InterruptibleMutex, OneShotEvent};

    #[test]
    fn negative_timeouts_have_passed_and_huge_ones_never_do() {
        assert!(Deadline::after(Some(-1.0)).has_passed());
        assert!(Deadline::after(Some(0.0)).has_passed());
        assert!(!Deadline::after(Some(1e300)).has_passed());
        assert!(Deadline::after(None).left().is_none());
        assert!(Deadline::after(Some(f64::NAN)).has_passed());
    }

    #[test]
    fn a_lock_is_taken_once() {
        let lock = InterruptibleMutex::default();
        assert!(lock.try_acquire());
        assert!(!lock.try_acquire());
        assert!(lock.is_taken());
        lock.release();
        assert!(lock.try_acquire());
    }

    #[test]
    fn an_event_stays_set() {
        let latch = OneShotEvent::default();
        assert!(!latch.is_set());
        latch.set();
        latch.set();
        assert!(latch.is_set());
    }
}
