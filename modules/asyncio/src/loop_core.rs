//! The event loop's hot half: its queues, handles, timers and wake-ups.
//!
//! `LoopCore` comes before `asyncio.SelectorEventLoop` in the bases of the loop class (see
//! `python/unix_events.py`) and overrides what runs for each callback. Signals, subprocesses
//! and executors are asyncio's own; so are transports other than those of stream sockets.

use std::fmt;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::Relaxed};

use rustpython_vm::builtins::PyType;
use rustpython_vm::class::StaticType;
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::function::{FuncArgs, KwArgs};
use rustpython_vm::object::{Traverse, TraverseFn};
use rustpython_vm::types::Constructor;
use rustpython_vm::{
    AsObject, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass,
};
use tauraro_bridge::{DoneCallback, LoopBridge};

use crate::clock::Clock;
use crate::future::Future;
use crate::handle::{Call, Handle};
use crate::ready::{Ready, ReadyQueue};
use crate::registry::Tasks;
use crate::state::State;
use crate::step::TaskWakeup;
use crate::task::Task;
use crate::timer_handle::TimerHandle;
use crate::timers::Timers;
use crate::transport::Transports;
use crate::watches::{Direction, Watches};

/// The native half of `asyncio.EventLoop`.
#[pyclass(module = "_asyncio", name = "LoopCore", traverse = "manual")]
#[derive(PyPayload)]
pub(crate) struct LoopCore {
    pub(crate) ready: ReadyQueue,
    pub(crate) timers: Timers,
    pub(crate) watches: Watches,
    pub(crate) transports: Transports,
    /// What transports read into.
    pub(crate) read_buffer: PyMutex<Vec<u8>>,
    pub(crate) bridge: Arc<LoopBridge>,
    pub(crate) clock: Clock,
    /// The selector's epoll descriptor; -1 when the selector is of another kind.
    pub(crate) epoll: AtomicI32,
    /// Whether the class overrides nothing of this one.
    pub(crate) plain: AtomicBool,
    pub(crate) closed: AtomicBool,
    pub(crate) stopping: AtomicBool,
    pub(crate) debug: AtomicBool,
    pub(crate) tasks: Tasks,
    current_task: PyMutex<Option<PyObjectRef>>,
    task_factory: PyMutex<Option<PyObjectRef>>,
    /// Something was written whose answer may be there at once: the next turn looks for I/O.
    pub(crate) poll_soon: AtomicBool,
}

impl fmt::Debug for LoopCore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoopCore").field("ready", &self.ready.len()).finish_non_exhaustive()
    }
}

// SAFETY: each part visits what it owns once; the bridge is shared, but this is its only owner that
// visits it.
#[expect(unsafe_code, reason = "the garbage collector's interface")]
unsafe impl Traverse for LoopCore {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        self.ready.traverse(visit);
        self.timers.traverse(visit);
        self.watches.traverse(visit);
        self.transports.traverse(visit);
        self.bridge.traverse(visit);
        self.current_task.traverse(visit);
        self.task_factory.traverse(visit);
    }
}

impl Constructor for LoopCore {
    type Args = FuncArgs;

    fn py_new(_class: &Py<PyType>, _args: FuncArgs, vm: &VirtualMachine) -> PyResult<Self> {
        let bridge = LoopBridge::batching(schedule)
            .map_err(|error| vm.new_os_error(format!("cannot make an event loop: {error}")))?;
        Ok(Self {
            ready: ReadyQueue::default(),
            timers: Timers::default(),
            watches: Watches::default(),
            transports: Transports::default(),
            read_buffer: PyMutex::default(),
            bridge,
            clock: Clock::new(vm)?,
            epoll: (-1).into(),
            plain: false.into(),
            closed: false.into(),
            stopping: false.into(),
            debug: false.into(),
            tasks: Tasks::default(),
            current_task: PyMutex::default(),
            poll_soon: false.into(),
            task_factory: PyMutex::default(),
        })
    }
}

