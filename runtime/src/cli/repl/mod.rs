//! The interactive prompt.
//!
//! | file | what it is |
//! |---|---|
//! | `editor` | where inputs come from: the line editor of `terminal`, or `lines` |
//! | `assistant` | what the line editor calls: `complete`, `highlight`, `layout`, all based on `lexer` |
//! | `input` | compiling and running inputs, with `await` on the `event_loop` |
//! | `display` | how values are shown |

mod assistant;
mod complete;
mod display;
mod editor;
mod event_loop;
mod highlight;
mod input;
mod layout;
mod lexer;
mod lines;
mod terminal;

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::stdlib::sys::PyStderr;
use rustpython_vm::{AsObject, PyResult, VirtualMachine};

use super::report;
use crate::{guard, program, shutdown, version};
use editor::{Editor, Reading};
use event_loop::EventLoop;
use input::InputCompiler;

/// Prints the banner, unless `-q` forbids it.
pub(super) fn greet(vm: &VirtualMachine) {
    if vm.state.config.settings.quiet {
        return;
    }
    let banner = version::banner();
    let hint = "Type \"help\", \"copyright\", \"credits\" or \"license\" for more information.";
    PyStderr(vm).write_fmt(format_args!("{banner}\n{hint}\n"));
}

/// Runs the file named by `PYTHONSTARTUP`. Its errors are reported and otherwise ignored.
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
/// The `SystemExit` that ended it, or why no more input can be read.
pub(super) fn run(vm: &VirtualMachine) -> PyResult<()> {
    for (name, default) in [("ps1", ">>> "), ("ps2", "... ")] {
        // They exist in interactive sessions only; libraries recognize a session by them.
        if vm.sys_module.as_object().get_attr(name, vm).is_err() {
            vm.sys_module.set_attr(name, vm.ctx.new_str(default), vm)?;
        }
    }
    let compiler = InputCompiler::new(vm)?;
    let event_loop = EventLoop::default();
    let mut editor = Editor::new(vm, &compiler);
    if let Editor::Terminal(_) = editor {
        display::install(vm)?;
    }
    let result = read_eval_print(vm, &compiler, &event_loop, &mut editor);
    editor.close(vm);
    if let Err(exception) = event_loop.close(vm) {
        report::print(vm, &exception);
    }
    result
}

fn read_eval_print(
    vm: &VirtualMachine,
    compiler: &InputCompiler,
    event_loop: &EventLoop,
    editor: &mut Editor,
) -> PyResult<()> {
    let is = |exception: &PyBaseExceptionRef, class| exception.fast_isinstance(class);
    loop {
        shutdown::flush_quietly(vm);
        let result = match editor.read(vm, event_loop, &prompt(vm, "ps1"), &prompt(vm, "ps2")) {
            Ok(Reading::Input(source)) => compiler.run(vm, event_loop, &source),
            Ok(Reading::Interrupted) => {
                PyStderr(vm).write_fmt(format_args!("KeyboardInterrupt\n"));
                Ok(())
            }
            Ok(Reading::End) => return Ok(()),
            // Without input the session cannot continue, unless this was only Ctrl-C.
            Err(exception) if !is(&exception, vm.ctx.exceptions.keyboard_interrupt) => return Err(exception),
            Err(interrupt) => Err(interrupt),
        };
        if let Err(exception) = result {
            if is(&exception, vm.ctx.exceptions.system_exit) {
                return Err(exception);
            }
            remember(vm, &exception);
            report::print(vm, &exception);
        }
    }
}

/// Keeps an exception where `pdb.pm()` and users look for it.
fn remember(vm: &VirtualMachine, exception: &PyBaseExceptionRef) {
    let (class, value, traceback) = vm.split_exception(exception.clone());
    let values = [
        ("last_exc", value.clone()),
        ("last_type", class),
        ("last_value", value),
        ("last_traceback", traceback),
    ];
    for (name, value) in values {
        // `sys` takes any attribute.
        let _ = vm.sys_module.set_attr(name, value, vm);
    }
}

/// `str(sys.ps1)` or `str(sys.ps2)`, evaluated for each prompt; empty if that fails.
fn prompt(vm: &VirtualMachine, name: &'static str) -> String {
    let prompt = vm.sys_module.get_attr(name, vm).and_then(|prompt| prompt.str(vm));
    prompt.map_or_else(|_| String::new(), |prompt| prompt.to_string())
}
