//! What Python awaits while the engine works. Methods that do more than that are
//! [`coroutine`](crate::coroutine())s, which wait through this.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use futures_util::future::{AbortHandle, abortable};
use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::class::PyClassImpl;
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::convert::ToPyException;
use rustpython_vm::function::OptionalArg;
use rustpython_vm::object::{Traverse, TraverseFn};
use rustpython_vm::protocol::PyIterReturn;
use rustpython_vm::types::{IterNext, Representable, SelfIter};
use rustpython_vm::{
    AsObject, FromArgs, Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass,
};
use tauraro_engine::runtime::Job;

use crate::completion_queue::{CompletionQueue, OperationId, Output};
use crate::loop_bridge::{self, DoneCallback, LoopBridge};

/// Runs `future` on the shared runtime once the returned object is awaited; its result is what
/// `convert` makes of the output.
///
/// The object is a coroutine and a future in one: it can be awaited, given to `create_task`,
/// `gather`, `wait_for`... Like a coroutine it does nothing before that. `convert` runs on the
/// loop's thread, also when it only has to be dropped, so it may own Python objects; `future` runs
/// on a worker and must not. Cancelling drops `future` at once, and `convert` unused.
pub fn awaitable<F, C>(vm: &VirtualMachine, future: F, convert: C) -> PyObjectRef
where
    F: Future<Output: Send + 'static> + Send + 'static,
    C: FnOnce(F::Output, &VirtualMachine) -> PyResult + Send + 'static,
{
    let start = move |queue, operation| {
        let delivery = Delivery { queue, operation, output: None };
        let (task, abort) = abortable(async move { delivery.finish(Box::new(future.await)) });
        let job: Job = Box::pin(async move {
            // Aborted or not, the outcome went through the queue.
            let _ = task.await;
        });
        (job, abort)
    };
    let convert = move |output: Box<dyn Any + Send>, vm: &VirtualMachine| match output.downcast::<F::Output>()
    {
        Ok(output) => convert(*output, vm),
        Err(_) => Err(vm.new_system_error("internal error: unexpected result type")),
    };
    Awaitable::make(Stage::Idle { start: Box::new(start), convert: Box::new(convert) }, vm)
}

/// An awaitable that is complete already: awaiting it does not suspend the task.
pub fn ready(vm: &VirtualMachine, result: PyResult) -> PyObjectRef {
    Awaitable::make(Stage::Done(result), vm)
}

/// The exception that ends an `async for`.
pub fn stop_async_iteration(vm: &VirtualMachine) -> PyBaseExceptionRef {
    vm.new_exception_empty(vm.ctx.exceptions.stop_async_iteration.to_owned())
}

/// Pushes its output when it is dropped, so that a task that panics or is dropped is noticed.
struct Delivery {
    queue: Arc<CompletionQueue>,
    operation: OperationId,
    output: Output,
}

impl Delivery {
    fn finish(mut self, output: Box<dyn Any + Send>) {
        self.output = Some(output);
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.queue.push(self.operation, self.output.take());
    }
}

type Start = Box<dyn FnOnce(Arc<CompletionQueue>, OperationId) -> (Job, AbortHandle) + Send>;
type Convert = Box<dyn FnOnce(Box<dyn Any + Send>, &VirtualMachine) -> PyResult + Send>;

enum Stage {
    /// Nobody has awaited it yet.
    Idle {
        start: Start,
        convert: Convert,
    },
    /// A worker runs it.
    Running {
        operation: OperationId,
        task: AbortHandle,
        convert: Convert,
    },
    /// `convert` is running.
    Completing,
    Done(PyResult),
    Cancelled {
        message: Option<PyObjectRef>,
    },
}

/// An operation of the shared runtime, for Python to await.
///
/// It behaves as a coroutine (`send`, `throw`, `close`) and as an `asyncio.Future` whose result
/// nobody else can set. Made by Tauraro's modules, never directly.
#[pyclass(module = "tauraro", name = "Awaitable", traverse = "manual")]
#[derive(PyPayload)]
pub struct Awaitable {
    stage: PyMutex<Stage>,
    callbacks: PyMutex<Vec<(PyObjectRef, Option<PyObjectRef>)>>,
    /// The loop it was first awaited on.
    home: PyMutex<Option<(PyObjectRef, Arc<LoopBridge>)>>,
    /// Set between being yielded to a task and the task noticing it.
    blocking: AtomicBool,
}

