//! The attributes of objects, looked up without running any Python code: no property, no `__getattr__`,
//! no `__dir__`. Attributes that only such code knows are not offered.

use std::collections::BTreeSet;

use rustpython_vm::builtins::{PyDict, PyFunction, PyGetSet, PyMemberDescriptor, PyModule, PyStr, PyType};
use rustpython_vm::{AsObject, PyObject, PyObjectRef, VirtualMachine};

/// The object of a dotted name.
pub(super) fn resolve(vm: &VirtualMachine, path: &str) -> Option<PyObjectRef> {
    let mut names = path.split('.');
    let root = names.next().filter(|name| !name.is_empty())?;
    let main = vm.main_namespace().ok()?;
    let mut found = match main.get_item_opt(root, vm).ok()? {
        Some(found) => found,
        None => vm.builtins.as_object().dict()?.get_item_opt(root, vm).ok()??,
    };
    for name in names {
        found = attribute(vm, &found, name)?;
    }
    Some(found)
}

/// The names of the attributes of `object`.
pub(super) fn of(vm: &VirtualMachine, object: &PyObject) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    if let Some(namespace) = object.dict() {
        names.extend(keys(namespace.as_object()));
        if object.downcast_ref::<PyModule>().is_some() {
            // Names that a module creates on demand are listed there.
            let listed = namespace.get_item_opt("__all__", vm).ok().flatten();
            let listed = listed.and_then(|listed| listed.try_into_value::<Vec<PyObjectRef>>(vm).ok());
            names.extend(listed.unwrap_or_default().iter().filter_map(|name| text(name)));
            return names;
        }
    }
    let class = object.downcast_ref::<PyType>().unwrap_or_else(|| object.class());
    names.extend(class.get_attributes(&vm.ctx).keys().map(|name| name.as_str().to_owned()));
    names
}

/// The keys of a dict that are text.
pub(super) fn keys(namespace: &PyObject) -> Vec<String> {
    let namespace = namespace.downcast_ref::<PyDict>();
    let keys = namespace.map(|namespace| namespace.keys_vec()).unwrap_or_default();
    keys.iter().filter_map(|key| text(key)).collect()
}

fn text(object: &PyObject) -> Option<String> {
    object.downcast_ref::<PyStr>()?.to_str().map(str::to_owned)
}

fn attribute(vm: &VirtualMachine, object: &PyObject, name: &str) -> Option<PyObjectRef> {
    let own = || object.dict().and_then(|namespace| namespace.get_item_opt(name, vm).ok().flatten());
    if object.downcast_ref::<PyModule>().is_some() {
        return own();
    }
    let interned = vm.ctx.interned_str(name);
    if let Some(class) = object.downcast_ref::<PyType>() {
        return class.get_attr(interned?);
    }
    let of_class = interned.and_then(|name| object.class().get_attr(name));
    let is_native = |found: &&PyObjectRef| {
        found.downcast_ref::<PyGetSet>().is_some() || found.downcast_ref::<PyMemberDescriptor>().is_some()
    };
    if let Some(native) = of_class.as_ref().filter(is_native) {
        return vm.call_get_descriptor(native, object)?.ok();
    }
    if let Some(own) = own() {
        return Some(own);
    }
    // A descriptor written in Python would run code; a function does not.
    of_class.filter(|found| {
        found.downcast_ref::<PyFunction>().is_some() || found.class().slots.descr_get.load().is_none()
    })
}
