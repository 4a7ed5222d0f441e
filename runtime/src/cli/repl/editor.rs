//! Where inputs come from: a line editor at a terminal, lines elsewhere.

use std::io::IsTerminal;

use rustpython_vm::{PyResult, VirtualMachine};

use super::event_loop::EventLoop;
use super::input::InputCompiler;
use super::lines;
use super::terminal::Terminal;

/// What was read from the user or pipe.
pub(super) enum Reading {
    /// A whole statement of one or more lines, or several that were pasted.
    Input(String),
    /// Ctrl-C: what was typed is discarded.
    Interrupted,
    /// Ctrl-D, or the end of a pipe.
    End,
}

/// Where inputs come from.
pub(super) enum Editor {
    Terminal(Terminal),
    Lines(InputCompiler),
}

impl Editor {
    /// A line editor if there is a capable terminal.
    pub(super) fn new(vm: &VirtualMachine, compiler: &InputCompiler) -> Self {
        let able = is_capable_terminal() && std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
        match able.then(|| Terminal::new(vm, compiler)) {
            Some(Ok(terminal)) => Self::Terminal(terminal),
            _ => Self::Lines(compiler.clone()),
        }
    }

    /// Waits for the next input. `more` prompts for further lines of one, where lines are read one by one.
    ///
    /// # Errors
    /// What a task raised that ran meanwhile, or why no more input can be read.
    pub(super) fn read(
        &mut self,
        vm: &VirtualMachine,
        event_loop: &EventLoop,
        first: &str,
        more: &str,
    ) -> PyResult<Reading> {
        match self {
            Self::Terminal(terminal) => terminal.read(vm, event_loop, first),
            Self::Lines(compiler) => lines::read(vm, compiler, first, more),
        }
    }

    /// Puts the line editor away.
    pub(super) fn close(self, vm: &VirtualMachine) {
        if let Self::Terminal(terminal) = self {
            terminal.close(vm);
        }
    }
}

/// Whether the terminal understands escape sequences.
fn is_capable_terminal() -> bool {
    std::env::var_os("TERM").is_some_and(|terminal| !terminal.is_empty() && terminal != "dumb")
}

/// Whether to show colors on standard output: a capable terminal, and no `NO_COLOR`.
pub(super) fn wants_colors() -> bool {
    let forbidden = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !forbidden && is_capable_terminal() && std::io::stdout().is_terminal()
}
