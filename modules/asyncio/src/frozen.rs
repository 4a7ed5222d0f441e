//! Python modules of the binary that stand before or beside the standard library's.

use rustpython_vm::frozen::{FrozenLib, FrozenModule};
use rustpython_vm::py_freeze;

/// Modules of the standard library that ours take the names of, and where ours find them.
const REPLACED: [(&str, &str); 2] =
    [("asyncio.unix_events", "asyncio._stock_unix_events"), ("_colorize", "_stock_colorize")];

/// The modules to register after the standard library's, given those.
pub fn frozen_modules(
    stock: impl IntoIterator<Item = (&'static str, FrozenModule)>,
) -> Vec<(&'static str, FrozenModule)> {
    if !cfg!(target_os = "linux") {
        // Elsewhere asyncio stays as it is.
        return Vec::new();
    }
    let mut modules: Vec<_> = stock
        .into_iter()
        .filter_map(|(name, module)| {
            let (_, moved) = REPLACED.iter().find(|(replaced, _)| *replaced == name)?;
            Some((*moved, module))
        })
        .collect();
    if modules.len() == REPLACED.len() {
        let ours: [&FrozenLib; 3] = [
            py_freeze!(file = "python/unix_events.py", module_name = "asyncio.unix_events"),
            py_freeze!(file = "python/_colorize.py", module_name = "_colorize"),
            py_freeze!(file = "python/uvloop.py", module_name = "uvloop"),
        ];
        modules.extend(ours.into_iter().flatten());
    }
    modules
}
