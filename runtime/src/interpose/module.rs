//! Definitions in place of the interpreter's, and filling the modules made from them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rustpython_vm::builtins::{PyBaseExceptionRef, PyModule, PyModuleDef, PyModuleSlots};
use rustpython_vm::common::rc::PyRc;
use rustpython_vm::function::{Callee, FuncArgs, PyMethodDef, PyNativeFn};
use rustpython_vm::{AsObject, Py, PyObject, PyPayload, PyRef, PyResult, VirtualMachine};

use super::{Call, Layer, Original, Replacement, class};

type Layers = Vec<&'static dyn Layer>;

/// A definition of ours, and what it takes the place of. Made once in a process, and never dropped.
struct Entry {
    definition: PyModuleDef,
    original: &'static PyModuleDef,
    layers: Layers,
    /// Whether the classes of the module have been patched.
    is_patched: AtomicBool,
}

/// Every definition that was replaced.
static ENTRIES: Mutex<Vec<&'static Entry>> = Mutex::new(Vec::new());

fn find(matches: impl Fn(&Entry) -> bool) -> Option<&'static Entry> {
    let entries = ENTRIES.lock().unwrap_or_else(PoisonError::into_inner);
    entries.iter().copied().find(|entry| matches(entry))
}

fn entry_of(definition: &PyModuleDef) -> Option<&'static Entry> {
    find(|entry| std::ptr::eq(&raw const entry.definition, definition))
}

