//! Running a task's coroutine to its next `await`.

use rustpython_vm::builtins::{PyBaseExceptionRef, PyCoroutine};
use rustpython_vm::function::FuncArgs;
use rustpython_vm::protocol::PyIterReturn;
use rustpython_vm::{AsObject, Py, PyObject, PyObjectRef, PyPayload, PyResult, VirtualMachine};
use tauraro_bridge::{Awaitable, Coroutine, Resume};

use super::callbacks::{TaskStep, TaskWakeup};
use super::{Task, cancel_future, current, registry};
use crate::event_loop::LoopCore;
use crate::event_loop::ready_queue::ReadyEntry;
use crate::event_loop::schedule as loops;
use crate::future::{Future, Waiter};
use crate::interpreter_state::{self, InterpreterState, invalid_state};

/// Puts the task's next step into the loop's queue.
pub(crate) fn schedule(task: &Py<Task>, event_loop: &PyObject, vm: &VirtualMachine) -> PyResult<()> {
    schedule_with(task, event_loop, None, vm)
}

fn schedule_with(
    task: &Py<Task>,
    event_loop: &PyObject,
    error: Option<PyBaseExceptionRef>,
    vm: &VirtualMachine,
) -> PyResult<()> {
    if let Some(core) = event_loop.downcast_ref::<LoopCore>()
        && core.takes_tasks()
    {
        core.ready.push(ReadyEntry::Step(task.to_owned(), error));
        return Ok(());
    }
    let step = TaskStep { task: task.to_owned(), error }.into_ref(&vm.ctx);
    loops::call_soon_with(event_loop, step.into(), Vec::new(), task.context(vm)?, vm)
}

/// Runs the first step at once, within the running task (`eager_start=True`).
pub(crate) fn start(task: &Py<Task>, event_loop: &PyObject, vm: &VirtualMachine) -> PyResult<()> {
    let previous = current::swap(event_loop, Some(task.as_object().to_owned()), vm);
    let registered = registry::register_eager(task, vm);
    let result = registered.and_then(|()| {
        let outcome = run_in_context(task, None, vm);
        process_outcome(task, event_loop, outcome, vm)
    });
    let unregistered = registry::unregister_eager(task, vm);
    current::swap(event_loop, previous, vm);
    if task.base.is_done() {
        task.forget_coroutine();
    } else {
        registry::register(event_loop, task, vm)?;
    }
    result.and(unregistered)
}

/// Runs the first step of a native loop's task at once; it is known to the loop from the start.
pub(crate) fn start_registered(task: &Py<Task>, event_loop: &PyObject, vm: &VirtualMachine) -> PyResult<()> {
    registry::register(event_loop, task, vm)?;
    let previous = current::swap(event_loop, Some(task.as_object().to_owned()), vm);
    let outcome = run_in_context(task, None, vm);
    let settled = process_outcome(task, event_loop, outcome, vm);
    current::swap(event_loop, previous, vm);
    if task.base.is_done() {
        task.forget_coroutine();
    }
    settled
}

/// Wakes the task because `future`, which it awaits, is done.
pub(crate) fn wake(task: &Py<Task>, future: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
    let error = future_error(task, &future, vm);
    // Not kept while the task runs: its owner may use the future again.
    drop(future);
    step(task, error, vm)
}

/// The exception that `future` has for the task that awaits it, if any.
pub(super) fn future_error(
    task: &Py<Task>,
    future: &PyObjectRef,
    vm: &VirtualMachine,
) -> Option<PyBaseExceptionRef> {
    let outcome = if let Some(native) = native(future) {
        native.discard_awaited_by(task.as_object());
        native.outcome(vm)
    } else if let Some(awaitable) = future.downcast_ref::<Awaitable>() {
        awaitable.outcome(vm)
    } else {
        if let Some(future) = future.downcast_ref::<Future>() {
            future.discard_awaited_by(task.as_object());
        }
        Some(vm.call_method(future, "result", ()))
    };
    match outcome {
        Some(result) => result.err(),
        None => Some(invalid_state("Result is not ready.", vm)),
    }
}

/// A future or task of exactly our classes, whose methods no subclass overrides.
fn native(object: &PyObject) -> Option<&Future> {
    use rustpython_vm::class::StaticType;

    let class = object.class();
    if class.is(Future::static_type()) || class.is(Task::static_type()) {
        return object.downcast_ref::<Future>().map(|future| &**future);
    }
    None
}

