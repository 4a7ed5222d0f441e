//! Putting the guards in place.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use rustpython_vm::builtins::{PyModule, PyModuleDef, PyModuleSlots, PyType, PyTypeRef};
use rustpython_vm::common::rc::PyRc;
use rustpython_vm::function::{Callee, FuncArgs, PyMethodDef, PyMethodFlags, PyNativeFn};
use rustpython_vm::{AsObject, Py, PyObject, PyPayload, PyRef, PyResult, VirtualMachine};
use tauraro_bridge::denied;
use tauraro_permissions::PermissionChecker;

use super::plan::{Class, MODULES, Plan};
use super::{Call, Judge, Original};

/// The definitions that guarded modules had, by name.
static ORIGINALS: Mutex<Option<HashMap<&'static str, &'static PyModuleDef>>> = Mutex::new(None);

/// The classes that are guarded already.
static GUARDED: Mutex<Vec<usize>> = Mutex::new(Vec::new());

/// What `__init__` of a class was: set once in a process.
pub(super) type Initializer = fn(&PyObject, FuncArgs, &VirtualMachine) -> PyResult<()>;

/// What makes the instances of a class.
pub(super) type Maker = fn(PyTypeRef, FuncArgs, &VirtualMachine) -> PyResult;

/// Registers guarded modules in an interpreter that is being made, whose checker is set.
pub(crate) fn install(vm: &mut VirtualMachine) {
    let Some(state) = PyRc::get_mut(&mut vm.state) else {
        return;
    };
    for plan in MODULES {
        if let Some(definition) = state.module_defs.get_mut(plan.module) {
            *definition = guarded(plan, definition);
        }
    }
}

/// Guards what was made before [`install`] could: `builtins` and `sys`.
///
/// # Errors
/// None in practice.
pub(crate) fn complete(vm: &VirtualMachine) -> PyResult<()> {
    if tauraro_bridge::checker(vm).is_none() {
        return Ok(());
    }
    tauraro_bridge::keep_checker(vm);
    for (name, module) in [("builtins", &vm.builtins), ("sys", &vm.sys_module)] {
        let Some(plan) = MODULES.iter().find(|plan| plan.module == name) else { continue };
        let Some(definition) = module.def.map(|original| guarded(plan, original)) else { continue };
        for method in definition.methods.iter().filter(|method| plan.judge_of(method.name).is_some()) {
            let function = method.to_function().with_module(definition.name);
            let function = function.with_module_object(module.as_object().to_owned()).into_ref(&vm.ctx);
            module.as_object().set_attr(method.name, function, vm)?;
        }
    }
    Ok(())
}

/// The definition that takes the place of `original`, made once in a process.
fn guarded(plan: &'static Plan, original: &'static PyModuleDef) -> &'static PyModuleDef {
    static DEFINITIONS: Mutex<Option<HashMap<&'static str, &'static PyModuleDef>>> = Mutex::new(None);
    let mut definitions = DEFINITIONS.lock().unwrap_or_else(PoisonError::into_inner);
    definitions.get_or_insert_default().entry(plan.module).or_insert_with(|| {
        let mut originals = ORIGINALS.lock().unwrap_or_else(PoisonError::into_inner);
        originals.get_or_insert_default().insert(plan.module, original);
        let methods = original.methods.iter().map(|method| match plan.judge_of(method.name) {
            Some(judge) => replacement(plan.module, method, judge),
            None => method.clone(),
        });
        Box::leak(Box::new(PyModuleDef {
            name: original.name,
            doc: original.doc,
            methods: Box::leak(methods.collect::<Vec<_>>().into_boxed_slice()),
            slots: PyModuleSlots { create: Some(create), exec: Some(execute) },
        }))
    })
}

/// A method definition that judges before it calls what `method` calls.
fn replacement(owner: &str, method: &PyMethodDef, judge: Judge) -> PyMethodDef {
    let name: &'static str = Box::leak(format!("{owner}.{}()", method.name).into_boxed_str());
    let function = method.func;
    let guarded = move |vm: &VirtualMachine, args: FuncArgs, callee: Callee| {
        let original = Original { function, name, callee };
        match tauraro_bridge::checker(vm) {
            Some(checker) => judge(Call { vm, checker: &checker, args, original }),
            None => original.call(vm, args),
        }
    };
    let guarded: &'static dyn PyNativeFn = Box::leak(Box::new(guarded));
    PyMethodDef { func: guarded, ..method.clone() }
}

