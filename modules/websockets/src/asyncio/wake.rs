//! A callback that ends a future.

use rustpython_vm::types::Callable;
use rustpython_vm::{Py, PyObjectRef, PyPayload, PyResult, Traverse, VirtualMachine, pyclass};
use tauraro_asyncio::futures;

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
