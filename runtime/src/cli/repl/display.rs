//! How values are displayed: by `sys.displayhook`, except responses of `httpx`.

use rustpython_vm::builtins::PyStr;
use rustpython_vm::compiler::Mode;
use rustpython_vm::{AsObject, PyObject, PyObjectRef, PyResult, VirtualMachine};

use super::editor::wants_colors;
use crate::cli::report::is_stock_hook;

/// A function `describe(response, colors)`.
const DESCRIBE: &str = include_str!("display.py");

/// Replaces the stock `sys.displayhook` by ours. One that a script has set stays.
pub(super) fn install(vm: &VirtualMachine) -> PyResult<()> {
    let stock = vm.sys_module.get_attr("__displayhook__", vm)?;
    let hook = vm.sys_module.get_attr("displayhook", vm)?;
    if !is_stock_hook(vm, &hook, "displayhook") {
        return Ok(());
    }
    let hook =
        vm.new_function("displayhook", move |value: PyObjectRef, vm: &VirtualMachine| -> PyResult<()> {
            if is_response(vm, &value) { show(vm, value) } else { stock.call((value,), vm).map(drop) }
        });
    vm.sys_module.set_attr("displayhook", hook, vm)
}

/// Whether `value` is a response, without importing `httpx` for that.
fn is_response(vm: &VirtualMachine, value: &PyObject) -> bool {
    let modules = vm.sys_module.get_attr("modules", vm);
    let httpx = modules.and_then(|modules| modules.get_item("httpx", vm));
    let class = httpx.and_then(|httpx| httpx.get_attr("Response", vm));
    class.and_then(|class| value.is_instance(&class, vm)).unwrap_or(false)
}

fn show(vm: &VirtualMachine, response: PyObjectRef) -> PyResult<()> {
    let scope = vm.new_scope_with_builtins();
    let code = vm.compile(DESCRIBE, Mode::Exec, "<prompt>");
    let code = code.map_err(|error| error.into_pyexception(vm, Some(DESCRIBE)))?;
    vm.run_code_obj(code, scope.clone())?;
    let describe = scope.globals.get_item("describe", vm)?;
    let text = describe.call((response.clone(), wants_colors()), vm)?;
    let stdout = vm.sys_module.get_attr("stdout", vm)?;
    let text = text.downcast::<PyStr>().map_err(|_| vm.new_type_error("describe() did not return a str"))?;
    vm.call_method(&stdout, "write", (text,))?;
    vm.builtins.as_object().set_attr("_", response, vm)
}