/// Makes a guarded module, if it may be imported at all.
fn create(
    vm: &VirtualMachine,
    spec: &PyObject,
    definition: &'static PyModuleDef,
) -> PyResult<PyRef<PyModule>> {
    let plan = MODULES.iter().find(|plan| plan.module == definition.name.as_str());
    if let (Some(import), Some(checker)) = (plan.and_then(|plan| plan.import), tauraro_bridge::checker(vm)) {
        import(&checker).map_err(|denial| denied(vm, &denial))?;
    }
    match original_of(definition).and_then(|original| original.slots.create) {
        Some(create) => create(vm, spec, definition),
        None => Ok(PyModule::from_def(definition).into_ref(&vm.ctx)),
    }
}

fn execute(vm: &VirtualMachine, module: &Py<PyModule>) -> PyResult<()> {
    let Some(definition) = module.def else { return Ok(()) };
    if let Some(execute) = original_of(definition).and_then(|original| original.slots.exec) {
        execute(vm, module)?;
    }
    let Some(plan) = MODULES.iter().find(|plan| plan.module == definition.name.as_str()) else {
        return Ok(());
    };
    for class in plan.classes {
        guard_class(vm, class, module)?;
    }
    match (plan.after, tauraro_bridge::checker(vm)) {
        (Some(after), Some(checker)) => after(vm, &checker, module),
        _ => Ok(()),
    }
}

fn original_of(definition: &PyModuleDef) -> Option<&'static PyModuleDef> {
    let originals = ORIGINALS.lock().unwrap_or_else(PoisonError::into_inner);
    originals.as_ref()?.get(definition.name.as_str()).copied()
}

/// Replaces methods, and `__init__`, in a native class. The classes of native modules are shared by the
/// interpreters of the process, so this is done once; the guards ask for the calling interpreter.
fn guard_class(vm: &VirtualMachine, plan: &'static Class, module: &Py<PyModule>) -> PyResult<()> {
    let class = module.as_object().get_attr(plan.name, vm)?;
    let Ok(class) = class.downcast::<PyType>() else {
        return Err(vm.new_type_error(format!("{} is no class", plan.name)));
    };
    let mut done = GUARDED.lock().unwrap_or_else(PoisonError::into_inner);
    if done.contains(&class.get_id()) {
        return Ok(());
    }
    done.push(class.get_id());
    drop(done);
    // The class of a native module lives as long as the process.
    let class: &'static Py<PyType> = Box::leak(Box::new(class));
    for (name, judge) in plan.methods {
        let Some(method) = class.slots.methods.iter().find(|method| method.name == *name) else {
            return Err(vm.new_attribute_error(format!("{} has no method {name}", plan.name)));
        };
        let method: &'static PyMethodDef = Box::leak(Box::new(replacement(plan.name, method, *judge)));
        class.set_attr(vm.ctx.intern_str(*name), method.to_proper_method(class, &vm.ctx));
    }
    if let Some(remember) = plan.remember {
        remember(vm, class)?;
    }
    if let Some((original, guarded)) = plan.init {
        let Some(known) = class.slots.init.load() else {
            return Err(vm.new_type_error(format!("{} has no __init__", plan.name)));
        };
        let _ = original.set(known);
        class.slots.init.store(Some(guarded));
        let by_name = move |vm: &VirtualMachine, mut args: FuncArgs, _: Callee| -> PyResult {
            let Some(zelf) = args.take_positional() else {
                return Err(vm.new_type_error("__init__() needs an argument"));
            };
            if !zelf.fast_isinstance(class) {
                return Err(vm.new_type_error(format!("__init__() requires a '{}' object", plan.name)));
            }
            guarded(&zelf, args, vm).map(|()| vm.ctx.none())
        };
        let method: &'static PyMethodDef = Box::leak(Box::new(PyMethodDef {
            name: "__init__",
            func: Box::leak(Box::new(by_name)),
            flags: PyMethodFlags::METHOD,
            doc: None,
        }));
        class.set_attr(vm.ctx.intern_str("__init__"), method.to_proper_method(class, &vm.ctx));
    }
    if let Some((original, guarded)) = plan.new {
        let Some(known) = class.slots.new.load() else {
            return Err(vm.new_type_error(format!("{} has no __new__", plan.name)));
        };
        let _ = original.set(known);
        class.slots.new.store(Some(guarded));
    }
    for setter in plan.setters {
        setter(vm, class);
    }
    Ok(())
}

/// Judges a call of `__init__`, then makes it.
pub(super) fn initialize(
    zelf: &PyObject,
    args: FuncArgs,
    vm: &VirtualMachine,
    original: &OnceLock<Initializer>,
    judge: fn(&VirtualMachine, &PermissionChecker, &mut FuncArgs) -> PyResult<()>,
) -> PyResult<()> {
    let mut args = args;
    if let Some(checker) = tauraro_bridge::checker(vm) {
        judge(vm, &checker, &mut args)?;
    }
    match original.get() {
        Some(original) => original(zelf, args, vm),
        None => Err(vm.new_runtime_error("the class is not ready")),
    }
}
