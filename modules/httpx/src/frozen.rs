//! The modules below `httpx` that are written in Python: its command line.

use rustpython_vm::frozen::{FrozenLib, FrozenModule};
use rustpython_vm::{PyResult, VirtualMachine, py_freeze};

/// The modules to register beside [`module_def`](crate::module_def), by their full names.
pub fn frozen_modules() -> impl Iterator<Item = (&'static str, FrozenModule)> {
    let modules: &'static FrozenLib = py_freeze!(dir = "frozen");
    modules.into_iter()
}

/// `httpx.main`, the command line. Importing it takes what few scripts need.
///
/// # Errors
/// What importing raises.
pub(crate) fn command_line(vm: &VirtualMachine) -> PyResult {
    vm.import("httpx._cli", 0)?.get_attr("_cli", vm)?.get_attr("main", vm)
}
