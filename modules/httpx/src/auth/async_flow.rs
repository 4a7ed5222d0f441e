//! What `Auth.async_auth_flow` returns.

use rustpython_vm::protocol::PyIterReturn;
use rustpython_vm::{PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass};
use tauraro_bridge::{coroutine, stop_async_iteration, with_vm};

use super::flow_state::FlowState;

/// An asynchronous generator that runs an `auth_flow`, reading bodies as the scheme requires.
#[pyclass(module = "httpx", name = "AsyncAuthFlow", traverse)]
#[derive(Debug, PyPayload)]
pub(crate) struct AsyncAuthFlow {
    flow: FlowState,
}

impl AsyncAuthFlow {
    /// The flow of `auth` for `request`.
    pub(crate) fn new(auth: PyObjectRef, request: PyObjectRef) -> Self {
        Self { flow: FlowState::new(auth, request) }
    }
}

fn request_or_end(next: PyIterReturn) -> PyResult {
    match next {
        PyIterReturn::Return(request) => Ok(request),
        PyIterReturn::StopIteration(_) => Err(with_vm(stop_async_iteration)),
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION))]
impl AsyncAuthFlow {
    #[pymethod]
    fn __aiter__(zelf: PyRef<Self>) -> PyRef<Self> {
        zelf
    }

    /// The next request.
    #[pymethod]
    fn __anext__(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "AsyncAuthFlow.__anext__", move |mode| async move {
            request_or_end(zelf.flow.next(&mode).await?)
        })
    }

    /// Hands over a response and takes the next request; `StopAsyncIteration` when there is none.
    #[pymethod]
    fn asend(zelf: PyRef<Self>, response: PyObjectRef, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "AsyncAuthFlow.asend", move |mode| async move {
            request_or_end(zelf.flow.send(response, &mode).await?)
        })
    }

    /// Ends the flow.
    #[pymethod]
    fn aclose(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "AsyncAuthFlow.aclose", move |_| async move {
            with_vm(|vm| zelf.flow.close(vm).map(|()| vm.ctx.none()))
        })
    }
}
