//! `httpx.BaseTransport`.

use rustpython_vm::{PyObjectRef, PyPayload, PyResult, VirtualMachine, function::FuncArgs, pyclass};

/// The base of every transport, what `Client(transport=...)` takes.
///
/// A transport of your own overrides `handle_request`, which takes a `Request` and returns a
/// `Response`, and `close` if there is something to close.
#[pyclass(module = "httpx", name = "BaseTransport")]
#[derive(Debug, Default, PyPayload)]
pub(crate) struct BaseTransport;

// Has no constructor: objects are made by `object`, so that a class may name a class of its own before
// this one. The methods take any object for that reason.
#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF))]
impl BaseTransport {
    /// Sends one request and returns its response; to be overridden.
    #[pymethod]
    fn handle_request(_zelf: PyObjectRef, _request: PyObjectRef, vm: &VirtualMachine) -> PyResult {
        Err(vm.new_not_implemented_error("The 'handle_request' method must be implemented."))
    }

    /// Gives up what the transport holds. Does nothing here.
    #[pymethod]
    fn close(_zelf: PyObjectRef) {}

    #[pymethod]
    fn __enter__(zelf: PyObjectRef) -> PyObjectRef {
        zelf
    }

    #[pymethod]
    fn __exit__(zelf: PyObjectRef, _exception: FuncArgs, vm: &VirtualMachine) -> PyResult<()> {
        vm.call_method(&zelf, "close", ()).map(drop)
    }
}
