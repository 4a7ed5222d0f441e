//! The environment of a runtime that does not share the process's.

use std::ffi::{OsStr, OsString};
use std::process::{Command, ExitStatus};

use rustpython_vm::builtins::{PyBytes, PyDictRef, PyStr};
use rustpython_vm::function::FuncArgs;
use rustpython_vm::{PyObject, PyObjectRef, PyResult, VirtualMachine};
use tauraro_permissions::{Environment, PermissionChecker, from_bytes};

/// The variables in the form of `posix.environ`, if the runtime has its own.
pub(super) fn mapped(vm: &VirtualMachine, checker: &PermissionChecker) -> PyResult<Option<PyDictRef>> {
    let Some(own) = checker.environment() else { return Ok(None) };
    let environ = vm.ctx.new_dict();
    for (name, value) in own.variables() {
        environ.set_item(&*bytes(vm, &name), bytes(vm, &value), vm)?;
    }
    Ok(Some(environ))
}

/// The variables in the form of `execve`.
pub(super) fn listed(vm: &VirtualMachine, checker: &PermissionChecker) -> Option<PyObjectRef> {
    let variables = checker.environment()?.variables().into_iter().map(|(mut name, value)| {
        name.push("=");
        name.push(value);
        bytes(vm, &name)
    });
    Some(vm.ctx.new_list(variables.collect()).into())
}

/// `putenv(name, value)`.
pub(super) fn put(vm: &VirtualMachine, own: &Environment, args: &FuncArgs) -> PyResult {
    let [name, value] = words(vm, "putenv", args)?;
    own.set(&name, &value).map_err(|error| vm.new_value_error(error.to_string()))?;
    Ok(vm.ctx.none())
}

/// `unsetenv(name)`.
pub(super) fn unset(vm: &VirtualMachine, own: &Environment, args: &FuncArgs) -> PyResult {
    let [name] = words(vm, "unsetenv", args)?;
    own.remove(&name).map_err(|error| vm.new_value_error(error.to_string()))?;
    Ok(vm.ctx.none())
}

/// `system(command)`: the shell's status in the form of `wait`.
pub(super) fn system(vm: &VirtualMachine, own: &Environment, command: &OsStr) -> PyResult {
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(command).env_clear().envs(own.variables());
    let status = vm.allow_threads(|| shell.status());
    let status = status.map_err(|error| vm.new_os_error(error.to_string()))?;
    Ok(vm.ctx.new_int(raw(status)).into())
}

#[cfg(unix)]
fn raw(status: ExitStatus) -> i32 {
    std::os::unix::process::ExitStatusExt::into_raw(status)
}

#[cfg(not(unix))]
fn raw(status: ExitStatus) -> i32 {
    status.code().unwrap_or(-1)
}

fn bytes(vm: &VirtualMachine, text: &OsStr) -> PyObjectRef {
    vm.ctx.new_bytes(text.as_encoded_bytes().to_vec()).into()
}

/// Exactly `N` arguments, each of type str or bytes.
fn words<const N: usize>(vm: &VirtualMachine, function: &str, args: &FuncArgs) -> PyResult<[OsString; N]> {
    let found = args.args.iter().map(|word| os_string(vm, function, word)).collect::<PyResult<Vec<_>>>()?;
    let given = found.len();
    let expected = |_| vm.new_type_error(format!("{function}() takes {N} arguments, got {given}"));
    let words = found.try_into().map_err(expected)?;
    if args.kwargs.is_empty() {
        Ok(words)
    } else {
        Err(vm.new_type_error(format!("{function}() takes no keyword arguments")))
    }
}

fn os_string(vm: &VirtualMachine, function: &str, word: &PyObject) -> PyResult<OsString> {
    if let Some(bytes) = word.downcast_ref::<PyBytes>() {
        return Ok(from_bytes(bytes.as_bytes()).into_os_string());
    }
    if let Some(text) = word.downcast_ref::<PyStr>() {
        return Ok(vm.fsencode(text)?.into_owned());
    }
    let class = rustpython_vm::AsObject::class(word).name().to_string();
    Err(vm.new_type_error(format!("{function}() takes str or bytes, not {class}")))
}
