//! The Python module that takes the place of the standard library's.

use rustpython_vm::frozen::FrozenModule;
use rustpython_vm::py_freeze;

/// The modules to register after the standard library's, given those.
pub fn frozen_modules(
    stock: impl IntoIterator<Item = (&'static str, FrozenModule)>,
) -> Vec<(&'static str, FrozenModule)> {
    let stock = stock.into_iter().find(|(name, _)| *name == "ssl");
    let mut modules: Vec<_> = stock.map(|(_, module)| ("_stock_ssl", module)).into_iter().collect();
    if !modules.is_empty() {
        modules.extend(py_freeze!(file = "python/ssl.py", module_name = "ssl"));
    }
    modules
}
