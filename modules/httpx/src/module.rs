//! The module and everything it exports.

pub use httpx::module_def;

/// A fully featured HTTP client, natively.
#[rustpython_vm::pymodule]
mod httpx {
    use rustpython_vm::{Py, PyResult, VirtualMachine, builtins::PyModule};

    #[pyattr]
    const __version__: &str = "0.28.1";

    pub(crate) fn module_exec(vm: &VirtualMachine, module: &Py<PyModule>) -> PyResult<()> {
        __module_exec(vm, module);
        for (name, class) in super::classes(vm) {
            module.set_attr(vm.ctx.intern_str(name), class, vm)?;
        }
        Ok(())
    }
}

use rustpython_vm::{VirtualMachine, builtins::PyTypeRef};

/// Every class of the module, by its name.
fn classes(_vm: &VirtualMachine) -> Vec<(&'static str, PyTypeRef)> {
    Vec::new()
}
