//! The module and everything it exports.

use rustpython_vm::builtins::{PyModuleDef, PyTypeRef};
use rustpython_vm::{Context, PyResult, VirtualMachine};

use crate::{cookies, exceptions, headers, limits, query_params, timeout, url};

/// The definition to register with an interpreter.
pub fn module_def(ctx: &Context) -> &'static PyModuleDef {
    httpx::module_def(ctx)
}

/// A fully featured HTTP client, natively.
#[rustpython_vm::pymodule]
mod httpx {
    use rustpython_vm::builtins::{PyModule, PyUtf8StrRef};
    use rustpython_vm::types::PyTypeFlags;
    use rustpython_vm::{Py, PyResult, VirtualMachine};

    #[pyattr(name = "__version__")]
    const VERSION: &str = "0.28.1";

    /// Makes what is rarely asked for when it is asked for the first time.
    #[pyfunction]
    fn __getattr__(name: PyUtf8StrRef, vm: &VirtualMachine) -> PyResult {
        if name.as_str() != "codes" {
            return Err(
                vm.new_attribute_error(format!("module 'httpx' has no attribute '{}'", name.as_str()))
            );
        }
        let codes = crate::status_codes::codes(vm)?;
        vm.import("httpx", 0)?.set_attr("codes", codes.clone(), vm)?;
        Ok(codes)
    }

    pub(crate) fn module_exec(vm: &VirtualMachine, module: &Py<PyModule>) -> PyResult<()> {
        __module_exec(vm, module);
        for (name, class) in super::classes(vm)? {
            // As if written in Python: programs patch these classes, test doubles above all.
            class.slots.flags.remove_masked(PyTypeFlags::from_slice(&[PyTypeFlags::IMMUTABLETYPE]));
            module.set_attr(vm.ctx.intern_str(name), class, vm)?;
        }
        Ok(())
    }
}

/// Every class of the module, by its name.
fn classes(vm: &VirtualMachine) -> PyResult<Vec<(&'static str, PyTypeRef)>> {
    let mut classes = exceptions::classes(vm);
    classes.push(("Cookies", cookies::class(vm)?));
    classes.push(("Headers", headers::class(vm)?));
    classes.push(("Limits", limits::class()));
    classes.push(("QueryParams", query_params::class(vm)?));
    classes.push(("Timeout", timeout::class()));
    classes.push(("URL", url::class()));
    Ok(classes)
}
