//! Which task runs.

use rustpython_vm::builtins::PyDict;
use rustpython_vm::{AsObject, PyObject, PyObjectRef, PyResult, VirtualMachine};

use crate::event_loop::LoopCore;

/// `task` starts to run on `event_loop`, on this thread.
///
/// # Errors
/// `RuntimeError` when another one runs.
pub(crate) fn enter(event_loop: &PyObject, task: &PyObject, vm: &VirtualMachine) -> PyResult<()> {
    if vm.asyncio_running_task.borrow().is_some() {
        let running = vm.unwrap_or_none(vm.asyncio_running_task.borrow().clone());
        return Err(vm.new_runtime_error(format!(
            "Cannot enter into task {} while another task {} is being executed.",
            task.repr(vm)?,
            running.repr(vm)?
        )));
    }
    swap(event_loop, Some(task.to_owned()), vm);
    Ok(())
}

/// `task` runs no more.
///
/// # Errors
/// `RuntimeError` when it was not the running one.
pub(crate) fn leave(event_loop: &PyObject, task: &PyObject, vm: &VirtualMachine) -> PyResult<()> {
    let is_running = vm.asyncio_running_task.borrow().as_ref().is_some_and(|running| running.is(task));
    if is_running {
        swap(event_loop, None, vm);
        return Ok(());
    }
    let running = vm.asyncio_running_task.borrow().clone();
    Err(vm.new_runtime_error(format!(
        "Leaving task {} does not match the current task {}.",
        task.repr(vm)?,
        vm.unwrap_or_none(running).repr(vm)?
    )))
}

/// `task` runs instead of the one that is returned.
pub(crate) fn swap(
    event_loop: &PyObject,
    task: Option<PyObjectRef>,
    vm: &VirtualMachine,
) -> Option<PyObjectRef> {
    if let Some(core) = event_loop.downcast_ref::<LoopCore>() {
        core.set_current_task(task.clone());
    } else if let Ok(tasks) = by_loop(vm)
        && let Some(tasks) = tasks.downcast_ref::<PyDict>()
    {
        // Only for other threads, which ask seldom; a loop that cannot be a key has no entry.
        let _ = match &task {
            Some(task) => tasks.set_item(event_loop, task.clone(), vm),
            None => tasks.del_item(event_loop, vm),
        };
    }
    vm.asyncio_running_task.replace(task)
}

/// The task that `event_loop` runs.
///
/// # Errors
/// What looking it up in `_current_tasks` raises.
pub(crate) fn get(event_loop: &PyObject, vm: &VirtualMachine) -> PyResult<Option<PyObjectRef>> {
    let here = vm.asyncio_running_loop.borrow().as_ref().is_some_and(|running| running.is(event_loop));
    if here {
        return Ok(vm.asyncio_running_task.borrow().clone());
    }
    if let Some(core) = event_loop.downcast_ref::<LoopCore>() {
        return Ok(core.current_task());
    }
    let tasks = by_loop(vm)?;
    let task = vm.call_method(&tasks, "get", (event_loop.to_owned(),))?;
    Ok(Some(task).filter(|task| !vm.is_none(task)))
}

/// `_asyncio._current_tasks`: the running tasks of loops that are not ours.
fn by_loop(vm: &VirtualMachine) -> PyResult {
    vm.import("_asyncio", 0)?.get_attr("_current_tasks", vm)
}
