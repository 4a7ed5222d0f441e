//! The modules that could be imported, and their names.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rustpython_vm::{PyObjectRef, VirtualMachine};

use super::attributes;
use super::lexer::{is_name_part, is_name_start};

/// The names of the submodules of a package, or of the top-level modules.
pub(super) fn below(vm: &VirtualMachine, package: Option<&str>) -> BTreeSet<String> {
    let start = package.map_or_else(String::new, |package| format!("{package}."));
    let native = vm.state.module_defs.keys().copied();
    let frozen = vm.state.frozen.keys().copied();
    let inside = native.chain(frozen).filter_map(|name| name.strip_prefix(start.as_str()));
    let mut names: BTreeSet<String> =
        inside.filter_map(|rest| rest.split('.').next()).map(str::to_owned).collect();
    for folder in search_path(vm) {
        let folder = package.map_or_else(|| folder.clone(), |package| folder.join(package.replace('.', "/")));
        names.extend(in_folder(&folder));
    }
    names.retain(|name| is_name(name));
    names
}

/// What `from MODULE import` could name. Native modules are imported for it, which has no side effects.
pub(super) fn names_in(vm: &VirtualMachine, module: &str) -> BTreeSet<String> {
    let mut names = below(vm, Some(module));
    if vm.state.module_defs.contains_key(module) {
        // An error will be reported by the import itself.
        let _ = vm.import(vm.ctx.intern_str(module), 0);
    }
    let loaded = vm.sys_module.get_attr("modules", vm).and_then(|modules| modules.get_item(module, vm));
    if let Ok(loaded) = loaded {
        names.extend(attributes::of(vm, &loaded));
    }
    names
}

/// The folders of `sys.path`; the empty entry is the working folder.
fn search_path(vm: &VirtualMachine) -> Vec<PathBuf> {
    let path =
        vm.sys_module.get_attr("path", vm).and_then(|path| path.try_into_value::<Vec<PyObjectRef>>(vm));
    let entries = path.unwrap_or_default();
    let entries = entries.into_iter().filter_map(|entry| entry.try_into_value::<String>(vm).ok());
    entries.map(|entry| PathBuf::from(if entry.is_empty() { ".".to_owned() } else { entry })).collect()
}

fn in_folder(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let name_of = |path: PathBuf| {
        let is_module = path.extension().is_some_and(|extension| extension == "py");
        let found = is_module || path.join("__init__.py").is_file();
        found.then(|| path.file_stem()?.to_str().map(str::to_owned)).flatten()
    };
    entries.filter_map(|entry| name_of(entry.ok()?.path())).collect()
}

fn is_name(text: &str) -> bool {
    text.starts_with(is_name_start) && text.chars().all(is_name_part)
}
