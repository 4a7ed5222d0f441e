//! `asyncio.Task`: a coroutine that the event loop runs.

pub(crate) mod callbacks;
pub(crate) mod current;
pub(crate) mod registry;
pub(crate) mod step;

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};

use rustpython_vm::builtins::{PyCoroutine, PyType};
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::function::{FuncArgs, KwArgs, OptionalArg, PySetterValue};
use rustpython_vm::object::{Traverse, TraverseFn};
use rustpython_vm::types::{Constructor, Destructor, Initializer, Representable};
use rustpython_vm::{
    AsObject, FromArgs, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass,
};

use crate::event_loop::schedule;
use crate::future::{CancelArgs, Future};
use crate::interpreter_state::{self, InterpreterState};

/// What the next unnamed task is called.
static NEXT_NUMBER: AtomicU64 = AtomicU64::new(1);

enum Name {
    /// `Task-N`; most names are never looked at.
    Numbered(u64),
    Given(PyObjectRef),
}

struct TaskData {
    coroutine: Option<PyObjectRef>,
    context: Option<PyObjectRef>,
    name: Option<Name>,
    /// What the coroutine awaits.
    waits_for: Option<PyObjectRef>,
    /// What it returned, between the return and the end of the step.
    returned: Option<PyObjectRef>,
}

/// A coroutine wrapped in a future: the event loop runs it step by step.
///
/// Made by `asyncio.create_task`.
#[pyclass(module = "_asyncio", name = "Task", base = Future, traverse = "manual")]
#[repr(C)]
pub(crate) struct Task {
    pub(crate) base: Future,
    data: PyMutex<TaskData>,
    must_cancel: AtomicBool,
    cancel_requests: AtomicU32,
    log_destroy_pending: AtomicBool,
}

impl std::fmt::Debug for Task {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Task").field("base", &self.base).finish_non_exhaustive()
    }
}

// SAFETY: each object is visited once, and `clear` gives away those that can be part of a cycle.
#[expect(unsafe_code, reason = "the garbage collector's interface")]
unsafe impl Traverse for Task {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        self.base.traverse(visit);
        let Some(data) = self.data.try_lock() else {
            return;
        };
        data.coroutine.traverse(visit);
        data.context.traverse(visit);
        data.waits_for.traverse(visit);
        data.returned.traverse(visit);
        if let Some(Name::Given(name)) = &data.name {
            visit(name);
        }
    }

    fn clear(&mut self, out: &mut Vec<PyObjectRef>) {
        self.base.clear(out);
        let mut data = self.data.lock();
        out.extend(data.coroutine.take());
        out.extend(data.context.take());
        out.extend(data.waits_for.take());
        out.extend(data.returned.take());
    }
}

#[derive(FromArgs)]
pub(crate) struct TaskArgs {
    #[pyarg(any)]
    coro: PyObjectRef,
    #[pyarg(named, name = "loop", optional)]
    event_loop: Option<PyObjectRef>,
    #[pyarg(named, optional)]
    name: Option<PyObjectRef>,
    #[pyarg(named, optional)]
    context: Option<PyObjectRef>,
    #[pyarg(named, optional)]
    eager_start: OptionalArg<PyObjectRef>,
}

#[derive(FromArgs)]
struct LimitArgs {
    #[pyarg(named, optional)]
    limit: Option<PyObjectRef>,
}

#[derive(FromArgs)]
struct PrintArgs {
    #[pyarg(named, optional)]
    limit: Option<PyObjectRef>,
    #[pyarg(named, optional)]
    file: Option<PyObjectRef>,
}

impl Constructor for Task {
    type Args = FuncArgs;

    fn py_new(_class: &Py<PyType>, _args: FuncArgs, _vm: &VirtualMachine) -> PyResult<Self> {
        Ok(Self::unbound())
    }
}

impl Initializer for Task {
    type Args = TaskArgs;

    fn init(zelf: &Py<Self>, args: TaskArgs, vm: &VirtualMachine) -> PyResult<()> {
        Self::set_up(zelf, args, vm)
    }
}

