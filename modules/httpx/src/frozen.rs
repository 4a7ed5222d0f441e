//! The Python modules of this crate: those below `httpx`, and one that stands before the standard
//! library's.

use rustpython_vm::frozen::{FrozenLib, FrozenModule};
use rustpython_vm::py_freeze;

/// The modules to register beside [`module_def`](crate::module_def), by their full names.
pub fn frozen_modules() -> impl Iterator<Item = (&'static str, FrozenModule)> {
    let modules: &'static FrozenLib = py_freeze!(dir = "python/package");
    modules.into_iter()
}

/// The modules to register after the standard library's, given those.
pub fn frozen_replacements(
    stock: impl IntoIterator<Item = (&'static str, FrozenModule)>,
) -> Vec<(&'static str, FrozenModule)> {
    let Some((_, stock)) = stock.into_iter().find(|(name, _)| *name == "ssl") else { return Vec::new() };
    let mut modules = vec![("_stock_ssl", stock)];
    modules.extend(py_freeze!(file = "python/ssl.py", module_name = "ssl"));
    modules
}
