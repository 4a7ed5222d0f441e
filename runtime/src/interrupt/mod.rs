//! Interrupting what runs in a runtime: when its time is up, or when the host asks for it.
//!
//! Every thread that runs scripts has an [`InterruptToken`]: the one that makes a call for the host, and those that
//! scripts start. When a token is requested to interrupt, an exception is raised wherever the thread is. A script
//! that ends within a moment does so in order; one that catches it, retries or keeps running gets the exception
//! again at every instruction, so that none of its handlers gets anywhere.
//!
//! | file | what it is |
//! |---|---|
//! | `token` | whether a thread is to be interrupted, and the exceptions for it |
//! | `watchdog` | the one thread of the process that watches deadlines and signals threads |
//! | `wake` | ending system calls with a signal |
//! | `replacements` | the native functions, methods and iterators that are replaced for it |
//! | `signals` | keeping scripts from signals, which belong to the process |
//! | `waits` | waiting for locks and threads in slices, with a check in between |
//! | `loops` | checks in native loops |
//! | `threads` | registering the threads that scripts start |

mod loops;
mod replacements;
mod signals;
mod threads;
mod token;
mod waits;
mod wake;
mod watchdog;

use std::cell::RefCell;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::function::FuncArgs;
use rustpython_vm::{Interpreter, PyResult, VirtualMachine};
use tauraro_bridge::InterruptGuard;

use crate::interpose::Original;
use crate::{ScriptError, shutdown};

pub(crate) use replacements::LAYER;
pub(crate) use token::InterruptReason;
use token::InterruptToken;

/// How long the cleanup after an interrupted call may take: describing its frames, flushing output, `__del__`.
const CLEANUP_LIMIT: Duration = Duration::from_millis(20);
/// How long the end of a runtime waits for threads that were interrupted.
const SHUTDOWN_WAIT: Duration = Duration::from_secs(1);

/// What the threads of one runtime share.
#[derive(Debug)]
struct Shared {
    /// Tells runtimes apart.
    owner: watchdog::Owner,
    /// How often the runtime was interrupted.
    interrupts: AtomicU64,
    /// Whether scripts may handle signals.
    handles_signals: bool,
}

thread_local! {
    /// What this thread runs for which runtime.
    static CURRENT: RefCell<Option<(Arc<Shared>, Arc<InterruptToken>)>> = const { RefCell::new(None) };
}

/// What this thread runs, if it runs scripts of a runtime that can be interrupted.
fn current() -> Option<(Arc<Shared>, Arc<InterruptToken>)> {
    CURRENT.with_borrow(Option::clone)
}

/// Prepares what the runtimes of the process share.
pub(crate) fn prepare() {
    token::prepare_classes();
    threads::prepare_class();
}

/// This thread runs scripts while this lives.
#[must_use]
struct ActiveThread {
    token: Arc<InterruptToken>,
    previous: Option<(Arc<Shared>, Arc<InterruptToken>)>,
    was_blocked: bool,
    _interrupts: InterruptGuard,
}

impl ActiveThread {
    fn enter(
        shared: &Arc<Shared>,
        token: &Arc<InterruptToken>,
        deadline: Option<Instant>,
    ) -> io::Result<Self> {
        watchdog::add(shared.owner, token, deadline)?;
        let entry = (Arc::clone(shared), Arc::clone(token));
        Ok(Self {
            token: Arc::clone(token),
            previous: CURRENT.with_borrow_mut(|current| current.replace(entry)),
            was_blocked: wake::unblock(),
            _interrupts: InterruptGuard::enter(Arc::clone(token) as _),
        })
    }
}

impl Drop for ActiveThread {
    fn drop(&mut self) {
        watchdog::remove(&self.token);
        self.token.forget_exception();
        let previous = self.previous.take();
        // Not while the thread itself is destroyed: then there is nothing left to restore.
        let _ = CURRENT.try_with(|current| current.replace(previous));
        if self.was_blocked {
            wake::block();
        }
    }
}

/// Interrupts what runs in a [`Runtime`](crate::Runtime), from any thread:
/// [`Runtime::interrupt_handle`](crate::Runtime::interrupt_handle).
#[derive(Clone, Debug)]
pub struct InterruptHandle {
    shared: Arc<Shared>,
}

