//! `httpx.BaseTransport`.

use rustpython_vm::types::{Constructor, DefaultConstructor, Initializer};
use rustpython_vm::{
    AsObject, Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, function::FuncArgs, pyclass,
};

/// The base of every transport, what `Client(transport=...)` takes.
///
/// A transport of your own overrides `handle_request`, which takes a `Request` and returns a
/// `Response`, and `close` if there is something to close.
#[pyclass(module = "httpx", name = "BaseTransport")]
#[derive(Debug, Default, PyPayload)]
pub(crate) struct PyBaseTransport;

impl DefaultConstructor for PyBaseTransport {}

impl Initializer for PyBaseTransport {
    type Args = FuncArgs;

    fn init(_zelf: &Py<Self>, _args: FuncArgs, _vm: &VirtualMachine) -> PyResult<()> {
        Ok(())
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer))]
impl PyBaseTransport {
    /// Sends one request and returns its response; to be overridden.
    #[pymethod]
    fn handle_request(_zelf: &Py<Self>, _request: PyObjectRef, vm: &VirtualMachine) -> PyResult {
        Err(vm.new_not_implemented_error("The 'handle_request' method must be implemented."))
    }

    /// Gives up what the transport holds. Does nothing here.
    #[pymethod]
    fn close(_zelf: &Py<Self>) {}

    #[pymethod]
    fn __enter__(zelf: PyRef<Self>) -> PyRef<Self> {
        zelf
    }

    #[pymethod]
    fn __exit__(zelf: &Py<Self>, _exception: FuncArgs, vm: &VirtualMachine) -> PyResult<()> {
        vm.call_method(zelf.as_object(), "close", ()).map(drop)
    }
}