/// Queues the callback of an awaitable that is done.
fn schedule(event_loop: &PyObject, woken: DoneCallback, vm: &VirtualMachine) -> PyResult<()> {
    let Some(core) = event_loop.downcast_ref::<LoopCore>() else {
        return Err(vm.new_type_error("an awaitable was completed on a foreign event loop"));
    };
    let DoneCallback { callback, context, awaitable } = woken;
    if core.takes_tasks()
        && let Some(wakeup) = callback.downcast_ref::<TaskWakeup>()
    {
        core.ready.push(Ready::Wake(wakeup.task().clone(), awaitable.into()));
        return Ok(());
    }
    let call = Call { function: callback, args: vec![awaitable.into()] };
    LoopCore::queue(core, call, context, vm)
}

impl LoopCore {
    pub(crate) fn debug(&self) -> bool {
        self.debug.load(Relaxed)
    }

    /// Queues a callback without checks.
    pub(crate) fn queue(
        zelf: &Py<Self>,
        call: Call,
        context: Option<PyObjectRef>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let handle = Handle::new(zelf, call, context, vm)?;
        zelf.ready.push(Ready::Handle(handle.into_ref(&vm.ctx)));
        Ok(())
    }

    pub(crate) fn set_current_task(&self, task: Option<PyObjectRef>) {
        let replaced = std::mem::replace(&mut *self.current_task.lock(), task);
        drop(replaced);
    }

    pub(crate) fn current_task(&self) -> Option<PyObjectRef> {
        self.current_task.lock().clone()
    }

    pub(crate) fn timer_cancelled(&self) {
        self.timers.cancelled();
    }

    pub(crate) fn check_open(&self, vm: &VirtualMachine) -> PyResult<()> {
        if self.closed.load(Relaxed) {
            return Err(vm.new_runtime_error("Event loop is closed"));
        }
        Ok(())
    }

    /// Debug mode's checks of what is called, and from where.
    fn check_debug(
        zelf: &Py<Self>,
        callback: &PyObjectRef,
        method: &'static str,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        if method != "call_soon_threadsafe" {
            vm.call_method(zelf.as_object(), "_check_thread", ())?;
        }
        vm.call_method(zelf.as_object(), "_check_callback", (callback.clone(), method))?;
        Ok(())
    }

    /// Reads `callback, *args, context=None`.
    fn handle(
        zelf: &Py<Self>,
        mut args: FuncArgs,
        method: &'static str,
        vm: &VirtualMachine,
    ) -> PyResult<Handle> {
        zelf.check_open(vm)?;
        let context = args.take_keyword("context");
        let Some(callback) = args.take_positional_keyword("callback") else {
            let message = format!("{method}() missing 1 required positional argument: 'callback'");
            return Err(vm.new_type_error(message));
        };
        if let Some((name, _)) = args.kwargs.first() {
            let message = format!("{method}() got an unexpected keyword argument '{name}'");
            return Err(vm.new_type_error(message));
        }
        if zelf.debug() {
            Self::check_debug(zelf, &callback, method, vm)?;
        }
        Handle::new(zelf, Call { function: callback, args: args.args }, context, vm)
    }

    /// The loop's time, as a subclass may have redefined it.
    pub(crate) fn now(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<f64> {
        if zelf.plain.load(Relaxed) {
            return Ok(zelf.clock.now());
        }
        Ok(vm.call_method(zelf.as_object(), "time", ())?.try_float(vm)?.to_f64())
    }

    fn at(zelf: &Py<Self>, when: f64, handle: Handle, vm: &VirtualMachine) -> PyRef<TimerHandle> {
        let timer = TimerHandle::new(handle, when).into_ref(&vm.ctx);
        zelf.timers.push(timer.clone());
        timer
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor))]
impl LoopCore {
    // What asyncio's `__init__`, `stop` and `close` write as plain attributes lands here.

    #[pygetset]
    fn _closed(zelf: &Py<Self>) -> bool {
        zelf.closed.load(Relaxed)
    }

    #[pygetset(setter)]
    fn set__closed(zelf: &Py<Self>, closed: bool) {
        zelf.closed.store(closed, Relaxed);
    }

    #[pygetset]
    fn _stopping(zelf: &Py<Self>) -> bool {
        zelf.stopping.load(Relaxed)
    }

    #[pygetset(setter)]
    fn set__stopping(zelf: &Py<Self>, stopping: bool) {
        zelf.stopping.store(stopping, Relaxed);
    }