impl InterruptHandle {
    /// Interrupts the call that runs now, and the threads that scripts of the runtime have started.
    ///
    /// The call fails with an error of kind `Interrupted`; the runtime can be used again. Without a call only the
    /// threads are interrupted. A later call is not affected.
    ///
    /// # Errors
    /// When the process cannot start the watchdog thread.
    pub fn interrupt(&self) -> io::Result<()> {
        self.shared.interrupt(InterruptReason::Requested)
    }
}

impl Shared {
    fn interrupt(&self, reason: InterruptReason) -> io::Result<()> {
        self.interrupts.fetch_add(1, Ordering::AcqRel);
        watchdog::interrupt(self.owner, reason)
    }
}

/// Runs the calls of a runtime so that they can be interrupted.
#[derive(Debug)]
pub(crate) struct Interrupter {
    shared: Arc<Shared>,
    limit: Option<Duration>,
    /// Whether anything can be interrupted at all: not in a process that is one script.
    is_on: bool,
}

impl Interrupter {
    pub(crate) fn new(limit: Option<Duration>, handles_signals: bool, is_on: bool) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let owner = NEXT.fetch_add(1, Ordering::Relaxed);
        let shared = Shared { owner, interrupts: AtomicU64::new(0), handles_signals };
        Self { shared: Arc::new(shared), limit, is_on }
    }

    /// Makes the main thread of a finished interpreter interruptible.
    ///
    /// # Errors
    /// When the process's action for the signal can be neither read nor set.
    pub(crate) fn complete(&self, vm: &VirtualMachine) -> PyResult<()> {
        if !self.is_on {
            return Ok(());
        }
        loops::patch_builtins(vm)?;
        threads::install_handler(vm)
    }

    pub(crate) fn handle(&self) -> InterruptHandle {
        InterruptHandle { shared: Arc::clone(&self.shared) }
    }

    /// Runs scripts for a call of the host, within the time limit.
    ///
    /// # Errors
    /// What they raised, or that they were interrupted.
    pub(crate) fn call<R>(
        &self,
        vm: &VirtualMachine,
        work: impl FnOnce() -> PyResult<R>,
    ) -> Result<R, ScriptError> {
        let (outcome, interrupted) = self.run(vm, self.limit, |token| {
            // Describing an exception and flushing run code of scripts as well.
            let outcome = work().map_err(|exception| match token.reason() {
                Some(reason) => Failure::Interrupted(reason, exception),
                None => Failure::Raised(ScriptError::new(vm, &exception)),
            });
            shutdown::flush_quietly(vm);
            outcome
        })?;
        let (reason, last) = match (outcome, interrupted) {
            (Ok(value), None) => return Ok(value),
            (Err(Failure::Raised(error)), None) => return Err(error),
            (Err(Failure::Interrupted(reason, last)), _) => (reason, Some(last)),
            (Ok(_) | Err(Failure::Raised(_)), Some(reason)) => (reason, None),
        };
        reset_call_state(vm);
        let (error, _) = self.run(vm, Some(CLEANUP_LIMIT), |_| {
            // What the script made of the exception does not matter, only where it was.
            let exception = reason.exception(vm);
            exception.set_traceback(last.and_then(|last| last.__traceback__()));
            let error = ScriptError::new(vm, &exception);
            // The variables of the frames it went through go with it, and those have a `__del__`.
            drop(exception);
            shutdown::flush_quietly(vm);
            error
        })?;
        reset_call_state(vm);
        Err(error)
    }

    /// Runs scripts within `limit`. Also why they were interrupted, if they were.
    fn run<R>(
        &self,
        vm: &VirtualMachine,
        limit: Option<Duration>,
        work: impl FnOnce(&InterruptToken) -> R,
    ) -> Result<(R, Option<InterruptReason>), ScriptError> {
        // A call within a call is part of the outer one.
        if let Some((_, token)) = current().filter(|(shared, _)| Arc::ptr_eq(shared, &self.shared)) {
            return Ok((work(&token), None));
        }
        self.run_registered(limit, work).map_err(|error| {
            ScriptError::new(vm, &vm.new_os_error(format!("cannot start the time-limit watchdog: {error}")))
        })
    }

    fn run_registered<R>(
        &self,
        limit: Option<Duration>,
        work: impl FnOnce(&InterruptToken) -> R,
    ) -> io::Result<(R, Option<InterruptReason>)> {
        let token = Arc::new(InterruptToken::default());
        let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
        let active = ActiveThread::enter(&self.shared, &token, deadline)?;
        let result = work(&token);
        drop(active);
        // A call that was to be interrupted and has ended by itself meanwhile was too late all the same.
        Ok((result, token.reason()))
    }

    /// How long a call may take.
    pub(crate) fn limit(&self) -> Option<Duration> {
        self.limit
    }

    /// Runs an event loop for many calls, which set the deadline as they need. Also why it was interrupted, if it
    /// was; then the interpreter's state is reset.
    pub(crate) fn run_loop<R>(
        &self,
        vm: &VirtualMachine,
        work: impl FnOnce(&Deadline) -> R,
    ) -> io::Result<(R, Option<InterruptReason>)> {
        let token = Arc::new(InterruptToken::default());
        let active = ActiveThread::enter(&self.shared, &token, None)?;
        let result = work(&Deadline(Arc::clone(&token)));
        drop(active);
        let reason = token.raised_reason();
        if reason.is_some() {
            reset_call_state(vm);
        }
        Ok((result, reason))
    }

    /// Ends an interpreter: joins threads, runs `atexit` functions, finalizes it. Returns the exit status.
    ///
    /// Each step may take as long as a call. A thread that cannot be ended keeps the interpreter as it is.
    pub(crate) fn finish(&self, interpreter: Interpreter) -> u32 {
        const FAILED: u32 = 1;
        if !self.is_on {
            return interpreter.finalize(None);
        }
        let ended = self.run_registered(self.limit, |token| {
            interpreter.enter(|vm| {
                let status = shutdown::finish(vm, 0);
                if token.reason().is_some() {
                    release_import_lock(vm);
                }
                status
            })
        });
        let Ok((status, interrupted)) = ended else { return FAILED };
        // Daemon threads, and threads that were not joined in time.
        let are_gone = watchdog::interrupt_script_threads(self.shared.owner).is_ok()
            && watchdog::wait_for_others(self.shared.owner, SHUTDOWN_WAIT);
        if !are_gone {
            std::mem::forget(interpreter);
            return FAILED;
        }
        let limit = if interrupted.is_some() { Some(CLEANUP_LIMIT) } else { self.limit };
        match self.run_registered(limit, |_| interpreter.finalize(None)) {
            Ok((0, None)) => u32::try_from(status).unwrap_or(FAILED),
            Ok((status, None)) => status,
            Ok((_, Some(_))) | Err(_) => FAILED,
        }
    }
}

