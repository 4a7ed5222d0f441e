//! Reading inputs: with a line editor at a terminal, line by line elsewhere.

use std::borrow::Cow;
use std::io::IsTerminal;
use std::path::PathBuf;

use rustpython_vm::stdlib::sys::PyStderr;
use rustpython_vm::{AsObject, PyResult, VirtualMachine};
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};

use super::input::InputCompiler;
use crate::shutdown;

/// What Tab inserts where a line begins.
const INDENT: &str = "    ";

/// What came from the person, or pipe, in front of us.
pub(super) enum Reading {
    /// A whole statement, of one or more lines.
    Input(String),
    /// Ctrl-C: what was typed is to be forgotten.
    Interrupted,
    /// Ctrl-D, or the end of a pipe.
    End,
}

/// Where inputs come from.
pub(super) enum Editor<'a> {
    Terminal(Box<Terminal<'a>>),
    Lines(&'a InputCompiler),
}

impl<'a> Editor<'a> {
    /// A line editor if standard input is a terminal able to have one.
    pub(super) fn new(vm: &'a VirtualMachine, compiler: &'a InputCompiler) -> Self {
        let capable = std::env::var("TERM").is_ok_and(|terminal| !terminal.is_empty() && terminal != "dumb");
        let terminal = || Terminal::new(vm, compiler);
        let able = capable && std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
        match able.then(terminal) {
            Some(Ok(terminal)) => Self::Terminal(Box::new(terminal)),
            _ => Self::Lines(compiler),
        }
    }

    /// Waits for the next input. `more` prompts for further lines of one, where lines are read one by one.
    pub(super) fn read(&mut self, vm: &VirtualMachine, first: &str, more: &str) -> PyResult<Reading> {
        match self {
            Self::Terminal(terminal) => terminal.read(vm, first),
            Self::Lines(compiler) => read_lines(vm, compiler, first, more),
        }
    }
}

/// A line editor with a history.
pub(super) struct Terminal<'a> {
    editor: rustyline::Editor<Assistant<'a>, FileHistory>,
    history: Option<PathBuf>,
}

impl<'a> Terminal<'a> {
    fn new(vm: &'a VirtualMachine, compiler: &'a InputCompiler) -> rustyline::Result<Self> {
        let config = rustyline::Config::builder()
            .auto_add_history(true)
            .history_ignore_space(false)
            .indent_size(4)
            .build();
        let mut editor = rustyline::Editor::with_config(config)?;
        editor.set_helper(Some(Assistant { vm, compiler }));
        let history = history_path();
        if let Some(path) = &history {
            // There is none at the first start.
            let _ = editor.load_history(path);
        }
        Ok(Self { editor, history })
    }

    fn read(&mut self, vm: &VirtualMachine, prompt: &str) -> PyResult<Reading> {
        let reading = vm.allow_threads(|| self.editor.readline(prompt));
        match reading {
            Ok(source) => {
                self.save();
                Ok(Reading::Input(source))
            }
            Err(ReadlineError::Interrupted) => Ok(Reading::Interrupted),
            Err(ReadlineError::Eof) => Ok(Reading::End),
            Err(ReadlineError::Signal(_)) => Ok(Reading::Input(String::new())),
            Err(error) => Err(vm.new_os_error(error.to_string())),
        }
    }

    /// Saves what was entered at once, for the case that the process does not end in peace. A
    /// history that cannot be written is no reason to disturb the session.
    fn save(&mut self) {
        if let Some(path) = &self.history {
            if let Some(folder) = path.parent() {
                let _ = std::fs::create_dir_all(folder);
            }
            let _ = self.editor.append_history(path);
        }
    }
}

/// `$TAURARO_HISTORY` (empty for none), else `$XDG_STATE_HOME/tauraro/history`, else `~/.tauraro_history`.
fn history_path() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("TAURARO_HISTORY") {
        return Some(path).filter(|path| !path.is_empty()).map(PathBuf::from);
    }
    let folder = |name| std::env::var_os(name).filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let state = folder("XDG_STATE_HOME").map(|state| state.join("tauraro/history"));
    state.or_else(|| folder("HOME").map(|home| home.join(".tauraro_history")))
}

/// What the line editor asks while a person types.
struct Assistant<'a> {
    vm: &'a VirtualMachine,
    compiler: &'a InputCompiler,
}

impl Helper for Assistant<'_> {}

impl Validator for Assistant<'_> {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let source = context.input();
        // The editor runs detached from the interpreter, so that other threads of the script go on.
        let incomplete = self.vm.attach_for_callback(|| self.compiler.is_incomplete(self.vm, source));
        Ok(if incomplete { ValidationResult::Incomplete } else { ValidationResult::Valid(None) })
    }
}

impl Completer for Assistant<'_> {
    type Candidate = String;

    /// Tab indents where a line begins.
    fn complete(
        &self,
        line: &str,
        cursor: usize,
        _context: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let before = line.get(..cursor).unwrap_or(line);
        let current = before.rsplit('\n').next().unwrap_or(before);
        let candidates = if current.trim().is_empty() { vec![INDENT.to_owned()] } else { Vec::new() };
        Ok((cursor, candidates))
    }
}

impl Hinter for Assistant<'_> {
    type Hint = String;
}

impl Highlighter for Assistant<'_> {
    fn highlight<'l>(&self, line: &'l str, _cursor: usize) -> Cow<'l, str> {
        Cow::Borrowed(line)
    }
}

/// Reads from `sys.stdin`, prompting on standard error as `CPython` does.
fn read_lines(vm: &VirtualMachine, compiler: &InputCompiler, first: &str, more: &str) -> PyResult<Reading> {
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
