//! `httpx.FunctionAuth`.

use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::types::{Constructor, DefaultConstructor, Initializer};
use rustpython_vm::{FromArgs, Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass};

use super::base::Auth;
use super::single_request::SingleRequest;

/// Authentication by a function that takes the request and returns it, changed or replaced.
#[pyclass(module = "httpx", name = "FunctionAuth", base = Auth, traverse)]
#[derive(Debug, Default)]
#[repr(C)]
pub(crate) struct FunctionAuth {
    #[pytraverse(skip)]
    base: Auth,
    func: PyMutex<Option<PyObjectRef>>,
}

/// The arguments of `FunctionAuth(func)`.
#[derive(FromArgs)]
pub(crate) struct FunctionAuthArgs {
    #[pyarg(any)]
    func: PyObjectRef,
}

impl FunctionAuth {
    /// Authentication by `func`.
    pub(crate) fn new(func: PyObjectRef) -> Self {
        Self { base: Auth, func: PyMutex::new(Some(func)) }
    }
}

impl DefaultConstructor for FunctionAuth {}

impl Initializer for FunctionAuth {
    type Args = FunctionAuthArgs;

    fn init(zelf: &Py<Self>, args: FunctionAuthArgs, _vm: &VirtualMachine) -> PyResult<()> {
        let replaced = zelf.func.lock().replace(args.func);
        drop(replaced);
        Ok(())
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer))]
impl FunctionAuth {
    /// The request as the function returns it.
    #[pymethod]
    fn auth_flow(
        zelf: &Py<Self>,
        request: PyObjectRef,
        vm: &VirtualMachine,
    ) -> PyResult<PyRef<SingleRequest>> {
        let func = zelf.func.lock().clone();
        let request = match func {
            Some(func) => func.call((request,), vm)?,
            None => request,
        };
        Ok(SingleRequest::new(request).into_ref(&vm.ctx))
    }
}
