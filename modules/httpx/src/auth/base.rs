//! `httpx.Auth`.

use rustpython_vm::types::{Constructor, DefaultConstructor, Initializer};
use rustpython_vm::{
    Context, Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, function::FuncArgs, pyclass,
};

use super::async_flow::PyAsyncAuthFlow;
use super::single_request::PySingleRequest;
use super::sync_flow::PyAuthFlow;

/// The base of every authentication scheme.
///
/// A scheme of your own overrides `auth_flow`, a generator: it yields each request to send, and the
/// `yield` gives the response. `requires_request_body` and `requires_response_body` say whether the
/// bodies must be in memory. A scheme that waits or locks overrides `sync_auth_flow` and `async_auth_flow` instead.
#[pyclass(module = "httpx", name = "Auth")]
#[derive(Debug, Default, PyPayload)]
pub(crate) struct PyAuth;

impl DefaultConstructor for PyAuth {}

impl Initializer for PyAuth {
    type Args = FuncArgs;

    fn init(_zelf: &Py<Self>, _args: FuncArgs, _vm: &VirtualMachine) -> PyResult<()> {
        Ok(())
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer))]
impl PyAuth {
    /// Whether the request's body is read into memory before the flow starts.
    #[pyattr]
    fn requires_request_body(ctx: &Context) -> PyObjectRef {
        ctx.new_bool(false).into()
    }

    /// Whether each response's body is read into memory before the flow sees it.
    #[pyattr]
    fn requires_response_body(ctx: &Context) -> PyObjectRef {
        ctx.new_bool(false).into()
    }

    /// The requests to send, one after the other. Here: the request as it is.
    #[pymethod]
    fn auth_flow(_zelf: &Py<Self>, request: PyObjectRef, vm: &VirtualMachine) -> PyRef<PySingleRequest> {
        PySingleRequest::new(request).into_ref(&vm.ctx)
    }

    /// The flow as a synchronous client runs it: `auth_flow`, with the bodies read as it requires.
    #[pymethod]
    fn sync_auth_flow(zelf: PyRef<Self>, request: PyObjectRef, vm: &VirtualMachine) -> PyRef<PyAuthFlow> {
        PyAuthFlow::new(zelf.into(), request).into_ref(&vm.ctx)
    }

    /// The flow as an asynchronous client runs it: `auth_flow`, with the bodies read as it requires.
    #[pymethod]
    fn async_auth_flow(
        zelf: PyRef<Self>,
        request: PyObjectRef,
        vm: &VirtualMachine,
    ) -> PyRef<PyAsyncAuthFlow> {
        PyAsyncAuthFlow::new(zelf.into(), request).into_ref(&vm.ctx)
    }
}
