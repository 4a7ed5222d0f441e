//! Registers the class with `asyncio` and `inspect`.

use rustpython_vm::builtins::PyType;
use rustpython_vm::class::StaticType;
use rustpython_vm::{AsObject, Py, PyObject, VirtualMachine};
use tauraro_asyncio::transport::{Receiver, register_receiver};

use super::Connection;
use crate::asyncio::receiving;

/// Lets transports pass on what arrives without a Python call.
pub(crate) fn register_with_transports(class: &'static Py<PyType>, vm: &VirtualMachine) {
    let receiver = Receiver {
        data_received: |protocol, data, vm| match from_object(protocol) {
            Some(connection) => receiving::data_received(connection, data, vm),
            None => Err(vm.new_type_error("a WebSocket connection is required")),
        },
        eof_received: |protocol, vm| match from_object(protocol) {
            Some(connection) => receiving::eof_received(connection, vm).map(|()| false),
            None => Err(vm.new_type_error("a WebSocket connection is required")),
        },
    };
    register_receiver(class, receiver, vm);
}

/// The methods that return coroutines.
const AWAITED: [&str; 7] = ["recv", "send", "close", "wait_closed", "ping", "pong", "keepalive"];

/// Registers them for `inspect.iscoroutinefunction`.
pub(crate) fn register_coroutine_functions(vm: &VirtualMachine) {
    tauraro_bridge::mark_coroutine_functions(
        |class, name, _| class.is(Connection::static_type()) && AWAITED.contains(&name),
        vm,
    );
}

/// The connection that a Python object is.
pub(crate) fn from_object(object: &PyObject) -> Option<&Py<Connection>> {
    object.downcast_ref::<Connection>()
}