impl Drop for Interrupter {
    fn drop(&mut self) {
        // Without a runtime the work of its threads is of no use. A failure cannot be reported.
        let _ = self.shared.interrupt(InterruptReason::Requested);
    }
}

/// Until when a thread may run scripts.
#[derive(Clone, Debug)]
pub(crate) struct Deadline(Arc<InterruptToken>);

impl Deadline {
    /// Changes it, from any thread. Without effect once the thread is done.
    ///
    /// # Errors
    /// When the watchdog thread cannot be started.
    pub(crate) fn set(&self, deadline: Option<Instant>) -> io::Result<()> {
        watchdog::set_deadline(&self.0, deadline)
    }
}

/// How a call failed.
enum Failure {
    /// With an exception of the script.
    Raised(ScriptError),
    /// With the one that interrupted it, or what the script made of that.
    Interrupted(InterruptReason, PyBaseExceptionRef),
}

/// Releases the lock that all imports of the process share, in case this thread was kept from releasing it.
fn release_import_lock(vm: &VirtualMachine) {
    let Some(release) = Original::of_module(vm, "_imp", "release_lock") else { return };
    // It fails once this thread does not hold the lock.
    while release.call(vm, FuncArgs::default()).is_ok() {}
}

/// Resets what a call changes in the interpreter for its own time, in case it was kept from restoring it.
fn reset_call_state(vm: &VirtualMachine) {
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
    // Code notices by the number that it is not monitored any more.
    vm.state.instrumentation_version.fetch_add(1, Ordering::Release);
    drop(before);
}
