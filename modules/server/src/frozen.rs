//! The parts that are written in Python.

use rustpython_vm::frozen::{FrozenLib, FrozenModule};
use rustpython_vm::py_freeze;

/// The modules to register after the standard library's.
pub fn frozen_modules() -> Vec<(&'static str, FrozenModule)> {
    let package: &FrozenLib = py_freeze!(dir = "python");
    package.into_iter().collect()
}
