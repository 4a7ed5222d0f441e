//! The checks of processes, signals, foreign code and environment variables; and the environment of a runtime
//! that does not share the process's.

use std::sync::Arc;

use rustpython_vm::builtins::{PyBytes, PyDict, PyList, PyModule, PyStr, PyTuple};
use rustpython_vm::{AsObject, Py, PyObject, PyResult, VirtualMachine};
use tauraro_permissions::{PermissionChecker, from_bytes};

use super::arguments::{get, number, path_or_descriptor, set, text};
use super::{Call, environment};

/// Terminal requests that are harmless: `TIOCGWINSZ`, `FIONREAD`, `FIONBIO`.
const HARMLESS_REQUESTS: [i64; 3] = [0x5413, 0x541b, 0x5421];

/// `fcntl` commands that are harmless: those about the descriptor, its locks and the size of its pipe. Others have the
/// system send signals to a process, or make other processes wait (leases).
const HARMLESS_COMMANDS: [i64; 15] = [
    0, 1, 2, 3, 4, 5, 6, 7, 9, // F_DUPFD to F_SETLKW, F_GETOWN
    36, 37, 38, // F_OFD_GETLK to F_OFD_SETLKW
    1030, 1031, 1032, // F_DUPFD_CLOEXEC, F_SETPIPE_SZ, F_GETPIPE_SZ
];

/// The function itself needs the permission; messages name the command that it was given.
pub(super) fn run(call: Call<'_>) -> PyResult {
    check_run(&call)?;
    call.proceed()
}

fn check_run(call: &Call<'_>) -> PyResult<()> {
    let command =
        call.args.args.first().or_else(|| call.args.kwargs.get("command")).and_then(|first| text(first));
    let what = match command {
        Some(command) => format!("{} of {command}", call.original.name()),
        None => call.original.name().to_owned(),
    };
    call.check(call.checker.run(&what))
}

pub(super) fn fork_exec(mut call: Call<'_>) -> PyResult {
    let what = call.args.args.first().and_then(|words| command_line(words));
    call.check(call.checker.run(what.as_deref().unwrap_or(call.original.name())))?;
    if let Some(variables) = environment::listed(call.vm, call.checker)
        && call.args.args.get(5).is_some_and(|env| call.vm.is_none(env))
    {
        set(&mut call.args, 5, "env", variables);
    }
    call.proceed()
}

/// `posix_spawn` and `posix_spawnp`, for which None is the environment of the process.
pub(super) fn spawn(mut call: Call<'_>) -> PyResult {
    check_run(&call)?;
    if let Some(variables) = environment::mapped(call.vm, call.checker)?
        && get(&call.args, 2, "env").is_none_or(|env| call.vm.is_none(&env))
    {
        set(&mut call.args, 2, "env", variables.into());
    }
    call.proceed()
}

/// `execv`, which keeps the environment of the process; `execve` takes one.
pub(super) fn exec(mut call: Call<'_>) -> PyResult {
    let Some(variables) = environment::mapped(call.vm, call.checker)? else { return run(call) };
    call.args.args.push(variables.into());
    call.vm.import("posix", 0)?.get_attr("execve", call.vm)?.call(call.args, call.vm)
}

pub(super) fn system(call: Call<'_>) -> PyResult {
    check_run(&call)?;
    let Some(environment) = call.checker.environment() else { return call.proceed() };
    let Some(command) = get(&call.args, 0, "command") else { return call.proceed() };
    let (_, fixed) = path_or_descriptor(call.vm, &command)?;
    let bytes = fixed.downcast_ref::<PyBytes>().map(|bytes| bytes.as_bytes().to_vec());
    let text = fixed.downcast_ref::<PyStr>().map(|text| call.vm.fsencode(text)).transpose()?;
    let command = match (bytes, text) {
        (Some(bytes), _) => from_bytes(&bytes).into_os_string(),
        (_, Some(text)) => text.into_owned(),
        _ => return call.proceed(),
    };
    environment::system(call.vm, environment, &command)
}

/// The words of a command, if they are text.
fn command_line(words: &PyObject) -> Option<String> {
    let words = match (words.downcast_ref::<PyList>(), words.downcast_ref::<PyTuple>()) {
        (Some(list), _) => list.borrow_vec().iter().map(|word| text(word)).collect::<Option<Vec<_>>>(),
        (_, Some(tuple)) => tuple.as_slice().iter().map(|word| text(word)).collect(),
        _ => None,
    };
    Some(words?.join(" "))
}

