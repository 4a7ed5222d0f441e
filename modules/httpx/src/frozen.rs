//! The modules below `httpx` that are written in Python: its command line.

use rustpython_vm::frozen::{FrozenLib, FrozenModule};
use rustpython_vm::py_freeze;

/// The modules to register beside [`module_def`](crate::module_def), by their full names.
pub fn frozen_modules() -> impl Iterator<Item = (&'static str, FrozenModule)> {
    let modules: &'static FrozenLib = py_freeze!(dir = "python");
    modules.into_iter()
}
