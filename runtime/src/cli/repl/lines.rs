//! Inputs that do not come from a terminal, or from one that is too simple for a line editor.

use rustpython_vm::stdlib::sys::PyStderr;
use rustpython_vm::{AsObject, PyResult, VirtualMachine};

use super::editor::Reading;
use super::input::InputCompiler;
use crate::shutdown;

/// Reads from `sys.stdin`, prompting on standard error as `CPython` does.
pub(super) fn read(
    vm: &VirtualMachine,
    compiler: &InputCompiler,
    first: &str,
    more: &str,
) -> PyResult<Reading> {
    let mut source = String::new();
    loop {
        let prompt = if source.is_empty() { first } else { more };
        PyStderr(vm).write_fmt(format_args!("{prompt}"));
        shutdown::flush_quietly(vm);
        let stdin = vm.sys_module.get_attr("stdin", vm)?;
        if vm.is_none(&stdin) {
            return Ok(Reading::End);
        }
        let line = match vm.call_method(&stdin, "readline", ()) {
            Ok(line) => line.str(vm)?.to_string(),
            Err(error) if error.fast_isinstance(vm.ctx.exceptions.keyboard_interrupt) => {
                PyStderr(vm).write_fmt(format_args!("\n"));
                return Ok(Reading::Interrupted);
            }
            // A closed stream, such as after `exit` was refused.
            Err(error) if error.fast_isinstance(vm.ctx.exceptions.value_error) => return Ok(Reading::End),
            Err(error) => return Err(error),
        };
        if line.is_empty() {
            PyStderr(vm).write_fmt(format_args!("\n"));
            return Ok(if source.is_empty() { Reading::End } else { Reading::Input(source) });
        }
        source.push_str(&line);
        let complete = source.strip_suffix('\n').unwrap_or(&source);
        if !compiler.is_incomplete(vm, complete) {
            return Ok(Reading::Input(complete.to_owned()));
        }
    }
}
