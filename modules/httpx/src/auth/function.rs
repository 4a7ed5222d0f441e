//! `httpx.FunctionAuth`.

use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::types::{Constructor, DefaultConstructor, Initializer};
use rustpython_vm::{FromArgs, Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass};

use super::base::PyAuth;
use super::single_request::PySingleRequest;

/// Authentication by a function that takes the request and returns it, changed or replaced.
#[pyclass(module = "httpx", name = "FunctionAuth", base = PyAuth, traverse)]
#[derive(Debug, Default)]
#[repr(C)]
pub(crate) struct PyFunctionAuth {
    #[pytraverse(skip)]
    base: PyAuth,
    func: PyMutex<Option<PyObjectRef>>,
}

/// The arguments of `FunctionAuth(func)`.
#[derive(FromArgs)]
pub(crate) struct FunctionAuthArgs {
    #[pyarg(any)]
    func: PyObjectRef,
}

impl PyFunctionAuth {
    /// Authentication by `func`.
    pub(crate) fn new(func: PyObjectRef) -> Self {
        Self { base: PyAuth, func: PyMutex::new(Some(func)) }
    }
}

impl DefaultConstructor for PyFunctionAuth {}

impl Initializer for PyFunctionAuth {
    type Args = FunctionAuthArgs;

    fn init(zelf: &Py<Self>, args: FunctionAuthArgs, _vm: &VirtualMachine) -> PyResult<()> {
        let replaced = zelf.func.lock().replace(args.func);
        drop(replaced);
        Ok(())
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer))]
impl PyFunctionAuth {
    /// The request as the function returns it.
    #[pymethod]
    fn auth_flow(
        zelf: &Py<Self>,
        request: PyObjectRef,
        vm: &VirtualMachine,
    ) -> PyResult<PyRef<PySingleRequest>> {
        let func = zelf.func.lock().clone();
        let request = match func {
            Some(func) => func.call((request,), vm)?,
            None => request,
        };
        Ok(PySingleRequest::new(request).into_ref(&vm.ctx))
    }
}
