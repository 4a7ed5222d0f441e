//! A callback that ends a connection.

use rustpython_vm::types::Callable;
use rustpython_vm::{Py, PyPayload, PyRef, PyResult, Traverse, VirtualMachine, pyclass};

use super::closing;
use super::connection::Connection;

/// Given to a timer: ends a connection whose peer has not closed it in time.
#[pyclass(module = "websockets.asyncio.connection", name = "Abort", traverse)]
#[derive(Debug, PyPayload)]
pub(crate) struct Abort {
    connection: PyRef<Connection>,
}

impl Abort {
    /// A callable that aborts `connection`.
    pub(crate) fn new(connection: PyRef<Connection>) -> Self {
        Self { connection }
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(Callable))]
impl Abort {}

impl Callable for Abort {
    type Args = ();

    fn call(zelf: &Py<Self>, _args: (), vm: &VirtualMachine) -> PyResult {
        closing::abort(&zelf.connection, vm)?;
        Ok(vm.ctx.none())
    }
}