impl fmt::Debug for Awaitable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Awaitable").field("state", &self.state()).finish_non_exhaustive()
    }
}

// SAFETY: every object is visited once. Those that `start` and `convert` own cannot be seen, which
// keeps them alive until the operation ends.
#[expect(unsafe_code, reason = "the garbage collector's interface")]
unsafe impl Traverse for Awaitable {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        self.callbacks.traverse(visit);
        if let Some((event_loop, _)) = self.home.try_lock().as_deref().and_then(Option::as_ref) {
            visit(event_loop);
        }
        match self.stage.try_lock().as_deref() {
            Some(Stage::Done(Ok(value))) => visit(value),
            Some(Stage::Done(Err(error))) => visit(error.as_object()),
            Some(Stage::Cancelled { message: Some(message) }) => visit(message),
            _ => {}
        }
    }
}

#[derive(FromArgs)]
struct CancelArgs {
    #[pyarg(any, optional)]
    msg: Option<PyObjectRef>,
}

#[derive(FromArgs)]
struct CallbackArgs {
    #[pyarg(positional)]
    callback: PyObjectRef,
    #[pyarg(named, optional)]
    context: Option<PyObjectRef>,
}

impl Awaitable {
    fn make(stage: Stage, vm: &VirtualMachine) -> PyObjectRef {
        // Not part of any module that would have made it.
        let _class = Self::make_static_type();
        Self {
            stage: PyMutex::new(stage),
            callbacks: PyMutex::default(),
            home: PyMutex::default(),
            blocking: false.into(),
        }
        .into_ref(&vm.ctx)
        .into()
    }

