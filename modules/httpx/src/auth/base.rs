//! `httpx.Auth`.

use rustpython_vm::{Context, PyObjectRef, PyPayload, PyRef, VirtualMachine, pyclass};

use super::async_flow::AsyncAuthFlow;
use super::single_request::SingleRequest;
use super::sync_flow::AuthFlow;

/// The base of every authentication scheme.
///
/// A scheme of your own overrides `auth_flow`, a generator: it yields each request to send, and the
/// `yield` gives the response. `requires_request_body` and `requires_response_body` say whether the
/// bodies must be in memory. A scheme that waits or locks overrides `sync_auth_flow` and `async_auth_flow` instead.
#[pyclass(module = "httpx", name = "Auth")]
#[derive(Debug, Default, PyPayload)]
pub(crate) struct Auth;

// Has no constructor: objects are made by `object`, so that a class may name a class of its own before
// this one. The methods take any object for that reason.
#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF))]
impl Auth {
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
    fn auth_flow(_zelf: PyObjectRef, request: PyObjectRef, vm: &VirtualMachine) -> PyRef<SingleRequest> {
        SingleRequest::new(request).into_ref(&vm.ctx)
    }

    /// The flow as a synchronous client runs it: `auth_flow`, with the bodies read as it requires.
    #[pymethod]
    fn sync_auth_flow(zelf: PyObjectRef, request: PyObjectRef, vm: &VirtualMachine) -> PyRef<AuthFlow> {
        AuthFlow::new(zelf, request).into_ref(&vm.ctx)
    }

    /// The flow as an asynchronous client runs it: `auth_flow`, with the bodies read as it requires.
    #[pymethod]
    fn async_auth_flow(zelf: PyObjectRef, request: PyObjectRef, vm: &VirtualMachine) -> PyRef<AsyncAuthFlow> {
        AsyncAuthFlow::new(zelf, request).into_ref(&vm.ctx)
    }
}
