//! One interpreter, ready to run scripts.

use std::path::Path;

use rustpython_vm::{Interpreter, InterpreterBuilder, PyResult, TryFromObject, VirtualMachine};

use crate::stop::{Stopper, Stops};
use crate::{Builder, ScriptError, guard, program, site, version};

/// A Python interpreter with the standard library and Tauraro's modules.
///
/// Scripts share the namespace of `__main__`: what one call defines, the next can use. Several
/// runtimes live side by side in one process and share no Python object.
pub struct Runtime {
    interpreter: Interpreter,
    stops: Stops,
}

impl Runtime {
    /// Starts choosing what the runtime has.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn start(builder: InterpreterBuilder, stops: Stops) -> Self {
        let runtime = Self { interpreter: builder.build(), stops };
        runtime.enter(|vm| {
            let prepared = version::install(vm)
                .and_then(|()| site::install(vm))
                .and_then(|()| program::prepare(vm))
                .and_then(|()| guard::complete(vm))
                .and_then(|()| runtime.stops.complete(vm));
            if let Err(exception) = prepared {
                vm.print_exception(&exception);
            }
        });
        runtime
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
    /// What the module raised; `SystemExit` with a message if there is no such module.
    pub fn run_module(&self, name: &str) -> Result<(), ScriptError> {
        self.run(|vm| program::run_module(vm, name))
    }

    /// The value of an expression, converted to a Rust type: `runtime.eval::<f64>("1 / 3")`.
    ///
    /// # Errors
    /// What the expression raised; `TypeError` or `OverflowError` if `T` cannot hold the value.
    pub fn eval<T: TryFromObject>(&self, expression: &str) -> Result<T, ScriptError> {
        self.run(|vm| program::eval(vm, expression).and_then(|value| T::try_from_object(vm, value)))
    }

    /// Gives access to the interpreter below, for what the other methods do not cover.
    pub fn enter<R>(&self, work: impl FnOnce(&VirtualMachine) -> R) -> R {
        self.interpreter.enter(work)
    }

    /// What stops this runtime's scripts from another thread.
    pub fn stopper(&self) -> Stopper {
        self.stops.stopper()
    }

    /// Ends the runtime as a process ends: joins threads, runs `atexit` functions and flushes.
    ///
    /// Each may take as long as a call ([`Builder::time_limit`]). Returns the exit status: 0; 120 if
    /// `sys.stdout` could not be flushed; 1 if something took too long, or a thread did not end when told.
    pub fn finish(self) -> u32 {
        self.stops.finish(self.interpreter)
    }

    fn run<R>(&self, work: impl FnOnce(&VirtualMachine) -> PyResult<R>) -> Result<R, ScriptError> {
        self.enter(|vm| self.stops.call(vm, || work(vm)))
    }
}