    fn state(&self) -> &'static str {
        match &*self.stage.lock() {
            Stage::Idle { .. } | Stage::Running { .. } | Stage::Completing => "PENDING",
            Stage::Done(_) => "FINISHED",
            Stage::Cancelled { .. } => "CANCELLED",
        }
    }

    /// The loop that awaits it, or would.
    ///
    /// # Errors
    /// `RuntimeError` when it was not awaited yet and no loop runs.
    pub fn event_loop(&self, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        if let Some((event_loop, _)) = &*self.home.lock() {
            return Ok(event_loop.clone());
        }
        let (event_loop, _) = loop_bridge::running(vm)?;
        Ok(event_loop)
    }

    /// Its result or exception, `None` while it has neither.
    pub fn outcome(&self, vm: &VirtualMachine) -> Option<PyResult> {
        let message = match &*self.stage.lock() {
            Stage::Done(result) => return Some(result.clone()),
            Stage::Cancelled { message } => message.clone(),
            _ => return None,
        };
        Some(Err(cancelled_error(message, vm)))
    }

    /// Clears the mark that it was yielded; returns whether it was set.
    pub fn take_blocking(&self) -> bool {
        self.blocking.swap(false, Relaxed)
    }

    /// Submits the operation to a worker, unless that was done before.
    fn start(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        if !matches!(&*zelf.stage.lock(), Stage::Idle { .. }) {
            return Ok(());
        }
        let (event_loop, bridge) = loop_bridge::running(vm)?;
        let idle = {
            let mut stage = zelf.stage.lock();
            match std::mem::replace(&mut *stage, Stage::Completing) {
                Stage::Idle { start, convert } => Some((start, convert)),
                other => {
                    *stage = other;
                    None
                }
            }
        };
        if let Some((start, convert)) = idle {
            let operation = bridge.register(zelf.to_owned());
            let (job, task) = start(Arc::clone(bridge.completions()), operation);
            match bridge.submit(job) {
                Ok(()) => *zelf.stage.lock() = Stage::Running { operation, task, convert },
                Err(error) => {
                    bridge.forget(operation);
                    *zelf.stage.lock() = Stage::Done(Err(error.to_pyexception(vm)));
                }
            }
            *zelf.home.lock() = Some((event_loop, bridge));
        }
        Ok(())
    }

    /// Calls `callback` with this object once it is done, from the loop and in `context`.
    ///
    /// # Errors
    /// `RuntimeError` when no loop runs.
    pub fn add_callback(
        zelf: &Py<Self>,
        callback: PyObjectRef,
        context: Option<PyObjectRef>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        Self::start(zelf, vm)?;
        let done = matches!(&*zelf.stage.lock(), Stage::Done(_) | Stage::Cancelled { .. });
        zelf.callbacks.lock().push((callback, context));
        if done { Self::run_callbacks(zelf, vm) } else { Ok(()) }
    }

    fn run_callbacks(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        let callbacks = std::mem::take(&mut *zelf.callbacks.lock());
        if callbacks.is_empty() {
            return Ok(());
        }
        let home = zelf.home.lock().clone();
        let (event_loop, bridge) = match home {
            Some(home) => home,
            None => loop_bridge::running(vm)?,
        };
        for (callback, context) in callbacks {
            let callback = DoneCallback { callback, context, awaitable: zelf.to_owned() };
            bridge.schedule(&event_loop, callback, vm)?;
        }
        Ok(())
    }

    /// The result has arrived.
    pub(crate) fn complete(zelf: &Py<Self>, output: Output, vm: &VirtualMachine) -> PyResult<()> {
        let convert = {
            let mut stage = zelf.stage.lock();
            match std::mem::replace(&mut *stage, Stage::Completing) {
                Stage::Running { convert, .. } => convert,
                other => {
                    *stage = other;
                    return Ok(());
                }
            }
        };
        let result = match output {
            Some(output) => convert(output, vm),
            None => Err(vm.new_runtime_error("internal error: the task of the operation panicked")),
        };
        *zelf.stage.lock() = Stage::Done(result);
        Self::run_callbacks(zelf, vm)
    }

    /// Ends the operation unless it is done; returns whether it was under way.
    fn stop(&self, message: Option<PyObjectRef>) -> bool {
        let stopped = {
            let mut stage = self.stage.lock();
            if matches!(*stage, Stage::Done(_) | Stage::Cancelled { .. } | Stage::Completing) {
                return false;
            }
            std::mem::replace(&mut *stage, Stage::Cancelled { message })
        };
        if let Stage::Running { operation, task, .. } = &stopped {
            task.abort();
            let bridge = self.home.lock().as_ref().map(|(_, bridge)| Arc::clone(bridge));
            if let Some(bridge) = bridge {
                bridge.forget(*operation);
            }
        }
        // What `convert` owned goes here, with nothing locked.
        true
    }

    /// Ends the operation without running callbacks: the loop is closed.
    pub(crate) fn abandon(&self) {
        self.stop(None);
        let callbacks = std::mem::take(&mut *self.callbacks.lock());
        drop(callbacks);
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION, HAS_WEAKREF), with(IterNext, Representable))]
impl Awaitable {
    #[pygetset]
    fn _asyncio_future_blocking(zelf: &Py<Self>) -> bool {
        zelf.blocking.load(Relaxed)
    }

    #[pygetset(setter)]
    fn set__asyncio_future_blocking(zelf: &Py<Self>, blocking: bool) {
        zelf.blocking.store(blocking, Relaxed);
    }

