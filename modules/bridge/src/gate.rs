//! Which gate belongs to an interpreter, and how a refusal reaches Python.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::vm::PyGlobalState;
use rustpython_vm::{AsObject, PyObjectRef, PyResult, VirtualMachine};
use tauraro_engine::permissions::{Denial, Gate};
use tauraro_engine::policy::Policy;

struct Entry {
    gate: Arc<Gate>,
    /// Missing until the interpreter is complete.
    state: Option<Weak<PyGlobalState>>,
}

/// The gates by the number of the interpreter, which no other one of the process ever has. Objects of
/// the interpreter itself would be in reach of scripts.
static GATES: RwLock<Option<HashMap<i64, Entry>>> = RwLock::new(None);

/// Whether there is any gate: most processes have none.
static ANY: AtomicBool = AtomicBool::new(false);

/// Sets the gate of an interpreter that is being made. It stays for as long as the interpreter has a
/// thread, and holds for those that the interpreter makes in turn.
pub fn set_gate(vm: &VirtualMachine, gate: Arc<Gate>) {
    let mut gates = GATES.write().unwrap_or_else(PoisonError::into_inner);
    let gates = gates.get_or_insert_default();
    gates.retain(|_, entry| entry.state.as_ref().is_none_or(|state| state.strong_count() > 0));
    gates.insert(vm.state.runtime_root_id, Entry { gate, state: None });
    ANY.store(true, Ordering::Release);
}

/// Says that an interpreter is complete, so that its gate can go when it goes.
pub fn keep_gate(vm: &VirtualMachine) {
    let mut gates = GATES.write().unwrap_or_else(PoisonError::into_inner);
    if let Some(entry) = gates.as_mut().and_then(|gates| gates.get_mut(&vm.state.runtime_root_id)) {
        entry.state = Some(Arc::downgrade(&vm.state));
    }
}

/// The gate of the interpreter, if anything it does is restricted or logged.
pub fn gate(vm: &VirtualMachine) -> Option<Arc<Gate>> {
    if !ANY.load(Ordering::Acquire) {
        return None;
    }
    let gates = GATES.read().unwrap_or_else(PoisonError::into_inner);
    gates.as_ref()?.get(&vm.state.runtime_root_id).map(|entry| Arc::clone(&entry.gate))
}

/// What the engine may connect to on behalf of the interpreter.
pub fn policy(vm: &VirtualMachine) -> Arc<Policy> {
    Arc::new(gate(vm).map_or_else(Policy::allow_all, |gate| gate.policy()))
}

/// Makes a refusal an exception. It has a number, because what wraps an `OSError` into another one (an
/// asyncio server, say) goes by that.
pub fn denied(vm: &VirtualMachine, denial: &Denial) -> PyBaseExceptionRef {
    let class = vm.ctx.exceptions.permission_error.to_owned();
    let made = class.as_object().call((libc::EACCES, denial.to_string()), vm);
    match made.map(PyObjectRef::downcast) {
        Ok(Ok(exception)) | Err(exception) => exception,
        Ok(Err(_)) => vm.new_os_error(denial.to_string()),
    }
}

/// Asks the gate of the interpreter, if it has one.
///
/// # Errors
/// `PermissionError`, as the gate says.
pub fn ask(vm: &VirtualMachine, question: impl FnOnce(&Gate) -> Result<(), Denial>) -> PyResult<()> {
    match gate(vm) {
        Some(gate) => question(&gate).map_err(|denial| denied(vm, &denial)),
        None => Ok(()),
    }
}
