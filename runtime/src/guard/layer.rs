//! The replacements made of the policies.

use rustpython_vm::builtins::{PyModule, PyType};
use rustpython_vm::function::FuncArgs;
use rustpython_vm::{Py, PyObject, PyResult, VirtualMachine};
use tauraro_bridge::denied;
use tauraro_permissions::PermissionChecker;

use super::policy::{MODULES, ModulePolicy};
use super::{Call, Check};
use crate::interpose::{
    self, Change, Initializer, Layer, Replacement, SlotOriginal, initializer_changes, method_change,
};

/// The layer to install.
pub(crate) static LAYER: &(dyn Layer + 'static) = &Guard;

struct Guard;

fn policy_of(module: &str) -> Option<&'static ModulePolicy> {
    MODULES.iter().find(|policy| policy.module == module)
}

impl Layer for Guard {
    fn name(&self) -> &'static str {
        "guard"
    }

    fn modules(&self) -> Vec<&'static str> {
        MODULES.iter().map(|policy| policy.module).collect()
    }

    fn function(&self, module: &str, function: &str) -> Option<Replacement> {
        policy_of(module)?.check_of(function).map(checked)
    }

    fn classes(&self, module: &str) -> Vec<&'static str> {
        policy_of(module).map_or(&[][..], |policy| policy.classes).iter().map(|class| class.name).collect()
    }

    fn changes(
        &self,
        vm: &VirtualMachine,
        module: &str,
        name: &str,
        class: &'static Py<PyType>,
    ) -> PyResult<Vec<Change>> {
        let Some(policy) =
            policy_of(module).and_then(|policy| policy.classes.iter().find(|policy| policy.name == name))
        else {
            return Ok(Vec::new());
        };
        let methods = policy.methods.iter();
        let methods = methods.map(|(method, check)| method_change(vm, name, class, method, checked(*check)));
        let mut changes = methods.collect::<PyResult<Vec<_>>>()?;
        if let Some(remember) = policy.remember {
            remember(vm, class)?;
        }
        if let Some((place, replacement)) = policy.init {
            changes.extend(initializer_changes(vm, class, place, replacement)?);
        }
        if let Some((place, replacement)) = policy.new {
            changes.push(Change::constructor(vm, class, place, replacement)?);
        }
        for property in policy.properties {
            changes.push(property(vm, class)?);
        }
        Ok(changes)
    }

    fn check_import(&self, vm: &VirtualMachine, module: &str) -> PyResult<()> {
        match (policy_of(module).and_then(|policy| policy.import), tauraro_bridge::checker(vm)) {
            (Some(check), Some(checker)) => check(&checker).map_err(|denial| denied(vm, &denial)),
            _ => Ok(()),
        }
    }

    fn finishes(&self, module: &str) -> bool {
        policy_of(module).is_some_and(|policy| policy.finish.is_some())
    }

    fn finish(&self, vm: &VirtualMachine, name: &str, module: &Py<PyModule>) -> PyResult<()> {
        match (policy_of(name).and_then(|policy| policy.finish), tauraro_bridge::checker(vm)) {
            (Some(finish), Some(checker)) => finish(vm, &checker, module),
            _ => Ok(()),
        }
    }
}

/// A replacement that calls `check` if the interpreter has a checker.
fn checked(check: Check) -> Replacement {
    Box::new(move |call: interpose::Call<'_>| match tauraro_bridge::checker(call.vm) {
        Some(checker) => {
            let interpose::Call { vm, args, callee, original } = call;
            check(Call { vm, checker: &checker, args, original, callee })
        }
        None => call.proceed(),
    })
}

/// Completes the guard of a finished interpreter, if it has one: `builtins` and `sys` were made before the layer
/// could be installed, and classes are guarded before any script runs.
///
/// # Errors
/// When something could not be guarded: then no script may run.
pub(crate) fn complete(vm: &VirtualMachine) -> PyResult<()> {
    if tauraro_bridge::checker(vm).is_none() {
        return Ok(());
    }
    tauraro_bridge::keep_checker(vm);
    if !interpose::is_installed(vm, LAYER) {
        return Err(vm.new_system_error("the permissions could not be put in place"));
    }
    interpose::replace_functions(vm, &vm.builtins, &[LAYER])?;
    interpose::replace_functions(vm, &vm.sys_module, &[LAYER])?;
    interpose::patch_classes(vm, LAYER)
}

/// Checks a call of `__init__`, then makes it.
pub(super) fn initialize(
    zelf: &PyObject,
    mut args: FuncArgs,
    vm: &VirtualMachine,
    original: &SlotOriginal<Initializer>,
    check: fn(&VirtualMachine, &PermissionChecker, &mut FuncArgs) -> PyResult<()>,
) -> PyResult<()> {
    if let Some(checker) = tauraro_bridge::checker(vm) {
        check(vm, &checker, &mut args)?;
    }
    match original.get() {
        Some(original) => original(zelf, args, vm),
        None => Err(vm.new_runtime_error("the class is not ready")),
    }
}
