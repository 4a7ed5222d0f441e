//! Hints for uncaught exceptions whose message alone does not say what to do.

mod modules;
mod network;

use rustpython_vm::VirtualMachine;
use rustpython_vm::builtins::PyBaseExceptionRef;

use super::report;

/// A hint for an exception, if it is of this kind.
type Hint = fn(&VirtualMachine, &PyBaseExceptionRef) -> Option<String>;

/// Every kind of hint; the first that applies is given.
const HINTS: &[Hint] =
    &[modules::missing, network::unreachable_proxy, network::untrusted_certificate, network::refused];

/// The hint for an exception, or for one of its causes.
pub(super) fn of(vm: &VirtualMachine, exception: &PyBaseExceptionRef) -> Option<String> {
    report::chain(vm, exception).into_iter().find_map(|link| HINTS.iter().find_map(|hint| hint(vm, &link)))
}
