//! `httpx.USE_CLIENT_DEFAULT`: the value that stands for "as the client is set up".

use rustpython_vm::function::OptionalArg;
use rustpython_vm::types::Representable;
use rustpython_vm::{
    AsObject, Context, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass,
};

/// The type of `USE_CLIENT_DEFAULT`, the default of arguments for which `None` means something else:
/// `auth`, `timeout` and `follow_redirects`.
#[pyclass(module = "httpx", name = "UseClientDefault")]
#[derive(Debug, PyPayload)]
pub(crate) struct UseClientDefault;

impl Representable for UseClientDefault {
    fn repr_str(_zelf: &Py<Self>, _vm: &VirtualMachine) -> PyResult<String> {
        Ok("USE_CLIENT_DEFAULT".to_owned())
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(Representable))]
impl UseClientDefault {}

/// The one object of the type: it holds no state, so all interpreters share it.
pub(crate) fn use_client_default() -> PyObjectRef {
    rustpython_vm::common::static_cell! {
        static SENTINEL: PyRef<UseClientDefault>;
    }
    SENTINEL.get_or_init(|| UseClientDefault.into_ref(Context::genesis())).clone().into()
}

/// The value of an argument, unless it is missing, the sentinel, or the `...` that stands for the sentinel
/// in signatures, which can only hold literals.
pub(crate) fn explicit<'a>(vm: &VirtualMachine, argument: &'a OptionalArg) -> Option<&'a PyObject> {
    match argument {
        OptionalArg::Present(value)
            if !value.downcastable::<UseClientDefault>() && !value.is(&vm.ctx.ellipsis) =>
        {
            Some(value)
        }
        _ => None,
    }
}
