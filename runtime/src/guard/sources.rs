//! Functions that read source files by themselves: the compiler for the line of a `SyntaxError`, and the printers
//! of tracebacks. The file's name can be anything that a script chooses.

use std::path::Path;

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::stdlib::sys::PyStderr;
use rustpython_vm::{AsObject, PyObjectRef, PyResult, VirtualMachine};
use tauraro_permissions::Access;

use super::Call;
use super::arguments::{Target, get, path_or_number, set};

/// Source is not compiled in the name of a file that may not be read.
pub(super) fn compile(mut call: Call<'_>) -> PyResult {
    if !call.checker.permissions().restricts_read() {
        return call.proceed();
    }
    if let Some(name) = get(&call.args, 1, "filename")
        && let Ok((Target::Path(path), fixed)) = path_or_number(call.vm, &name)
    {
        set(&mut call.args, 1, "filename", fixed);
        // A name such as <string> is not a file.
        let verdict = call.checker.file(&path, Access::READ);
        if is_file(&path) {
            call.check(verdict)?;
        }
    }
    call.proceed()
}

fn is_file(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

pub(super) fn excepthook(call: Call<'_>) -> PyResult {
    let exception = get(&call.args, 1, "value");
    print(call, exception)
}

/// The hooks that take one object with the parts of an exception.
pub(super) fn unraisablehook(call: Call<'_>) -> PyResult {
    let exception = match call.args.args.first() {
        Some(parts) => Some(parts.get_attr("exc_value", call.vm)?),
        None => None,
    };
    print(call, exception)
}

/// Has the module `traceback` print it, which opens files as a script does.
fn print(call: Call<'_>, exception: Option<PyObjectRef>) -> PyResult {
    match exception {
        Some(exception)
            if !exception.fast_isinstance(call.vm.ctx.exceptions.system_exit)
                && call.checker.permissions().restricts_read()
                && !call.vm.is_none(&exception) =>
        {
            let traceback = call.vm.import("traceback", 0)?;
            call.vm.call_method(&traceback, "print_exception", (exception,))?;
            Ok(call.vm.ctx.none())
        }
        _ => call.proceed(),
    }
}

/// Reports an exception as [`VirtualMachine::print_exception`] does, but without its fallback for a failing
/// `sys.excepthook`, which reads files.
pub(crate) fn print_exception(vm: &VirtualMachine, exception: &PyBaseExceptionRef) {
    let restricted =
        tauraro_bridge::checker(vm).is_some_and(|checker| checker.permissions().restricts_read());
    if !restricted {
        vm.print_exception(exception);
        return;
    }
    let (class, value, traceback) = vm.split_exception(exception.clone());
    let hook = vm.sys_module.get_attr("excepthook", vm);
    if let Err(error) = hook.and_then(|hook| hook.call((class, value, traceback), vm)) {
        for (line, exception) in
            [("Error in sys.excepthook:", &error), ("Original exception was:", exception)]
        {
            let text = exception.as_object().str(vm).map_or_else(|_| String::new(), |text| text.to_string());
            PyStderr(vm).write_fmt(format_args!("{line}\n{}: {text}\n", exception.class().name()));
        }
    }
}