/// Runs the coroutine to its next `await` and acts on what comes out.
///
/// # Errors
/// `SystemExit` and `KeyboardInterrupt`, which end the loop.
pub(crate) fn step(task: &Py<Task>, error: Option<PyBaseExceptionRef>, vm: &VirtualMachine) -> PyResult<()> {
    step_by(task, error, run_in_context, vm)
}

pub(super) fn step_inside(
    task: &Py<Task>,
    error: Option<PyBaseExceptionRef>,
    vm: &VirtualMachine,
) -> PyResult<()> {
    step_by(task, error, resume, vm)
}

fn step_by(
    task: &Py<Task>,
    error: Option<PyBaseExceptionRef>,
    run: impl FnOnce(&Py<Task>, Option<PyBaseExceptionRef>, &VirtualMachine) -> PyResult,
    vm: &VirtualMachine,
) -> PyResult<()> {
    let object = task.as_object();
    if task.base.is_done() {
        let error: Option<PyObjectRef> = error.map(Into::into);
        let message =
            format!("__step(): already done: {}, {}", object.repr(vm)?, vm.unwrap_or_none(error).repr(vm)?);
        return Err(invalid_state(&message, vm));
    }
    let mut error = error;
    if task.take_must_cancel() {
        let state = InterpreterState::get(vm)?;
        if !error.as_ref().is_some_and(|error| state.is_cancelled(error)) {
            error = Some(task.base.make_cancelled_error(vm));
        }
    }
    task.set_waits_for(None);
    let event_loop = task.base.initialized(vm)?;
    current::enter(&event_loop, object, vm)?;
    let outcome = run(task, error, vm);
    let settled = process_outcome(task, &event_loop, outcome, vm);
    let left = current::leave(&event_loop, object, vm);
    settled.and(left)
}

fn run_in_context(task: &Py<Task>, error: Option<PyBaseExceptionRef>, vm: &VirtualMachine) -> PyResult {
    let state = InterpreterState::get(vm)?;
    let context = task.context(vm)?;
    let runner = state.task_runner();
    runner.give(Some((task.to_owned(), error)));
    let outcome = state.run_in(&context, runner.clone().into(), [], vm);
    if outcome.is_err() {
        // The context may not have called it.
        runner.give(None);
    }
    outcome
}

/// Sends into the coroutine, or throws. A value returned by it is left with the task.
pub(super) fn resume(task: &Py<Task>, error: Option<PyBaseExceptionRef>, vm: &VirtualMachine) -> PyResult {
    let Some(coroutine) = task.coroutine() else {
        return Err(vm.new_runtime_error("the task has no coroutine"));
    };
    let yielded = if let Some(native) = coroutine.downcast_ref::<Coroutine>() {
        let resume = error.map_or_else(|| Resume::Send(vm.ctx.none()), Resume::Throw);
        Coroutine::resume(native, resume, vm)?
    } else if let Some(error) = error {
        PyIterReturn::from_pyresult(vm.call_method(&coroutine, "throw", (error,)), vm)?
    } else if let Some(native) = coroutine.downcast_ref_if_exact::<PyCoroutine>(vm) {
        native.as_coro().send(&coroutine, vm.ctx.none(), vm)?
    } else {
        let sent = vm.call_method(&coroutine, "send", (vm.ctx.none(),));
        PyIterReturn::from_pyresult(sent, vm)?
    };
    match yielded {
        PyIterReturn::Return(value) => Ok(value),
        PyIterReturn::StopIteration(value) => {
            task.set_returned(vm.unwrap_or_none(value));
            Ok(vm.ctx.none())
        }
    }
}

/// Acts on what a step of the coroutine gave.
fn process_outcome(
    task: &Py<Task>,
    event_loop: &PyObject,
    outcome: PyResult,
    vm: &VirtualMachine,
) -> PyResult<()> {
    match outcome {
        Ok(yielded) => match task.take_returned() {
            Some(value) => {
                registry::forget(event_loop, task);
                if task.take_must_cancel() {
                    // Cancelled right before it returned.
                    let message = task.cancel_message();
                    return task.base.cancel_with(task.as_object(), message, vm).map(drop);
                }
                task.base.finish(task.as_object(), value, vm)
            }
            None => wait_on(task, event_loop, yielded, vm),
        },
        Err(error) => {
            registry::forget(event_loop, task);
            let object = task.as_object();
            if InterpreterState::get(vm)?.is_cancelled(&error) {
                return task.base.cancel_by(object, error, vm);
            }
            task.base.fail(object, error.clone(), vm)?;
            if interpreter_state::ends_the_loop(&error, vm) { Err(error) } else { Ok(()) }
        }
    }
}