/// Functions that end the process, send it a signal, or change what all of it shares.
pub(super) fn signal_self(call: Call<'_>) -> PyResult {
    let verdict = call.checker.signal_self(call.original.name());
    call.proceed_if(verdict)
}

/// A process may signal itself, unless it is a host's.
pub(super) fn kill(mut call: Call<'_>) -> PyResult {
    let Some(pid) = get(&call.args, 0, "pid") else { return call.proceed() };
    let pid: i64 = number(call.vm, &pid)?;
    let fixed = call.vm.ctx.new_int(pid).into();
    set(&mut call.args, 0, "pid", fixed);
    if u32::try_from(pid).is_ok_and(|pid| pid == std::process::id()) {
        return signal_self(call);
    }
    let verdict = call.checker.run(&format!("{} for process {pid}", call.original.name()));
    call.proceed_if(verdict)
}

pub(super) fn fcntl(call: Call<'_>) -> PyResult {
    control(call, |command| HARMLESS_COMMANDS.contains(&command))
}

/// A terminal can be made to read input that nobody typed, and the shell behind it runs that.
pub(super) fn ioctl(call: Call<'_>) -> PyResult {
    control(call, |request| HARMLESS_REQUESTS.contains(&request))
}

fn control(mut call: Call<'_>, harmless: fn(i64) -> bool) -> PyResult {
    let Some(request) = call.args.args.get(1).cloned() else { return call.proceed() };
    let request: i64 = number(call.vm, &request)?;
    let fixed = call.vm.ctx.new_int(request).into();
    set(&mut call.args, 1, "", fixed);
    // The kernel uses only the low 32 bits.
    if harmless(request & 0xffff_ffff) {
        return call.proceed();
    }
    let verdict = if call.checker.permissions().restricts_run() {
        call.checker.run(&format!("{} with {request:#x}", call.original.name()))
    } else {
        Ok(())
    };
    call.proceed_if(verdict)
}

pub(super) fn load(call: Call<'_>) -> PyResult {
    let verdict = call.checker.ffi(call.original.name());
    call.proceed_if(verdict)
}

/// `sys.breakpointhook`, whose messages quote a variable of the process's environment.
pub(super) fn breakpoint_hook(call: Call<'_>) -> PyResult {
    const NAME: &str = "PYTHONBREAKPOINT";
    if std::env::var_os(NAME).is_some() {
        let verdict = call.checker.set_env(NAME);
        call.check(verdict)?;
    }
    call.proceed()
}

fn check_env(call: &Call<'_>) -> PyResult<()> {
    let name = call.args.args.first().and_then(|name| text(name)).unwrap_or_default();
    call.check(call.checker.set_env(&name))
}

pub(super) fn put_env(call: Call<'_>) -> PyResult {
    check_env(&call)?;
    match call.checker.environment() {
        Some(own) => environment::put(call.vm, own, &call.args),
        None => call.proceed(),
    }
}

pub(super) fn unset_env(call: Call<'_>) -> PyResult {
    check_env(&call)?;
    match call.checker.environment() {
        Some(own) => environment::unset(call.vm, own, &call.args),
        None => call.proceed(),
    }
}

/// The variables that may be seen.
pub(super) fn environ(call: Call<'_>) -> PyResult {
    let (vm, checker) = (call.vm, Arc::clone(call.checker));
    let environ = match environment::mapped(vm, &checker)? {
        Some(own) => own.into(),
        None => call.proceed()?,
    };
    if let Some(environ) = environ.downcast_ref::<PyDict>() {
        hide(vm, &checker, environ)?;
    }
    Ok(environ)
}

/// Has `environ` of the module hold only the variables that may be seen.
pub(super) fn own_environment(
    vm: &VirtualMachine,
    checker: &Arc<PermissionChecker>,
    module: &Py<PyModule>,
) -> PyResult<()> {
    if let Some(own) = environment::mapped(vm, checker)? {
        module.as_object().set_attr("environ", own, vm)?;
    }
    match module.as_object().get_attr("environ", vm)?.downcast_ref::<PyDict>() {
        Some(environ) => hide(vm, checker, environ),
        None => Ok(()),
    }
}

fn hide(vm: &VirtualMachine, checker: &PermissionChecker, environ: &Py<PyDict>) -> PyResult<()> {
    for (name, _) in environ.items_vec() {
        let seen = name.downcast_ref::<PyBytes>().is_some_and(|name| {
            std::str::from_utf8(name.as_bytes()).is_ok_and(|name| checker.sees_env(name))
        });
        if checker.permissions().restricts_env() && !seen {
            environ.del_item(name.as_object(), vm)?;
        }
    }
    Ok(())
}
