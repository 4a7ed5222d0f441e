//! `OSError.args` of the errors that the interpreter raises: two items, as in CPython (`code, text = error.args`),
//! instead of five of which three are `None`.

use std::sync::OnceLock;

use rustpython_vm::builtins::{PyBaseException, PyStr, PyTupleRef, PyType};
use rustpython_vm::function::PySetterValue;
use rustpython_vm::{Py, PyObject, PyObjectRef, PyRef, PyResult, VirtualMachine};

static INSTALLED: OnceLock<()> = OnceLock::new();

pub(super) fn install(vm: &VirtualMachine) {
    let class: &'static Py<PyType> = vm.ctx.exceptions.os_error;
    let base = vm.ctx.exceptions.base_exception_type;
    let Some(inherited) = base.slots.repr.load() else { return };
    if INSTALLED.set(()).is_err() {
        return;
    }
    let getset = vm.ctx.new_getset(
        "args",
        class,
        |error: PyRef<PyBaseException>, vm: &VirtualMachine| trimmed(&error, vm),
        |error: PyObjectRef, value: PySetterValue, vm: &VirtualMachine| set_args(&error, value, vm),
    );
    class.set_attr(vm.ctx.intern_str("args"), getset.into());
    let mut classes = vec![class.to_owned()];
    while let Some(class) = classes.pop() {
        if class.slots.repr.load().is_some_and(|slot| std::ptr::fn_addr_eq(slot, inherited)) {
            class.slots.repr.store(Some(repr));
        }
        classes.extend(class.subclasses.read().iter().filter_map(|weak| weak.upgrade()?.downcast().ok()));
    }
    let method = vm.new_method("__repr__", class, |error: PyObjectRef, vm: &VirtualMachine| repr(&error, vm));
    class.set_attr(vm.ctx.intern_str("__repr__"), method.into());
}

/// The arguments without the `None`s that stand for the file names an error does not have.
fn trimmed(error: &Py<PyBaseException>, vm: &VirtualMachine) -> PyTupleRef {
    let args = error.args();
    match args.as_slice() {
        [code, text, rest @ ..] if rest.len() == 3 && rest.iter().all(|item| vm.is_none(item)) => {
            vm.ctx.new_tuple(vec![code.clone(), text.clone()])
        }
        _ => args,
    }
}

fn set_args(error: &PyObject, value: PySetterValue, vm: &VirtualMachine) -> PyResult<()> {
    let base = vm.ctx.exceptions.base_exception_type;
    let Some(descriptor) = base.get_attr(vm.ctx.intern_str("args")) else {
        return Err(vm.new_attribute_error("args"));
    };
    let PySetterValue::Assign(value) = value else {
        return Err(vm.new_type_error("args may not be deleted"));
    };
    vm.call_method(&descriptor, "__set__", (error.to_owned(), value)).map(drop)
}

fn repr(error: &PyObject, vm: &VirtualMachine) -> PyResult<PyRef<PyStr>> {
    let Some(exception) = error.downcast_ref::<PyBaseException>() else {
        return Err(vm.new_type_error("__repr__() requires an 'OSError' object"));
    };
    let items: Vec<_> = trimmed(exception, vm)
        .as_slice()
        .iter()
        .map(|item| item.repr(vm).map(|text| text.to_string_lossy().into_owned()))
        .collect::<PyResult<_>>()?;
    Ok(vm.ctx.new_str(format!("{}({})", error.class().name(), items.join(", "))))
}
