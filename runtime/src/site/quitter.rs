//! `exit` and `quit`.

use rustpython_vm::function::OptionalArg;
use rustpython_vm::types::{Callable, Representable};
use rustpython_vm::{Py, PyObjectRef, PyPayload, PyResult, VirtualMachine, pyclass};

/// Ends the interpreter when called: `exit(status)`.
#[pyclass(module = "builtins", name = "Quitter")]
#[derive(Debug, PyPayload)]
pub(super) struct Quitter {
    name: &'static str,
}

impl Quitter {
    pub(super) fn new(name: &'static str) -> Self {
        Self { name }
    }
}

impl Callable for Quitter {
    type Args = (OptionalArg<PyObjectRef>,);

    fn call(_zelf: &Py<Self>, (code,): Self::Args, vm: &VirtualMachine) -> PyResult {
        // Without standard input, an interactive shell in Python ends as well.
        if let Ok(stdin) = vm.sys_module.get_attr("stdin", vm) {
            let _ = vm.call_method(&stdin, "close", ());
        }
        let code = code.unwrap_or_none(vm);
        Err(vm.new_system_exit(vec![code].into()))
    }
}

impl Representable for Quitter {
    fn repr_str(zelf: &Py<Self>, _vm: &VirtualMachine) -> PyResult<String> {
        Ok(format!("Use {}() or Ctrl-D (i.e. EOF) to exit", zelf.name))
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(Callable, Representable))]
impl Quitter {}
