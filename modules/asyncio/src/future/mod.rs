//! `asyncio.Future`: a result that will be there later.

pub(crate) mod iter;
pub mod native_api;
mod operations;

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::Relaxed};

use rustpython_vm::builtins::{
    PyBaseException, PyBaseExceptionRef, PyGenericAlias, PySet, PyTraceback, PyType, PyTypeRef,
};
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::function::{FuncArgs, PySetterValue};
use rustpython_vm::object::{Traverse, TraverseFn};
use rustpython_vm::types::{Constructor, Destructor, Initializer, Iterable, Representable};
use rustpython_vm::{
    AsObject, FromArgs, Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass,
};
use smallvec::SmallVec;

use self::iter::FutureIter;
use crate::event_loop::schedule;
use crate::interpreter_state::{self, InterpreterState, invalid_state};
use crate::task::Task;
use crate::task::callbacks::TaskWakeup;

/// The state of a future.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Pending,
    Cancelled,
    Finished,
}

impl Stage {
    fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Cancelled => "CANCELLED",
            Self::Finished => "FINISHED",
        }
    }
}

/// What is called when a future is done.
#[derive(Clone)]
pub(crate) enum Waiter {
    /// `function(future)` is called in `context`.
    Callback { function: PyObjectRef, context: PyObjectRef },
    /// A task that awaits the future continues.
    Task(PyRef<Task>),
}

#[derive(Default)]
pub(crate) struct Data {
    pub(crate) event_loop: Option<PyObjectRef>,
    waiters: SmallVec<[Waiter; 1]>,
    result: Option<PyObjectRef>,
    pub(crate) exception: Option<PyBaseExceptionRef>,
    /// The exception's traceback when it was set: each time it is raised it grows anew from there.
    traceback: Option<PyRef<PyTraceback>>,
    source_traceback: Option<PyObjectRef>,
    pub(crate) cancel_message: Option<PyObjectRef>,
    /// The exception that a cancelled task ended with, raised once to the first who asks.
    cancelled_error: Option<PyBaseExceptionRef>,
    awaited_by: SmallVec<[PyObjectRef; 1]>,
}

/// This class is *almost* compatible with `concurrent.futures.Future`: a result, or an exception,
/// that will be there later.
///
/// Awaiting it suspends the task until then. Not thread-safe: other threads go through
/// `loop.call_soon_threadsafe`.
#[pyclass(module = "_asyncio", name = "Future", traverse = "manual")]
#[derive(PyPayload)]
pub(crate) struct Future {
    pub(crate) data: PyMutex<Data>,
    stage: AtomicU8,
    blocking: AtomicBool,
    log_traceback: AtomicBool,
}

impl fmt::Debug for Future {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Future").field("stage", &self.stage()).finish_non_exhaustive()
    }
}

// SAFETY: each object is visited once, and `clear` gives away those that can be part of a cycle.
#[expect(unsafe_code, reason = "the garbage collector's interface")]
unsafe impl Traverse for Future {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        let Some(data) = self.data.try_lock() else {
            return;
        };
        for waiter in &data.waiters {
            match waiter {
                Waiter::Callback { function, context } => {
                    visit(function);
                    visit(context);
                }
                Waiter::Task(task) => visit(task.as_object()),
            }
        }
        data.event_loop.traverse(visit);
        data.result.traverse(visit);
        data.exception.traverse(visit);
        data.traceback.traverse(visit);
        data.source_traceback.traverse(visit);
        data.cancel_message.traverse(visit);
        data.cancelled_error.traverse(visit);
        for waiter in &data.awaited_by {
            visit(waiter);
        }
    }

    fn clear(&mut self, out: &mut Vec<PyObjectRef>) {
        let data = std::mem::take(&mut *self.data.lock());
        for waiter in data.waiters {
            match waiter {
                Waiter::Callback { function, context } => out.extend([function, context]),
                Waiter::Task(task) => out.push(task.into()),
            }
        }
        out.extend(data.event_loop);
        out.extend(data.result);
        out.extend(data.exception.map(PyObjectRef::from));
        out.extend(data.traceback.map(PyObjectRef::from));
        out.extend(data.cancelled_error.map(PyObjectRef::from));
        out.extend(data.awaited_by);
    }
}

#[derive(FromArgs)]
pub(crate) struct FutureArgs {
    #[pyarg(named, name = "loop", optional)]
    event_loop: Option<PyObjectRef>,
}

#[derive(FromArgs)]
pub(crate) struct CallbackArgs {
    #[pyarg(positional, name = "fn")]
    function: PyObjectRef,
    #[pyarg(named, optional)]
    context: Option<PyObjectRef>,
}

#[derive(FromArgs)]
pub(crate) struct CancelArgs {
    #[pyarg(any, optional)]
    pub(crate) msg: Option<PyObjectRef>,
}

impl Constructor for Future {
    type Args = FuncArgs;

    fn py_new(_class: &Py<PyType>, _args: FuncArgs, _vm: &VirtualMachine) -> PyResult<Self> {
        Ok(Self::unbound())
    }
}

impl Initializer for Future {
    type Args = FutureArgs;

