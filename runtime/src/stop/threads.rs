//! Threads that scripts start.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use rustpython_vm::class::PyClassImpl as _;
use rustpython_vm::common::wtf8::{Wtf8, Wtf8Buf};
use rustpython_vm::function::{Callee, FuncArgs};
use rustpython_vm::stdlib::_thread::get_ident;
use rustpython_vm::types::{Callable, Representable};
use rustpython_vm::{Py, PyObjectRef, PyPayload, PyResult, Traverse, VirtualMachine, pyclass};

use super::replace::{Call, signal_function};
use super::target::Target;
use super::wake::{Disposition, SIGNAL};
use super::{Reason, Running, Shared, current, release_import_lock, watchdog};

/// What the calling thread does when it sees the flag.
fn look(_: PyObjectRef, _: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
    watchdog::relay();
    match current() {
        Some((_, target)) => target.check(vm),
        None => Ok(()),
    }
}

/// Makes the calling thread, the main one, look when the flag is raised.
///
/// # Errors
/// When the system refuses to say what it does on a signal.
pub(super) fn listen(vm: &VirtualMachine) -> PyResult<()> {
    let Some(signal) = signal_function() else { return Ok(()) };
    let failed = |error| vm.new_os_error(format!("the signal {SIGNAL} cannot be looked at: {error}"));
    // Only the interpreter's table is wanted. What the process does stays the host's, until a stop.
    let before = Disposition::current().map_err(failed)?;
    let args: Vec<PyObjectRef> = vec![vm.ctx.new_int(SIGNAL).into(), vm.new_function("look", look).into()];
    let listening = signal.call(vm, args.into(), Callee::named("signal"));
    before.install().map_err(failed)?;
    listening.map(drop)
}

/// The same for another thread. The interpreter lets the main one only have a table; so for the moment this
/// takes the caller is it.
fn listen_as_main(vm: &VirtualMachine) -> PyResult<()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    // Who waits must not keep the collector of garbage waiting.
    let _guard = vm.allow_threads(|| ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner));
    let main = vm.state.main_thread_ident.swap(get_ident());
    let result = listen(vm);
    vm.state.main_thread_ident.store(main);
    result
}

/// Starts a thread: the original gets a function that makes a target of the thread first.
pub(super) fn start(mut call: Call<'_>) -> PyResult {
    let vm = call.vm;
    let Some((shared, target)) = current() else {
        return call.proceed();
    };
    if let Some(reason) = target.reason() {
        return Err(reason.exception(vm));
    }
    let stops = shared.stops.load(Ordering::Acquire);
    let function = match call.args.args.first_mut() {
        Some(first) => Some(first),
        None => call.args.kwargs.get_mut(Wtf8::new("function")),
    };
    if let Some(function) = function.filter(|function| function.is_callable()) {
        let main = Main { function: function.clone(), shared, stops };
        *function = main.into_ref(&vm.ctx).into();
    }
    call.proceed()
}

/// What a started thread calls.
#[pyclass(module = "_thread", name = "_main", traverse)]
#[derive(Debug, PyPayload)]
struct Main {
    function: PyObjectRef,
    #[pytraverse(skip)]
    shared: Arc<Shared>,
    /// How often the runtime had been stopped when the thread was started.
    #[pytraverse(skip)]
    stops: u64,
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(Callable, Representable))]
impl Main {}

impl Callable for Main {
    type Args = FuncArgs;

    fn call(zelf: &Py<Self>, args: FuncArgs, vm: &VirtualMachine) -> PyResult {
        let target = Arc::new(Target::thread());
        let _running = Running::enter(&zelf.shared, &target, None)
            .map_err(|error| vm.new_os_error(format!("the thread cannot be watched: {error}")))?;
        if !zelf.shared.handles_signals {
            listen_as_main(vm)?;
        }
        if zelf.shared.stops.load(Ordering::Acquire) != zelf.stops {
            // The runtime was stopped before this thread was known.
            target.ask(Reason::Stopped);
            target.check(vm)?;
        }
        let result = zelf.function.call(args, vm);
        if target.reason().is_some() {
            release_import_lock(vm);
        }
        result
    }
}

impl Representable for Main {
    fn repr_wtf8(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<Wtf8Buf> {
        Ok(zelf.function.repr(vm)?.as_wtf8().to_owned())
    }
}

/// Prepares the class for use.
pub(super) fn prepare_class() {
    let _ = Main::make_static_type();
}
