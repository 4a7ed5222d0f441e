//! The callbacks of timers.

use rustpython_vm::types::Callable;
use rustpython_vm::{Py, PyObjectRef, PyPayload, PyRef, PyResult, Traverse, VirtualMachine, pyclass};
use tauraro_asyncio::futures;

use super::closing;
use super::connection::Connection;

/// Resolves a future with a value, unless it is done.
#[pyclass(module = "websockets.asyncio.connection", name = "ResolveFuture", traverse)]
#[derive(Debug, PyPayload)]
pub(crate) struct ResolveFuture {
    future: PyObjectRef,
    value: PyObjectRef,
}

impl ResolveFuture {
    /// A callback that resolves `future` with `value`.
    pub(crate) fn new(future: PyObjectRef, value: PyObjectRef) -> Self {
        Self { future, value }
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(Callable))]
impl ResolveFuture {}

impl Callable for ResolveFuture {
    type Args = ();

    fn call(zelf: &Py<Self>, _args: (), vm: &VirtualMachine) -> PyResult {
        futures::resolve(&zelf.future, zelf.value.clone(), vm)?;
        Ok(vm.ctx.none())
    }
}

/// Ends a connection that the peer should have ended by now.
#[pyclass(module = "websockets.asyncio.connection", name = "ExpireConnection", traverse)]
#[derive(Debug, PyPayload)]
pub(crate) struct ExpireConnection {
    connection: PyRef<Connection>,
}

impl ExpireConnection {
    /// A callback that ends `connection`.
    pub(crate) fn new(connection: PyRef<Connection>) -> Self {
        Self { connection }
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(Callable))]
impl ExpireConnection {}

impl Callable for ExpireConnection {
    type Args = ();

    fn call(zelf: &Py<Self>, _args: (), vm: &VirtualMachine) -> PyResult {
        closing::expire(&zelf.connection, vm)?;
        Ok(vm.ctx.none())
    }
}
