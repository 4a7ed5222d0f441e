//! Stopping what runs in a runtime: when its time is up, or when the host says so.
//!
//! Every thread that runs scripts is a [`Target`](target::Target): the one that makes a call for the host,
//! and those that scripts start. When a target is to stop, an exception is raised wherever it is. A script
//! that takes its leave within a moment does so in order; one that catches, retries or lingers gets the
//! exception again at every instruction, so that no handler of its gets anywhere.
//!
//! | file | what it is |
//! |---|---|
//! | `target` | whether a thread was asked to stop, and the exceptions that say so |
//! | `watchdog` | the one thread of the process that looks at deadlines and reminds |
//! | `wake` | ending system calls with a signal |
//! | `replace` | functions of `_thread` and `_signal` that take the place of the interpreter's |
//! | `signals` | keeping scripts from what belongs to the process |
//! | `waits` | waiting for locks and threads in slices, with a look around in between |
//! | `loops` | the same in native loops |
//! | `threads` | making targets of the threads that scripts start |

mod loops;
mod replace;
mod signals;
mod target;
mod threads;
mod waits;
mod wake;
mod watchdog;

use std::cell::RefCell;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::function::{Callee, FuncArgs};
use rustpython_vm::{Interpreter, PyResult, VirtualMachine};
use tauraro_bridge::Interruptible;

use crate::{ScriptError, shutdown};

pub(crate) use replace::install;
pub(crate) use target::Reason;
use target::Target;

/// How long what is left of a stopped call may take: the names of its frames, unwritten output, `__del__`.
const TIDYING: Duration = Duration::from_millis(20);
/// How long the end of a runtime waits for threads that were asked to stop.
const PARTING: Duration = Duration::from_secs(1);

/// What the threads of one runtime share.
#[derive(Debug)]
struct Shared {
    /// Tells runtimes apart.
    owner: watchdog::Owner,
    /// How often the runtime was stopped.
    stops: AtomicU64,
    /// Whether signals are the script's business.
    handles_signals: bool,
}

thread_local! {
    /// What this thread runs for which runtime.
    static CURRENT: RefCell<Option<(Arc<Shared>, Arc<Target>)>> = const { RefCell::new(None) };
}

/// What this thread runs, if it runs scripts of a runtime that can be stopped.
fn current() -> Option<(Arc<Shared>, Arc<Target>)> {
    CURRENT.with_borrow(Option::clone)
}

/// This thread runs scripts while it lives.
#[must_use]
struct Running {
    target: Arc<Target>,
    previous: Option<(Arc<Shared>, Arc<Target>)>,
    was_blocked: bool,
    _interruptible: Interruptible,
}

