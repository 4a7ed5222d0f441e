//! Native functions that take the place of the interpreter's.
//!
//! The definitions are made once in a process, and every runtime gets them; a thread that runs scripts of no
//! runtime that can be stopped goes straight on to the original. They come before the guards of permissions,
//! whose originals they are.

use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use rustpython_vm::builtins::{PyModule, PyModuleDef, PyModuleSlots, PyType};
use rustpython_vm::common::rc::PyRc;
use rustpython_vm::function::{Callee, FuncArgs, PyMethodDef, PyNativeFn};
use rustpython_vm::{AsObject, Py, PyResult, VirtualMachine};

use super::{loops, signals, threads, waits};

/// A function of the interpreter.
#[derive(Clone, Copy)]
pub(super) struct Original(&'static dyn PyNativeFn);

impl Original {
    pub(super) fn call(self, vm: &VirtualMachine, args: FuncArgs, callee: Callee) -> PyResult {
        (self.0)(vm, args, callee)
    }
}

/// A call to a function that was replaced.
pub(super) struct Call<'a> {
    pub(super) vm: &'a VirtualMachine,
    pub(super) args: FuncArgs,
    pub(super) callee: Callee,
    /// What was replaced.
    pub(super) original: Original,
    /// The method that the replacement needs, of the same class and as it was.
    pub(super) helper: Original,
}

impl Call<'_> {
    /// Goes on to the original.
    pub(super) fn proceed(self) -> PyResult {
        self.original.call(self.vm, self.args, self.callee)
    }
}

type Replacement = fn(Call<'_>) -> PyResult;

/// What is replaced of a class: the method, with what, and the name of the method it needs.
struct Class {
    name: &'static str,
    methods: &'static [(&'static str, Replacement, &'static str)],
}

struct Module {
    name: &'static str,
    functions: &'static [(&'static str, Replacement)],
    classes: &'static [Class],
    /// Classes whose instances are drawn from in native loops.
    iterators: &'static [&'static str],
}

static MODULES: &[Module] = &[
    Module {
        name: "_thread",
        functions: &[
            ("start_new_thread", threads::start),
            ("start_new", threads::start),
            ("start_joinable_thread", threads::start),
        ],
        classes: &[
            Class {
                name: "lock",
                methods: &[
                    ("acquire", waits::acquire, "acquire"),
                    ("acquire_lock", waits::acquire, "acquire"),
                    ("__enter__", waits::acquire, "acquire"),
                ],
            },
            Class {
                name: "RLock",
                methods: &[
                    ("acquire", waits::acquire, "acquire"),
                    ("acquire_lock", waits::acquire, "acquire"),
                    ("__enter__", waits::acquire, "acquire"),
                    ("_acquire_restore", waits::acquire_restore, "acquire"),
                ],
            },
            Class { name: "_ThreadHandle", methods: &[("join", waits::join, "is_done")] },
        ],
        iterators: &[],
    },
    Module {
        name: "_signal",
        functions: &[("signal", signals::signal), ("pthread_sigmask", signals::pthread_sigmask)],
        classes: &[],
        iterators: &[],
    },
    Module {
        name: "_queue",
        functions: &[],
        classes: &[Class { name: "SimpleQueue", methods: &[("get", waits::get, "get")] }],
        iterators: &[],
    },
    Module { name: "itertools", functions: &[], classes: &[], iterators: &loops::ITERTOOLS },
];

/// The definitions that were replaced, by name.
static ORIGINALS: Mutex<Option<HashMap<&'static str, &'static PyModuleDef>>> = Mutex::new(None);

/// `_signal.signal` as it was.
static SIGNAL: OnceLock<Original> = OnceLock::new();

/// `_signal.signal` as it was, if the interpreter has one.
pub(super) fn signal_function() -> Option<Original> {
    SIGNAL.get().copied()
}

/// Replaces the functions in an interpreter that is being made.
pub(crate) fn install(vm: &mut VirtualMachine) {
    super::target::prepare_classes();
    let Some(state) = PyRc::get_mut(&mut vm.state) else {
        return;
    };
    for module in MODULES {
        if let Some(definition) = state.module_defs.get_mut(module.name) {
            *definition = replaced(module, definition);
        }
    }
}

