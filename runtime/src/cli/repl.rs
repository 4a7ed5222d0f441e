//! placeholder
use rustpython_vm::{PyResult, VirtualMachine};
pub(super) fn greet(_vm: &VirtualMachine) {}
pub(super) fn run_startup_file(_vm: &VirtualMachine) {}
pub(super) fn run(_vm: &VirtualMachine) -> PyResult<()> { Ok(()) }
