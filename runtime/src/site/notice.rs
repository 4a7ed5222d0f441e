//! `copyright`, `credits` and `license`.

use rustpython_vm::types::{Callable, Representable};
use rustpython_vm::{Py, PyPayload, PyResult, VirtualMachine, pyclass};

/// A text that is shown at the prompt, and printed when called.
#[pyclass(module = "builtins", name = "Notice")]
#[derive(Debug, PyPayload)]
pub(super) struct Notice {
    text: &'static str,
}

impl Notice {
    pub(super) fn new(text: &'static str) -> Self {
        Self { text }
    }
}

impl Callable for Notice {
    type Args = ();

    fn call(zelf: &Py<Self>, _args: Self::Args, vm: &VirtualMachine) -> PyResult {
        vm.builtins.get_attr("print", vm)?.call((zelf.text,), vm)
    }
}

impl Representable for Notice {
    fn repr_str(zelf: &Py<Self>, _vm: &VirtualMachine) -> PyResult<String> {
        Ok(zelf.text.to_owned())
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(Callable, Representable))]
impl Notice {}
