//! `async for message in connection`.

use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::{AsObject, PyObjectRef, PyPayload, PyRef, Traverse, VirtualMachine, pyclass};
use tauraro_bridge::{coroutine, stop_async_iteration, with_vm};

use super::connection::Connection;
use super::receiving;
use crate::errors;

/// An asynchronous iterator of the messages of a connection, until it is closed.
#[pyclass(module = "websockets.asyncio.connection", name = "Messages", traverse)]
#[derive(Debug, PyPayload)]
pub(crate) struct Messages {
    /// Nothing once the iteration is over.
    connection: PyMutex<Option<PyRef<Connection>>>,
}

impl Messages {
    pub(crate) fn new(connection: PyRef<Connection>) -> Self {
        Self { connection: PyMutex::new(Some(connection)) }
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
        coroutine(vm, "Messages.__anext__", |surface| async move {
            let Some(connection) = zelf.connection.lock().clone() else {
                return Err(with_vm(stop_async_iteration));
            };
            let message = if with_vm(|vm| Connection::is_plain(&connection, vm)) {
                receiving::recv(&connection, &surface, None).await
            } else {
                let call = with_vm(|vm| vm.call_method(connection.as_object(), "recv", ()))?;
                surface.wait(call).await
            };
            message.map_err(|error| {
                zelf.end();
                with_vm(|vm| match errors::attribute(vm, "websockets.exceptions", "ConnectionClosedOK") {
                    Ok(class) if error.as_object().is_instance(&class, vm).unwrap_or(false) => {
                        stop_async_iteration(vm)
                    }
                    Ok(_) => error,
                    Err(error) => error,
                })
            })
        })
    }

    /// Ends the iteration: a coroutine. The connection stays open.
    #[pymethod]
    fn aclose(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "Messages.aclose", |_| async move {
            zelf.end();
            Ok(with_vm(|vm| vm.ctx.none()))
        })
    }
}
