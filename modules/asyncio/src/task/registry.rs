//! Which tasks there are, for `asyncio.all_tasks`.
//!
//! A native loop knows its own. Those of other loops, and objects that scripts register as tasks,
//! are in the weak set `_asyncio._scheduled_tasks`.

use std::collections::HashMap;

use rustpython_vm::builtins::{PySet, PyWeak};
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::{AsObject, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine};

use super::{Task, step};
use crate::event_loop::LoopCore;

/// The unfinished tasks of a native loop.
#[derive(Default)]
pub(crate) struct Tasks(PyMutex<HashMap<usize, PyRef<PyWeak>>>);

impl Tasks {
    fn insert(&self, task: &Py<Task>, vm: &VirtualMachine) -> PyResult<()> {
        let weak = task.as_object().downgrade(None, vm)?;
        let replaced = self.0.lock().insert(task.get_id(), weak);
        drop(replaced);
        Ok(())
    }

    fn remove(&self, task: &Py<Task>) {
        let removed = self.0.lock().remove(&task.get_id());
        drop(removed);
    }

    fn all(&self) -> Vec<PyObjectRef> {
        let weak: Vec<_> = self.0.lock().values().cloned().collect();
        weak.iter().filter_map(|weak| weak.upgrade()).collect()
    }
}

/// `event_loop` has a new task.
pub(crate) fn register(event_loop: &PyObject, task: &Py<Task>, vm: &VirtualMachine) -> PyResult<()> {
    match event_loop.downcast_ref::<LoopCore>() {
        Some(core) => core.tasks.insert(task, vm),
        None => register_generic(task.as_object(), vm),
    }
}

/// The task is done.
pub(crate) fn forget(event_loop: &PyObject, task: &Py<Task>) {
    if let Some(core) = event_loop.downcast_ref::<LoopCore>() {
        core.tasks.remove(task);
    }
    // The weak set lets go by itself, and nobody is shown a task that is done.
}

pub(crate) fn register_generic(task: &PyObject, vm: &VirtualMachine) -> PyResult<()> {
    add(scheduled(vm)?, task, vm)
}

pub(crate) fn unregister_generic(task: &PyObject, vm: &VirtualMachine) -> PyResult<()> {
    discard(scheduled(vm)?, task, vm)
}

/// The task is in its first, eager step.
pub(crate) fn register_eager(task: &Py<Task>, vm: &VirtualMachine) -> PyResult<()> {
    register_eager_object(task.as_object(), vm)
}

pub(crate) fn unregister_eager(task: &Py<Task>, vm: &VirtualMachine) -> PyResult<()> {
    unregister_eager_object(task.as_object(), vm)
}

pub(crate) fn register_eager_object(task: &PyObject, vm: &VirtualMachine) -> PyResult<()> {
    add(eager(vm)?, task, vm)
}

pub(crate) fn unregister_eager_object(task: &PyObject, vm: &VirtualMachine) -> PyResult<()> {
    discard(eager(vm)?, task, vm)
}

/// Every task of `event_loop` that is not done.
pub(crate) fn all(event_loop: &PyObject, vm: &VirtualMachine) -> PyResult<PyRef<PySet>> {
    // The eager ones first: one that is suspended meanwhile by another thread then shows up later.
    let mut candidates: Vec<PyObjectRef> = eager(vm)?.try_to_value(vm)?;
    candidates.extend(scheduled(vm)?.try_to_value::<Vec<PyObjectRef>>(vm)?);
    if let Some(core) = event_loop.downcast_ref::<LoopCore>() {
        candidates.extend(core.tasks.all());
    }
    let tasks = PySet::default().into_ref(&vm.ctx);
    for task in candidates {
        if step::loop_of(&task, vm)?.is(event_loop) && !vm.call_method(&task, "done", ())?.is_true(vm)? {
            tasks.add(task, vm)?;
        }
    }
    Ok(tasks)
}

fn add(tasks: PyObjectRef, task: &PyObject, vm: &VirtualMachine) -> PyResult<()> {
    vm.call_method(&tasks, "add", (task.to_owned(),)).map(drop)
}

fn discard(tasks: PyObjectRef, task: &PyObject, vm: &VirtualMachine) -> PyResult<()> {
    vm.call_method(&tasks, "discard", (task.to_owned(),)).map(drop)
}

fn scheduled(vm: &VirtualMachine) -> PyResult {
    vm.import("_asyncio", 0)?.get_attr("_scheduled_tasks", vm)
}

fn eager(vm: &VirtualMachine) -> PyResult {
    vm.import("_asyncio", 0)?.get_attr("_eager_tasks", vm)
}
