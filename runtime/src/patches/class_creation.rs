//! Classes as they are made: the method resolution order, and descriptors that the interpreter's fast path for
//! assignments would skip.
//!
//! The interpreter merges the orders of the bases without the list of the bases itself, which C3 needs
//! (<https://docs.python.org/3/howto/mro.html>): some classes get another order, others are refused. Classes with a
//! metaclass get their order from `type.mro`, which is replaced here. For plain classes it is built in, so those that
//! would come out differently are made by a hidden metaclass and then become plain ones.
//!
//! An assignment to an attribute whose descriptor has `__set__` but no `__get__` is specialized into a store to the
//! instance, as if there were no descriptor. Classes with such an attribute get a `__setattr__` slot that behaves like
//! the default one but is a different function, which keeps the interpreter from specializing. A descriptor that a
//! class is given later is not noticed: `type.__setattr__` cannot be replaced, because the interpreter compares it with
//! the one that a metaclass calls by `super()`.

use std::collections::HashSet;
use std::sync::OnceLock;

use rustpython_vm::builtins::{PyStr, PyTuple, PyType, PyTypeRef};
use rustpython_vm::function::{FuncArgs, IntoFuncArgs, PySetterValue};
use rustpython_vm::{AsObject, Py, PyObject, PyObjectRef, PyResult, VirtualMachine};

type New = fn(PyTypeRef, FuncArgs, &VirtualMachine) -> PyResult;
type SetAttribute = fn(&PyObject, &Py<PyStr>, PySetterValue, &VirtualMachine) -> PyResult<()>;

/// What the slots of `type` and `object` held before.
static NEW: OnceLock<New> = OnceLock::new();
static SET_ATTRIBUTE: OnceLock<SetAttribute> = OnceLock::new();

pub(super) fn install(vm: &VirtualMachine) {
    let (class, object) = (vm.ctx.types.type_type, vm.ctx.types.object_type);
    let (Some(new), Some(set_attribute)) = (class.slots.new.load(), object.slots.setattro.load()) else {
        return;
    };
    if NEW.set(new).is_err() {
        // Another interpreter of the process has done it.
        return;
    }
    let _ = SET_ATTRIBUTE.set(set_attribute);
    class.set_attr(vm.ctx.intern_str("mro"), vm.new_method("mro", class, mro).into());
    class.slots.new.store(Some(new_class));
}

/// `type.mro`.
fn mro(class: PyTypeRef, vm: &VirtualMachine) -> PyResult<Vec<PyObjectRef>> {
    let bases = class.bases.read().as_slice().to_vec();
    let Some(order) = order(&bases, true) else {
        let names: Vec<_> = bases.iter().map(|base| base.name().to_string()).collect();
        let names = names.join(", ");
        let message = format!("Cannot create a consistent method resolution order (MRO) for bases {names}");
        return Err(vm.new_type_error(message));
    };
    Ok(std::iter::once(class).chain(order).map(Into::into).collect())
}

/// `type.__new__`.
fn new_class(metaclass: PyTypeRef, args: FuncArgs, vm: &VirtualMachine) -> PyResult {
    let Some(new) = NEW.get() else { return Err(vm.new_system_error("type is not ready")) };
    let made = if needs_ordering(&metaclass, &args, vm) {
        let made = new(ordering(vm)?, args, vm)?;
        made.set_class(metaclass, vm);
        made
    } else {
        new(metaclass, args, vm)?
    };
    if let Some(class) = made.downcast_ref::<PyType>() {
        let has_setter = class.attributes.entries().iter().any(|(_, value)| is_write_only_descriptor(value));
        if has_setter || class.mro.read().iter().any(|class| is_guarded(class)) {
            guard(class);
        }
    }
    Ok(made)
}

