//! Protocols that take data without a Python call.

use std::sync::{PoisonError, RwLock};

use rustpython_vm::builtins::PyType;
use rustpython_vm::{AsObject, Py, PyObject, PyObjectRef, PyResult, VirtualMachine};

/// What a native protocol class does with what arrives.
#[derive(Debug, Clone, Copy)]
pub struct Receiver {
    /// Takes bytes, which are only there for the time of the call. What it returns as an error is
    /// treated as an exception out of `data_received`: the connection is aborted and the loop's
    /// exception handler is called.
    pub data_received: fn(protocol: &PyObject, data: &[u8], vm: &VirtualMachine) -> PyResult<()>,
    /// The peer sends no more. Returns whether the transport stays open for writing.
    pub eof_received: fn(protocol: &PyObject, vm: &VirtualMachine) -> PyResult<bool>,
}

struct Registration {
    class: &'static Py<PyType>,
    receiver: Receiver,
    /// The attributes of the class that the functions stand for.
    data_received: Option<PyObjectRef>,
    eof_received: Option<PyObjectRef>,
}

/// By class; there are few, and each is made once a process.
static RECEIVERS: RwLock<Vec<Registration>> = RwLock::new(Vec::new());

/// Says that instances of `class` take data through `receiver`, instead of their methods
/// `data_received` and `eof_received` as they are now.
///
/// To be called when the class has been made, before scripts can reach it. Further calls for the same
/// class do nothing.
pub fn register_receiver(class: &'static Py<PyType>, receiver: Receiver, vm: &VirtualMachine) {
    let attribute = |name: &str| class.get_attr(vm.ctx.intern_str(name));
    let (data_received, eof_received) = (attribute("data_received"), attribute("eof_received"));
    let mut receivers = RECEIVERS.write().unwrap_or_else(PoisonError::into_inner);
    if !receivers.iter().any(|known| known.class.is(class)) {
        receivers.push(Registration { class, receiver, data_received, eof_received });
    }
}

/// The function that may stand for `protocol.data_received`.
pub(super) fn data_received(protocol: &PyObject, vm: &VirtualMachine) -> Option<DataReceived> {
    find(protocol, "data_received", vm, |known| known.data_received.as_ref())
        .map(|receiver| receiver.data_received)
}

/// The function that may stand for `protocol.eof_received`.
pub(super) fn eof_received(protocol: &PyObject, vm: &VirtualMachine) -> Option<EofReceived> {
    find(protocol, "eof_received", vm, |known| known.eof_received.as_ref())
        .map(|receiver| receiver.eof_received)
}

pub(super) type DataReceived = fn(&PyObject, &[u8], &VirtualMachine) -> PyResult<()>;
type EofReceived = fn(&PyObject, &VirtualMachine) -> PyResult<bool>;

/// The receiver of the class of `protocol`, if the attribute `name` is still what was registered.
fn find(
    protocol: &PyObject,
    name: &'static str,
    vm: &VirtualMachine,
    registered: fn(&Registration) -> Option<&PyObjectRef>,
) -> Option<Receiver> {
    let class = protocol.class();
    let receivers = RECEIVERS.read().unwrap_or_else(PoisonError::into_inner);
    let known = receivers.iter().find(|known| class.fast_issubclass(known.class))?;
    let name = vm.ctx.intern_str(name);
    if !class.get_attr(name)?.is(registered(known)?) {
        return None;
    }
    let shadowed = protocol.dict().is_some_and(|dict| dict.contains_key(name, vm));
    (!shadowed).then_some(known.receiver)
}
