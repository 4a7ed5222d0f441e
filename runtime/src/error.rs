//! What a script raised, as Rust sees it.

use std::fmt;

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::{AsObject, VirtualMachine};

use crate::shutdown;

/// An exception that ended a script: its class, its message and its traceback, free of the interpreter.
///
/// Displays as the last line of the traceback, for example `ValueError: bad`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptError {
    class: String,
    message: String,
    traceback: String,
    exit_status: Option<i32>,
}

impl ScriptError {
    /// Describes `exception` while its interpreter is entered.
    pub(crate) fn new(vm: &VirtualMachine, exception: &PyBaseExceptionRef) -> Self {
        let message = exception.as_object().str(vm).map(|text| text.to_string());
        let mut traceback = String::new();
        // Writing into a String cannot fail.
        let _ = vm.write_exception(&mut traceback, exception);
        Self {
            class: exception.class().name().to_string(),
            message: message.unwrap_or_else(|_| "<exception str() failed>".to_owned()),
            traceback,
            exit_status: shutdown::exit_request(vm, exception).map(|request| request.status),
        }
    }

    /// The name of the exception's class, such as `ValueError`.
    pub fn class(&self) -> &str {
        &self.class
    }

    /// `str(exception)`.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The traceback as Python prints it, causes included, ending in a line break.
    pub fn traceback(&self) -> &str {
        &self.traceback
    }

    /// The status a process would end with, when the script asked for its end with `SystemExit`.
    pub fn exit_status(&self) -> Option<i32> {
        self.exit_status
    }
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.class)?;
        if self.message.is_empty() { Ok(()) } else { write!(f, ": {}", self.message) }
    }
}

impl std::error::Error for ScriptError {}
