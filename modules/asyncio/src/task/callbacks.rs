//! What event loops, futures and contexts call to run a task.

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::types::{Callable, Representable};
use rustpython_vm::{
    AsObject, Py, PyObjectRef, PyPayload, PyRef, PyResult, Traverse, VirtualMachine, pyclass,
};

use super::Task;
use super::step::{future_error, resume, step_inside};

/// The first or next step of a task, as a callback for loops that only know callbacks.
#[pyclass(module = "_asyncio", name = "TaskStepMethWrapper", traverse)]
#[derive(Debug, PyPayload)]
pub(crate) struct TaskStep {
    pub(super) task: PyRef<Task>,
    pub(super) error: Option<PyBaseExceptionRef>,
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(Callable))]
impl TaskStep {
    /// The task.
    #[pygetset]
    fn __self__(zelf: &Py<Self>) -> PyObjectRef {
        zelf.task.clone().into()
    }
}

impl Callable for TaskStep {
    type Args = ();

    fn call(zelf: &Py<Self>, _args: (), vm: &VirtualMachine) -> PyResult {
        // In its context already.
        step_inside(&zelf.task, zelf.error.clone(), vm)?;
        Ok(vm.ctx.none())
    }
}

/// The callback by which a future wakes a task.
#[pyclass(module = "_asyncio", name = "TaskWakeupMethWrapper", traverse)]
#[derive(Debug, PyPayload)]
pub(crate) struct TaskWakeup {
    task: PyRef<Task>,
}

impl TaskWakeup {
    pub(crate) fn new(task: PyRef<Task>) -> Self {
        Self { task }
    }

    pub(crate) fn task(&self) -> &PyRef<Task> {
        &self.task
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(Callable, Representable))]
impl TaskWakeup {
    /// The task.
    #[pygetset]
    fn __self__(zelf: &Py<Self>) -> PyObjectRef {
        zelf.task.clone().into()
    }
}

impl Callable for TaskWakeup {
    type Args = (PyObjectRef,);

    fn call(zelf: &Py<Self>, (future,): (PyObjectRef,), vm: &VirtualMachine) -> PyResult {
        let error = future_error(&zelf.task, &future, vm);
        step_inside(&zelf.task, error, vm)?;
        Ok(vm.ctx.none())
    }
}

impl Representable for TaskWakeup {
    fn repr_str(zelf: &Py<Self>, _vm: &VirtualMachine) -> PyResult<String> {
        // By the task: a future shows its waiters through passing objects of this class.
        Ok(format!("<TaskWakeupMethWrapper object at {:#x}>", zelf.task.get_id()))
    }
}

/// What `Context.run` calls: sends into the coroutine of the task it was given, or throws.
///
/// Given by [`TaskRunner::give`], not as an argument: `Context.run` would copy it on each step.
#[pyclass(module = "_asyncio", name = "TaskRunner", traverse)]
#[derive(Debug, Default, PyPayload)]
pub(crate) struct TaskRunner {
    next: PyMutex<Option<(PyRef<Task>, Option<PyBaseExceptionRef>)>>,
}

impl TaskRunner {
    pub(super) fn give(&self, step: Option<(PyRef<Task>, Option<PyBaseExceptionRef>)>) {
        let before = std::mem::replace(&mut *self.next.lock(), step);
        drop(before);
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(Callable))]
impl TaskRunner {}

impl Callable for TaskRunner {
    type Args = ();

    fn call(zelf: &Py<Self>, _args: (), vm: &VirtualMachine) -> PyResult {
        let step = zelf.next.lock().take();
        match step {
            Some((task, error)) => resume(&task, error, vm),
            None => Err(vm.new_runtime_error("there is no task to run")),
        }
    }
}
