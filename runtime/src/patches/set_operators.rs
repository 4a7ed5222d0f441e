//! `set |= x`, `&=`, `-=` and `^=` with an operand that is not a set: `NotImplemented`, so that Python asks the
//! operand (`dict.keys()`, an `abc.Set`), instead of `TypeError`.

use std::sync::OnceLock;

use rustpython_vm::{AsObject, Py, PyObject, PyObjectRef, PyResult, VirtualMachine, builtins::PyType};

type Operator = fn(&PyObject, &PyObject, &VirtualMachine) -> PyResult;

static OPERATORS: OnceLock<[Operator; 4]> = OnceLock::new();

pub(super) fn install(vm: &VirtualMachine) {
    let class: &'static Py<PyType> = vm.ctx.types.set_type;
    let slots = &class.slots.as_number;
    let slots = [&slots.inplace_or, &slots.inplace_and, &slots.inplace_subtract, &slots.inplace_xor];
    let [Some(or), Some(and), Some(subtract), Some(xor)] = slots.map(|slot| slot.load()) else { return };
    if OPERATORS.set([or, and, subtract, xor]).is_err() {
        return;
    }
    let operators: [Operator; 4] = [guarded::<0>, guarded::<1>, guarded::<2>, guarded::<3>];
    for (slot, operator) in slots.into_iter().zip(operators) {
        slot.store(Some(operator));
    }
    for (name, operator) in ["__ior__", "__iand__", "__isub__", "__ixor__"].into_iter().zip(operators) {
        let method =
            move |zelf: PyObjectRef, other: PyObjectRef, vm: &VirtualMachine| operator(&zelf, &other, vm);
        class.set_attr(vm.ctx.intern_str(name), vm.new_method(name, class, method).into());
    }
}

fn guarded<const INDEX: usize>(zelf: &PyObject, other: &PyObject, vm: &VirtualMachine) -> PyResult {
    let is_set = |object: &PyObject| {
        object.fast_isinstance(vm.ctx.types.set_type) || object.fast_isinstance(vm.ctx.types.frozenset_type)
    };
    match OPERATORS.get().and_then(|operators| operators.get(INDEX)) {
        Some(operator) if is_set(other) => operator(zelf, other, vm),
        _ => Ok(vm.ctx.not_implemented()),
    }
}
