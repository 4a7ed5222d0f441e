//! A thread that runs scripts, and whether it was asked to stop.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustpython_vm::builtins::{PyBaseExceptionRef, PySystemExit};
use rustpython_vm::class::PyClassImpl as _;
use rustpython_vm::types::Constructor;
use rustpython_vm::{AsObject, Py, PyPayload, PyResult, VirtualMachine, pyclass, pyexception};
use tauraro_bridge::Interrupt;

use super::watchdog;

/// How long a script may take to end itself (`finally`, `with`) before every further instruction raises.
const GRACE: Duration = Duration::from_millis(20);

/// Why a script was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The host said so.
    Stopped,
    /// It took longer than it may.
    TimedOut,
}

/// Raised in what the host stops. No `Exception`, so that scripts do not catch it by chance; a `SystemExit`,
/// so that threads and event loops end without a word.
#[pyexception(name = "Stopped", module = "tauraro", base = PySystemExit, impl)]
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct PyStopped(PySystemExit);

/// The same when it took longer than it may.
#[pyexception(name = "TimedOut", module = "tauraro", base = PyStopped, impl)]
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct PyTimedOut(PyStopped);

/// Prepares the exceptions for use.
pub(super) fn prepare_classes() {
    let _ = PyStopped::make_static_type();
    let _ = PyTimedOut::make_static_type();
}

impl Reason {
    /// The exception that says so.
    pub(crate) fn exception(self, vm: &VirtualMachine) -> PyBaseExceptionRef {
        let (class, message): (&'static Py<_>, _) = match self {
            Self::Stopped => (PyStopped::class(&vm.ctx), "the host stopped the script"),
            Self::TimedOut => (PyTimedOut::class(&vm.ctx), "the script took longer than it may"),
        };
        let message = vm.ctx.new_str(message).into();
        // An exception that could not be made ends the script as well.
        vm.invoke_exception(class, vec![message]).unwrap_or_else(|error| error)
    }

    /// Why `exception` was raised, if to stop a script.
    pub(crate) fn of(vm: &VirtualMachine, exception: &PyBaseExceptionRef) -> Option<Self> {
        if exception.fast_isinstance(PyTimedOut::class(&vm.ctx)) {
            Some(Self::TimedOut)
        } else if exception.fast_isinstance(PyStopped::class(&vm.ctx)) {
            Some(Self::Stopped)
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
pub(crate) struct Target {
    /// When it was asked to stop; 0 before.
    asked: AtomicU64,
    timed_out: AtomicBool,
    /// When it was last told by an exception; 0 before.
    raised: AtomicU64,
    /// Whether it was told at all.
    told: AtomicBool,
    /// The exception that tells it.
    exception: Mutex<Option<PyBaseExceptionRef>>,
    /// Whether a script has started it.
    is_thread: bool,
}

impl Target {
    /// A thread that a script has started.
    pub(super) fn thread() -> Self {
        Self { is_thread: true, ..Self::default() }
    }

    /// Whether a script has started it.
    pub(super) fn is_thread(&self) -> bool {
        self.is_thread
    }

    /// Asks it to stop, if nobody has.
    pub(super) fn ask(&self, reason: Reason) {
        if self.asked.load(Ordering::Acquire) == 0 {
            self.timed_out.store(reason == Reason::TimedOut, Ordering::Release);
            let _ = self.asked.compare_exchange(0, now(), Ordering::AcqRel, Ordering::Acquire);
        }
    }

    /// Why it was asked to stop, if it was.
    pub(crate) fn reason(&self) -> Option<Reason> {
        (self.asked.load(Ordering::Acquire) != 0)
            .then(|| if self.timed_out.load(Ordering::Acquire) { Reason::TimedOut } else { Reason::Stopped })
    }

    /// Why it was told to stop by an exception, if it was.
    pub(crate) fn told(&self) -> Option<Reason> {
        self.reason().filter(|_| self.told.load(Ordering::Acquire))
    }

    /// Whether something is to be gained from waking it often: it was asked a moment ago, or is on its way out.
    pub(super) fn is_hot(&self, asked: Duration, raised: Duration) -> bool {
        let since = |mark: &AtomicU64| {
            let mark = mark.load(Ordering::Acquire);
            (mark != 0).then(|| Duration::from_nanos(now().saturating_sub(mark)))
        };
        since(&self.asked).is_some_and(|passed| passed < asked)
            || since(&self.raised).is_some_and(|passed| passed < raised)
    }

    /// Whether every instruction is to raise.
    fn is_pressed(&self) -> bool {
        let asked = self.asked.load(Ordering::Acquire);
        asked != 0 && u128::from(now().saturating_sub(asked)) > GRACE.as_nanos()
    }

    /// Says so by an exception when the thread is to stop: once, and after a grace at every instruction.
    pub(super) fn check(&self, vm: &VirtualMachine) -> PyResult<()> {
        let Some(reason) = self.reason() else { return Ok(()) };
        let pressed = self.is_pressed();
        if self.told.swap(true, Ordering::AcqRel) && !pressed {
            return Ok(());
        }
        self.raised.store(now(), Ordering::Release);
        if pressed {
            watchdog::press();
        }
        Err(self.exception(reason, vm))
    }

    /// The exception to raise, each time the same: deep in handlers of the last one, a new one would have them all
    /// as its context, and looking through that takes longer with each.
    fn exception(&self, reason: Reason, vm: &VirtualMachine) -> PyBaseExceptionRef {
        let known = self.kept().clone();
        if let Some(exception) = known {
            exception.set_traceback(None);
            return exception;
        }
        let made = if self.is_thread {
            // Exactly this class is no reason to print a traceback.
            vm.new_system_exit(Vec::new().into())
        } else {
            reason.exception(vm)
        };
        let before = self.kept().replace(made.clone());
        drop(before);
        made
    }

    fn kept(&self) -> MutexGuard<'_, Option<PyBaseExceptionRef>> {
        self.exception.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives up the exception, while there is an interpreter at hand.
    pub(super) fn forget_exception(&self) {
        let exception = self.kept().take();
        drop(exception);
    }
}

impl Interrupt for Target {
    fn check(&self, vm: &VirtualMachine) -> PyResult<()> {
        Self::check(self, vm)
    }
}

/// Whether `one` is `other`.
pub(super) fn is_same(one: &Arc<Target>, other: &Arc<Target>) -> bool {
    Arc::ptr_eq(one, other)
}
