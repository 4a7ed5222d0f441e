//! Corrections of the interpreter, made from outside: where RustPython 0.6 differs from CPython in a way that breaks
//! programs, through the slots, types and modules that it lets a host replace.
//!
//! | file | what it corrects |
//! |---|---|
//! | `class_creation` | the method resolution order; data descriptors without `__get__` |
//! | `comments` | valid source refused because of words in its comments |
//! | `exception_state` | the notes of copied exceptions |
//! | `os_error` | `OSError.args` with trailing `None`s |
//! | `set_operators` | `set |= x` and similar with an operand that is not a set |
//! | `sum` | the precision of `sum()` over floats |
//! | `names` | functions that CPython has under further names |
//! | `frozen` | modules of the standard library that need data or settings: `zoneinfo` |

mod class_creation;
mod comments;
mod exception_state;
mod frozen;
mod names;
mod os_error;
mod set_operators;
mod sum;

use rustpython_vm::function::{IntoPyNativeFn, ItemDoc, PyMethodFlags};
use rustpython_vm::{AsObject, PyObjectRef, PyResult, VirtualMachine};

pub(crate) use comments::without_comments;
pub(crate) use frozen::{frozen_modules, module_def};

/// Applies the corrections to an interpreter that is complete. Those of native types, which all interpreters of the
/// process share, are made once.
///
/// # Errors
/// None in practice.
pub(crate) fn install(vm: &VirtualMachine) -> PyResult<()> {
    class_creation::install(vm);
    exception_state::install(vm);
    os_error::install(vm);
    set_operators::install(vm);
    comments::install(vm)?;
    names::install(vm)?;
    sum::install(vm)
}

/// Puts what `make` makes of a built-in function in its place. `doc` begins with its signature.
fn replace_builtin<F, Kind>(
    vm: &VirtualMachine,
    name: &'static str,
    doc: &'static str,
    make: impl FnOnce(PyObjectRef) -> F,
) -> PyResult<()>
where
    F: IntoPyNativeFn<Kind>,
{
    let original = vm.builtins.as_object().get_attr(name, vm)?;
    let method = vm.ctx.new_method_def(name, make(original), PyMethodFlags::EMPTY, ItemDoc::static_text(doc));
    let function = method.build_function(vm, None);
    vm.builtins.as_object().set_attr(name, function, vm)
}