impl Task {
    fn unbound() -> Self {
        let data = TaskData { coroutine: None, context: None, name: None, waits_for: None, returned: None };
        Self {
            base: Future::unbound(),
            data: PyMutex::new(data),
            must_cancel: false.into(),
            cancel_requests: 0.into(),
            log_destroy_pending: true.into(),
        }
    }

    /// A task for the coroutine in `args`, scheduled or started.
    pub(crate) fn create(args: TaskArgs, vm: &VirtualMachine) -> PyResult<PyRef<Self>> {
        let task = Self::unbound().into_ref(&vm.ctx);
        Self::set_up(&task, args, vm)?;
        Ok(task)
    }

    /// A task of a native loop, whose first step has run.
    pub(crate) fn started(
        coroutine: PyObjectRef,
        event_loop: &PyObject,
        vm: &VirtualMachine,
    ) -> PyResult<PyRef<Self>> {
        let task = Self::unbound().into_ref(&vm.ctx);
        task.base.bind(event_loop.to_owned(), vm)?;
        if !is_coroutine(&coroutine, vm)? {
            task.log_destroy_pending.store(false, Relaxed);
            let message = format!("a coroutine was expected, got {}", coroutine.repr(vm)?);
            return Err(vm.new_type_error(message));
        }
        {
            let context = InterpreterState::get(vm)?.copy_context(vm)?;
            let mut data = task.data.lock();
            data.coroutine = Some(coroutine);
            data.context = Some(context);
            data.name = Some(Name::Numbered(NEXT_NUMBER.fetch_add(1, Relaxed)));
        }
        step::start_registered(&task, event_loop, vm)?;
        Ok(task)
    }

    fn set_up(zelf: &Py<Self>, args: TaskArgs, vm: &VirtualMachine) -> PyResult<()> {
        let event_loop = match args.event_loop.filter(|event_loop| !vm.is_none(event_loop)) {
            Some(event_loop) => event_loop,
            None => schedule::current_loop(vm)?,
        };
        zelf.base.bind(event_loop.clone(), vm)?;
        if !is_coroutine(&args.coro, vm)? {
            zelf.log_destroy_pending.store(false, Relaxed);
            let message = format!("a coroutine was expected, got {}", args.coro.repr(vm)?);
            return Err(vm.new_type_error(message));
        }
        let context = match args.context.filter(|context| !vm.is_none(context)) {
            // Anything else would only be noticed once the task runs, where no caller could catch the error.
            Some(context) if context.fast_isinstance(&InterpreterState::get(vm)?.context_class) => context,
            Some(_) => {
                zelf.log_destroy_pending.store(false, Relaxed);
                return Err(vm.new_type_error("an instance of Context was expected"));
            }
            None => InterpreterState::get(vm)?.copy_context(vm)?,
        };
        let name = match args.name.filter(|name| !vm.is_none(name)) {
            Some(name) => Name::Given(name.str(vm)?.into()),
            None => Name::Numbered(NEXT_NUMBER.fetch_add(1, Relaxed)),
        };
        {
            let mut data = zelf.data.lock();
            data.coroutine = Some(args.coro);
            data.context = Some(context);
            data.name = Some(name);
        }
        let eager = match args.eager_start {
            OptionalArg::Present(eager) => eager.is_true(vm)?,
            OptionalArg::Missing => false,
        };
        if eager && vm.call_method(&event_loop, "is_running", ())?.is_true(vm)? {
            return step::start(zelf, &event_loop, vm);
        }
        registry::register(&event_loop, zelf, vm)?;
        step::schedule(zelf, &event_loop, vm)
    }

    pub(crate) fn coroutine(&self) -> Option<PyObjectRef> {
        self.data.lock().coroutine.clone()
    }

    pub(crate) fn forget_coroutine(&self) {
        let coroutine = self.data.lock().coroutine.take();
        drop(coroutine);
    }

    /// The context the coroutine runs in, if the task was initialized.
    pub(crate) fn known_context(&self) -> Option<PyObjectRef> {
        self.data.lock().context.clone()
    }

