//! `httpx.MockTransport`.

use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::types::{Constructor, DefaultConstructor, Initializer};
use rustpython_vm::{FromArgs, Py, PyObjectRef, PyRef, PyResult, VirtualMachine, pyclass};

use super::base::PyBaseTransport;
use crate::request::PyRequest;

/// A transport that asks a function: it takes the request, whose body has been read, and returns the
/// response.
#[pyclass(module = "httpx", name = "MockTransport", base = PyBaseTransport, traverse)]
#[derive(Debug, Default)]
#[repr(C)]
pub(crate) struct PyMockTransport {
    #[pytraverse(skip)]
    base: PyBaseTransport,
    handler: PyMutex<Option<PyObjectRef>>,
}

/// The arguments of `MockTransport(handler)`.
#[derive(FromArgs)]
pub(crate) struct MockTransportArgs {
    #[pyarg(any)]
    handler: PyObjectRef,
}

impl DefaultConstructor for PyMockTransport {}

impl Initializer for PyMockTransport {
    type Args = MockTransportArgs;

    fn init(zelf: &Py<Self>, args: MockTransportArgs, _vm: &VirtualMachine) -> PyResult<()> {
        let replaced = zelf.handler.lock().replace(args.handler);
        drop(replaced);
        Ok(())
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer))]
impl PyMockTransport {
    /// The function that answers.
    #[pygetset]
    fn handler(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        vm.unwrap_or_none(zelf.handler.lock().clone())
    }

    /// Asks the function.
    #[pymethod]
    fn handle_request(zelf: &Py<Self>, request: PyRef<PyRequest>, vm: &VirtualMachine) -> PyResult {
        request.read_body(vm)?;
        let handler = zelf.handler.lock().clone();
        match handler {
            Some(handler) => handler.call((request,), vm),
            None => Err(vm.new_runtime_error("MockTransport.__init__() has not been called")),
        }
    }
}
