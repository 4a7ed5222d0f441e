//! The native functions, methods and iterators that look whether their thread is to be interrupted.
//!
//! Every runtime gets them; a thread that runs scripts of no runtime that can be interrupted goes straight to the
//! original. They lie below the checks of permissions, whose originals they are.

use rustpython_vm::builtins::PyType;
use rustpython_vm::{Py, PyResult, VirtualMachine};

use super::{loops, signals, threads, waits};
use crate::interpose::{Call, Change, Layer, Original, Replacement, method_change};

/// The layer to install.
pub(crate) static LAYER: &(dyn Layer + 'static) = &Interrupts;

struct Interrupts;

/// A call of a method, with another method of its class.
pub(super) struct MethodCall<'a> {
    pub(super) call: Call<'a>,
    /// The method that the replacement needs, as it was.
    pub(super) helper: Original,
}

type Function = fn(Call<'_>) -> PyResult;
type Method = fn(MethodCall<'_>) -> PyResult;

struct Class {
    name: &'static str,
    /// The method, its replacement, and the method that needs.
    methods: &'static [(&'static str, Method, &'static str)],
}

struct Module {
    name: &'static str,
    functions: &'static [(&'static str, Function)],
    classes: &'static [Class],
    /// Classes whose instances are drawn from in native loops.
    iterators: &'static [&'static str],
}

static MODULES: &[Module] = &[
    Module {
        name: "_thread",
        functions: &[("start_new_thread", threads::start), ("start_joinable_thread", threads::start)],
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

fn module_named(name: &str) -> Option<&'static Module> {
    MODULES.iter().find(|module| module.name == name)
}

impl Layer for Interrupts {
    fn name(&self) -> &'static str {
        "interrupt"
    }

    fn modules(&self) -> Vec<&'static str> {
        MODULES.iter().map(|module| module.name).collect()
    }

    fn function(&self, module: &str, function: &str) -> Option<Replacement> {
        let (_, replacement) = module_named(module)?.functions.iter().find(|(name, _)| *name == function)?;
        Some(Box::new(replacement))
    }

    fn classes(&self, module: &str) -> Vec<&'static str> {
        module_named(module).map_or_else(Vec::new, |module| {
            module.classes.iter().map(|class| class.name).chain(module.iterators.iter().copied()).collect()
        })
    }

    fn changes(
        &self,
        vm: &VirtualMachine,
        module: &str,
        name: &str,
        class: &'static Py<PyType>,
    ) -> PyResult<Vec<Change>> {
        let Some(module) = module_named(module) else { return Ok(Vec::new()) };
        if let Some(index) = module.iterators.iter().position(|iterator| *iterator == name) {
            return Ok(loops::change(class, index).into_iter().collect());
        }
        let methods =
            module.classes.iter().find(|class| class.name == name).map_or(&[][..], |class| class.methods);
        let changes = methods.iter().map(|(method, replacement, helper)| {
            let Some(helper) = Original::of_class(class, helper) else {
                return Err(vm.new_attribute_error(format!("{name} has no method {helper}")));
            };
            let replacement = Box::new(move |call: Call<'_>| replacement(MethodCall { call, helper }));
            method_change(vm, name, class, method, replacement)
        });
        changes.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_replaced_exists_and_no_class_is_replaced_by_two_layers() {
        crate::Runtime::builder().build().expect("a runtime").enter(|vm| {
            for module in MODULES {
                for (function, _) in module.functions {
                    let original = Original::of_module(vm, module.name, function);
                    assert!(original.is_some(), "{} has no function {function}", module.name);
                }
                // An import fails if a class or a method is missing.
                vm.import(module.name, 0).unwrap_or_else(|_| panic!("{} cannot be imported", module.name));
                let guarded = crate::guard::LAYER.classes(module.name);
                let shared = LAYER.classes(module.name).into_iter().find(|class| guarded.contains(class));
                assert_eq!(shared, None, "of {}", module.name);
            }
        });
    }
}
