//! Replacing native functions, methods, constructors and setters: the one mechanism for it.
//!
//! The interpreter has no hooks for this, so its native modules are registered under definitions of ours, whose
//! functions call a replacement, which may call the original. The classes of native modules are shared by all
//! interpreters of the process; what is replaced of them is replaced in the class itself, once, so that neither
//! subclasses nor `super()` find anything older. Originals are held by Rust alone: no trick of a script leads to
//! them, and a module imported again is made from the same definitions.
//!
//! Each purpose is a [`Layer`] (`interrupt`, `guard`). Layers are stacked in the order given to [`install`]: the
//! original of a replacement is what the layer below made of the function.
//!
//! | file | what it does |
//! |---|---|
//! | `module` | definitions in place of the interpreter's, and filling the modules made from them |
//! | `class` | changes of native classes: all of a class or nothing, once in a process |

mod class;
mod module;

use rustpython_vm::builtins::{PyModule, PyType};
use rustpython_vm::function::{Callee, FuncArgs, PyMethodDef, PyNativeFn};
use rustpython_vm::{Py, PyResult, VirtualMachine};

pub(crate) use class::{
    Change, Constructor, Initializer, Next, SlotOriginal, initializer_changes, method_change, patch_type,
};
pub(crate) use module::{install, is_installed, patch_classes, replace_functions};

/// What is replaced in the interpreter's native modules for one purpose.
pub(crate) trait Layer: Sync {
    /// Tells layers apart.
    fn name(&self) -> &'static str;

    /// The modules in which something is replaced.
    fn modules(&self) -> Vec<&'static str>;

    /// What takes the place of a module's function, if anything does.
    fn function(&self, module: &str, function: &str) -> Option<Replacement>;

    /// The classes of a module in which something is replaced.
    fn classes(&self, _module: &str) -> Vec<&'static str> {
        Vec::new()
    }

    /// The changes of a class. They are computed here and made by the caller, so this changes nothing itself.
    ///
    /// # Errors
    /// When the class is not as expected; it stays as it was.
    fn changes(
        &self,
        _vm: &VirtualMachine,
        _module: &str,
        _name: &str,
        _class: &'static Py<PyType>,
    ) -> PyResult<Vec<Change>> {
        Ok(Vec::new())
    }

    /// Whether a module may be imported.
    ///
    /// # Errors
    /// A refusal.
    fn check_import(&self, _vm: &VirtualMachine, _module: &str) -> PyResult<()> {
        Ok(())
    }

    /// Whether [`finish`](Self::finish) does anything to a module.
    fn finishes(&self, _module: &str) -> bool {
        false
    }

    /// Changes a filled module before anybody sees it.
    ///
    /// # Errors
    /// What went wrong: the import fails.
    fn finish(&self, _vm: &VirtualMachine, _name: &str, _module: &Py<PyModule>) -> PyResult<()> {
        Ok(())
    }
}

/// What is called in place of a native function.
pub(crate) type Replacement = Box<dyn Fn(Call<'_>) -> PyResult + Send + Sync>;

/// A native function as it was.
#[derive(Clone, Copy)]
pub(crate) struct Original {
    function: &'static dyn PyNativeFn,
    /// Its own name.
    function_name: &'static str,
    /// The name of its module or class as well: `posix.open()`.
    name: &'static str,
}

impl Original {
    fn of(owner: &str, method: &PyMethodDef) -> Self {
        let name = Box::leak(format!("{owner}.{}()", method.name).into_boxed_str());
        Self { function: method.func, function_name: method.name, name }
    }

    /// The function of a module in an interpreter, below all layers.
    pub(crate) fn of_module(vm: &VirtualMachine, module: &'static str, function: &str) -> Option<Self> {
        module::original_methods(vm, module)?
            .iter()
            .find(|method| method.name == function)
            .map(|method| Self { function: method.func, function_name: method.name, name: module })
    }

    /// The method of a native class.
    pub(crate) fn of_class(class: &Py<PyType>, method: &str) -> Option<Self> {
        class.slots.methods.iter().find(|known| known.name == method).map(|known| Self {
            function: known.func,
            function_name: known.name,
            name: known.name,
        })
    }

    /// What messages call it.
    pub(crate) fn name(self) -> &'static str {
        self.name
    }

    pub(crate) fn call(self, vm: &VirtualMachine, args: impl Into<FuncArgs>) -> PyResult {
        self.call_as(vm, args.into(), Callee::named(self.function_name))
    }

    pub(crate) fn call_as(self, vm: &VirtualMachine, args: FuncArgs, callee: Callee) -> PyResult {
        (self.function)(vm, args, callee)
    }
}

/// A call of a function that was replaced.
pub(crate) struct Call<'a> {
    pub(crate) vm: &'a VirtualMachine,
    pub(crate) args: FuncArgs,
    pub(crate) callee: Callee,
    pub(crate) original: Original,
}

impl Call<'_> {
    /// Calls the original.
    pub(crate) fn proceed(self) -> PyResult {
        self.original.call_as(self.vm, self.args, self.callee)
    }
}