    /// The context the coroutine runs in.
    pub(crate) fn context(&self, vm: &VirtualMachine) -> PyResult {
        self.known_context().ok_or_else(|| vm.new_runtime_error("Task object is not initialized."))
    }

    pub(crate) fn set_waits_for(&self, future: Option<PyObjectRef>) {
        let replaced = std::mem::replace(&mut self.data.lock().waits_for, future);
        drop(replaced);
    }

    pub(crate) fn set_returned(&self, value: PyObjectRef) {
        self.data.lock().returned = Some(value);
    }

    pub(crate) fn take_returned(&self) -> Option<PyObjectRef> {
        self.data.lock().returned.take()
    }

    /// Whether a cancellation is due; it is not any more.
    pub(crate) fn take_must_cancel(&self) -> bool {
        self.must_cancel.load(Relaxed) && self.must_cancel.swap(false, Relaxed)
    }

    pub(crate) fn must_cancel(&self) -> bool {
        self.must_cancel.load(Relaxed)
    }

    pub(crate) fn cancel_message(&self) -> Option<PyObjectRef> {
        self.base.data.lock().cancel_message.clone()
    }

    fn name(&self, vm: &VirtualMachine) -> PyObjectRef {
        let mut data = self.data.lock();
        match &data.name {
            None => vm.ctx.none(),
            Some(Name::Given(name)) => name.clone(),
            Some(Name::Numbered(number)) => {
                let name: PyObjectRef = vm.ctx.new_str(format!("Task-{number}")).into();
                data.name = Some(Name::Given(name.clone()));
                name
            }
        }
    }
}

/// Calls `future.cancel(msg=message)`; whether it agreed.
pub(crate) fn cancel_future(
    future: &PyObjectRef,
    message: Option<PyObjectRef>,
    vm: &VirtualMachine,
) -> PyResult<bool> {
    let message = vm.unwrap_or_none(message);
    let args: KwArgs = [("msg", message)].into_iter().collect();
    vm.call_method(future, "cancel", FuncArgs::from(args))?.is_true(vm)
}

fn is_coroutine(object: &PyObjectRef, vm: &VirtualMachine) -> PyResult<bool> {
    if object.downcast_ref_if_exact::<PyCoroutine>(vm).is_some() {
        return Ok(true);
    }
    interpreter_state::asyncio("coroutines", "iscoroutine", vm)?.call((object.clone(),), vm)?.is_true(vm)
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer, Destructor, Representable))]
impl Task {
    /// Asks the task to end: `CancelledError` is raised in its coroutine, at what it awaits.
    ///
    /// The coroutine may catch it; `cancelled()` is true only once it ended with it. Returns whether
    /// the task was still running.
    #[pymethod]
    fn cancel(zelf: &Py<Self>, args: CancelArgs, vm: &VirtualMachine) -> PyResult<bool> {
        zelf.base.forget_traceback();
        if zelf.base.is_done() {
            return Ok(false);
        }
        let requests = zelf.cancel_requests.load(Relaxed);
        zelf.cancel_requests.store(requests.saturating_add(1), Relaxed);
        let message = args.msg.filter(|message| !vm.is_none(message));
        let waits_for = zelf.data.lock().waits_for.clone();
        // It stays in `waits_for`: it may be a task that ignores this and is cancelled again.
        if let Some(future) = waits_for
            && cancel_future(&future, message.clone(), vm)?
        {
            return Ok(true);
        }
        zelf.must_cancel.store(true, Relaxed);
        let replaced = std::mem::replace(&mut zelf.base.data.lock().cancel_message, message);
        drop(replaced);
        Ok(true)
    }

    /// How many requests to cancel were made and not taken back.
    #[pymethod]
    fn cancelling(zelf: &Py<Self>) -> u32 {
        zelf.cancel_requests.load(Relaxed)
    }

    /// Takes one request to cancel back; returns how many remain.
    #[pymethod]
    fn uncancel(zelf: &Py<Self>) -> u32 {
        let remaining = zelf.cancel_requests.load(Relaxed).saturating_sub(1);
        zelf.cancel_requests.store(remaining, Relaxed);
        if remaining == 0 {
            zelf.must_cancel.store(false, Relaxed);
        }
        remaining
    }