    /// `PENDING`, `FINISHED` or `CANCELLED`.
    #[pygetset]
    fn _state(zelf: &Py<Self>) -> &'static str {
        zelf.state()
    }

    #[pymethod]
    fn __await__(zelf: PyRef<Self>) -> PyRef<Self> {
        zelf
    }

    /// The event loop it belongs to.
    #[pymethod]
    fn get_loop(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        zelf.event_loop(vm)
    }

    /// Whether it has a result, failed or was cancelled.
    #[pymethod]
    fn done(zelf: &Py<Self>) -> bool {
        zelf.state() != "PENDING"
    }

    /// Whether it was cancelled.
    #[pymethod]
    fn cancelled(zelf: &Py<Self>) -> bool {
        zelf.state() == "CANCELLED"
    }

    /// The result. Raises what the operation raised, `CancelledError` after a cancellation and
    /// `InvalidStateError` while it is not done.
    #[pymethod]
    fn result(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        zelf.outcome(vm).unwrap_or_else(|| Err(invalid_state("Result is not ready.", vm)))
    }

    /// What the operation raised, or `None`. Raises as `result` does when it was cancelled or is
    /// not done.
    #[pymethod]
    fn exception(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<Option<PyObjectRef>> {
        if let Stage::Done(result) = &*zelf.stage.lock() {
            return Ok(result.as_ref().err().map(|error| error.clone().into()));
        }
        match zelf.outcome(vm) {
            Some(Err(cancelled)) => Err(cancelled),
            _ => Err(invalid_state("Exception is not set.", vm)),
        }
    }

    /// Ends the operation at once. Returns whether it was under way.
    #[pymethod]
    fn cancel(zelf: &Py<Self>, args: CancelArgs, vm: &VirtualMachine) -> PyResult<bool> {
        let stopped = zelf.stop(args.msg.filter(|message| !vm.is_none(message)));
        if stopped {
            Self::run_callbacks(zelf, vm)?;
        }
        Ok(stopped)
    }

    /// Calls `callback(self)` from the loop once it is done.
    #[pymethod]
    fn add_done_callback(zelf: &Py<Self>, args: CallbackArgs, vm: &VirtualMachine) -> PyResult<()> {
        Self::add_callback(zelf, args.callback, args.context, vm)
    }

    /// Forgets callbacks equal to `callback`; returns how many there were.
    #[pymethod]
    fn remove_done_callback(zelf: &Py<Self>, callback: PyObjectRef, vm: &VirtualMachine) -> PyResult<usize> {
        let callbacks = std::mem::take(&mut *zelf.callbacks.lock());
        let before = callbacks.len();
        let mut kept = Vec::with_capacity(before);
        for entry in callbacks {
            if !vm.identical_or_equal(&entry.0, &callback)? {
                kept.push(entry);
            }
        }
        let removed = before - kept.len();
        // Those that were added while comparing come last.
        let mut callbacks = zelf.callbacks.lock();
        kept.append(&mut callbacks);
        *callbacks = kept;
        Ok(removed)
    }

    /// Resumes it as a coroutine; `value` is not used.
    #[pymethod]
    fn send(zelf: &Py<Self>, _value: PyObjectRef, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        Self::next(zelf, vm)
    }

    /// Ends the operation and raises the given exception.
    #[pymethod]
    fn throw(
        zelf: &Py<Self>,
        exc_type: PyObjectRef,
        exc_val: OptionalArg,
        exc_tb: OptionalArg,
        vm: &VirtualMachine,
    ) -> PyResult {
        zelf.stop(None);
        let (value, traceback) = (exc_val.unwrap_or_none(vm), exc_tb.unwrap_or_none(vm));
        Err(vm.normalize_exception(exc_type, value, traceback)?)
    }

    /// Ends the operation.
    #[pymethod]
    fn close(zelf: &Py<Self>) {
        zelf.stop(None);
    }
}

impl SelfIter for Awaitable {}

impl IterNext for Awaitable {
    fn next(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        Self::start(zelf, vm)?;
        if let Some(result) = zelf.outcome(vm) {
            return Ok(PyIterReturn::StopIteration(Some(result?)));
        }
        zelf.blocking.store(true, Relaxed);
        Ok(PyIterReturn::Return(zelf.to_owned().into()))
    }
}

impl Representable for Awaitable {
    fn repr_str(zelf: &Py<Self>, _vm: &VirtualMachine) -> PyResult<String> {
        Ok(format!("<Awaitable {}>", zelf.state().to_lowercase()))
    }
}

fn cancelled_error(message: Option<PyObjectRef>, vm: &VirtualMachine) -> PyBaseExceptionRef {
    asyncio_error("CancelledError", message.into_iter().collect(), vm)
}

fn invalid_state(message: &str, vm: &VirtualMachine) -> PyBaseExceptionRef {
    asyncio_error("InvalidStateError", vec![vm.ctx.new_str(message).into()], vm)
}

/// An exception that `asyncio` defines, or why there is none.
fn asyncio_error(name: &'static str, args: Vec<PyObjectRef>, vm: &VirtualMachine) -> PyBaseExceptionRef {
    let class = vm.import("asyncio", 0).and_then(|asyncio| asyncio.get_attr(name, vm));
    match class.map(PyObjectRef::downcast) {
        Ok(Ok(class)) => vm.new_exception(class, args),
        Ok(Err(_)) => vm.new_type_error(format!("asyncio.{name} is not a class")),
        Err(error) => error,
    }
}
