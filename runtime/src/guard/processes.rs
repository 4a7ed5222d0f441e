//! Questions about processes, signals, foreign code and environment variables.

use std::sync::Arc;

use rustpython_vm::builtins::{PyBytes, PyDict, PyList, PyModule, PyTuple};
use rustpython_vm::{AsObject, Py, PyObject, PyResult, VirtualMachine};
use tauraro_engine::permissions::Gate;

use super::Call;
use super::arguments::{get, number, set, text};

/// Terminal requests that only ask: the size, what is waiting to be read, and whether reading waits.
const ASKING: [i64; 3] = [0x5413, 0x541b, 0x5421];

/// `fcntl` commands that have the system send signals to a process: `F_SETOWN`, `F_SETSIG`, `F_SETOWN_EX`.
const SIGNALLING: [i64; 3] = [8, 10, 15];

/// The function itself is what needs the permission; a command it is given is told.
pub(super) fn run(call: Call<'_>) -> PyResult {
    let command =
        call.args.args.first().or_else(|| call.args.kwargs.get("command")).and_then(|first| text(first));
    let what = match command {
        Some(command) => format!("{} of {command}", call.original.name),
        None => call.original.name.to_owned(),
    };
    let verdict = call.gate.run(&what);
    call.proceed_if(verdict)
}

pub(super) fn fork_exec(call: Call<'_>) -> PyResult {
    let what = call.args.args.first().and_then(|words| command_line(words));
    let verdict = call.gate.run(what.as_deref().unwrap_or(call.original.name));
    call.proceed_if(verdict)
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

/// Signals to the process itself are its own business.
pub(super) fn kill(mut call: Call<'_>) -> PyResult {
    let Some(pid) = get(&call.args, 0, "pid") else { return call.proceed() };
    let pid: i64 = number(call.vm, &pid)?;
    let fixed = call.vm.ctx.new_int(pid).into();
    set(&mut call.args, 0, "pid", fixed);
    if u32::try_from(pid).is_ok_and(|pid| pid == std::process::id()) {
        return call.proceed();
    }
    let verdict = call.gate.run(&format!("{} for process {pid}", call.original.name));
    call.proceed_if(verdict)
}

pub(super) fn fcntl(call: Call<'_>) -> PyResult {
    control(call, |command| !SIGNALLING.contains(&command))
}

/// A terminal can be made to read what nobody typed, and the shell behind it runs that.
pub(super) fn ioctl(call: Call<'_>) -> PyResult {
    control(call, |request| ASKING.contains(&request))
}

fn control(mut call: Call<'_>, harmless: fn(i64) -> bool) -> PyResult {
    let Some(request) = call.args.args.get(1).cloned() else { return call.proceed() };
    let request: i64 = number(call.vm, &request)?;
    let fixed = call.vm.ctx.new_int(request).into();
    set(&mut call.args, 1, "", fixed);
    // The kernel looks at the low 32 bits only.
    if harmless(request & 0xffff_ffff) {
        return call.proceed();
    }
    let verdict = if call.gate.permissions().restricts_run() {
        call.gate.run(&format!("{} with {request:#x}", call.original.name))
    } else {
        Ok(())
    };
    call.proceed_if(verdict)
}

pub(super) fn load(call: Call<'_>) -> PyResult {
    let verdict = call.gate.ffi(call.original.name);
    call.proceed_if(verdict)
}

pub(super) fn set_env(call: Call<'_>) -> PyResult {
    let name = call.args.args.first().and_then(|name| text(name)).unwrap_or_default();
    let verdict = call.gate.set_env(&name);
    call.proceed_if(verdict)
}

/// The variables that may be seen.
pub(super) fn environ(call: Call<'_>) -> PyResult {
    let (vm, gate) = (call.vm, Arc::clone(call.gate));
    let environ = call.proceed()?;
    if let Some(environ) = environ.downcast_ref::<PyDict>() {
        hide(vm, &gate, environ)?;
    }
    Ok(environ)
}

/// Takes from `environ` of the finished module what may not be seen.
pub(super) fn hide_environment(vm: &VirtualMachine, gate: &Arc<Gate>, module: &Py<PyModule>) -> PyResult<()> {
    match module.as_object().get_attr("environ", vm)?.downcast_ref::<PyDict>() {
        Some(environ) => hide(vm, gate, environ),
        None => Ok(()),
    }
}

fn hide(vm: &VirtualMachine, gate: &Gate, environ: &Py<PyDict>) -> PyResult<()> {
    for (name, _) in environ.items_vec() {
        let seen = name
            .downcast_ref::<PyBytes>()
            .is_some_and(|name| std::str::from_utf8(name.as_bytes()).is_ok_and(|name| gate.sees_env(name)));
        if gate.permissions().restricts_env() && !seen {
            environ.del_item(name.as_object(), vm)?;
        }
    }
    Ok(())
}
