//! The Python interface of [`LoopCore`].

use std::os::fd::RawFd;
use std::sync::atomic::Ordering::Relaxed;

use rustpython_vm::class::StaticType;
use rustpython_vm::function::{FuncArgs, KwArgs};
use rustpython_vm::types::Constructor;
use rustpython_vm::{AsObject, Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass};

use super::LoopCore;
use super::ready_queue::ReadyEntry;
use crate::fd_callbacks::Direction;
use crate::future::Future;
use crate::handle::Handle;
use crate::interpreter_state::InterpreterState;
use crate::task::Task;
use crate::timers::TimerHandle;

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
        zelf.ready.push(ReadyEntry::Handle(handle.clone()));
        Ok(handle)
    }

    /// Like `call_soon`, from any thread. Wakes the loop if it sleeps.
    #[pymethod]
    fn call_soon_threadsafe(zelf: &Py<Self>, args: FuncArgs, vm: &VirtualMachine) -> PyResult<PyRef<Handle>> {
        let handle = Self::handle(zelf, args, "call_soon_threadsafe", vm)?.thread_safe();
        let handle = handle.into_ref(&vm.ctx);
        zelf.ready.push(ReadyEntry::Handle(handle.clone()));
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
        Ok(Self::schedule_at(zelf, when, handle, vm))
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
        Ok(Self::schedule_at(zelf, when, handle, vm))
    }

    /// A future of this loop.
    #[pymethod]
    fn create_future(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        let class = InterpreterState::get(vm)?.future_class(vm)?;
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
        let class = InterpreterState::get(vm)?.task_class(vm)?;
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
            Ok(handle) => zelf.ready.push(ReadyEntry::Handle(handle)),
            Err(handle) => {
                if !handle.get_attr("_cancelled", vm)?.is_true(vm)? {
                    zelf.ready.push(ReadyEntry::OtherHandle(handle));
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
        Self::add_fd_callback(zelf, Direction::Read, args, vm)
    }

    #[pymethod]
    fn _add_writer(zelf: &Py<Self>, args: FuncArgs, vm: &VirtualMachine) -> PyResult<PyRef<Handle>> {
        Self::add_fd_callback(zelf, Direction::Write, args, vm)
    }

    #[pymethod]
    fn _remove_reader(zelf: &Py<Self>, fd: PyObjectRef, vm: &VirtualMachine) -> PyResult<bool> {
        Self::remove_fd_callback(zelf, Direction::Read, &fd, vm)
    }

    #[pymethod]
    fn _remove_writer(zelf: &Py<Self>, fd: PyObjectRef, vm: &VirtualMachine) -> PyResult<bool> {
        Self::remove_fd_callback(zelf, Direction::Write, &fd, vm)
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
        zelf.fd_callbacks.clear();
        zelf.transports.clear();
        for buffer in [&zelf.read_buffer, &zelf.plaintext_buffer, &zelf.ciphertext_buffer] {
            drop(std::mem::take(&mut *buffer.lock()));
        }
    }

    /// Takes the wake-ups written for a selector that is not epoll.
    #[pymethod]
    fn _core_woken(zelf: &Py<Self>) {
        zelf.bridge.completions().clear_signal();
    }
}
