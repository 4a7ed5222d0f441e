//! What a script raised, as Rust sees it.

use std::any::Any;
use std::fmt::{self, Write};

use rustpython_vm::builtins::{PyBaseExceptionRef, PyList, PyStr};
use rustpython_vm::{AsObject, PyResult, VirtualMachine};

use crate::interrupt::InterruptReason;
use crate::shutdown;

/// How many nested causes are kept.
const MAX_CAUSES: usize = 16;

/// How many frames are kept of a traceback, the innermost ones.
const MAX_FRAMES: usize = 256;

/// How many characters are kept of a message and of a traceback.
const MAX_TEXT_CHARS: usize = 1 << 20;

/// An exception that ended a script: its class, its message and its traceback, independent of the interpreter.
///
/// Displays as the last line of the traceback, for example `ValueError: bad`. Its cause is its
/// [`source`](std::error::Error::source).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptError(Box<Details>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Details {
    kind: ErrorKind,
    module: String,
    class: String,
    message: String,
    frames: Vec<Frame>,
    traceback: String,
    cause: Option<ScriptError>,
}

/// What a host may want to distinguish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An uncaught exception, or a value that could not be converted.
    Exception,
    /// The script exited (`sys.exit()`, `SystemExit`) with this status.
    Exit(i32),
    /// The host interrupted the script ([`InterruptHandle`](crate::InterruptHandle)), or the runtime has ended.
    Interrupted,
    /// The script exceeded its time limit ([`Builder::time_limit`](crate::Builder::time_limit)).
    TimedOut,
    /// The interpreter itself failed, because of a defect: the runtime may be in an invalid state, so drop it.
    Crashed,
}

/// An entry of a traceback.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Frame {
    /// The file, or the name given for the source.
    pub file: String,
    /// The line in it, from 1.
    pub line: usize,
    /// The function's name; `<module>` at the top level.
    pub function: String,
}

impl ScriptError {
    /// Describes `exception` while its interpreter is entered.
    pub(crate) fn new(vm: &VirtualMachine, exception: &PyBaseExceptionRef) -> Self {
        // Importing Python's own module takes longer than the cleanup of an interrupted call may.
        let text = if InterruptReason::of(vm, exception).is_none() { traceback(vm, exception) } else { None };
        Self::with_causes(vm, exception, MAX_CAUSES, text)
    }

    /// The runtime has ended.
    pub(crate) fn ended() -> Self {
        let details = Details {
            kind: ErrorKind::Interrupted,
            module: "tauraro".to_owned(),
            class: "Interrupted".to_owned(),
            message: "the runtime has ended".to_owned(),
            frames: Vec::new(),
            traceback: String::new(),
            cause: None,
        };
        Self(Box::new(details)).with_short_traceback()
    }

