//! The iterator of a connection's messages.

use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::protocol::PyIterReturn;
use rustpython_vm::types::{IterNext, Iterable, SelfIter};
use rustpython_vm::{AsObject, Py, PyPayload, PyRef, PyResult, Traverse, VirtualMachine, pyclass};

use super::connection::Connection;
use crate::errors;

/// Iterates over the messages of a connection until it is closed normally.
#[pyclass(module = "websockets.sync.connection", name = "MessageIterator", traverse)]
#[derive(Debug, PyPayload)]
pub(crate) struct MessageIterator {
    /// `None` at the end.
    connection: PyMutex<Option<PyRef<Connection>>>,
}

impl MessageIterator {
    pub(super) fn new(connection: PyRef<Connection>) -> Self {
        Self { connection: PyMutex::new(Some(connection)) }
    }
}

impl SelfIter for MessageIterator {}

impl IterNext for MessageIterator {
    fn next(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        let Some(connection) = zelf.connection.lock().clone() else {
            return Ok(PyIterReturn::StopIteration(None));
        };
        let received = if Connection::overrides(&connection, "recv", vm) {
            vm.call_method(connection.as_object(), "recv", ())
        } else {
            Connection::receive_next(&connection, vm)
        };
        match received {
            Ok(message) => Ok(PyIterReturn::Return(message)),
            Err(error) => {
                let ended = zelf.connection.lock().take();
                drop(ended);
                if error.fast_isinstance(&*errors::class(vm, "ConnectionClosedOK")?) {
                    return Ok(PyIterReturn::StopIteration(None));
                }
                Err(error)
            }
        }
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(IterNext, Iterable))]
impl MessageIterator {
    /// Ends the iteration. The connection stays open.
    #[pymethod]
    fn close(zelf: &Py<Self>) {
        let ended = zelf.connection.lock().take();
        drop(ended);
    }
}
