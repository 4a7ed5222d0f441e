//! What the line editor calls while the user types.

use std::borrow::Cow;

use rustpython_vm::VirtualMachine;
use rustyline::completion::Completer;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};

use super::input::InputCompiler;
use super::{complete, highlight, layout};

/// Uses the interpreter. The editor runs detached from it, so that other threads of the script can run; each call
/// attaches for its own time.
pub(super) struct Assistant<'a> {
    pub(super) vm: &'a VirtualMachine,
    pub(super) compiler: InputCompiler,
    pub(super) colors: bool,
}

impl Helper for Assistant<'_> {}

impl Validator for Assistant<'_> {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let source = context.input();
        let incomplete = self.vm.attach_for_callback(|| self.compiler.is_incomplete(self.vm, source));
        Ok(if incomplete { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}

impl Completer for Assistant<'_> {
    type Candidate = String;

    /// Tab indents where a line begins, and completes names elsewhere.
    fn complete(
        &self,
        line: &str,
        cursor: usize,
        _context: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let before = line.get(..cursor).unwrap_or(line);
        let current = before.rsplit('\n').next().unwrap_or(before);
        if current.trim().is_empty() {
            return Ok((cursor, vec![layout::INDENT.to_owned()]));
        }
        Ok(self.vm.attach_for_callback(|| complete::complete(self.vm, before)))
    }
}

impl Hinter for Assistant<'_> {
    type Hint = String;
}

impl Highlighter for Assistant<'_> {
    fn highlight<'l>(&self, line: &'l str, _cursor: usize) -> Cow<'l, str> {
        if self.colors { Cow::Owned(highlight::source(line)) } else { Cow::Borrowed(line) }
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, default: bool) -> Cow<'b, str> {
        // The other prompt is that of a search in the history.
        if self.colors && default { Cow::Owned(highlight::prompt(prompt)) } else { Cow::Borrowed(prompt) }
    }

    fn highlight_char(&self, _line: &str, _cursor: usize, kind: CmdKind) -> bool {
        self.colors && kind != CmdKind::MoveCursor
    }
}
