//! Signals, which belong to the process.

use rustpython_vm::PyResult;

use super::replace::Call;
use super::{current, wake};

/// `signal()`: only where the host lets scripts handle signals. Elsewhere a handler would be the whole
/// process's; and while one runs, nothing else interrupts its thread.
pub(super) fn signal(call: Call<'_>) -> PyResult {
    match current() {
        Some((shared, _)) if !shared.handles_signals => Err(call
            .vm
            .new_value_error("signals are the host's: scripts of this runtime have no handlers for them")),
        _ => call.proceed(),
    }
}

/// `pthread_sigmask()`, which cannot block the signal that ends system calls.
pub(super) fn pthread_sigmask(call: Call<'_>) -> PyResult {
    let result = call.proceed();
    if current().is_some() {
        wake::unblock();
    }
    result
}