    fn with_causes(
        vm: &VirtualMachine,
        exception: &PyBaseExceptionRef,
        max_causes: usize,
        traceback: Option<String>,
    ) -> Self {
        let kind = match (InterruptReason::of(vm, exception), shutdown::exit_request(vm, exception)) {
            (Some(InterruptReason::Requested), _) => ErrorKind::Interrupted,
            (Some(InterruptReason::TimedOut), _) => ErrorKind::TimedOut,
            (None, Some(request)) => ErrorKind::Exit(request.status),
            (None, None) => ErrorKind::Exception,
        };
        let class = exception.class();
        let text = |name: &'static str| {
            let value = class.as_object().get_attr(name, vm).ok()?;
            value.downcast_ref::<PyStr>().map(|text| text.to_string_lossy().into_owned())
        };
        let message = exception.as_object().str(vm).map(|text| shortened(&text.to_string_lossy()));
        let cause = cause_of(vm, exception).filter(|_| max_causes > 0);
        let mut details = Details {
            kind,
            module: text("__module__").unwrap_or_default(),
            class: text("__qualname__").unwrap_or_else(|| class.name().to_string()),
            message: message.unwrap_or_else(|_| "<exception str() failed>".to_owned()),
            frames: frames(exception),
            traceback: String::new(),
            // The whole traceback includes those of the causes.
            cause: cause.map(|cause| Self::with_causes(vm, &cause, max_causes.saturating_sub(1), None)),
        };
        details.traceback = traceback.unwrap_or_default();
        let error = Self(Box::new(details));
        if error.0.traceback.is_empty() { error.with_short_traceback() } else { error }
    }

    /// Describes a panic of the interpreter.
    pub(crate) fn crash(panic: &(dyn Any + Send)) -> Self {
        let words = panic.downcast_ref::<&str>().copied();
        let words = words.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        let details = Details {
            kind: ErrorKind::Crashed,
            module: "builtins".to_owned(),
            class: "SystemError".to_owned(),
            message: format!("the interpreter failed: {}", shortened(words.unwrap_or("unknown reason"))),
            frames: Vec::new(),
            traceback: String::new(),
            cause: None,
        };
        Self(Box::new(details)).with_short_traceback()
    }

    /// Makes a traceback of the frames and the last line, where the real one is not available.
    fn with_short_traceback(mut self) -> Self {
        let mut text = String::new();
        if !self.0.frames.is_empty() {
            text.push_str("Traceback (most recent call last):\n");
        }
        for Frame { file, line, function } in &self.0.frames {
            // Writing into a String cannot fail.
            let _ = writeln!(text, "  File {file:?}, line {line}, in {function}");
        }
        self.0.traceback = format!("{text}{self}\n");
        self
    }

    /// What kind of error this is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The name of the exception's class, such as `ValueError`.
    pub fn class(&self) -> &str {
        &self.0.class
    }

    /// The module of the exception's class, such as `builtins`.
    pub fn module(&self) -> &str {
        &self.0.module
    }

    /// The class as Python shows it: with its module, unless that is `builtins` or `__main__`. For example
    /// `httpx.ConnectTimeout`.
    pub fn qualified_class(&self) -> String {
        match self.module() {
            "" | "builtins" | "__main__" => self.0.class.clone(),
            module => format!("{module}.{}", self.0.class),
        }
    }

    /// `str(exception)`, at most a million characters of it.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The lines that were running, the outermost call first; at most the 256 innermost. Empty for a `SyntaxError`
    /// of the script itself, and for a value that could not be converted.
    pub fn frames(&self) -> &[Frame] {
        &self.0.frames
    }

    /// The traceback as Python prints it, including causes, ending in a line break; without causes and lines of
    /// source for exceptions that are not errors of the script, such as `SystemExit` and `KeyboardInterrupt`.
    ///
    /// It quotes lines only from files that the script may read.
    pub fn traceback(&self) -> &str {
        &self.0.traceback
    }
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.qualified_class())?;
        if self.message().is_empty() { Ok(()) } else { write!(f, ": {}", self.message()) }
    }
}

impl std::error::Error for ScriptError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.cause.as_ref().map(|cause| cause as _)
    }
}

/// The exception that `exception` was raised from, or while handling, if a traceback would show it.
fn cause_of(vm: &VirtualMachine, exception: &PyBaseExceptionRef) -> Option<PyBaseExceptionRef> {
    exception.__cause__().or_else(|| {
        let suppressed = exception.as_object().get_attr("__suppress_context__", vm);
        let suppressed = suppressed.and_then(|suppressed| suppressed.try_to_bool(vm)).unwrap_or(true);
        exception.__context__().filter(|_| !suppressed)
    })
}

/// The text, or its beginning if it is too long.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT_CHARS) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn frames(exception: &PyBaseExceptionRef) -> Vec<Frame> {
    let Some(traceback) = exception.__traceback__() else { return Vec::new() };
    let frames: Vec<_> = traceback.iter().collect();
    let first = frames.len().saturating_sub(MAX_FRAMES);
    let frames = frames.into_iter().skip(first).map(|entry| Frame {
        file: entry.frame.iframe().code().source_path().to_string(),
        line: entry.lineno.get(),
        function: entry.frame.iframe().code().obj_name.to_string(),
    });
    frames.collect()
}

/// The traceback by Python's own module, which opens files as a script does: the interpreter's printer reads any
/// file. Where a script exits or is interrupted, it is not worth the time of importing that module.
fn traceback(vm: &VirtualMachine, exception: &PyBaseExceptionRef) -> Option<String> {
    if !exception.fast_isinstance(vm.ctx.exceptions.exception_type) {
        return None;
    }
    let format = || -> PyResult<Option<String>> {
        let module = vm.import("traceback", 0)?;
        let lines = vm.call_method(&module, "format_exception", (exception.clone(),))?;
        let Some(lines) = lines.downcast_ref::<PyList>() else { return Ok(None) };
        let lines = lines.borrow_vec().to_vec();
        let texts =
            lines.iter().map(|line| Some(line.downcast_ref::<PyStr>()?.to_string_lossy().into_owned()));
        let texts: Option<Vec<String>> = texts.collect();
        Ok(texts.map(|texts| format!("{}\n", shortened(texts.concat().trim_end_matches('\n')))))
    };
    format().ok().flatten()
}
