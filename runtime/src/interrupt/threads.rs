//! Threads that scripts start.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use rustpython_vm::class::PyClassImpl as _;
use rustpython_vm::common::wtf8::{Wtf8, Wtf8Buf};
use rustpython_vm::function::FuncArgs;
use rustpython_vm::stdlib::_thread::get_ident;
use rustpython_vm::types::{Callable, Representable};
use rustpython_vm::{Py, PyObjectRef, PyPayload, PyResult, Traverse, VirtualMachine, pyclass};

use super::token::{InterruptReason, InterruptToken};
use super::wake::{SIGNAL, SignalAction};
use super::{ActiveThread, Shared, current, release_import_lock, watchdog};
use crate::interpose::{Call, Original};

/// What the calling thread does when it sees the flag.
fn check(_: PyObjectRef, _: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
    watchdog::resend();
    match current() {
        Some((_, token)) => token.check(vm),
        None => Ok(()),
    }
}

/// Has the calling thread, which is the main one, check for interrupts when it sees the flag.
///
/// # Errors
/// When the process's action for the signal can be neither read nor set.
pub(super) fn install_handler(vm: &VirtualMachine) -> PyResult<()> {
    let Some(signal) = Original::of_module(vm, "_signal", "signal") else { return Ok(()) };
    let failed = |error| vm.new_os_error(format!("cannot access the action of signal {SIGNAL}: {error}"));
    // Only the interpreter's table is wanted. The action of the process stays the host's, until an interrupt.
    let before = SignalAction::current().map_err(failed)?;
    let args: Vec<PyObjectRef> = vec![vm.ctx.new_int(SIGNAL).into(), vm.new_function("check", check).into()];
    let installed = signal.call(vm, args);
    before.install().map_err(failed)?;
    installed.map(drop)
}

/// As [`install_handler`], for a thread that was just started. The interpreter lets only its main thread have a table
/// of handlers, so the thread is the main one meanwhile, one thread at a time.
///
/// The lock is not held across any code of a script. The interpreter's own function runs pending handlers, but
/// only those in the table of the calling thread, and that has none yet.
fn install_handler_as_main(vm: &VirtualMachine) -> PyResult<()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    // A thread that waits must not hold up the garbage collector.
    let _guard = vm.allow_threads(|| ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner));
    let main = vm.state.main_thread_ident.swap(get_ident());
    let result = install_handler(vm);
    vm.state.main_thread_ident.store(main);
    result
}

/// Starts a thread: the original gets a function that registers the thread first.
pub(super) fn start(mut call: Call<'_>) -> PyResult {
    let vm = call.vm;
    let Some((shared, token)) = current() else {
        return call.proceed();
    };
    if let Some(reason) = token.reason() {
        return Err(reason.exception(vm));
    }
    let interrupts = shared.interrupts.load(Ordering::Acquire);
    let function = match call.args.args.first_mut() {
        Some(first) => Some(first),
        None => call.args.kwargs.get_mut(Wtf8::new("function")),
    };
    if let Some(function) = function.filter(|function| function.is_callable()) {
        let main = ThreadMain { function: function.clone(), shared, interrupts };
        *function = main.into_ref(&vm.ctx).into();
    }
    call.proceed()
}

/// What a started thread calls.
#[pyclass(module = "_thread", name = "_main", traverse)]
#[derive(Debug, PyPayload)]
struct ThreadMain {
    function: PyObjectRef,
    #[pytraverse(skip)]
    shared: Arc<Shared>,
    /// How often the runtime had been interrupted when the thread was started.
    #[pytraverse(skip)]
    interrupts: u64,
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(Callable, Representable))]
impl ThreadMain {}

impl Callable for ThreadMain {
    type Args = FuncArgs;

    fn call(zelf: &Py<Self>, args: FuncArgs, vm: &VirtualMachine) -> PyResult {
        if current().is_some() {
            // A script has found this object, and calls it on a thread that is registered.
            return Err(vm.new_runtime_error("the main function of a thread is called by the thread itself"));
        }
        let token = Arc::new(InterruptToken::of_script_thread());
        let _active = ActiveThread::enter(&zelf.shared, &token, None)
            .map_err(|error| vm.new_os_error(format!("the thread cannot be watched: {error}")))?;
        if !zelf.shared.handles_signals {
            install_handler_as_main(vm)?;
        }
        if zelf.shared.interrupts.load(Ordering::Acquire) != zelf.interrupts {
            // The runtime was interrupted before this thread was registered.
            token.request(InterruptReason::Requested);
            token.check(vm)?;
        }
        let result = zelf.function.call(args, vm);
        if token.reason().is_some() {
            release_import_lock(vm);
        }
        result
    }
}

impl Representable for ThreadMain {
    fn repr_wtf8(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<Wtf8Buf> {
        Ok(zelf.function.repr(vm)?.as_wtf8().to_owned())
    }
}

/// Prepares the class for use.
pub(super) fn prepare_class() {
    let _ = ThreadMain::make_static_type();
}
