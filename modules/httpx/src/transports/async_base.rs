//! `httpx.AsyncBaseTransport`.

use rustpython_vm::function::FuncArgs;
use rustpython_vm::{PyObjectRef, PyPayload, VirtualMachine, pyclass};
use tauraro_bridge::{coroutine, with_vm};

/// The base of every asynchronous transport, what `AsyncClient(transport=...)` takes.
///
/// A transport of your own overrides `handle_async_request`, which takes a `Request` and returns a
/// `Response`, and `aclose` if there is something to close.
#[pyclass(module = "httpx", name = "AsyncBaseTransport")]
#[derive(Debug, Default, PyPayload)]
pub(crate) struct AsyncBaseTransport;

// Has no constructor: objects are made by `object`, so that a class may name a class of its own before
// this one. The methods take any object for that reason.
#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF))]
impl AsyncBaseTransport {
    /// Sends one request and returns its response; to be overridden.
    #[pymethod]
    fn handle_async_request(_zelf: PyObjectRef, _request: PyObjectRef, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "AsyncBaseTransport.handle_async_request", move |_| async {
            let message = "The 'handle_async_request' method must be implemented.";
            Err(with_vm(|vm| vm.new_not_implemented_error(message)))
        })
    }

    /// Gives up what the transport holds. Does nothing here.
    #[pymethod]
    fn aclose(_zelf: PyObjectRef, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "AsyncBaseTransport.aclose", move |_| async { Ok(with_vm(|vm| vm.ctx.none())) })
    }

    #[pymethod]
    fn __aenter__(zelf: PyObjectRef, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "AsyncBaseTransport.__aenter__", move |_| async move { Ok(zelf) })
    }

    #[pymethod]
    fn __aexit__(zelf: PyObjectRef, _exception: FuncArgs, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "AsyncBaseTransport.__aexit__", move |mode| async move {
            mode.wait(with_vm(|vm| vm.call_method(&zelf, "aclose", ()))?).await?;
            Ok(with_vm(|vm| vm.ctx.none()))
        })
    }
}
