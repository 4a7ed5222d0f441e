//! `BaseException.__setstate__` that keeps the notes of an exception (`__notes__`), as CPython's does: copies and
//! pickles have them too.

use rustpython_vm::builtins::{PyDictRef, PyStrRef};
use rustpython_vm::{PyObjectRef, PyResult, VirtualMachine};

pub(super) fn install(vm: &VirtualMachine) {
    let class = vm.ctx.exceptions.base_exception_type;
    class.set_attr(vm.ctx.intern_str("__setstate__"), vm.new_method("__setstate__", class, set_state).into());
}

fn set_state(exception: PyObjectRef, state: PyObjectRef, vm: &VirtualMachine) -> PyResult {
    if !vm.is_none(&state) {
        let Ok(state) = state.downcast() else { return Err(vm.new_type_error("state is not a dictionary")) };
        let state: PyDictRef = state;
        for (name, value) in state {
            let name: PyStrRef = name.try_into_value(vm)?;
            exception.set_attr(&name, value, vm)?;
        }
    }
    Ok(vm.ctx.none())
}
