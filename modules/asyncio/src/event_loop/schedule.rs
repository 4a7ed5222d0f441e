//! What futures and tasks ask of event loops, ours or others.

use std::sync::atomic::Ordering::Relaxed;

use rustpython_vm::function::FuncArgs;
use rustpython_vm::{PyObject, PyObjectRef, PyResult, VirtualMachine};

use crate::event_loop::LoopCore;
use crate::handle::Call;
use crate::interpreter_state;

impl LoopCore {
    /// Whether tasks may be put into the ready queue as they are: nobody must see the callbacks.
    pub(crate) fn takes_tasks(&self) -> bool {
        self.plain.load(Relaxed) && !self.debug() && !self.closed.load(Relaxed)
    }
}

/// Has `function(arg)` called from `event_loop`, in `context`.
pub(crate) fn call_soon(
    event_loop: &PyObject,
    function: PyObjectRef,
    arg: PyObjectRef,
    context: PyObjectRef,
    vm: &VirtualMachine,
) -> PyResult<()> {
    call_soon_with(event_loop, function, vec![arg], context, vm)
}

/// Has `function(*args)` called from `event_loop`, in `context`.
pub(crate) fn call_soon_with(
    event_loop: &PyObject,
    function: PyObjectRef,
    args: Vec<PyObjectRef>,
    context: PyObjectRef,
    vm: &VirtualMachine,
) -> PyResult<()> {
    if let Some(core) = event_loop.downcast_ref::<LoopCore>()
        && core.takes_tasks()
    {
        return LoopCore::queue(core, Call { function, args }, Some(context), vm);
    }
    let mut all = vec![function];
    all.extend(args);
    let mut args = FuncArgs::from(all);
    args.kwargs.insert("context".into(), context);
    vm.call_method(event_loop, "call_soon", args)?;
    Ok(())
}

/// `loop.get_debug()`.
pub(crate) fn debug(event_loop: &PyObject, vm: &VirtualMachine) -> PyResult<bool> {
    match event_loop.downcast_ref::<LoopCore>() {
        Some(core) => Ok(core.debug()),
        None => vm.call_method(event_loop, "get_debug", ())?.is_true(vm),
    }
}

/// The running event loop, or the one that the policy has for this thread.
pub(crate) fn current_loop(vm: &VirtualMachine) -> PyResult {
    let running = vm.asyncio_running_loop.borrow().clone();
    if let Some(event_loop) = running {
        return Ok(event_loop);
    }
    let policy = interpreter_state::asyncio("events", "_get_event_loop_policy", vm)?.call((), vm)?;
    vm.call_method(&policy, "get_event_loop", ())
}

/// The running event loop.
pub(crate) fn running_loop(vm: &VirtualMachine) -> PyResult {
    let running = vm.asyncio_running_loop.borrow().clone();
    running.ok_or_else(|| vm.new_runtime_error("no running event loop"))
}