    #[pygetset]
    fn _debug(zelf: &Py<Self>) -> bool {
        zelf.debug()
    }

    #[pygetset(setter)]
    fn set__debug(zelf: &Py<Self>, debug: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        zelf.debug.store(debug.is_true(vm)?, Relaxed);
        Ok(())
    }

    #[pygetset]
    fn _task_factory(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.task_factory.lock().clone()
    }

    #[pygetset(setter)]
    fn set__task_factory(zelf: &Py<Self>, factory: PyObjectRef, vm: &VirtualMachine) {
        let factory = Some(factory).filter(|factory| !vm.is_none(factory));
        let replaced = std::mem::replace(&mut *zelf.task_factory.lock(), factory);
        drop(replaced);
    }

    /// Whether debug mode is on.
    #[pymethod]
    fn get_debug(zelf: &Py<Self>) -> bool {
        zelf.debug()
    }

    /// Whether the loop was closed.
    #[pymethod]
    fn is_closed(zelf: &Py<Self>) -> bool {
        zelf.closed.load(Relaxed)
    }

    #[pymethod]
    fn _check_closed(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        zelf.check_open(vm)
    }

    /// Seconds of the monotonic clock the loop goes by.
    #[pymethod]
    fn time(zelf: &Py<Self>) -> f64 {
        zelf.clock.now()
    }

    /// Arranges for `callback(*args)` to be called in the next iteration of the loop.
    ///
    /// Callbacks are called in the order they came. `context` is the `contextvars.Context` to run
    /// it in, a copy of the current one by default. Returns an `asyncio.Handle`.
    #[pymethod]
    fn call_soon(zelf: &Py<Self>, args: FuncArgs, vm: &VirtualMachine) -> PyResult<PyRef<Handle>> {
        let handle = Self::handle(zelf, args, "call_soon", vm)?.into_ref(&vm.ctx);
        zelf.ready.push(Ready::Handle(handle.clone()));
        Ok(handle)
    }

    /// Like `call_soon`, from any thread. Wakes the loop if it sleeps.
    #[pymethod]
    fn call_soon_threadsafe(zelf: &Py<Self>, args: FuncArgs, vm: &VirtualMachine) -> PyResult<PyRef<Handle>> {
        let handle = Self::handle(zelf, args, "call_soon_threadsafe", vm)?.thread_safe();
        let handle = handle.into_ref(&vm.ctx);
        zelf.ready.push(Ready::Handle(handle.clone()));
        zelf.bridge.completions().notify();
        Ok(handle)
    }

    /// Arranges for `callback(*args)` to be called `delay` seconds from now, as `call_at` does.
    #[pymethod]
    fn call_later(zelf: &Py<Self>, mut args: FuncArgs, vm: &VirtualMachine) -> PyResult<PyRef<TimerHandle>> {
        let delay = args.take_positional_keyword("delay").ok_or_else(|| {
            vm.new_type_error("call_later() missing 1 required positional argument: 'delay'")
        })?;
        if vm.is_none(&delay) {
            return Err(vm.new_type_error("delay must not be None"));
        }
        let when = Self::now(zelf, vm)? + delay.try_float(vm)?.to_f64();
        let handle = Self::handle(zelf, args, "call_later", vm)?;
        Ok(Self::at(zelf, when, handle, vm))
    }

    /// Arranges for `callback(*args)` to be called when the loop's `time()` reaches `when`.
    ///
    /// Returns an `asyncio.TimerHandle`.
    #[pymethod]
    fn call_at(zelf: &Py<Self>, mut args: FuncArgs, vm: &VirtualMachine) -> PyResult<PyRef<TimerHandle>> {
        let when = args
            .take_positional_keyword("when")
            .ok_or_else(|| vm.new_type_error("call_at() missing 1 required positional argument: 'when'"))?;
        if vm.is_none(&when) {
            return Err(vm.new_type_error("when cannot be None"));
        }
        let when = when.try_float(vm)?.to_f64();
        let handle = Self::handle(zelf, args, "call_at", vm)?;
        Ok(Self::at(zelf, when, handle, vm))
    }

