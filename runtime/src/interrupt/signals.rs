//! Signals, which belong to the process.

use rustpython_vm::PyResult;

use super::{current, wake};
use crate::interpose::Call;

/// `signal()`: only where the host lets scripts handle signals. Otherwise a handler would apply to the whole
/// process; and while a handler runs, nothing else can interrupt its thread.
pub(super) fn signal(call: Call<'_>) -> PyResult {
    match current() {
        Some((shared, _)) if !shared.handles_signals => Err(call
            .vm
            .new_value_error("signals belong to the host: scripts of this runtime cannot handle them")),
        _ => call.proceed(),
    }
}

/// `pthread_sigmask()`, which cannot block the signal that interrupts system calls.
pub(super) fn pthread_sigmask(call: Call<'_>) -> PyResult {
    let result = call.proceed();
    if current().is_some() {
        wake::unblock();
    }
    result
}
