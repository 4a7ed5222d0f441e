//! The event loop: its queues, timers, wake-ups and iterations.
//!
//! `LoopCore` comes before `asyncio.SelectorEventLoop` in the bases of the loop class (see
//! `python/unix_events.py`) and overrides what runs for each callback. Signals, subprocesses
//! and executors are asyncio's own; so are transports other than those of stream sockets.

pub(crate) mod clock;
pub(crate) mod epoll;
mod methods;
pub(crate) mod ready_queue;
mod run;
pub(crate) mod schedule;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::Relaxed};

use rustpython_vm::builtins::PyType;
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::function::FuncArgs;
use rustpython_vm::object::{Traverse, TraverseFn};
use rustpython_vm::types::Constructor;
use rustpython_vm::{
    AsObject, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass,
};
use tauraro_bridge::{DoneCallback, LoopBridge};

use crate::event_loop::clock::Clock;
use crate::event_loop::ready_queue::{ReadyEntry, ReadyQueue};
use crate::fd_callbacks::FdTable;
use crate::handle::{Call, Handle};
use crate::task::callbacks::TaskWakeup;
use crate::task::registry::Tasks;
use crate::timers::{TimerHandle, Timers};
use crate::transport::Transports;

/// The native half of `asyncio.EventLoop`.
#[pyclass(module = "_asyncio", name = "LoopCore", traverse = "manual")]
#[derive(PyPayload)]
pub(crate) struct LoopCore {
    pub(crate) ready: ReadyQueue,
    pub(crate) timers: Timers,
    pub(crate) fd_callbacks: FdTable,
    pub(crate) transports: Transports,
    /// What transports read into.
    pub(crate) read_buffer: PyMutex<Vec<u8>>,
    /// What TLS connections decrypt into, and encrypt into.
    pub(crate) plaintext_buffer: PyMutex<Vec<u8>>,
    pub(crate) ciphertext_buffer: PyMutex<Vec<u8>>,
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
    pub(super) task_factory: PyMutex<Option<PyObjectRef>>,
    /// Something was written that may be answered at once: the next iteration polls.
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
        self.fd_callbacks.traverse(visit);
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
            fd_callbacks: FdTable::default(),
            transports: Transports::default(),
            read_buffer: PyMutex::default(),
            plaintext_buffer: PyMutex::default(),
            ciphertext_buffer: PyMutex::default(),
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
fn schedule(event_loop: &PyObject, done: DoneCallback, vm: &VirtualMachine) -> PyResult<()> {
    let Some(core) = event_loop.downcast_ref::<LoopCore>() else {
        return Err(vm.new_type_error("an awaitable was completed on an event loop of another kind"));
    };
    let DoneCallback { callback, context, awaitable } = done;
    if core.takes_tasks()
        && let Some(wakeup) = callback.downcast_ref::<TaskWakeup>()
    {
        core.ready.push(ReadyEntry::Wake(wakeup.task().clone(), awaitable.into()));
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
        zelf.ready.push(ReadyEntry::Handle(handle.into_ref(&vm.ctx)));
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

    /// Calls `call` after so many seconds, in a copy of the current context.
    pub(crate) fn call_after(
        zelf: &Py<Self>,
        seconds: f64,
        call: Call,
        vm: &VirtualMachine,
    ) -> PyResult<PyRef<TimerHandle>> {
        zelf.check_open(vm)?;
        let when = Self::now(zelf, vm)? + seconds;
        Ok(Self::schedule_at(zelf, when, Handle::new(zelf, call, None, vm)?, vm))
    }

    fn schedule_at(zelf: &Py<Self>, when: f64, handle: Handle, vm: &VirtualMachine) -> PyRef<TimerHandle> {
        let timer = TimerHandle::new(handle, when).into_ref(&vm.ctx);
        zelf.timers.push(timer.clone());
        timer
    }
}