impl Running {
    fn enter(shared: &Arc<Shared>, target: &Arc<Target>, deadline: Option<Instant>) -> io::Result<Self> {
        watchdog::add(shared.owner, target, deadline)?;
        let entry = (Arc::clone(shared), Arc::clone(target));
        Ok(Self {
            target: Arc::clone(target),
            previous: CURRENT.with_borrow_mut(|current| current.replace(entry)),
            was_blocked: wake::unblock(),
            _interruptible: Interruptible::enter(Arc::clone(target) as _),
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        watchdog::remove(&self.target);
        self.target.forget_exception();
        let previous = self.previous.take();
        // Not during the thread's own destruction, when there is nothing left to restore.
        let _ = CURRENT.try_with(|current| current.replace(previous));
        if self.was_blocked {
            wake::block();
        }
    }
}

/// Stops what runs in a [`Runtime`](crate::Runtime), from any thread: [`Runtime::stopper`](crate::Runtime::stopper).
#[derive(Clone, Debug)]
pub struct Stopper {
    shared: Arc<Shared>,
}

impl Stopper {
    /// Ends the call that runs now, and the threads that scripts of the runtime have started.
    ///
    /// The call fails with an error of kind `Stopped`; the runtime can be used again. Without a call there
    /// are only the threads to end. A call that is made later is not touched.
    ///
    /// # Errors
    /// When the process cannot start the thread that sees to it.
    pub fn stop(&self) -> io::Result<()> {
        self.shared.stop(Reason::Stopped)
    }
}

impl Shared {
    fn stop(&self, reason: Reason) -> io::Result<()> {
        self.stops.fetch_add(1, Ordering::AcqRel);
        watchdog::stop(self.owner, reason)
    }
}

/// What a runtime knows of stopping.
#[derive(Debug)]
pub(crate) struct Stops {
    shared: Arc<Shared>,
    limit: Option<Duration>,
    /// Whether there is anything to stop at all: not in a process that is one script.
    is_on: bool,
}

impl Stops {
    pub(crate) fn new(limit: Option<Duration>, handles_signals: bool, is_on: bool) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let owner = NEXT.fetch_add(1, Ordering::Relaxed);
        Self { shared: Arc::new(Shared { owner, stops: AtomicU64::new(0), handles_signals }), limit, is_on }
    }

    /// Makes the main thread of a finished interpreter reachable.
    ///
    /// # Errors
    /// When the system refuses to say what it does on a signal.
    pub(crate) fn complete(&self, vm: &VirtualMachine) -> PyResult<()> {
        threads::prepare_class();
        if !self.is_on {
            return Ok(());
        }
        loops::watch_builtins(vm);
        threads::listen(vm)
    }

    pub(crate) fn stopper(&self) -> Stopper {
        Stopper { shared: Arc::clone(&self.shared) }
    }

    /// Runs scripts for a call of the host, for as long as they may take.
    ///
    /// # Errors
    /// What they raised, or that they were stopped.
    pub(crate) fn call<R>(
        &self,
        vm: &VirtualMachine,
        work: impl FnOnce() -> PyResult<R>,
    ) -> Result<R, ScriptError> {
        let (outcome, stopped) = self.run(vm, self.limit, |target| {
            // Describing an exception and flushing run code of scripts as well.
            let outcome = work().map_err(|exception| match target.reason() {
                Some(reason) => Failure::Stopped(reason, exception),
                None => Failure::Raised(ScriptError::new(vm, &exception)),
            });
            shutdown::flush_quietly(vm);
            outcome
        })?;
        let (reason, last) = match (outcome, stopped) {
            (Ok(value), None) => return Ok(value),
            (Err(Failure::Raised(error)), None) => return Err(error),
            (Err(Failure::Stopped(reason, last)), _) => (reason, Some(last)),
            (Ok(_) | Err(Failure::Raised(_)), Some(reason)) => (reason, None),
        };
        forget_call(vm);
        let (error, _) = self.run(vm, Some(TIDYING), |_| {
            // What the script made of the exception does not matter, only where it was.
            let exception = reason.exception(vm);
            exception.set_traceback(last.and_then(|last| last.__traceback__()));
            let error = ScriptError::new(vm, &exception);
            // With it go the variables of the frames it went through, and those have a `__del__`.
            drop(exception);
            shutdown::flush_quietly(vm);
            error
        })?;
        forget_call(vm);
        Err(error)
    }

    /// Runs scripts for as long as `limit`. Why they were told to stop, if they were.
    fn run<R>(
        &self,
        vm: &VirtualMachine,
        limit: Option<Duration>,
        work: impl FnOnce(&Target) -> R,
    ) -> Result<(R, Option<Reason>), ScriptError> {
        // A call within a call is part of that.
        if let Some((_, target)) = current().filter(|(shared, _)| Arc::ptr_eq(shared, &self.shared)) {
            return Ok((work(&target), None));
        }
        self.guard(limit, work).map_err(|error| {
            ScriptError::new(vm, &vm.new_os_error(format!("the time limit cannot be watched: {error}")))
        })
    }

    fn guard<R>(
        &self,
        limit: Option<Duration>,
        work: impl FnOnce(&Target) -> R,
    ) -> io::Result<(R, Option<Reason>)> {
        let target = Arc::new(Target::default());
        let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
        let running = Running::enter(&self.shared, &target, deadline)?;
        let result = work(&target);
        drop(running);
        // Who was asked to stop and has ended by itself meanwhile was not in time either.
        Ok((result, target.reason()))
    }

    /// How long a call may take.
    pub(crate) fn limit(&self) -> Option<Duration> {
        self.limit
    }

    /// Runs an event loop for many calls, whose deadlines `deadline` is told. Why it was told to stop, if it
    /// was; the interpreter is as good as new then.
    pub(crate) fn run_loop<R>(
        &self,
        vm: &VirtualMachine,
        work: impl FnOnce(&Deadline) -> R,
    ) -> io::Result<(R, Option<Reason>)> {
        let target = Arc::new(Target::default());
        let running = Running::enter(&self.shared, &target, None)?;
        let result = work(&Deadline(Arc::clone(&target)));
        drop(running);
        let told = target.told();
        if told.is_some() {
            forget_call(vm);
        }
        Ok((result, told))
    }

    /// Ends an interpreter: joins threads, runs `atexit` functions, takes it apart. Gives the exit status.
    ///
    /// Each may take as long as a call. A thread that cannot be ended keeps the interpreter as it is.
    pub(crate) fn finish(&self, interpreter: Interpreter) -> u32 {
        const FAILED: u32 = 1;
        if !self.is_on {
            return interpreter.finalize(None);
        }
        let ended = self.guard(self.limit, |target| {
            interpreter.enter(|vm| {
                let status = shutdown::finish(vm, 0);
                if target.reason().is_some() {
                    release_import_lock(vm);
                }
                status
            })
        });
        let Ok((status, stopped)) = ended else { return FAILED };
        // Daemons, and who has outlived the time to be joined.
        let gone = watchdog::stop_threads(self.shared.owner).is_ok()
            && watchdog::wait_for_others(self.shared.owner, PARTING);
        if !gone {
            std::mem::forget(interpreter);
            return FAILED;
        }
        let limit = if stopped.is_some() { Some(TIDYING) } else { self.limit };
        match self.guard(limit, |_| interpreter.finalize(None)) {
            Ok((0, None)) => u32::try_from(status).unwrap_or(FAILED),
            Ok((status, None)) => status,
            Ok((_, Some(_))) | Err(_) => FAILED,
        }
    }
}

impl Drop for Stops {
    fn drop(&mut self) {
        // Without a runtime nobody can use what its threads do. There is nobody to tell of a failure.
        let _ = self.shared.stop(Reason::Stopped);
    }
}

/// Until when a thread that runs scripts may do so.
#[derive(Clone, Debug)]
pub(crate) struct Deadline(Arc<Target>);

impl Deadline {
    /// Sets it anew, from any thread. Without effect once the thread is done.
    ///
    /// # Errors
    /// When no thread to look at it can be started.
    pub(crate) fn set(&self, deadline: Option<Instant>) -> io::Result<()> {
        watchdog::set_deadline(&self.0, deadline)
    }
}

/// How a call went wrong.
enum Failure {
    /// By an exception of the script.
    Raised(ScriptError),
    /// By the one that stopped it, or what the script made of that.
    Stopped(Reason, PyBaseExceptionRef),
}

/// Gives up the lock that all imports of the process share, should this thread have been kept from that.
fn release_import_lock(vm: &VirtualMachine) {
    let methods = vm.state.module_defs.get("_imp").map(|definition| definition.methods);
    let release = methods.and_then(|methods| methods.iter().find(|method| method.name == "release_lock"));
    let Some(release) = release else { return };
    // It fails once this thread does not hold the lock.
    while (release.func)(vm, FuncArgs::default(), Callee::named("release_lock")).is_ok() {}
}

/// Puts back what a call changes in the interpreter for its own time, and was kept from putting back itself.
fn forget_call(vm: &VirtualMachine) {
    release_import_lock(vm);
    let none = || vm.ctx.none();
    vm.use_tracing.set(false);
    let before = (
        vm.trace_func.replace(none()),
        vm.profile_func.replace(none()),
        vm.asyncio_running_loop.take(),
        vm.asyncio_running_task.take(),
        vm.async_gen_firstiter.take(),
        vm.async_gen_finalizer.take(),
        std::mem::take(&mut *vm.state.monitoring.lock()),
    );
    vm.state.monitoring_events.store(0);
    // Code notices that it is not monitored any more by the number.
    vm.state.instrumentation_version.fetch_add(1, Ordering::Release);
    drop(before);
}
