//! The line editor. It has its own thread, so that the event loop can run while the user types.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::stdlib::sys::PyStderr;
use rustpython_vm::{AsObject, PyResult, VirtualMachine};
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{CompletionType, EventHandler, KeyCode, KeyEvent, Modifiers};

use super::assistant::Assistant;
use super::editor::{Reading, wants_colors};
use super::event_loop::{EventLoop, Wake};
use super::input::InputCompiler;
use super::layout::{Backspace, Enter};
use crate::guard;

/// How many inputs the history keeps.
const HISTORY_LENGTH: usize = 10_000;

/// How often signal handlers of the script run while nothing else does.
const SIGNAL_INTERVAL: Duration = Duration::from_millis(100);

type LineEditor<'a> = rustyline::Editor<Assistant<'a>, FileHistory>;

/// A line editor with a history.
pub(super) struct Terminal {
    requests: Sender<Request>,
    readings: Receiver<Result<Reading, ReadlineError>>,
    thread: JoinHandle<()>,
    process: u32,
    compiler: InputCompiler,
}

/// A request to the thread: the prompt to show, and what to call once something was read.
type Request = (String, Option<Wake>);

impl Terminal {
    /// Starts the editor.
    ///
    /// # Errors
    /// Why it cannot start.
    pub(super) fn new(vm: &VirtualMachine, compiler: &InputCompiler) -> Result<Self, ReadlineError> {
        let (requests, incoming) = channel::<Request>();
        let (results, readings) = channel();
        let thread_compiler = compiler.clone();
        let work = vm.new_thread().make_spawn_func(move |vm: &VirtualMachine| {
            let (mut editor, history) = match open(vm, thread_compiler) {
                Ok(opened) => opened,
                Err(error) => {
                    let _ = results.send(Err(error));
                    return;
                }
            };
            while let Ok((prompt, wake)) = vm.allow_threads(|| incoming.recv()) {
                let reading = vm.allow_threads(|| read(&mut editor, history.as_deref(), &prompt));
                if results.send(reading).is_err() {
                    return;
                }
                if let Some(wake) = wake {
                    wake.call(vm);
                }
            }
        });
        let thread = std::thread::Builder::new().name("prompt".to_owned()).spawn(work)?;
        let process = std::process::id();
        Ok(Self { requests, readings, thread, process, compiler: compiler.clone() })
    }

    /// Waits for the next input, and runs the event loop meanwhile.
    ///
    /// # Errors
    /// What a task raised to exit, or why no more input can be read.
    pub(super) fn read(
        &mut self,
        vm: &VirtualMachine,
        event_loop: &EventLoop,
        prompt: &str,
    ) -> PyResult<Reading> {
        if self.process != std::process::id() {
            // A fork has left the thread behind.
            *self = Self::new(vm, &self.compiler).map_err(|error| vm.new_os_error(error.to_string()))?;
        }
        let wake = event_loop.wake(vm);
        let gone = |_| vm.new_os_error("the line editor has ended");
        self.requests.send((prompt.to_owned(), wake.clone())).map_err(gone)?;
        let mut reading = None;
        let mut ended = Ok(());
        if let Some(wake) = wake {
            loop {
                let result = event_loop.run_while(vm, &wake, || {
                    reading = self.readings.try_recv().ok();
                    reading.is_some()
                });
                match result {
                    Err(interrupt) if is_interrupt(vm, &interrupt) => note_interrupt(vm),
                    result => {
                        ended = result;
                        break;
                    }
                }
                if reading.is_some() {
                    break;
                }
            }
        }
        let reading = match reading {
            Some(reading) => Some(reading),
            None => self.wait(vm),
        };
        // Only now: the editor has restored the terminal.
        ended?;
        match reading {
            Some(Ok(reading)) => Ok(reading),
            Some(Err(error)) => Err(vm.new_os_error(error.to_string())),
            None => Ok(Reading::End),
        }
    }

    /// Waits, and runs signal handlers meanwhile.
    fn wait(&self, vm: &VirtualMachine) -> Option<Result<Reading, ReadlineError>> {
        loop {
            match vm.allow_threads(|| self.readings.recv_timeout(SIGNAL_INTERVAL)) {
                Ok(reading) => return Some(reading),
                Err(RecvTimeoutError::Disconnected) => return None,
                Err(RecvTimeoutError::Timeout) => {}
            }
            match vm.check_signals() {
                Err(interrupt) if is_interrupt(vm, &interrupt) => note_interrupt(vm),
                Err(exception) => guard::print_exception(vm, &exception),
                Ok(()) => {}
            }
        }
    }

    /// Ends the thread.
    pub(super) fn close(self, vm: &VirtualMachine) {
        let Self { requests, thread, process, .. } = self;
        drop(requests);
        if process == std::process::id() {
            // Its result does not matter, even if it panicked.
            let _ = vm.allow_threads(|| thread.join());
        }
    }
}

fn is_interrupt(vm: &VirtualMachine, exception: &PyBaseExceptionRef) -> bool {
    exception.fast_isinstance(vm.ctx.exceptions.keyboard_interrupt)
}

/// A signal from elsewhere; while the editor reads, Ctrl-C is a key like others.
fn note_interrupt(vm: &VirtualMachine) {
    PyStderr(vm).write_fmt(format_args!("\r\nKeyboardInterrupt\r\n"));
}

fn open(
    vm: &VirtualMachine,
    compiler: InputCompiler,
) -> rustyline::Result<(LineEditor<'_>, Option<PathBuf>)> {
    let config = rustyline::Config::builder()
        .auto_add_history(true)
        .bracketed_paste(true)
        .completion_type(CompletionType::List)
        .completion_show_all_if_ambiguous(true)
        .history_ignore_space(false)
        .indent_size(4)
        .max_history_size(HISTORY_LENGTH)?
        .build();
    let mut editor = rustyline::Editor::with_config(config)?;
    editor.set_helper(Some(Assistant { vm, compiler, colors: wants_colors() }));
    let key = |code| KeyEvent(code, Modifiers::NONE);
    editor.bind_sequence(key(KeyCode::Enter), EventHandler::Conditional(Box::new(Enter)));
    editor.bind_sequence(key(KeyCode::Backspace), EventHandler::Conditional(Box::new(Backspace)));
    let history = history_path();
    if let Some(path) = &history {
        // It does not exist at the first start.
        let _ = editor.load_history(path);
    }
    Ok((editor, history))
}

fn read(editor: &mut LineEditor<'_>, history: Option<&Path>, prompt: &str) -> Result<Reading, ReadlineError> {
    match editor.readline(prompt) {
        Ok(source) => {
            if let Some(path) = history {
                save(editor, path);
            }
            Ok(Reading::Input(source))
        }
        Err(ReadlineError::Interrupted) => Ok(Reading::Interrupted),
        Err(ReadlineError::Eof) => Ok(Reading::End),
        Err(ReadlineError::Signal(_)) => Ok(Reading::Input(String::new())),
        Err(ReadlineError::Io(error)) if error.kind() == std::io::ErrorKind::Interrupted => {
            Ok(Reading::Input(String::new()))
        }
        Err(error) => Err(error),
    }
}

/// Saves each input immediately, in case the process is killed. Errors are ignored: a history that cannot be written
/// must not disturb the session. The file is created by the editor with access for its owner only, and so is its
/// folder.
fn save(editor: &mut LineEditor<'_>, path: &Path) {
    if let Some(folder) = path.parent() {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        let _ = builder.create(folder);
    }
    let _ = editor.append_history(path);
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
