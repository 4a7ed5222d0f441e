//! Permissions where Python meets the system: every native function that reaches outside is checked first.
//!
//! The functions are replaced (see [`interpose`](crate::interpose)) by ones that ask the checker of the calling
//! interpreter and then call the original.
//!
//! | file | what it is |
//! |---|---|
//! | `policy` | which functions of which modules need which check |
//! | `layer` | the replacements made of that |
//! | `arguments` | reading and fixing the arguments of a call |
//! | `environment` | the variables of a runtime that does not share the process's |
//! | `files`, `certificates`, `databases`, `sockets`, `processes`, `sources` | the checks |
//!
//! A process none of whose runtimes is restricted, audited or has its own environment has none of this.

mod arguments;
mod certificates;
mod databases;
mod environment;
mod files;
mod layer;
mod policy;
mod processes;
mod sockets;
mod sources;

use std::path::Path;
use std::sync::Arc;

use rustpython_vm::function::{Callee, FuncArgs};
use rustpython_vm::{PyResult, VirtualMachine};
use tauraro_bridge::denied;
use tauraro_permissions::{Denial, PermissionChecker};

use crate::interpose::Original;

pub(crate) use layer::{LAYER, complete};
pub(crate) use sources::print_exception;

/// A call to be checked.
struct Call<'a> {
    vm: &'a VirtualMachine,
    checker: &'a Arc<PermissionChecker>,
    args: FuncArgs,
    original: Original,
    callee: Callee,
}

impl Call<'_> {
    /// Calls the original.
    fn proceed(self) -> PyResult {
        self.original.call_as(self.vm, self.args, self.callee)
    }

    /// Calls the original if the checker allows it.
    fn proceed_if(self, verdict: Result<(), Denial>) -> PyResult {
        self.check(verdict)?;
        self.proceed()
    }

    fn check(&self, verdict: Result<(), Denial>) -> PyResult<()> {
        verdict.map_err(|denial| denied(self.vm, &denial))
    }
}

/// Checks a call, and makes it.
type Check = fn(Call<'_>) -> PyResult;

/// Allows modules to be imported from a path, or the file there to be read.
pub(crate) fn add_import_path(vm: &VirtualMachine, path: impl AsRef<Path>) {
    if let Some(checker) = tauraro_bridge::checker(vm) {
        checker.add_import_path(path.as_ref());
    }
}
