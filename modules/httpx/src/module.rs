//! The module and everything it exports.

use rustpython_vm::builtins::{PyModuleDef, PyTypeRef};
use rustpython_vm::{Context, VirtualMachine};

/// The definition to register with an interpreter.
pub fn module_def(ctx: &Context) -> &'static PyModuleDef {
    httpx::module_def(ctx)
}

/// A fully featured HTTP client, natively.
#[rustpython_vm::pymodule]
mod httpx {
    use rustpython_vm::{Py, PyResult, VirtualMachine, builtins::PyModule};

    #[pyattr(name = "__version__")]
    const VERSION: &str = "0.28.1";

    pub(crate) fn module_exec(vm: &VirtualMachine, module: &Py<PyModule>) -> PyResult<()> {
        __module_exec(vm, module);
        for (name, class) in super::classes(vm) {
            module.set_attr(vm.ctx.intern_str(name), class, vm)?;
        }
        Ok(())
    }
}

/// Every class of the module, by its name.
fn classes(_vm: &VirtualMachine) -> Vec<(&'static str, PyTypeRef)> {
    Vec::new()
}
