//! Python modules that stand before the standard library's, and the command line.

use rustpython_vm::frozen::{FrozenLib, FrozenModule};
use rustpython_vm::{PyResult, VirtualMachine, py_freeze};

/// The modules to register after the standard library's, given those.
pub fn frozen_modules(
    stock: impl IntoIterator<Item = (&'static str, FrozenModule)>,
) -> Vec<(&'static str, FrozenModule)> {
    let command_line: &FrozenLib = py_freeze!(dir = "command_line");
    let mut modules: Vec<_> = command_line.into_iter().collect();
    if let Some((_, stock)) = stock.into_iter().find(|(name, _)| *name == "ssl") {
        modules.push(("_stock_ssl", stock));
        modules.extend(py_freeze!(file = "python/ssl.py", module_name = "ssl"));
    }
    modules
}

/// `httpx.main`, the command line. Importing it takes what few scripts need.
///
/// # Errors
/// What importing raises.
pub(crate) fn command_line(vm: &VirtualMachine) -> PyResult {
    vm.import("httpx._cli", 0)?.get_attr("_cli", vm)?.get_attr("main", vm)
}