    fn init(zelf: &Py<Self>, args: FutureArgs, vm: &VirtualMachine) -> PyResult<()> {
        let event_loop = match args.event_loop.filter(|event_loop| !vm.is_none(event_loop)) {
            Some(event_loop) => event_loop,
            None => schedule::current_loop(vm)?,
        };
        zelf.bind(event_loop, vm)
    }
}

/// An exception for `set_exception`, which takes classes as well as instances.
fn exception_from(object: PyObjectRef, vm: &VirtualMachine) -> PyResult<PyBaseExceptionRef> {
    let object = if object.fast_isinstance(vm.ctx.types.type_type) { object.call((), vm)? } else { object };
    let error = object.downcast::<PyBaseException>().map_err(|object| {
        let class = object.class().name().to_string();
        vm.new_type_error(format!("exception must be a BaseException, not {class}"))
    })?;
    if error.fast_isinstance(vm.ctx.exceptions.stop_iteration) {
        let wrapped = vm.new_runtime_error(
            "StopIteration interacts badly with generators and cannot be raised into a Future",
        );
        wrapped.set_cause(Some(error.clone()));
        wrapped.set_context(Some(error));
        return Ok(wrapped);
    }
    Ok(error)
}

#[pyclass(
    flags(BASETYPE, HAS_DICT, HAS_WEAKREF),
    with(Constructor, Initializer, Destructor, Iterable, Representable)
)]
impl Future {
    /// The result. Raises the exception that was set, `CancelledError` after a cancellation and
    /// `InvalidStateError` while there is no result.
    #[pymethod]
    fn result(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        zelf.outcome(vm).unwrap_or_else(|| Err(invalid_state("Result is not ready.", vm)))
    }

    /// The exception that was set, or `None`. Raises `CancelledError` after a cancellation and
    /// `InvalidStateError` while the future is not done.
    #[pymethod]
    fn exception(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<Option<PyObjectRef>> {
        match zelf.stage() {
            Stage::Pending => Err(invalid_state("Exception is not set.", vm)),
            Stage::Cancelled => Err(zelf.make_cancelled_error(vm)),
            Stage::Finished => {
                zelf.forget_traceback();
                Ok(zelf.data.lock().exception.clone().map(Into::into))
            }
        }
    }

    /// Ends the future with a result. Raises `InvalidStateError` if it is done already.
    #[pymethod]
    fn set_result(zelf: &Py<Self>, result: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        zelf.initialized(vm)?;
        if zelf.is_done() {
            return Err(invalid_state("invalid state", vm));
        }
        zelf.finish(zelf.as_object(), result, vm)
    }

    /// Ends the future with an exception, given as an instance or a class. Raises
    /// `InvalidStateError` if it is done already.
    #[pymethod]
    fn set_exception(zelf: &Py<Self>, exception: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        zelf.initialized(vm)?;
        if zelf.is_done() {
            return Err(invalid_state("invalid state", vm));
        }
        let error = exception_from(exception, vm)?;
        zelf.fail(zelf.as_object(), error, vm)
    }

    /// Has `fn(future)` called from the loop once the future is done, in `context` or a copy of the
    /// current one.
    #[pymethod]
    fn add_done_callback(zelf: &Py<Self>, args: CallbackArgs, vm: &VirtualMachine) -> PyResult<()> {
        zelf.initialized(vm)?;
        let context = match args.context.filter(|context| !vm.is_none(context)) {
            Some(context) => context,
            None => InterpreterState::get(vm)?.copy_context(vm)?,
        };
        let waiter = Waiter::Callback { function: args.function, context };
        zelf.add_waiter(zelf.as_object(), waiter, vm)
    }

    /// Forgets callbacks equal to `fn`; returns how many there were.
    #[pymethod]
    fn remove_done_callback(zelf: &Py<Self>, function: PyObjectRef, vm: &VirtualMachine) -> PyResult<usize> {
        zelf.initialized(vm)?;
        // Comparing may run Python, which may come back here: it goes over a copy, and only what is
        // still there afterwards is removed.
        let functions: Vec<PyObjectRef> = zelf
            .data
            .lock()
            .waiters
            .iter()
            .filter_map(|waiter| match waiter {
                Waiter::Callback { function, .. } => Some(function.clone()),
                Waiter::Task(_) => None,
            })
            .collect();
        let mut equal = Vec::new();
        for candidate in functions {
            if vm.identical_or_equal(&candidate, &function)? {
                equal.push(candidate);
            }
        }
        let mut removed = Vec::new();
        let mut data = zelf.data.lock();
        let mut kept = SmallVec::new();
        for waiter in std::mem::take(&mut data.waiters) {
            match &waiter {
                Waiter::Callback { function, .. } if equal.iter().any(|other| other.is(function)) => {
                    removed.push(waiter);
                }
                _ => kept.push(waiter),
            }
        }
        data.waiters = kept;
        drop(data);
        Ok(removed.len())
    }

    /// Ends the future as cancelled; `msg` becomes the `CancelledError`'s. Returns whether it was
    /// pending.
    #[pymethod]
    fn cancel(zelf: &Py<Self>, args: CancelArgs, vm: &VirtualMachine) -> PyResult<bool> {
        zelf.initialized(vm)?;
        zelf.cancel_with(zelf.as_object(), args.msg.filter(|message| !vm.is_none(message)), vm)
    }

    /// Whether the future was cancelled.
    #[pymethod]
    fn cancelled(zelf: &Py<Self>) -> bool {
        zelf.stage() == Stage::Cancelled
    }

    /// Whether there is a result or an exception, or the future was cancelled.
    #[pymethod]
    fn done(zelf: &Py<Self>) -> bool {
        zelf.is_done()
    }

    /// The event loop the future belongs to.
    #[pymethod]
    fn get_loop(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        zelf.initialized(vm)
    }

    #[pymethod]
    fn _make_cancelled_error(zelf: &Py<Self>, vm: &VirtualMachine) -> PyBaseExceptionRef {
        zelf.make_cancelled_error(vm)
    }

    #[pymethod]
    fn __await__(zelf: PyRef<Self>) -> FutureIter {
        FutureIter::new(zelf.into())
    }

    #[pyclassmethod]
    fn __class_getitem__(
        class: PyTypeRef,
        item: PyObjectRef,
        vm: &VirtualMachine,
    ) -> PyResult<PyGenericAlias> {
        PyGenericAlias::from_args(class, item, vm)
    }

    #[pygetset]
    fn _state(zelf: &Py<Self>) -> &'static str {
        zelf.stage().name()
    }

