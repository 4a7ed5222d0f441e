//! The end of a process: exit statuses, joining threads, flushing.

use rustpython_vm::builtins::{PyBaseExceptionRef, PyInt};
use rustpython_vm::stdlib::{atexit, sys};
use rustpython_vm::{AsObject, PyObjectRef, PyResult, VirtualMachine};

/// The exit status if `sys.stdout` could not be flushed, as in `CPython`.
const FLUSH_FAILED: i32 = 120;

/// What a `SystemExit` asks for.
pub(crate) struct ExitRequest {
    /// The exit status; a process keeps the low eight bits.
    pub(crate) status: i32,
    /// What to print on `sys.stderr` before.
    pub(crate) message: Option<PyObjectRef>,
}

/// What `exception` asks for if it is a `SystemExit`.
pub(crate) fn exit_request(vm: &VirtualMachine, exception: &PyBaseExceptionRef) -> Option<ExitRequest> {
    if !exception.fast_isinstance(vm.ctx.exceptions.system_exit) {
        return None;
    }
    let code = exception.as_object().get_attr("code", vm).unwrap_or_else(|_| exception.clone().into());
    if vm.is_none(&code) {
        return Some(ExitRequest { status: 0, message: None });
    }
    Some(match code.downcast::<PyInt>() {
        Ok(number) => ExitRequest {
            // A number that does not fit a C long becomes -1 in CPython.
            status: number.try_to_primitive::<i64>(vm).map_or(-1, |status| (status & 0xff) as i32),
            message: None,
        },
        Err(message) => ExitRequest { status: 1, message: Some(message) },
    })
}

/// Does what a process does before it exits: joins threads, runs `atexit` functions, flushes.
///
/// Returns the exit status, `status` unless that is 0 and `sys.stdout` could not be flushed.
pub(crate) fn finish(vm: &VirtualMachine, status: i32) -> i32 {
    join_threads(vm);
    atexit::_run_exitfuncs(vm);
    let flushed = flush(vm);
    if status == 0 && !flushed { FLUSH_FAILED } else { status }
}

/// Joins the threads that are not daemons.
fn join_threads(vm: &VirtualMachine) {
    let Ok(modules) = vm.sys_module.get_attr("modules", vm) else {
        return;
    };
    // A program that never imported `threading` has not started any of its threads.
    let Ok(threading) = modules.get_item("threading", vm) else {
        return;
    };
    if let Err(error) = vm.call_method(&threading, "_shutdown", ()) {
        vm.run_unraisable(error, Some("Exception ignored on threading shutdown".to_owned()), threading);
    }
}

/// Flushes `sys.stdout` and `sys.stderr`. Whether the former succeeded. Failures are reported as in `CPython`.
fn flush(vm: &VirtualMachine) -> bool {
    let mut flushed = true;
    if let Some(stdout) = open_stream(vm, sys::get_stdout(vm).ok())
        && let Err(error) = vm.call_method(&stdout, "flush", ())
    {
        flushed = false;
        if !is_broken_stdout(vm, &error) {
            vm.run_unraisable(error, None, stdout);
        }
    }
    if let Some(stderr) = open_stream(vm, sys::get_stderr(vm).ok()) {
        // A failure cannot be reported anywhere.
        let _ = vm.call_method(&stderr, "flush", ());
    }
    flushed
}

/// Flushes `sys.stdout` and `sys.stderr` between two scripts of a host.
pub(crate) fn flush_quietly(vm: &VirtualMachine) {
    for stream in [sys::get_stdout(vm), sys::get_stderr(vm)] {
        if let Some(stream) = open_stream(vm, stream.ok()) {
            let _ = vm.call_method(&stream, "flush", ());
        }
    }
}

fn open_stream(vm: &VirtualMachine, stream: Option<PyObjectRef>) -> Option<PyObjectRef> {
    let stream = stream.filter(|stream| !vm.is_none(stream))?;
    let closed = stream.get_attr("closed", vm).and_then(|closed| closed.try_to_bool(vm));
    (!closed.unwrap_or(false)).then_some(stream)
}

/// Whether `error` only says that the reader of our output has closed it, as in `tauraro script.py | head`.
pub(crate) fn is_broken_stdout(vm: &VirtualMachine, error: &PyBaseExceptionRef) -> bool {
    const STDOUT: i32 = 1;
    if !error.fast_isinstance(vm.ctx.exceptions.broken_pipe_error) {
        return false;
    }
    // The error could come from any pipe or socket: check ours.
    let poll = || -> PyResult<bool> {
        let poll = vm.import("select", 0)?.get_attr("poll", vm)?.call((), vm)?;
        vm.call_method(&poll, "register", (STDOUT, 0))?;
        vm.call_method(&poll, "poll", (0,))?.try_to_bool(vm)
    };
    poll().unwrap_or(false)
}

/// Whether an object needs the interpreter to be finalized: a file with unwritten data, an object with `__del__`, a
/// generator inside of a `try`.
///
/// Finalizing is slow, so a program that leaves none of these just exits.
pub(crate) fn needs_finalizing(vm: &VirtualMachine) -> bool {
    let streams = standard_streams(vm);
    let mut objects = vm.state.gc.get_objects(None).into_iter();
    objects.any(|object| {
        object.class().slots.del.load().is_some() && !streams.iter().any(|part| part.is(&object))
    })
}

/// The three standard streams and the layers below them, which are flushed on their own.
fn standard_streams(vm: &VirtualMachine) -> Vec<PyObjectRef> {
    let mut parts = Vec::new();
    for name in ["__stdin__", "__stdout__", "__stderr__"] {
        let mut layer = vm.sys_module.get_attr(name, vm).ok();
        for below in ["buffer", "raw"] {
            let next = layer.as_ref().and_then(|layer| layer.get_attr(below, vm).ok());
            parts.extend(layer);
            layer = next;
        }
        parts.extend(layer);
    }
    parts
}
