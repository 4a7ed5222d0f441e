//! What to do about an exception that nobody caught, where its message alone does not tell.

mod modules;
mod network;

use rustpython_vm::VirtualMachine;
use rustpython_vm::builtins::PyBaseExceptionRef;

use super::report;

/// A hint for an exception, if this is its kind.
type Hint = fn(&VirtualMachine, &PyBaseExceptionRef) -> Option<String>;

/// Every kind of hint; the first that fits is given.
const HINTS: &[Hint] =
    &[modules::missing, network::unreachable_proxy, network::untrusted_certificate, network::refused];

/// The hint for an exception, or for one that led to it.
pub(super) fn of(vm: &VirtualMachine, exception: &PyBaseExceptionRef) -> Option<String> {
    report::chain(vm, exception).into_iter().find_map(|link| HINTS.iter().find_map(|hint| hint(vm, &link)))
}