/// Whether the interpreter would get the order of a plain class wrong.
fn needs_ordering(metaclass: &Py<PyType>, args: &FuncArgs, vm: &VirtualMachine) -> bool {
    let plain = vm.ctx.types.type_type;
    let Some(bases) = args.args.get(1).and_then(|bases| bases.downcast_ref::<PyTuple>()) else {
        return false;
    };
    if !metaclass.is(plain) || bases.len() < 2 {
        return false;
    }
    let bases: Option<Vec<PyTypeRef>> = bases
        .as_slice()
        .iter()
        .map(|base| base.clone().downcast::<PyType>().ok().filter(|base| base.class().is(plain)))
        .collect();
    let Some(bases) = bases else { return false };
    let distinct: HashSet<_> = bases.iter().map(rustpython_vm::AsObject::get_id).collect();
    if distinct.len() < bases.len() {
        return false;
    }
    let built_in = order(&bases, false);
    // What has no order is refused through the hidden metaclass, unless the interpreter does so itself.
    let Some(right) = order(&bases, true) else { return built_in.is_some() };
    built_in.is_none_or(|order| order.len() != right.len() || order.iter().zip(&right).any(|(a, b)| !a.is(b)))
}

/// Merges the orders of the bases, and the list of the bases too if `with_bases`.
fn order(bases: &[PyTypeRef], with_bases: bool) -> Option<Vec<PyTypeRef>> {
    let mut lists: Vec<Vec<PyTypeRef>> = bases.iter().map(|base| base.mro.read().clone()).collect();
    if with_bases {
        lists.push(bases.to_vec());
    }
    // Taken from the end, which is cheap.
    for list in &mut lists {
        list.reverse();
    }
    let mut merged = Vec::new();
    loop {
        lists.retain(|list| !list.is_empty());
        if lists.is_empty() {
            return Some(merged);
        }
        let in_a_tail = |candidate: &PyTypeRef| {
            lists.iter().any(|list| list.iter().rev().skip(1).any(|class| class.is(candidate)))
        };
        let next = lists.iter().filter_map(|list| list.last()).find(|head| !in_a_tail(head))?.clone();
        for list in &mut lists {
            list.pop_if(|head| head.is(&next));
        }
        merged.push(next);
    }
}

/// A hidden metaclass, since only one other than `type` is asked for `mro`. It is made for the one class, because
/// classes belong to an interpreter.
fn ordering(vm: &VirtualMachine) -> PyResult<PyTypeRef> {
    let Some(new) = NEW.get() else { return Err(vm.new_system_error("type is not ready")) };
    let plain = vm.ctx.types.type_type.to_owned();
    let bases = vm.ctx.new_tuple(vec![plain.clone().into()]);
    let arguments = (vm.ctx.new_str("type"), bases, vm.ctx.new_dict()).into_args(vm);
    let made = new(plain, arguments, vm)?;
    made.downcast::<PyType>().map_err(|_| vm.new_system_error("type did not make a class"))
}

/// Whether `value` takes assignments but not look-ups.
fn is_write_only_descriptor(value: &PyObject) -> bool {
    let slots = &value.class().slots;
    slots.descr_set.load().is_some() && slots.descr_get.load().is_none()
}

/// Keeps assignments to instances of `class`, and of classes below it, from being specialized.
fn guard(class: &Py<PyType>) {
    let is_default =
        |slot: SetAttribute| SET_ATTRIBUTE.get().is_some_and(|default| std::ptr::fn_addr_eq(slot, *default));
    if class.slots.setattro.load().is_some_and(is_default) {
        class.slots.setattro.store(Some(set_attribute_unspecialized));
    }
}

fn is_guarded(class: &Py<PyType>) -> bool {
    let guarded: SetAttribute = set_attribute_unspecialized;
    class.slots.setattro.load().is_some_and(|slot| std::ptr::fn_addr_eq(slot, guarded))
}

/// `object.__setattr__`, under another address.
fn set_attribute_unspecialized(
    object: &PyObject,
    name: &Py<PyStr>,
    value: PySetterValue,
    vm: &VirtualMachine,
) -> PyResult<()> {
    match SET_ATTRIBUTE.get() {
        Some(set) => set(object, name, value, vm),
        None => Err(vm.new_system_error("object is not ready")),
    }
}
