//! Functions that read source files by themselves: the compiler for the line of a `SyntaxError`, and the printers
//! of tracebacks. The file's name can be anything that a script chooses.

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::stdlib::_thread::get_ident;
use rustpython_vm::stdlib::sys::PyStderr;
use rustpython_vm::{AsObject, PyObject, PyObjectRef, PyResult, VirtualMachine};
use tauraro_permissions::Access;

use super::Call;
use super::arguments::{Target, get, path_or_descriptor, set};

/// Source is not compiled in the name of a file that may not be read.
pub(super) fn compile(mut call: Call<'_>) -> PyResult {
    if !call.checker.permissions().restricts_read() {
        return call.proceed();
    }
    if let Some(name) = get(&call.args, 1, "filename") {
        let (target, fixed) = path_or_descriptor(call.vm, &name)?;
        set(&mut call.args, 1, "filename", fixed);
        if let Target::Path(path) = target {
            // A name such as <string> is not a file.
            let verdict = call.checker.file(&path, Access::READ);
            if path.symlink_metadata().is_ok() {
                call.check(verdict)?;
            }
        }
    }
    call.proceed()
}

/// `sys.excepthook(type, value, traceback)`. The original opens any file.
pub(super) fn excepthook(call: Call<'_>) -> PyResult {
    if !call.checker.permissions().restricts_read() {
        return call.proceed();
    }
    match <[PyObjectRef; 3]>::try_from(call.args.args) {
        Ok(exception) if call.args.kwargs.is_empty() => print(call.vm, exception),
        _ => Err(call.vm.new_type_error("excepthook() takes 3 arguments")),
    }
}

/// `sys.unraisablehook(unraisable)`. The original opens any file.
pub(super) fn unraisablehook(call: Call<'_>) -> PyResult {
    if !call.checker.permissions().restricts_read() {
        return call.proceed();
    }
    let (vm, unraisable) = (call.vm, only_argument(&call)?);
    let (message, object) = (unraisable.get_attr("err_msg", vm)?, unraisable.get_attr("object", vm)?);
    let message = if vm.is_none(&message) { None } else { Some(message.str(vm)?) };
    let stderr = PyStderr(vm);
    if !vm.is_none(&object) {
        let message =
            message.map_or_else(|| "Exception ignored in".to_owned(), |message| message.to_string());
        let object =
            object.repr(vm).map_or_else(|_| "<object repr() failed>".to_owned(), |text| text.to_string());
        stderr.write_fmt(format_args!("{message}: {object}\n"));
    } else if let Some(message) = message {
        stderr.write_fmt(format_args!("{message}:\n"));
    }
    print(vm, exception_of(vm, &unraisable)?)
}

/// `threading.excepthook(args)`. The original opens any file.
pub(super) fn thread_excepthook(call: Call<'_>) -> PyResult {
    if !call.checker.permissions().restricts_read() {
        return call.proceed();
    }
    let (vm, args) = (call.vm, only_argument(&call)?);
    let exception = exception_of(vm, &args)?;
    let [class, ..] = &exception;
    if class.is(vm.ctx.exceptions.system_exit) {
        return Ok(vm.ctx.none());
    }
    let thread = args.get_attr("thread", vm)?;
    let name = if vm.is_none(&thread) { None } else { Some(thread.get_attr("name", vm)?.str(vm)?) };
    let name = name.map_or_else(|| get_ident().to_string(), |name| name.to_string());
    PyStderr(vm).write_fmt(format_args!("Exception in thread {name}:\n"));
    print(vm, exception)
}

fn only_argument(call: &Call<'_>) -> PyResult<PyObjectRef> {
    match call.args.args.as_slice() {
        [argument] if call.args.kwargs.is_empty() => Ok(argument.clone()),
        _ => Err(call.vm.new_type_error(format!("{} takes 1 argument", call.original.name()))),
    }
}

fn exception_of(vm: &VirtualMachine, parts: &PyObject) -> PyResult<[PyObjectRef; 3]> {
    Ok([
        parts.get_attr("exc_type", vm)?,
        parts.get_attr("exc_value", vm)?,
        parts.get_attr("exc_traceback", vm)?,
    ])
}

/// Has the module `traceback` print an exception, which opens files as a script does.
fn print(vm: &VirtualMachine, [class, value, traceback]: [PyObjectRef; 3]) -> PyResult {
    let stderr = vm.sys_module.get_attr("stderr", vm);
    if stderr.is_ok_and(|stderr| !vm.is_none(&stderr)) {
        let module = vm.import("traceback", 0)?;
        vm.call_method(&module, "print_exception", (class, value, traceback))?;
    }
    Ok(vm.ctx.none())
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
