//! What others are told about the class.

use rustpython_vm::builtins::PyType;
use rustpython_vm::class::StaticType;
use rustpython_vm::{AsObject, Py, PyObject, VirtualMachine};
use tauraro_asyncio::transport::{Receiver, register_receiver};

use super::Connection;
use crate::asyncio::receiving;

/// Has transports hand over what arrives without a Python call.
pub(crate) fn register(class: &'static Py<PyType>, vm: &VirtualMachine) {
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

/// Makes `inspect` know them.
pub(crate) fn mark(vm: &VirtualMachine) {
    tauraro_bridge::mark_coroutine_functions(
        |class, name, _| class.is(Connection::static_type()) && AWAITED.contains(&name),
        vm,
    );
}

/// A connection as Python code hands it over.
pub(crate) fn from_object(object: &PyObject) -> Option<&Py<Connection>> {
    object.downcast_ref::<Connection>()
}
