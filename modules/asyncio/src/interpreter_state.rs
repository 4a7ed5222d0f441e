//! Objects of an interpreter that every callback and task needs, looked up once per thread.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Weak};

use rustpython_vm::builtins::{PyBaseExceptionRef, PyTypeRef};
use rustpython_vm::vm::PyGlobalState;
use rustpython_vm::{AsObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine};

use crate::task::callbacks::TaskRunner;

/// What one interpreter's `asyncio` and `contextvars` define.
pub(crate) struct InterpreterState {
    /// Identifies the interpreter; weak, so that it can end while a thread remembers it.
    interpreter: Weak<PyGlobalState>,
    /// `contextvars.Context.run`, unbound.
    pub(crate) context_run: PyObjectRef,
    /// `type(context)`, for which `context_run` may be called.
    pub(crate) context_type: PyTypeRef,
    task_runner: PyRef<TaskRunner>,
    tasks: PyObjectRef,
    futures: PyObjectRef,
    copy_context: PyObjectRef,
    /// `contextvars.Context`.
    pub(crate) context_class: PyTypeRef,
    cancelled_error: PyTypeRef,
    invalid_state_error: PyTypeRef,
}

impl InterpreterState {
    /// That of the interpreter running on this thread.
    ///
    /// # Errors
    /// What importing `asyncio` raises.
    pub(crate) fn get(vm: &VirtualMachine) -> PyResult<Rc<Self>> {
        thread_local! {
            static STATE: RefCell<Option<Rc<InterpreterState>>> = const { RefCell::new(None) };
        }
        let known = STATE.with_borrow(|state| {
            let known = state.as_ref()?;
            std::ptr::eq(known.interpreter.as_ptr(), Arc::as_ptr(&vm.state)).then(|| Rc::clone(known))
        });
        if let Some(state) = known {
            return Ok(state);
        }
        let state = Rc::new(Self::look_up(vm)?);
        let replaced = STATE.with_borrow_mut(|known| known.replace(Rc::clone(&state)));
        drop(replaced);
        Ok(state)
    }

    fn look_up(vm: &VirtualMachine) -> PyResult<Self> {
        let contextvars = vm.import("contextvars", 0)?;
        let context_type = contextvars.get_attr("Context", vm)?;
        Ok(Self {
            interpreter: Arc::downgrade(&vm.state),
            context_run: context_type.get_attr("run", vm)?,
            context_type: class(context_type, vm)?,
            tasks: module("tasks", vm)?,
            futures: module("futures", vm)?,
            task_runner: TaskRunner::default().into_ref(&vm.ctx),
            copy_context: contextvars.get_attr("copy_context", vm)?,
            context_class: class(contextvars.get_attr("Context", vm)?, vm)?,
            cancelled_error: class(asyncio("exceptions", "CancelledError", vm)?, vm)?,
            invalid_state_error: class(asyncio("exceptions", "InvalidStateError", vm)?, vm)?,
        })
    }

    /// A copy of the current context.
    pub(crate) fn copy_context(&self, vm: &VirtualMachine) -> PyResult {
        self.copy_context.call((), vm)
    }

    /// `asyncio.tasks.Task`, which a script may have replaced.
    pub(crate) fn task_class(&self, vm: &VirtualMachine) -> PyResult {
        self.tasks.get_attr(vm.ctx.intern_str("Task"), vm)
    }

    /// `asyncio.futures.Future`, which a script may have replaced.
    pub(crate) fn future_class(&self, vm: &VirtualMachine) -> PyResult {
        self.futures.get_attr(vm.ctx.intern_str("Future"), vm)
    }

    /// What runs a task's coroutine.
    pub(crate) fn task_runner(&self) -> &PyRef<TaskRunner> {
        &self.task_runner
    }

    /// `asyncio.CancelledError`.
    pub(crate) fn cancelled_error(&self) -> &PyTypeRef {
        &self.cancelled_error
    }

    /// Whether `error` is a cancellation.
    pub(crate) fn is_cancelled(&self, error: &PyBaseExceptionRef) -> bool {
        error.fast_isinstance(&self.cancelled_error)
    }

    /// Calls `function` with `args` in `context`.
    pub(crate) fn run_in(
        &self,
        context: &PyObjectRef,
        function: PyObjectRef,
        args: impl IntoIterator<Item = PyObjectRef>,
        vm: &VirtualMachine,
    ) -> PyResult {
        let args = args.into_iter();
        let mut all = Vec::with_capacity(2 + args.size_hint().0);
        if context.class().is(&self.context_type) {
            all.push(context.clone());
            all.push(function);
            all.extend(args);
            return self.context_run.call(all, vm);
        }
        // Something of the script's own that only looks like a context.
        all.push(function);
        all.extend(args);
        vm.call_method(context, "run", all)
    }
}

fn class(object: PyObjectRef, vm: &VirtualMachine) -> PyResult<PyTypeRef> {
    object.downcast().map_err(|_| vm.new_type_error("asyncio's classes were replaced by other objects"))
}

/// Whether asyncio lets `error` out of the loop instead of reporting it.
pub(crate) fn ends_the_loop(error: &PyBaseExceptionRef, vm: &VirtualMachine) -> bool {
    error.fast_isinstance(vm.ctx.exceptions.system_exit)
        || error.fast_isinstance(vm.ctx.exceptions.keyboard_interrupt)
}

/// `asyncio.NAME.ATTRIBUTE`.
pub(crate) fn asyncio(name: &'static str, attribute: &'static str, vm: &VirtualMachine) -> PyResult {
    module(name, vm)?.get_attr(vm.ctx.intern_str(attribute), vm)
}

/// `asyncio.NAME`.
fn module(name: &'static str, vm: &VirtualMachine) -> PyResult {
    let modules = vm.sys_module.get_attr("modules", vm)?;
    let path = vm.ctx.new_str(format!("asyncio.{name}"));
    match modules.get_item(&*path, vm) {
        Ok(module) => Ok(module),
        Err(_) => vm.import(&*path, 0)?.get_attr(vm.ctx.intern_str(name), vm),
    }
}

/// `asyncio.InvalidStateError`.
pub(crate) fn invalid_state(message: &str, vm: &VirtualMachine) -> PyBaseExceptionRef {
    match InterpreterState::get(vm) {
        Ok(state) => vm.new_exception_msg(state.invalid_state_error.clone(), message.into()),
        Err(error) => error,
    }
}

/// Where the running Python code is, for debug mode's "created at".
pub(crate) fn extract_stack(vm: &VirtualMachine) -> PyResult {
    asyncio("format_helpers", "extract_stack", vm)?.call((), vm)
}
