//! `async for message in connection`.

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::{AsObject, PyObjectRef, PyPayload, PyRef, Traverse, VirtualMachine, pyclass};
use tauraro_bridge::{coroutine, stepped_coroutine, stop_async_iteration, with_vm};

use super::connection::Connection;
use super::receiving::Receive;
use crate::errors;

/// An asynchronous iterator of the messages of a connection, until it is closed.
#[pyclass(module = "websockets.asyncio.connection", name = "Messages", traverse)]
#[derive(Debug, PyPayload)]
pub(crate) struct Messages {
    /// `None` once the iteration is over.
    connection: PyMutex<Option<PyRef<Connection>>>,
}

impl Messages {
    pub(crate) fn new(connection: PyRef<Connection>) -> Self {
        Self { connection: PyMutex::new(Some(connection)) }
    }

    /// The connection, until the iteration is over.
    pub(crate) fn connection(&self) -> Option<PyRef<Connection>> {
        self.connection.lock().clone()
    }

    /// Ends the iteration because of `error`. Returns the exception to raise.
    pub(crate) fn failed(&self, error: PyBaseExceptionRef, vm: &VirtualMachine) -> PyBaseExceptionRef {
        self.end();
        match errors::attribute(vm, "websockets.exceptions", "ConnectionClosedOK") {
            Ok(class) if error.as_object().is_instance(&class, vm).unwrap_or(false) => {
                stop_async_iteration(vm)
            }
            Ok(_) => error,
            Err(error) => error,
        }
    }

    fn end(&self) {
        let connection = self.connection.lock().take();
        drop(connection);
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION, HAS_WEAKREF))]
impl Messages {
    #[pymethod]
    fn __aiter__(zelf: PyRef<Self>) -> PyRef<Self> {
        zelf
    }

    #[pymethod]
    fn __anext__(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyObjectRef {
        stepped_coroutine(vm, "Messages.__anext__", Receive::from_iterator(zelf))
    }

    /// Ends the iteration: a coroutine. The connection stays open.
    #[pymethod]
    fn aclose(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "Messages.aclose", move |_| async move {
            zelf.end();
            Ok(with_vm(|vm| vm.ctx.none()))
        })
    }
}
