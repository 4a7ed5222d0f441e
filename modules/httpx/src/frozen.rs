//! Python modules that stand before the standard library's.

use rustpython_vm::frozen::FrozenModule;
use rustpython_vm::py_freeze;

/// The modules to register after the standard library's, given those.
pub fn frozen_modules(
    stock: impl IntoIterator<Item = (&'static str, FrozenModule)>,
) -> Vec<(&'static str, FrozenModule)> {
    let Some((_, stock)) = stock.into_iter().find(|(name, _)| *name == "ssl") else { return Vec::new() };
    let mut modules = vec![("_stock_ssl", stock)];
    modules.extend(py_freeze!(file = "python/ssl.py", module_name = "ssl"));
    modules
}
