//! What timers call.

use rustpython_vm::types::Callable;
use rustpython_vm::{Py, PyObjectRef, PyPayload, PyRef, PyResult, Traverse, VirtualMachine, pyclass};
use tauraro_asyncio::futures;

use super::closing;
use super::connection::Connection;

/// Given to a timer: ends a future with a value, unless it is done already.
#[pyclass(module = "websockets.asyncio.connection", name = "Wake", traverse)]
#[derive(Debug, PyPayload)]
pub(crate) struct Wake {
    future: PyObjectRef,
    value: PyObjectRef,
}

impl Wake {
    /// A callable that ends `future` with `value`.
    pub(crate) fn new(future: PyObjectRef, value: PyObjectRef) -> Self {
        Self { future, value }
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(Callable))]
impl Wake {}

impl Callable for Wake {
    type Args = ();

    fn call(zelf: &Py<Self>, _args: (), vm: &VirtualMachine) -> PyResult {
        futures::resolve(&zelf.future, zelf.value.clone(), vm)?;
        Ok(vm.ctx.none())
    }
}

/// Given to a timer: ends a connection that the peer should have ended.
#[pyclass(module = "websockets.asyncio.connection", name = "Expiry", traverse)]
#[derive(Debug, PyPayload)]
pub(crate) struct Expiry {
    connection: PyRef<Connection>,
}

impl Expiry {
    /// A callable that ends `connection`.
    pub(crate) fn new(connection: PyRef<Connection>) -> Self {
        Self { connection }
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(Callable))]
impl Expiry {}

impl Callable for Expiry {
    type Args = ();

    fn call(zelf: &Py<Self>, _args: (), vm: &VirtualMachine) -> PyResult {
        closing::expire(&zelf.connection, vm)?;
        Ok(vm.ctx.none())
    }
}
