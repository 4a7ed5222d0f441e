//! The checks of the files of TLS contexts: certificates, keys, key logs.

use rustpython_vm::builtins::{PyGetSet, PyType};
use rustpython_vm::function::PySetterValue;
use rustpython_vm::{AsObject, Py, PyObjectRef, PyRef, PyResult, VirtualMachine};
use tauraro_permissions::Access;

use super::Call;
use super::arguments::{Target, get, path_or_buffer, path_or_descriptor, set};
use super::files::is_free;
use crate::interpose::Change;

/// Methods of `SSLContext` that read the files they are given.
pub(super) fn load(mut call: Call<'_>) -> PyResult {
    if is_free(call.checker) {
        return call.proceed();
    }
    let vm = call.vm;
    // The first argument is the context.
    let names: [&[&str]; 2] = [&["certfile", "cafile", "path", "filepath"], &["keyfile", "capath"]];
    for (index, names) in (1_usize..).zip(names) {
        for name in names {
            let place = if index < call.args.args.len() { "" } else { *name };
            let Some(value) = get(&call.args, index, place).filter(|value| !vm.is_none(value)) else {
                continue;
            };
            let (path, fixed) = path_or_buffer(vm, &value)?;
            set(&mut call.args, index, place, fixed);
            let verdict = call.checker.file_or_entries(&path, Access { open: true, ..Access::READ });
            call.check(verdict)?;
        }
    }
    call.proceed()
}

/// Methods of `SSLContext` that read the files that the environment names.
pub(super) fn load_default(call: Call<'_>) -> PyResult {
    let verdict = call.checker.tls_variables();
    call.proceed_if(verdict)
}

/// `SSLContext.keylog_filename`, which creates and writes a file.
pub(super) fn key_log(vm: &VirtualMachine, class: &'static Py<PyType>) -> PyResult<Change> {
    let name = vm.ctx.intern_str("keylog_filename");
    let Some(original) = class.get_attr(name) else {
        return Err(vm.new_attribute_error("_SSLContext has no keylog_filename"));
    };
    let reader = original.clone();
    let get = move |zelf: PyObjectRef, vm: &VirtualMachine| -> PyResult {
        let Some(read) = reader.class().slots.descr_get.load() else { return Ok(vm.ctx.none()) };
        read(&reader, Some(&zelf), None, vm)
    };
    let change = move |zelf: PyObjectRef, value: PySetterValue, vm: &VirtualMachine| -> PyResult<()> {
        let value = match value {
            PySetterValue::Assign(path) if !vm.is_none(&path) => {
                let (target, fixed) = path_or_descriptor(vm, &path)?;
                if let Target::Path(path) = target {
                    let access = Access { open: true, ..Access::WRITE };
                    tauraro_bridge::ask(vm, |checker| checker.file(&path, access))?;
                }
                PySetterValue::Assign(fixed)
            }
            other => other,
        };
        let Some(write) = original.class().slots.descr_set.load() else { return Ok(()) };
        write(&original, zelf, value, vm)
    };
    let guarded = PyGetSet::new("keylog_filename", class, &vm.ctx).with_get(get).with_set(change);
    let guarded = PyRef::new_ref(guarded, vm.ctx.types.getset_type.to_owned(), None);
    Ok(Change::Attribute(name, guarded.into()))
}
