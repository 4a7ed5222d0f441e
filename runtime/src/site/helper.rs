//! `help`.

use rustpython_vm::function::FuncArgs;
use rustpython_vm::types::{Callable, Representable};
use rustpython_vm::{Py, PyPayload, PyResult, VirtualMachine, pyclass};

/// Shows documentation: `help(object)`, or `help()` for an interactive session. `pydoc` is imported at the first call.
#[pyclass(module = "builtins", name = "Helper")]
#[derive(Debug, PyPayload)]
pub(super) struct Helper;

impl Callable for Helper {
    type Args = FuncArgs;

    fn call(_zelf: &Py<Self>, args: FuncArgs, vm: &VirtualMachine) -> PyResult {
        vm.import("pydoc", 0)?.get_attr("help", vm)?.call(args, vm)
    }
}

impl Representable for Helper {
    fn repr_str(_zelf: &Py<Self>, _vm: &VirtualMachine) -> PyResult<String> {
        Ok("Type help() for interactive help, or help(object) for help about object.".to_owned())
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(Callable, Representable))]
impl Helper {}
