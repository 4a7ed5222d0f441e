//! Permissions where Python meets the system: every native function that reaches out asks first.
//!
//! The interpreter has no hooks for this, so its native modules are registered under definitions of
//! ours, whose functions ask the checker of the calling interpreter and then call the original. Methods
//! of native classes are replaced in the classes themselves: neither subclasses nor `super()` find
//! anything older. What was replaced is held by Rust alone, so no trick of a script leads to it; and a
//! module imported anew is made from the same definitions.
//!
//! | file | what it is |
//! |---|---|
//! | `plan` | which functions of which modules ask for what |
//! | `install` | putting them in place |
//! | `arguments` | reading and fixing the arguments of a call |
//! | `environment` | the variables of a runtime that does not share the process's |
//! | `files`, `sockets`, `processes`, `sources` | the questions that take more than a table |
//!
//! A process none of whose runtimes is restricted or audited or has its own environment has none of this.

mod arguments;
mod environment;
mod files;
mod install;
mod plan;
mod processes;
mod sockets;
mod sources;

use std::path::Path;
use std::sync::Arc;

use rustpython_vm::function::{Callee, FuncArgs, PyNativeFn};
use rustpython_vm::{PyResult, VirtualMachine};
use tauraro_bridge::denied;
use tauraro_permissions::{Denial, PermissionChecker};

pub(crate) use install::{complete, install};
pub(crate) use sources::print_exception;

/// A function that was replaced, with the name that messages give it.
struct Original {
    function: &'static dyn PyNativeFn,
    /// The module's or class's name and the function's own.
    name: &'static str,
    callee: Callee,
}

impl Original {
    fn call(self, vm: &VirtualMachine, args: FuncArgs) -> PyResult {
        (self.function)(vm, args, self.callee)
    }
}

/// A call to be judged.
struct Call<'a> {
    vm: &'a VirtualMachine,
    checker: &'a Arc<PermissionChecker>,
    args: FuncArgs,
    original: Original,
}

impl Call<'_> {
    /// Goes on to the original.
    fn proceed(self) -> PyResult {
        self.original.call(self.vm, self.args)
    }

    /// Goes on if the checker says so.
    fn proceed_if(self, verdict: Result<(), Denial>) -> PyResult {
        self.check(verdict)?;
        self.proceed()
    }

    fn check(&self, verdict: Result<(), Denial>) -> PyResult<()> {
        verdict.map_err(|denial| denied(self.vm, &denial))
    }
}

/// Judges a call, and makes it.
type Judge = fn(Call<'_>) -> PyResult;

/// Lets modules be imported from a path, or the file there be read.
pub(crate) fn add_import_path(vm: &VirtualMachine, path: impl AsRef<Path>) {
    if let Some(checker) = tauraro_bridge::checker(vm) {
        checker.add_import_path(path.as_ref());
    }
}
