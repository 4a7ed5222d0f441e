//! Event loops that are not Tauraro's: the loop watches the inbox's descriptor as it would a socket.

use std::sync::Arc;

use rustpython_vm::class::PyClassImpl;
use rustpython_vm::object::{Traverse, TraverseFn};
use rustpython_vm::types::Callable;
use rustpython_vm::{Py, PyObject, PyPayload, PyResult, VirtualMachine, pyclass};

use crate::port::{Port, Woken};

/// The attribute of a loop that keeps its port.
const ATTRIBUTE: &str = "_tauraro_port";

/// A loop's reader callback: completes what has arrived.
#[pyclass(module = "tauraro", name = "Port", traverse = "manual")]
#[derive(Debug, PyPayload)]
pub(crate) struct Receiver {
    port: Arc<Port>,
}

// SAFETY: the port is shared with awaitables, but only its owner, this object, visits its table.
#[expect(unsafe_code, reason = "the garbage collector's interface")]
unsafe impl Traverse for Receiver {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        self.port.traverse(visit);
    }
}

#[pyclass(with(Callable), flags(DISALLOW_INSTANTIATION))]
impl Receiver {}

impl Callable for Receiver {
    type Args = ();

    fn call(zelf: &Py<Self>, _args: (), vm: &VirtualMachine) -> PyResult {
        let inbox = zelf.port.inbox();
        inbox.clear_signal();
        // Asleep again before it is emptied: what comes from now on writes the descriptor.
        inbox.park();
        zelf.port.deliver(vm)?;
        Ok(vm.ctx.none())
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.port.close();
    }
}

/// The port of `event_loop`, made and connected when first asked for.
///
/// # Errors
/// What the loop's `add_reader` raises: `NotImplementedError` where it cannot watch descriptors.
pub(crate) fn port(event_loop: &PyObject, vm: &VirtualMachine) -> PyResult<Arc<Port>> {
    let existing = vm.get_attribute_opt(event_loop, vm.ctx.intern_str(ATTRIBUTE))?;
    if let Some(receiver) = existing.as_ref().and_then(|found| found.downcast_ref::<Receiver>()) {
        return Ok(Arc::clone(&receiver.port));
    }
    let _class = Receiver::make_static_type();
    let port = Port::new(schedule)
        .map_err(|error| vm.new_os_error(format!("cannot wake the event loop: {error}")))?;
    // Such a loop never says when it sleeps, so it always counts as asleep.
    port.inbox().park();
    let receiver = Receiver { port: Arc::clone(&port) }.into_ref(&vm.ctx);
    let fd = port.inbox().raw_fd();
    vm.call_method(event_loop, "add_reader", (fd, receiver.clone()))?;
    event_loop.set_attr(ATTRIBUTE, receiver, vm)?;
    Ok(port)
}

fn schedule(event_loop: &PyObject, woken: Woken, vm: &VirtualMachine) -> PyResult<()> {
    let Woken { callback, context, awaitable } = woken;
    let mut args = rustpython_vm::function::FuncArgs::from(vec![callback, awaitable.into()]);
    if let Some(context) = context {
        args.kwargs.insert("context".into(), context);
    }
    vm.call_method(event_loop, "call_soon", args)?;
    Ok(())
}