/// Has the task continue when the future it yielded is done.
fn wait_on(
    task: &Py<Task>,
    event_loop: &PyObject,
    yielded: PyObjectRef,
    vm: &VirtualMachine,
) -> PyResult<()> {
    if vm.is_none(&yielded) {
        // A bare `yield`: the other callbacks run first.
        return schedule(task, event_loop, vm);
    }
    if yielded.is(task.as_object()) {
        return bad_yield(
            task,
            event_loop,
            format!("Task cannot await on itself: {}", repr(task.as_object(), vm)?),
            vm,
        );
    }
    let blocking = if let Some(future) = native(&yielded) {
        Some(future.take_blocking())
    } else if let Some(awaitable) = yielded.downcast_ref::<Awaitable>() {
        Some(awaitable.take_blocking())
    } else {
        generic_blocking(&yielded, vm)?
    };
    match blocking {
        Some(true) => {}
        Some(false) => {
            let message = format!(
                "yield was used instead of yield from in task {} with {}",
                repr(task.as_object(), vm)?,
                repr(&yielded, vm)?
            );
            return bad_yield(task, event_loop, message, vm);
        }
        None => {
            let message = format!("Task got bad yield: {}", repr(&yielded, vm)?);
            return bad_yield(task, event_loop, message, vm);
        }
    }
    if !loop_of(&yielded, vm)?.is(event_loop) {
        let message = format!(
            "Task {} got Future {} attached to a different loop",
            repr(task.as_object(), vm)?,
            repr(&yielded, vm)?
        );
        return bad_yield(task, event_loop, message, vm);
    }
    task.set_waits_for(Some(yielded.clone()));
    if let Some(future) = native(&yielded) {
        future.add_awaited_by(task.as_object().to_owned());
        future.add_waiter(&yielded, Waiter::Task(task.to_owned()), vm)?;
    } else {
        let wakeup: PyObjectRef = TaskWakeup::new(task.to_owned()).into_ref(&vm.ctx).into();
        if let Some(awaitable) = yielded.downcast_ref::<Awaitable>() {
            Awaitable::add_callback(awaitable, wakeup, task.known_context(), vm)?;
        } else {
            if let Some(future) = yielded.downcast_ref::<Future>() {
                future.add_awaited_by(task.as_object().to_owned());
            }
            let mut args = FuncArgs::from(vec![wakeup]);
            args.kwargs.insert("context".into(), task.context(vm)?);
            vm.call_method(&yielded, "add_done_callback", args)?;
        }
    }
    if task.must_cancel() && cancel_future(&yielded, task.cancel_message(), vm)? {
        task.take_must_cancel();
    }
    Ok(())
}

/// Takes note that somebody else's future was yielded; `None` when it is not a future.
fn generic_blocking(object: &PyObjectRef, vm: &VirtualMachine) -> PyResult<Option<bool>> {
    let name = vm.ctx.intern_str("_asyncio_future_blocking");
    let Some(blocking) = vm.get_attribute_opt(object, name)? else {
        return Ok(None);
    };
    if vm.is_none(&blocking) {
        return Ok(None);
    }
    let blocking = blocking.is_true(vm)?;
    if blocking {
        object.set_attr(name, vm.ctx.new_bool(false), vm)?;
    }
    Ok(Some(blocking))
}

/// The loop of a future.
pub(crate) fn loop_of(future: &PyObjectRef, vm: &VirtualMachine) -> PyResult {
    if let Some(native) = native(future) {
        return native.initialized(vm);
    }
    if let Some(awaitable) = future.downcast_ref::<Awaitable>() {
        return awaitable.event_loop(vm);
    }
    match vm.get_attribute_opt(future, vm.ctx.intern_str("get_loop"))? {
        Some(get_loop) => get_loop.call((), vm),
        None => future.get_attr("_loop", vm),
    }
}

/// Raises `RuntimeError` in the coroutine, at its `await`.
fn bad_yield(task: &Py<Task>, event_loop: &PyObject, message: String, vm: &VirtualMachine) -> PyResult<()> {
    let error = vm.new_runtime_error(message);
    schedule_with(task, event_loop, Some(error), vm)
}

fn repr(object: &PyObject, vm: &VirtualMachine) -> PyResult<String> {
    Ok(object.repr(vm)?.to_string())
}