    /// A future of this loop.
    #[pymethod]
    fn create_future(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        let class = State::get(vm)?.future_class(vm)?;
        if class.is(Future::static_type()) {
            return Ok(Future::new(zelf.as_object().to_owned(), vm)?.into());
        }
        let args: KwArgs = [("loop", zelf.as_object().to_owned())].into_iter().collect();
        class.call(FuncArgs::from(args), vm)
    }

    /// Has the loop run a coroutine: `coro, *, name=None, context=None, eager_start=False`. Returns
    /// the `asyncio.Task`, or what the task factory makes.
    #[pymethod]
    fn create_task(zelf: &Py<Self>, mut args: FuncArgs, vm: &VirtualMachine) -> PyResult {
        zelf.check_open(vm)?;
        let factory = zelf.task_factory.lock().clone();
        if let Some(factory) = factory {
            args.prepend_arg(zelf.as_object().to_owned());
            return factory.call(args, vm);
        }
        args.kwargs.insert("loop".into(), zelf.as_object().to_owned());
        let class = State::get(vm)?.task_class(vm)?;
        if class.is(Task::static_type()) {
            return Ok(Task::create(args.bind(vm)?, vm)?.into());
        }
        class.call(args, vm)
    }

    #[pymethod]
    fn _timer_handle_cancelled(zelf: &Py<Self>, _handle: PyObjectRef) {
        zelf.timers.cancelled();
    }

    #[pymethod]
    fn _add_callback(zelf: &Py<Self>, handle: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        match handle.downcast::<Handle>() {
            Ok(handle) if handle.is_cancelled() => {}
            Ok(handle) => zelf.ready.push(Ready::Handle(handle)),
            Err(handle) => {
                if !handle.get_attr("_cancelled", vm)?.is_true(vm)? {
                    zelf.ready.push(Ready::Foreign(handle));
                }
            }
        }
        Ok(())
    }

    #[pymethod]
    fn _write_to_self(zelf: &Py<Self>) {
        zelf.bridge.completions().notify();
    }

    #[pymethod]
    fn _add_reader(zelf: &Py<Self>, args: FuncArgs, vm: &VirtualMachine) -> PyResult<PyRef<Handle>> {
        Self::watch(zelf, Direction::Read, args, vm)
    }

    #[pymethod]
    fn _add_writer(zelf: &Py<Self>, args: FuncArgs, vm: &VirtualMachine) -> PyResult<PyRef<Handle>> {
        Self::watch(zelf, Direction::Write, args, vm)
    }

    #[pymethod]
    fn _remove_reader(zelf: &Py<Self>, fd: PyObjectRef, vm: &VirtualMachine) -> PyResult<bool> {
        Self::unwatch(zelf, Direction::Read, &fd, vm)
    }

    #[pymethod]
    fn _remove_writer(zelf: &Py<Self>, fd: PyObjectRef, vm: &VirtualMachine) -> PyResult<bool> {
        Self::unwatch(zelf, Direction::Write, &fd, vm)
    }

    /// Runs until `stop()` is called.
    #[pymethod]
    fn run_forever(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::run(zelf, vm)
    }

    #[pymethod]
    fn _run_once(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::run_once(zelf, true, vm).map(drop)
    }

    /// Connects the loop with its selector, at the end of the loop's `__init__`.
    #[pymethod]
    fn _core_open(zelf: &Py<Self>, epoll: Option<RawFd>, plain: bool) -> RawFd {
        zelf.epoll.store(epoll.unwrap_or(-1), Relaxed);
        zelf.plain.store(plain, Relaxed);
        zelf.bridge.completions().raw_fd()
    }

    /// Forgets all callbacks and ends the operations under way.
    #[pymethod]
    fn _core_close(zelf: &Py<Self>) {
        zelf.epoll.store(-1, Relaxed);
        zelf.bridge.close();
        zelf.ready.clear();
        zelf.timers.clear();
        zelf.watches.clear();
        zelf.transports.clear();
        drop(std::mem::take(&mut *zelf.read_buffer.lock()));
    }

    /// Takes the wake-ups written for a selector that is not epoll.
    #[pymethod]
    fn _core_woken(zelf: &Py<Self>) {
        zelf.bridge.completions().clear_signal();
    }
}