/// Registers the replacements of `layers`, the innermost first, in an interpreter that is being made.
///
/// [`is_installed`] tells whether that worked.
pub(crate) fn install(vm: &mut VirtualMachine, layers: &[&'static dyn Layer]) {
    let Some(state) = PyRc::get_mut(&mut vm.state) else { return };
    for (name, definition) in &mut state.module_defs {
        let layers = of_module(layers, name);
        if !layers.is_empty() {
            *definition = replaced(definition, layers);
        }
    }
}

/// Whether every module of the interpreter that `layer` is about has its replacements.
pub(crate) fn is_installed(vm: &VirtualMachine, layer: &'static dyn Layer) -> bool {
    let definitions = layer.modules().into_iter().filter_map(|name| vm.state.module_defs.get(name));
    definitions.into_iter().all(|definition| {
        entry_of(definition)
            .is_some_and(|entry| entry.layers.iter().any(|known| known.name() == layer.name()))
    })
}

/// Replaces the functions of a module that was made before [`install`].
///
/// # Errors
/// None in practice.
pub(crate) fn replace_functions(
    vm: &VirtualMachine,
    module: &Py<PyModule>,
    layers: &[&'static dyn Layer],
) -> PyResult<()> {
    let Some(original) = module.def else { return Ok(()) };
    let layers = of_module(layers, original.name.as_str());
    let definition = replaced(original, layers.clone());
    for method in definition.methods {
        if layers.iter().any(|layer| layer.function(original.name.as_str(), method.name).is_some()) {
            let function = method.to_function().with_module(definition.name);
            let function = function.with_module_object(module.as_object().to_owned()).into_ref(&vm.ctx);
            module.as_object().set_attr(method.name, function, vm)?;
        }
    }
    Ok(())
}

/// The functions of a module as they were.
pub(super) fn original_methods(vm: &VirtualMachine, module: &str) -> Option<&'static [PyMethodDef]> {
    let definition = vm.state.module_defs.get(module).copied()?;
    Some(entry_of(definition).map_or(definition, |entry| entry.original).methods)
}

fn of_module(layers: &[&'static dyn Layer], module: &str) -> Layers {
    layers.iter().copied().filter(|layer| layer.modules().contains(&module)).collect()
}

fn replaced(original: &'static PyModuleDef, layers: Layers) -> &'static PyModuleDef {
    let mut entries = ENTRIES.lock().unwrap_or_else(PoisonError::into_inner);
    let names = |layers: &Layers| layers.iter().map(|layer| layer.name()).collect::<Vec<_>>();
    let known = entries
        .iter()
        .find(|entry| std::ptr::eq(entry.original, original) && names(&entry.layers) == names(&layers));
    if let Some(known) = known {
        return &known.definition;
    }
    let module = original.name.as_str();
    let methods: Vec<PyMethodDef> = original
        .methods
        .iter()
        .map(|method| {
            let replacements = layers.iter().filter_map(|layer| layer.function(module, method.name));
            replacements.fold(method.clone(), |method, replacement| replacing(module, &method, replacement))
        })
        .collect();
    let definition = PyModuleDef {
        name: original.name,
        doc: original.doc,
        methods: Box::leak(methods.into_boxed_slice()),
        slots: PyModuleSlots { create: Some(create), exec: Some(execute) },
    };
    let entry: &'static Entry =
        Box::leak(Box::new(Entry { definition, original, layers, is_patched: AtomicBool::new(false) }));
    entries.push(entry);
    &entry.definition
}

/// A definition that calls `replacement` where `method` calls its function.
pub(super) fn replacing(owner: &str, method: &PyMethodDef, replacement: Replacement) -> PyMethodDef {
    let original = Original::of(owner, method);
    let function = move |vm: &VirtualMachine, args: FuncArgs, callee: Callee| {
        replacement(Call { vm, args, callee, original })
    };
    let function: &'static dyn PyNativeFn = Box::leak(Box::new(function));
    PyMethodDef { func: function, ..method.clone() }
}

/// Makes a module, if it may be imported at all.
fn create(
    vm: &VirtualMachine,
    spec: &PyObject,
    definition: &'static PyModuleDef,
) -> PyResult<PyRef<PyModule>> {
    let entry = entry_of(definition).ok_or_else(|| unknown(vm, definition))?;
    for layer in &entry.layers {
        layer.check_import(vm, definition.name.as_str())?;
    }
    match entry.original.slots.create {
        Some(create) => create(vm, spec, definition),
        None => Ok(PyModule::from_def(definition).into_ref(&vm.ctx)),
    }
}

/// Fills a module.
fn execute(vm: &VirtualMachine, module: &Py<PyModule>) -> PyResult<()> {
    let Some(definition) = module.def else { return Ok(()) };
    let entry = entry_of(definition).ok_or_else(|| unknown(vm, definition))?;
    let name = definition.name.as_str();
    if !entry.layers.iter().any(|layer| layer.finishes(name) || !layer.classes(name).is_empty()) {
        return entry.original.slots.exec.map_or(Ok(()), |exec| exec(vm, module));
    }
    // Scripts can see the module already: in `sys.modules`, from another thread. So a double of it is filled, and
    // the module gets only what is complete.
    let double = PyModule::from_def(definition).into_ref(&vm.ctx);
    copy(vm, module, &double)?;
    fill(vm, entry, &double)?;
    for layer in &entry.layers {
        layer.finish(vm, name, &double)?;
    }
    copy(vm, &double, module)
}

/// Fills a module that no script sees, and patches its classes.
fn fill(vm: &VirtualMachine, entry: &Entry, module: &Py<PyModule>) -> PyResult<()> {
    if let Some(exec) = entry.original.slots.exec {
        exec(vm, module)?;
    }
    let name = entry.definition.name.as_str();
    for layer in &entry.layers {
        for class in layer.classes(name) {
            class::patch(vm, *layer, name, class, module)?;
        }
    }
    entry.is_patched.store(true, Ordering::Release);
    Ok(())
}

/// Patches the classes of `layer` before any script can reach them: a script of another thread finds a class as
/// soon as the import of its module has made it (`object.__subclasses__()`).
///
/// # Errors
/// When a class is not as expected.
pub(crate) fn patch_classes(vm: &VirtualMachine, layer: &'static dyn Layer) -> PyResult<()> {
    for name in layer.modules().into_iter().filter(|name| !layer.classes(name).is_empty()) {
        let Some(entry) = vm.state.module_defs.get(name).and_then(|definition| entry_of(definition)) else {
            continue;
        };
        if !entry.is_patched.load(Ordering::Acquire) {
            let module = PyModule::from_def(&entry.definition).into_ref(&vm.ctx);
            PyModule::__init_dict_from_def(vm, &module);
            module.__init_methods(vm)?;
            fill(vm, entry, &module)?;
        }
    }
    Ok(())
}

fn copy(vm: &VirtualMachine, from: &Py<PyModule>, to: &Py<PyModule>) -> PyResult<()> {
    let to = to.dict();
    from.dict().items_vec().into_iter().try_for_each(|(name, value)| to.set_item(&*name, value, vm))
}

fn unknown(vm: &VirtualMachine, definition: &PyModuleDef) -> PyBaseExceptionRef {
    vm.new_system_error(format!("the module {} has lost its original", definition.name))
}
