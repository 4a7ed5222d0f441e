//! One interpreter, ready to run scripts.

use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;

use rustpython_vm::{Interpreter, InterpreterBuilder, PyResult, VirtualMachine};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tauraro_permissions::InvalidVariable;

use crate::interrupt::{InterruptHandle, Interrupter};
use crate::streams::{Captured, CapturedOutput, Streams};
use crate::value::{self, Arguments};
use crate::{Builder, ScriptError, guard, patches, program, site, version};

/// What a converted result is called in messages: `result.users[3].age: expected...`.
pub(crate) const RESULT: &str = "result";

/// A Python interpreter with the standard library and Tauraro's modules.
///
/// Scripts share the namespace of `__main__`: what one call defines, the next can use. Several
/// runtimes live side by side in one process and share no Python object.
pub struct Runtime {
    interpreter: Interpreter,
    interrupter: Interrupter,
    captured: CapturedOutput,
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime").finish_non_exhaustive()
    }
}

impl Runtime {
    /// Starts configuring a runtime.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Starts an interpreter.
    ///
    /// # Errors
    /// What Python raised meanwhile.
    pub(crate) fn start(
        builder: InterpreterBuilder,
        streams: Streams,
        interrupter: Interrupter,
        invalid: Option<InvalidVariable>,
    ) -> Result<Self, ScriptError> {
        let runtime = Self { interpreter: builder.build(), interrupter, captured: streams.captured() };
        let prepare = |vm: &VirtualMachine| {
            if let Some(invalid) = invalid {
                return Err(vm.new_value_error(invalid.to_string()));
            }
            streams.install(vm)?;
            version::install(vm)?;
            site::install(vm)?;
            program::prepare(vm)?;
            guard::complete(vm)?;
            patches::install(vm)?;
            runtime.interrupter.complete(vm)
        };
        // Not a call of the host: it has no time limit.
        let prepared = runtime.enter(|vm| prepare(vm).map_err(|exception| ScriptError::new(vm, &exception)));
        prepared.map(|()| runtime)
    }

    /// Runs a script: a source or bytecode file, a folder or zip file with a `__main__.py`.
    ///
    /// Unless [`Builder::safe_path`] forbids it, the script's folder becomes the first of `sys.path`.
    ///
    /// # Errors
    /// What the script raised; `FileNotFoundError` and its like if it cannot be read.
    pub fn run_file(&self, path: impl AsRef<Path>) -> Result<(), ScriptError> {
        let path = path.as_ref().to_string_lossy();
        self.run(|vm| program::run_file(vm, &path))
    }

    /// Runs statements; `name` stands for a file name in tracebacks.
    ///
    /// # Errors
    /// What the statements raised, `SyntaxError` included.
    pub fn run_string(&self, source: &str, name: &str) -> Result<(), ScriptError> {
        self.run(|vm| program::run_source(vm, source, name))
    }

    /// Runs a module as `python -m` does.
    ///
    /// # Errors
    /// What the module raised; `SystemExit` with a message if it does not exist.
    pub fn run_module(&self, name: &str) -> Result<(), ScriptError> {
        self.run(|vm| program::run_module(vm, name))
    }

    /// The value of an expression as a Rust type: `runtime.eval::<f64>("1 / 3")`.
    ///
    /// # Errors
    /// What the expression raised; `TypeError`, `ValueError` or `OverflowError` if `T` cannot hold the
    /// value, naming the part of it.
    pub fn eval<T: DeserializeOwned>(&self, expression: &str) -> Result<T, ScriptError> {
        self.run(|vm| value::to_rust(vm, program::eval(vm, expression)?, RESULT))
    }

    /// Calls a function: `runtime.call::<f64>("math.hypot", (3.0, 4.0))`.
    ///
    /// `name` is a global name of the scripts, a built-in name, or a dotted path that starts at such a name or at a
    /// module, which is imported. `arguments` is a tuple, an array or a `Vec`, `()` for none, or
    /// [`Keywords`](crate::Keywords).
    ///
    /// # Errors
    /// What the function raised; `NameError`, `ModuleNotFoundError` or `AttributeError` if it does not exist;
    /// `TypeError`, `ValueError` or `OverflowError` for values that cannot be converted.
    pub fn call<T: DeserializeOwned>(&self, name: &str, arguments: impl Arguments) -> Result<T, ScriptError> {
        self.run(|vm| {
            let function = program::resolve(vm, name)?;
            let arguments = arguments.to_python(vm)?;
            value::to_rust(vm, function.call(arguments, vm)?, RESULT)
        })
    }

    /// Sets a global variable of `__main__`.
    ///
    /// # Errors
    /// `TypeError`, `ValueError` or `OverflowError` if the value cannot be converted.
    pub fn set_global(&self, name: &str, value: &(impl Serialize + ?Sized)) -> Result<(), ScriptError> {
        self.run(|vm| {
            let value = value::to_python(vm, value, name)?;
            vm.main_namespace()?.set_item(name, value, vm)
        })
    }

    /// The value of a global variable of `__main__`.
    ///
    /// # Errors
    /// `NameError` if it does not exist; `TypeError`, `ValueError` or `OverflowError` if `T` cannot hold the
    /// value.
    pub fn get_global<T: DeserializeOwned>(&self, name: &str) -> Result<T, ScriptError> {
        self.run(|vm| value::to_rust(vm, program::global(vm, name)?, name))
    }

    /// What was printed to a captured `sys.stdout` ([`Output::capture`](crate::Output::capture)) and not taken
    /// before; empty if it is not captured. Threads of scripts may be in the middle of a line.
    pub fn take_stdout(&self) -> Vec<u8> {
        self.captured.stdout.as_ref().map(Captured::take).unwrap_or_default()
    }

    /// As [`take_stdout`](Self::take_stdout), for `sys.stderr`.
    pub fn take_stderr(&self) -> Vec<u8> {
        self.captured.stderr.as_ref().map(Captured::take).unwrap_or_default()
    }

    /// Gives access to the interpreter, for what the other methods do not cover.
    pub fn enter<R>(&self, work: impl FnOnce(&VirtualMachine) -> R) -> R {
        self.interpreter.enter(work)
    }

    pub(crate) fn interrupter(&self) -> &Interrupter {
        &self.interrupter
    }

    /// A handle that interrupts this runtime's scripts from another thread.
    pub fn interrupt_handle(&self) -> InterruptHandle {
        self.interrupter.handle()
    }

    /// Ends the runtime as a process ends: joins threads, runs `atexit` functions and flushes.
    ///
    /// Each step may take as long as a call ([`Builder::time_limit`]). Returns the exit status: 0; 120 if
    /// `sys.stdout` could not be flushed; 1 if a step took too long, or a thread could not be interrupted.
    pub fn finish(self) -> u32 {
        self.interrupter.finish(self.interpreter)
    }

    /// The one way into the interpreter for the calls of a host.
    pub(crate) fn run<R>(&self, work: impl FnOnce(&VirtualMachine) -> PyResult<R>) -> Result<R, ScriptError> {
        let called = || self.enter(|vm| self.interrupter.call(vm, || work(vm)));
        // A defect of the interpreter that a script triggers must not end the host.
        panic::catch_unwind(AssertUnwindSafe(called)).unwrap_or_else(|panic| Err(ScriptError::crash(&*panic)))
    }
}
