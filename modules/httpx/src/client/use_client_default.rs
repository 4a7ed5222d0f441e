//! `httpx.USE_CLIENT_DEFAULT`: the value that stands for "as the client is set up".

use rustpython_vm::function::OptionalArg;
use rustpython_vm::types::Representable;
use rustpython_vm::{Context, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass};

/// The type of `USE_CLIENT_DEFAULT`, the default of arguments for which `None` means something else:
/// `auth`, `timeout` and `follow_redirects`.
#[pyclass(module = "httpx", name = "UseClientDefault")]
#[derive(Debug, PyPayload)]
pub(crate) struct PyUseClientDefault;

impl Representable for PyUseClientDefault {
    fn repr_str(_zelf: &Py<Self>, _vm: &VirtualMachine) -> PyResult<String> {
        Ok("USE_CLIENT_DEFAULT".to_owned())
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(Representable))]
impl PyUseClientDefault {}

/// The one object of the type: it holds no state, so all interpreters share it.
pub(crate) fn use_client_default() -> PyObjectRef {
    rustpython_vm::common::static_cell! {
        static SENTINEL: PyRef<PyUseClientDefault>;
    }
    SENTINEL.get_or_init(|| PyUseClientDefault.into_ref(Context::genesis())).clone().into()
}

/// What was given, unless it was nothing or the sentinel.
pub(crate) fn given(argument: &OptionalArg) -> Option<&PyObject> {
    match argument {
        OptionalArg::Present(value) if !value.downcastable::<PyUseClientDefault>() => Some(value),
        _ => None,
    }
}
