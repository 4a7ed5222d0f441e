//! The interactive prompt.

mod editor;
mod input;

use rustpython_vm::stdlib::sys::PyStderr;
use rustpython_vm::{AsObject, PyResult, VirtualMachine};

use crate::{guard, program, shutdown, version};
use editor::{Editor, Reading};
use input::InputCompiler;

/// Says who we are, unless `-q` forbids it.
pub(super) fn greet(vm: &VirtualMachine) {
    if vm.state.config.settings.quiet {
        return;
    }
    let banner = version::banner();
    let hint = "Type \"help\", \"copyright\", \"credits\" or \"license\" for more information.";
    PyStderr(vm).write_fmt(format_args!("{banner}\n{hint}\n"));
}

/// Runs the file named by `PYTHONSTARTUP`; what goes wrong with it is reported, no more.
pub(super) fn run_startup_file(vm: &VirtualMachine) {
    if vm.state.config.settings.ignore_environment {
        return;
    }
    let Some(path) = std::env::var_os("PYTHONSTARTUP").filter(|path| !path.is_empty()) else {
        return;
    };
    let path = path.to_string_lossy();
    let source = std::fs::read(path.as_ref()).map_err(|error| program::os_error(vm, &error, &path));
    let opened =
        source.inspect_err(|_| PyStderr(vm).write_fmt(format_args!("Could not open PYTHONSTARTUP\n")));
    if let Err(exception) = opened.and_then(|source| program::run_bytes(vm, source, &path)) {
        guard::print_exception(vm, &exception);
    }
}

/// Reads, runs and prints until the input ends.
///
/// # Errors
/// The `SystemExit` that ended it.
pub(super) fn run(vm: &VirtualMachine) -> PyResult<()> {
    for (name, default) in [("ps1", ">>> "), ("ps2", "... ")] {
        // They exist in interactive sessions only, by which libraries recognise one.
        if vm.sys_module.as_object().get_attr(name, vm).is_err() {
            vm.sys_module.set_attr(name, vm.ctx.new_str(default), vm)?;
        }
    }
    let compiler = InputCompiler::new(vm)?;
    let mut editor = Editor::new(vm, &compiler);
    loop {
        shutdown::flush_quietly(vm);
        let result = match editor.read(vm, &prompt(vm, "ps1"), &prompt(vm, "ps2"))? {
            Reading::Input(source) => compiler.run(vm, &source),
            Reading::Interrupted => {
                PyStderr(vm).write_fmt(format_args!("KeyboardInterrupt\n"));
                Ok(())
            }
            Reading::End => return Ok(()),
        };
        if let Err(exception) = result {
            if exception.fast_isinstance(vm.ctx.exceptions.system_exit) {
                return Err(exception);
            }
            guard::print_exception(vm, &exception);
        }
    }
}

/// `str(sys.ps1)` or `str(sys.ps2)`, evaluated anew for each prompt; nothing if that fails.
fn prompt(vm: &VirtualMachine, name: &'static str) -> String {
    let prompt = vm.sys_module.get_attr(name, vm).and_then(|prompt| prompt.str(vm));
    prompt.map_or_else(|_| String::new(), |prompt| prompt.to_string())
}
