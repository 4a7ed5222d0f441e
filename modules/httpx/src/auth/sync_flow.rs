//! What `Auth.sync_auth_flow` returns.

use rustpython_vm::convert::ToPyResult;
use rustpython_vm::protocol::PyIterReturn;
use rustpython_vm::types::{IterNext, Iterable, SelfIter};
use rustpython_vm::{Py, PyObjectRef, PyPayload, PyResult, VirtualMachine, pyclass};
use tauraro_bridge::{ExecutionMode, poll_to_completion};

use super::flow_state::FlowState;

/// A generator that runs an `auth_flow`, reading bodies as the scheme requires.
#[pyclass(module = "httpx", name = "AuthFlow", traverse)]
#[derive(Debug, PyPayload)]
pub(crate) struct AuthFlow {
    flow: FlowState,
}

impl AuthFlow {
    /// The flow of `auth` for `request`.
    pub(crate) fn new(auth: PyObjectRef, request: PyObjectRef) -> Self {
        Self { flow: FlowState::new(auth, request) }
    }
}

impl SelfIter for AuthFlow {}

impl IterNext for AuthFlow {
    fn next(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        poll_to_completion(vm, zelf.flow.next(&ExecutionMode::Blocking))
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(Iterable, IterNext))]
impl AuthFlow {
    /// Hands over a response and takes the next request; `StopIteration` when there is none.
    #[pymethod]
    fn send(zelf: &Py<Self>, response: PyObjectRef, vm: &VirtualMachine) -> PyResult {
        poll_to_completion(vm, zelf.flow.send(response, &ExecutionMode::Blocking)).to_pyresult(vm)
    }

    /// Ends the flow.
    #[pymethod]
    fn close(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        zelf.flow.close(vm)
    }
}
