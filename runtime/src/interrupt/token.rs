//! A thread that runs scripts, and whether it is to be interrupted.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustpython_vm::builtins::{PyBaseExceptionRef, PySystemExit};
use rustpython_vm::class::PyClassImpl as _;
use rustpython_vm::types::Constructor;
use rustpython_vm::{AsObject, Py, PyPayload, PyResult, VirtualMachine, pyclass, pyexception};
use tauraro_bridge::InterruptSource;

use super::watchdog;

/// How long a script may take to end in order (`finally`, `with`) before every further instruction raises.
const GRACE_PERIOD: Duration = Duration::from_millis(20);

/// Why a script is interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InterruptReason {
    /// The host asked for it.
    Requested,
    /// It exceeded its time limit.
    TimedOut,
}

/// Raised in scripts that the host interrupts. Not an `Exception`, so that scripts do not catch it by accident; a
/// `SystemExit`, so that threads and event loops end silently.
#[pyexception(name = "Interrupted", module = "tauraro", base = PySystemExit, impl)]
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct PyInterrupted(PySystemExit);

/// Raised in scripts that exceed their time limit.
#[pyexception(name = "TimedOut", module = "tauraro", base = PyInterrupted, impl)]
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct PyTimedOut(PyInterrupted);

/// Prepares the exceptions for use.
pub(super) fn prepare_classes() {
    let _ = PyInterrupted::make_static_type();
    let _ = PyTimedOut::make_static_type();
}

impl InterruptReason {
    /// The exception for it.
    pub(crate) fn exception(self, vm: &VirtualMachine) -> PyBaseExceptionRef {
        let (class, message): (&'static Py<_>, _) = match self {
            Self::Requested => (PyInterrupted::class(&vm.ctx), "the host interrupted the script"),
            Self::TimedOut => (PyTimedOut::class(&vm.ctx), "the script exceeded its time limit"),
        };
        let message = vm.ctx.new_str(message).into();
        // An exception that could not be made ends the script as well.
        vm.invoke_exception(class, vec![message]).unwrap_or_else(|error| error)
    }

    /// The reason for `exception`, if it was raised to interrupt a script.
    pub(crate) fn of(vm: &VirtualMachine, exception: &PyBaseExceptionRef) -> Option<Self> {
        if exception.fast_isinstance(PyTimedOut::class(&vm.ctx)) {
            Some(Self::TimedOut)
        } else if exception.fast_isinstance(PyInterrupted::class(&vm.ctx)) {
            Some(Self::Requested)
        } else {
            None
        }
    }
}

/// Nanoseconds since the first call, and at least 1.
fn now() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(START.elapsed().as_nanos()).unwrap_or(u64::MAX).max(1)
}

/// A thread that runs scripts of a runtime: for one call of the host, or started by a script.
#[derive(Debug, Default)]
pub(crate) struct InterruptToken {
    /// When the interrupt was requested; 0 before.
    requested_at: AtomicU64,
    timed_out: AtomicBool,
    /// When the exception was last raised; 0 before.
    raised_at: AtomicU64,
    /// Whether the exception was raised at all.
    was_raised: AtomicBool,
    /// The exception.
    exception: Mutex<Option<PyBaseExceptionRef>>,
    /// Whether a script has started the thread.
    is_script_thread: bool,
}

impl InterruptToken {
    /// A thread that a script has started.
    pub(super) fn of_script_thread() -> Self {
        Self { is_script_thread: true, ..Self::default() }
    }

    /// Whether a script has started the thread.
    pub(super) fn is_script_thread(&self) -> bool {
        self.is_script_thread
    }

    /// Requests an interrupt, unless there was a request already.
    pub(super) fn request(&self, reason: InterruptReason) {
        if self.requested_at.load(Ordering::Acquire) == 0 {
            self.timed_out.store(reason == InterruptReason::TimedOut, Ordering::Release);
            let _ = self.requested_at.compare_exchange(0, now(), Ordering::AcqRel, Ordering::Acquire);
        }
    }

    /// Why an interrupt was requested, if it was.
    pub(crate) fn reason(&self) -> Option<InterruptReason> {
        (self.requested_at.load(Ordering::Acquire) != 0).then(|| {
            if self.timed_out.load(Ordering::Acquire) {
                InterruptReason::TimedOut
            } else {
                InterruptReason::Requested
            }
        })
    }

    /// Why the exception was raised, if it was.
    pub(crate) fn raised_reason(&self) -> Option<InterruptReason> {
        self.reason().filter(|_| self.was_raised.load(Ordering::Acquire))
    }

    /// Whether waking the thread often pays off: the request is younger than `requested`, or the last exception,
    /// which makes the thread unwind, is younger than `raised`.
    pub(super) fn needs_fast_polling(&self, requested: Duration, raised: Duration) -> bool {
        let since = |time: &AtomicU64| {
            let time = time.load(Ordering::Acquire);
            (time != 0).then(|| Duration::from_nanos(now().saturating_sub(time)))
        };
        since(&self.requested_at).is_some_and(|passed| passed < requested)
            || since(&self.raised_at).is_some_and(|passed| passed < raised)
    }

    /// Whether every instruction is to raise.
    fn is_past_grace_period(&self) -> bool {
        let requested = self.requested_at.load(Ordering::Acquire);
        requested != 0 && u128::from(now().saturating_sub(requested)) > GRACE_PERIOD.as_nanos()
    }

    /// Raises the exception if an interrupt was requested: once, and after the grace period at every instruction.
    pub(super) fn check(&self, vm: &VirtualMachine) -> PyResult<()> {
        let Some(reason) = self.reason() else { return Ok(()) };
        let is_late = self.is_past_grace_period();
        if self.was_raised.swap(true, Ordering::AcqRel) && !is_late {
            return Ok(());
        }
        self.raised_at.store(now(), Ordering::Release);
        if is_late {
            watchdog::check_next_instruction();
        }
        Err(self.exception(reason, vm))
    }

    /// The exception to raise, each time the same one: deep in handlers of the last one, a new exception would have
    /// all of them as its context, and walking that chain takes longer with each.
    fn exception(&self, reason: InterruptReason, vm: &VirtualMachine) -> PyBaseExceptionRef {
        let known = self.exception_slot().clone();
        if let Some(exception) = known {
            exception.set_traceback(None);
            return exception;
        }
        let made = if self.is_script_thread {
            // No traceback is printed for exactly this class.
            vm.new_system_exit(Vec::new().into())
        } else {
            reason.exception(vm)
        };
        let before = self.exception_slot().replace(made.clone());
        drop(before);
        made
    }

    fn exception_slot(&self) -> MutexGuard<'_, Option<PyBaseExceptionRef>> {
        self.exception.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Drops the exception while the thread is still attached to the interpreter.
    pub(super) fn forget_exception(&self) {
        let exception = self.exception_slot().take();
        drop(exception);
    }
}

impl InterruptSource for InterruptToken {
    fn check(&self, vm: &VirtualMachine) -> PyResult<()> {
        Self::check(self, vm)
    }
}

/// Whether `one` is `other`.
pub(super) fn is_same(one: &Arc<InterruptToken>, other: &Arc<InterruptToken>) -> bool {
    Arc::ptr_eq(one, other)
}