    /// Not for tasks: raises `RuntimeError`.
    #[pymethod]
    fn set_result(_zelf: &Py<Self>, _result: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        Err(vm.new_runtime_error("Task does not support set_result operation"))
    }

    /// Not for tasks: raises `RuntimeError`.
    #[pymethod]
    fn set_exception(_zelf: &Py<Self>, _exception: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        Err(vm.new_runtime_error("Task does not support set_exception operation"))
    }

    /// The coroutine the task runs.
    #[pymethod]
    fn get_coro(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.coroutine()
    }

    /// The `contextvars.Context` the coroutine runs in.
    #[pymethod]
    fn get_context(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.known_context()
    }

    /// The task's name.
    #[pymethod]
    fn get_name(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        zelf.name(vm)
    }

    /// Gives the task a name; other objects become text.
    #[pymethod]
    fn set_name(zelf: &Py<Self>, value: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let name = Name::Given(value.str(vm)?.into());
        let replaced = zelf.data.lock().name.replace(name);
        drop(replaced);
        Ok(())
    }

    /// The frames of the suspended coroutine, oldest first, or those of the exception that ended
    /// it; at most `limit`.
    #[pymethod]
    fn get_stack(zelf: &Py<Self>, args: LimitArgs, vm: &VirtualMachine) -> PyResult {
        let function = interpreter_state::asyncio("base_tasks", "_task_get_stack", vm)?;
        function.call((zelf.to_owned(), vm.unwrap_or_none(args.limit)), vm)
    }

    /// Prints what `get_stack` returns to `file`, by default `sys.stderr`.
    #[pymethod]
    fn print_stack(zelf: &Py<Self>, args: PrintArgs, vm: &VirtualMachine) -> PyResult {
        let function = interpreter_state::asyncio("base_tasks", "_task_print_stack", vm)?;
        let (limit, file) = (vm.unwrap_or_none(args.limit), vm.unwrap_or_none(args.file));
        function.call((zelf.to_owned(), limit, file), vm)
    }

    #[pygetset]
    fn _must_cancel(zelf: &Py<Self>) -> bool {
        zelf.must_cancel()
    }

    #[pygetset]
    fn _coro(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.coroutine()
    }

    #[pygetset]
    fn _fut_waiter(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.data.lock().waits_for.clone()
    }

    #[pygetset]
    fn _log_destroy_pending(zelf: &Py<Self>) -> bool {
        zelf.log_destroy_pending.load(Relaxed)
    }

    #[pygetset(setter)]
    fn set__log_destroy_pending(zelf: &Py<Self>, value: PySetterValue, vm: &VirtualMachine) -> PyResult<()> {
        let PySetterValue::Assign(value) = value else {
            return Err(vm.new_attribute_error("cannot delete attribute"));
        };
        zelf.log_destroy_pending.store(value.is_true(vm)?, Relaxed);
        Ok(())
    }
}

impl Destructor for Task {
    fn del(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        if zelf.base.is_done() {
            return zelf.base.report_unretrieved(zelf.as_object(), vm);
        }
        let Some(event_loop) = zelf.base.event_loop() else {
            return Ok(());
        };
        registry::forget(&event_loop, zelf);
        if !zelf.log_destroy_pending.load(Relaxed) {
            return Ok(());
        }
        let context = vm.ctx.new_dict();
        context.set_item("task", zelf.to_owned().into(), vm)?;
        let message = vm.ctx.new_str("Task was destroyed but it is pending!");
        context.set_item("message", message.into(), vm)?;
        if let Some(source) = zelf.base.source_traceback() {
            context.set_item("source_traceback", source, vm)?;
        }
        vm.call_method(&event_loop, "call_exception_handler", (context,))?;
        Ok(())
    }
}

impl Representable for Task {
    fn repr_str(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<String> {
        let repr = interpreter_state::asyncio("base_tasks", "_task_repr", vm)?;
        Ok(repr.call((zelf.to_owned(),), vm)?.str(vm)?.to_string())
    }
}