/// The definition that takes the place of `original`, made once in a process.
fn replaced(module: &'static Module, original: &'static PyModuleDef) -> &'static PyModuleDef {
    static DEFINITIONS: Mutex<Option<HashMap<&'static str, &'static PyModuleDef>>> = Mutex::new(None);
    let mut definitions = DEFINITIONS.lock().unwrap_or_else(PoisonError::into_inner);
    definitions.get_or_insert_default().entry(module.name).or_insert_with(|| {
        let mut originals = ORIGINALS.lock().unwrap_or_else(PoisonError::into_inner);
        originals.get_or_insert_default().insert(module.name, original);
        let replace = |method: &PyMethodDef| {
            if (module.name, method.name) == ("_signal", "signal") {
                let _ = SIGNAL.set(Original(method.func));
            }
            match module.functions.iter().find(|(name, _)| *name == method.name) {
                Some((_, replacement)) => replacing(method, *replacement, Original(method.func)),
                None => method.clone(),
            }
        };
        let methods: Vec<_> = original.methods.iter().map(replace).collect();
        Box::leak(Box::new(PyModuleDef {
            name: original.name,
            doc: original.doc,
            methods: Box::leak(methods.into_boxed_slice()),
            slots: PyModuleSlots { create: original.slots.create, exec: Some(execute) },
        }))
    })
}

/// A definition that calls `replacement` where `method` calls its function.
fn replacing(method: &PyMethodDef, replacement: Replacement, helper: Original) -> PyMethodDef {
    let original = Original(method.func);
    let function = move |vm: &VirtualMachine, args: FuncArgs, callee: Callee| {
        replacement(Call { vm, args, callee, original, helper })
    };
    let function: &'static dyn PyNativeFn = Box::leak(Box::new(function));
    PyMethodDef { func: function, ..method.clone() }
}

/// Fills a module, and replaces methods of its classes.
fn execute(vm: &VirtualMachine, module: &Py<PyModule>) -> PyResult<()> {
    let Some(definition) = module.def else { return Ok(()) };
    let originals = ORIGINALS.lock().unwrap_or_else(PoisonError::into_inner);
    let original = originals.as_ref().and_then(|originals| originals.get(definition.name.as_str()).copied());
    drop(originals);
    if let Some(execute) = original.and_then(|original| original.slots.exec) {
        execute(vm, module)?;
    }
    let known = MODULES.iter().find(|known| known.name == definition.name.as_str());
    let Some(known) = known else { return Ok(()) };
    for class in known.classes {
        replace_methods(vm, class, module)?;
    }
    for (index, name) in known.iterators.iter().enumerate() {
        if let Ok(class) = module.as_object().get_attr(*name, vm)?.downcast::<PyType>() {
            loops::watch(&class, index);
        }
    }
    Ok(())
}

/// Replaces methods in a native class. The interpreters of the process share it, so this is done once.
fn replace_methods(vm: &VirtualMachine, plan: &'static Class, module: &Py<PyModule>) -> PyResult<()> {
    static DONE: Mutex<Vec<usize>> = Mutex::new(Vec::new());
    let class = module.as_object().get_attr(plan.name, vm)?;
    let Ok(class) = class.downcast::<PyType>() else {
        return Err(vm.new_type_error(format!("{} is no class", plan.name)));
    };
    let mut done = DONE.lock().unwrap_or_else(PoisonError::into_inner);
    if done.contains(&class.get_id()) {
        return Ok(());
    }
    done.push(class.get_id());
    drop(done);
    let find = |name: &str| {
        let found = class.slots.methods.iter().find(|method| method.name == name);
        found.ok_or_else(|| vm.new_attribute_error(format!("{} has no method {name}", plan.name)))
    };
    for (name, replacement, helper) in plan.methods {
        let helper = Original(find(helper)?.func);
        let method: &'static PyMethodDef = Box::leak(Box::new(replacing(find(name)?, *replacement, helper)));
        // The class of a native module lives as long as the process.
        let class: &'static Py<PyType> = Box::leak(Box::new(class.clone()));
        class.set_attr(vm.ctx.intern_str(*name), method.to_proper_method(class, &vm.ctx));
    }
    Ok(())
}
