//! Event loops of other implementations: they watch the queue's descriptor as they would a socket.

use std::sync::Arc;

use rustpython_vm::class::PyClassImpl;
use rustpython_vm::object::{Traverse, TraverseFn};
use rustpython_vm::types::Callable;
use rustpython_vm::{Py, PyObject, PyPayload, PyResult, VirtualMachine, pyclass};

use crate::loop_bridge::{DoneCallback, LoopBridge};

/// The attribute of a loop that keeps its bridge.
const ATTRIBUTE: &str = "_tauraro_loop_bridge";

/// A loop's reader callback: completes what has arrived.
#[pyclass(module = "tauraro", name = "LoopBridge", traverse = "manual")]
#[derive(Debug, PyPayload)]
pub(crate) struct CompletionReader {
    bridge: Arc<LoopBridge>,
}

// SAFETY: the bridge is shared with awaitables, but only its owner, this object, visits its table.
#[expect(unsafe_code, reason = "the garbage collector's interface")]
unsafe impl Traverse for CompletionReader {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        self.bridge.traverse(visit);
    }
}

#[pyclass(with(Callable), flags(DISALLOW_INSTANTIATION))]
impl CompletionReader {}

impl Callable for CompletionReader {
    type Args = ();

    fn call(zelf: &Py<Self>, _args: (), vm: &VirtualMachine) -> PyResult {
        let queue = zelf.bridge.completions();
        queue.clear_signal();
        // Asleep again before it is emptied: what comes from now on writes the descriptor.
        queue.park();
        zelf.bridge.complete_finished(vm)?;
        Ok(vm.ctx.none())
    }
}

impl Drop for CompletionReader {
    fn drop(&mut self) {
        self.bridge.close();
    }
}

/// The bridge of `event_loop`, made and connected when first asked for.
///
/// # Errors
/// What the loop's `add_reader` raises: `NotImplementedError` where it cannot watch descriptors.
pub(crate) fn loop_bridge(event_loop: &PyObject, vm: &VirtualMachine) -> PyResult<Arc<LoopBridge>> {
    let existing = vm.get_attribute_opt(event_loop, vm.ctx.intern_str(ATTRIBUTE))?;
    if let Some(reader) = existing.as_ref().and_then(|found| found.downcast_ref::<CompletionReader>()) {
        return Ok(Arc::clone(&reader.bridge));
    }
    let _class = CompletionReader::make_static_type();
    let bridge = LoopBridge::new(schedule)
        .map_err(|error| vm.new_os_error(format!("cannot wake the event loop: {error}")))?;
    // Such a loop does not tell when it sleeps, so it always counts as asleep.
    bridge.completions().park();
    let reader = CompletionReader { bridge: Arc::clone(&bridge) }.into_ref(&vm.ctx);
    let fd = bridge.completions().raw_fd();
    vm.call_method(event_loop, "add_reader", (fd, reader.clone()))?;
    event_loop.set_attr(ATTRIBUTE, reader, vm)?;
    Ok(bridge)
}

fn schedule(event_loop: &PyObject, callback: DoneCallback, vm: &VirtualMachine) -> PyResult<()> {
    let DoneCallback { callback, context, awaitable } = callback;
    let mut args = rustpython_vm::function::FuncArgs::from(vec![callback, awaitable.into()]);
    if let Some(context) = context {
        args.kwargs.insert("context".into(), context);
    }
    vm.call_method(event_loop, "call_soon", args)?;
    Ok(())
}
