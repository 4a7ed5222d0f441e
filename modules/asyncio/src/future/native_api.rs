//! Futures for native code: made, waited for and ended without Python where the loop is ours.
//!
//! Each function takes any loop and any future; those that are not of this crate are called by their Python
//! methods.

use std::sync::atomic::Ordering::Relaxed;

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::class::StaticType;
use rustpython_vm::{AsObject, PyObject, PyObjectRef, PyResult, VirtualMachine};
use tauraro_bridge::{ExecutionMode, with_vm};

use crate::event_loop::LoopCore;
use crate::event_loop::schedule;
use crate::future::Future;
use crate::task::Task;

/// The running event loop.
///
/// # Errors
/// `RuntimeError` when there is none.
pub fn running_loop(vm: &VirtualMachine) -> PyResult {
    schedule::running_loop(vm)
}

/// The time of `event_loop`, in seconds of its monotonic clock.
///
/// # Errors
/// What a loop of another class raises.
pub fn time(event_loop: &PyObject, vm: &VirtualMachine) -> PyResult<f64> {
    match event_loop.downcast_ref::<LoopCore>() {
        Some(core) => LoopCore::now(core, vm),
        None => Ok(vm.call_method(event_loop, "time", ())?.try_float(vm)?.to_f64()),
    }
}

/// Makes the next iteration of `event_loop` poll for I/O even if it is busy, as every iteration of asyncio's own loop
/// does: code that has written something and yields may count on the other end having read it.
pub fn poll_soon(event_loop: &PyObject) {
    if let Some(core) = event_loop.downcast_ref::<LoopCore>() {
        core.poll_soon.store(true, Relaxed);
    }
}

/// A pending future of `event_loop`.
///
/// # Errors
/// What a loop of another class raises.
pub fn create(event_loop: &PyObject, vm: &VirtualMachine) -> PyResult {
    match event_loop.downcast_ref::<LoopCore>() {
        Some(core) if core.takes_tasks() => Ok(Future::new(event_loop.to_owned(), vm)?.into()),
        _ => vm.call_method(event_loop, "create_future", ()),
    }
}

/// A pending future for a coroutine that is written step by step to yield; nothing where the loop is not of this crate.
/// `spare` is one that it was given before and has waited for: it is used again if nobody else has it.
///
/// # Errors
/// What debug mode's note of where it was made raises.
pub fn prepare(
    event_loop: &PyObject,
    spare: Option<PyObjectRef>,
    vm: &VirtualMachine,
) -> PyResult<Option<PyObjectRef>> {
    if !event_loop.downcast_ref::<LoopCore>().is_some_and(|core| core.takes_tasks()) {
        return Ok(None);
    }
    if let Some(spare) = spare
        && spare.strong_count() == 1
        && let Some(future) = native(&spare)
        && future.renew(event_loop)
    {
        future.set_blocking(true);
        return Ok(Some(spare));
    }
    let future = Future::new(event_loop.to_owned(), vm)?;
    future.set_blocking(true);
    Ok(Some(future.into()))
}

/// How far a coroutine has come that [`start`] has begun.
#[derive(Debug)]
pub enum Started {
    /// To its end, with this result.
    Done(PyResult),
    /// To an `await`: the task that runs the rest.
    Pending(PyObjectRef),
}

/// Runs a coroutine as a task of `event_loop`, which runs on this thread. Its first step is run at once, within the task
/// that runs now, if any; on loops that are not of this crate the task is only scheduled.
///
/// # Errors
/// `TypeError` if it is not a coroutine; exceptions that end the loop, such as `SystemExit`.
pub fn start(event_loop: &PyObject, coroutine: PyObjectRef, vm: &VirtualMachine) -> PyResult<Started> {
    if !event_loop.downcast_ref::<LoopCore>().is_some_and(|core| core.takes_tasks()) {
        return vm.call_method(event_loop, "create_task", (coroutine,)).map(Started::Pending);
    }
    let task = Task::started(coroutine, event_loop, vm)?;
    Ok(match task.base.outcome(vm) {
        Some(result) => Started::Done(result),
        None => Started::Pending(task.into()),
    })
}

/// What a future that was [`prepare`]d and yielded has ended with.
///
/// # Errors
/// What it ended with; `RuntimeError` when it has not ended.
pub fn outcome(future: &PyObject, vm: &VirtualMachine) -> PyResult {
    let outcome = native(future).and_then(|future| future.outcome(vm));
    outcome.unwrap_or_else(|| Err(vm.new_runtime_error("await wasn't used with future")))
}

/// A future of exactly our class.
fn native(future: &PyObject) -> Option<&Future> {
    future.class().is(Future::static_type()).then(|| future.downcast_ref::<Future>())?.map(|future| &**future)
}

/// Whether the future has a result or an exception or was cancelled.
///
/// # Errors
/// What a future of another class raises.
pub fn is_done(future: &PyObject, vm: &VirtualMachine) -> PyResult<bool> {
    match native(future) {
        Some(future) => Ok(future.is_done()),
        None => vm.call_method(future, "done", ())?.try_to_bool(vm),
    }
}

/// Ends the future with a result, unless it is done.
///
/// # Errors
/// What a future or loop of another class raises.
pub fn resolve(future: &PyObject, result: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
    if is_done(future, vm)? {
        return Ok(());
    }
    match native(future) {
        Some(native) => native.finish(future, result, vm),
        None => vm.call_method(future, "set_result", (result,)).map(drop),
    }
}

/// Ends the future with an exception, unless it is done.
///
/// # Errors
/// What a future or loop of another class raises.
pub fn reject(future: &PyObject, error: PyBaseExceptionRef, vm: &VirtualMachine) -> PyResult<()> {
    if is_done(future, vm)? {
        return Ok(());
    }
    match native(future) {
        Some(native) => native.fail(future, error, vm),
        None => vm.call_method(future, "set_exception", (error,)).map(drop),
    }
}

/// Waits for the future, as `await` does: cancelling the task cancels the future.
///
/// # Errors
/// What the future ends with; the exception thrown into the coroutine.
pub async fn wait(mode: &ExecutionMode, future: PyObjectRef) -> PyResult {
    let Some(native) = native(&future) else { return mode.wait(future).await };
    if !native.is_done() {
        if native.is_blocking() {
            return Err(with_vm(|vm| vm.new_runtime_error("await wasn't used with future")));
        }
        native.set_blocking(true);
        mode.suspend(future.clone()).await?;
    }
    with_vm(|vm| outcome(&future, vm))
}