    #[pygetset]
    fn _asyncio_future_blocking(zelf: &Py<Self>) -> bool {
        zelf.is_blocking()
    }

    #[pygetset(setter)]
    fn set__asyncio_future_blocking(
        zelf: &Py<Self>,
        value: PySetterValue,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        match value {
            PySetterValue::Assign(value) => {
                zelf.set_blocking(value.is_true(vm)?);
                Ok(())
            }
            PySetterValue::Delete => Err(vm.new_attribute_error("cannot delete attribute")),
        }
    }

    #[pygetset]
    fn _loop(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.event_loop()
    }

    #[pygetset]
    fn _callbacks(zelf: &Py<Self>, vm: &VirtualMachine) -> Option<PyObjectRef> {
        let waiters = zelf.data.lock().waiters.clone();
        if waiters.is_empty() {
            return None;
        }
        let pairs = waiters.into_iter().map(|waiter| {
            let (function, context) = match waiter {
                Waiter::Callback { function, context } => (function, context),
                Waiter::Task(task) => {
                    let context = task.known_context();
                    (TaskWakeup::new(task).into_pyobject(vm), vm.unwrap_or_none(context))
                }
            };
            vm.ctx.new_tuple(vec![function, context]).into()
        });
        Some(vm.ctx.new_list(pairs.collect()).into())
    }

    #[pygetset]
    fn _result(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.data.lock().result.clone()
    }

    #[pygetset]
    fn _exception(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.data.lock().exception.clone().map(Into::into)
    }

    #[pygetset]
    fn _log_traceback(zelf: &Py<Self>) -> bool {
        zelf.log_traceback.load(Relaxed)
    }

    #[pygetset(setter)]
    fn set__log_traceback(zelf: &Py<Self>, value: PySetterValue, vm: &VirtualMachine) -> PyResult<()> {
        let PySetterValue::Assign(value) = value else {
            return Err(vm.new_attribute_error("cannot delete attribute"));
        };
        if value.is_true(vm)? {
            return Err(vm.new_value_error("_log_traceback can only be set to False"));
        }
        zelf.forget_traceback();
        Ok(())
    }

    #[pygetset]
    fn _source_traceback(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.source_traceback()
    }

    #[pygetset]
    fn _cancel_message(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.data.lock().cancel_message.clone()
    }

    #[pygetset(setter)]
    fn set__cancel_message(zelf: &Py<Self>, value: PySetterValue, vm: &VirtualMachine) {
        let message = match value {
            PySetterValue::Assign(message) => Some(message).filter(|message| !vm.is_none(message)),
            PySetterValue::Delete => None,
        };
        let replaced = std::mem::replace(&mut zelf.data.lock().cancel_message, message);
        drop(replaced);
    }

    /// The tasks and futures that await this one, as a set, or `None`.
    #[pygetset]
    fn _asyncio_awaited_by(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<Option<PyObjectRef>> {
        let waiters = zelf.data.lock().awaited_by.clone();
        if waiters.is_empty() {
            return Ok(None);
        }
        let set = PySet::default().into_ref(&vm.ctx);
        for waiter in waiters {
            set.add(waiter, vm)?;
        }
        Ok(Some(set.into()))
    }
}

impl Destructor for Future {
    fn del(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        zelf.report_unretrieved(zelf.as_object(), vm)
    }
}

impl Iterable for Future {
    fn iter(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult {
        Ok(FutureIter::new(zelf.into()).into_pyobject(vm))
    }
}

impl Representable for Future {
    fn repr_str(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<String> {
        let repr = interpreter_state::asyncio("base_futures", "_future_repr", vm)?;
        Ok(repr.call((zelf.to_owned(),), vm)?.str(vm)?.to_string())
    }
}
