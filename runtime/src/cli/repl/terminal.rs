//! The line editor. It has a thread of its own, so that the event loop goes on while someone types.

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
use super::editor::{Reading, wants_colours};
use super::event_loop::{EventLoop, Wake};
use super::input::InputCompiler;
use super::layout::{Backspace, Enter};
use crate::guard;

/// How many inputs the history keeps.
const HISTORY_LENGTH: usize = 10_000;

/// How often signal handlers of the script get their turn while nothing else runs.
const SIGNAL_INTERVAL: Duration = Duration::from_millis(100);

type LineEditor<'a> = rustyline::Editor<Assistant<'a>, FileHistory>;

/// A line editor with a history.
pub(super) struct Terminal {
    requests: Sender<Request>,
    readings: Receiver<Result<Reading, String>>,
    thread: JoinHandle<()>,
    process: u32,
    compiler: InputCompiler,
}

/// What the thread is to do: show the prompt, and call the other, if any, once it has something.
type Request = (String, Option<Wake>);

impl Terminal {
    /// Starts the editor.
    ///
    /// # Errors
    /// Why there can be none.
    pub(super) fn new(vm: &VirtualMachine, compiler: &InputCompiler) -> Result<Self, String> {
        let (requests, orders) = channel::<Request>();
        let (results, readings) = channel();
        let thread_compiler = compiler.clone();
        let work = vm.new_thread().make_spawn_func(move |vm: &VirtualMachine| {
            let (mut editor, history) = match open(vm, thread_compiler) {
                Ok(opened) => opened,
                Err(error) => {
                    let _ = results.send(Err(error.to_string()));
                    return;
                }
            };
            while let Ok((prompt, wake)) = vm.allow_threads(|| orders.recv()) {
                let reading = vm.allow_threads(|| read(&mut editor, history.as_deref(), &prompt));
                if results.send(reading).is_err() {
                    return;
                }
                if let Some(wake) = wake {
                    wake.call(vm);
                }
            }
        });
        let thread = std::thread::Builder::new().name("prompt".to_owned()).spawn(work);
        let thread = thread.map_err(|error| error.to_string())?;
        let process = std::process::id();
        Ok(Self { requests, readings, thread, process, compiler: compiler.clone() })
    }

    /// Waits for the next input, and lets the event loop run meanwhile.
    ///
    /// # Errors
    /// What a task raised to end everything, or why there can be no more input.
    pub(super) fn read(
        &mut self,
        vm: &VirtualMachine,
        event_loop: &EventLoop,
        prompt: &str,
    ) -> PyResult<Reading> {
        if self.process != std::process::id() {
            // A fork has left the thread behind.
            *self = Self::new(vm, &self.compiler).map_err(|error| vm.new_os_error(error))?;
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
        // Only now: the terminal is as it was again.
        ended?;
        match reading {
            Some(Ok(reading)) => Ok(reading),
            Some(Err(error)) => Err(vm.new_os_error(error)),
            None => Ok(Reading::End),
        }
    }

    /// Waits while nothing else has to run on this thread but signal handlers.
    fn wait(&self, vm: &VirtualMachine) -> Option<Result<Reading, String>> {
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
            // It has nothing to say any more, not even of a panic.
            let _ = vm.allow_threads(|| thread.join());
        }
    }
}

fn is_interrupt(vm: &VirtualMachine, exception: &PyBaseExceptionRef) -> bool {
    exception.fast_isinstance(vm.ctx.exceptions.keyboard_interrupt)
}

/// A signal from elsewhere; Ctrl-C is a key like others while the editor reads.
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
    editor.set_helper(Some(Assistant { vm, compiler, colours: wants_colours() }));
    let key = |code| KeyEvent(code, Modifiers::NONE);
    editor.bind_sequence(key(KeyCode::Enter), EventHandler::Conditional(Box::new(Enter)));
    editor.bind_sequence(key(KeyCode::Backspace), EventHandler::Conditional(Box::new(Backspace)));
    let history = history_path();
    if let Some(path) = &history {
        // There is none at the first start.
        let _ = editor.load_history(path);
    }
    Ok((editor, history))
}

fn read(editor: &mut LineEditor<'_>, history: Option<&Path>, prompt: &str) -> Result<Reading, String> {
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
        Err(error) => Err(error.to_string()),
    }
}

/// Saves what was entered at once, for the case that the process does not end in peace. A history that
/// cannot be written is no reason to disturb the session. The file is for its owner only, as the editor
/// makes it, and so is its folder.
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
