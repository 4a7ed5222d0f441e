//! Which permission checker belongs to an interpreter, and how a denial reaches Python.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::vm::PyGlobalState;
use rustpython_vm::{AsObject, PyObjectRef, PyResult, VirtualMachine};
use tauraro_permissions::Policy;
use tauraro_permissions::{Denial, PermissionChecker};

struct Entry {
    checker: Arc<PermissionChecker>,
    /// Missing until the interpreter is complete.
    state: Option<Weak<PyGlobalState>>,
}

/// The checkers by the number of the interpreter, which no other one of the process ever has. Objects of
/// the interpreter itself would be in reach of scripts.
static CHECKERS: RwLock<Option<HashMap<i64, Entry>>> = RwLock::new(None);

/// Whether there is any checker: most processes have none.
static ANY: AtomicBool = AtomicBool::new(false);

/// Sets the checker of an interpreter that is being made. It stays for as long as the interpreter has a
/// thread, and applies to the threads that the interpreter starts.
pub fn set_checker(vm: &VirtualMachine, checker: Arc<PermissionChecker>) {
    let mut checkers = CHECKERS.write().unwrap_or_else(PoisonError::into_inner);
    let checkers = checkers.get_or_insert_default();
    checkers.retain(|_, entry| entry.state.as_ref().is_none_or(|state| state.strong_count() > 0));
    checkers.insert(vm.state.runtime_root_id, Entry { checker, state: None });
    ANY.store(true, Ordering::Release);
}

/// Marks an interpreter as complete, so that its checker is dropped with it.
pub fn keep_checker(vm: &VirtualMachine) {
    let mut checkers = CHECKERS.write().unwrap_or_else(PoisonError::into_inner);
    if let Some(entry) = checkers.as_mut().and_then(|checkers| checkers.get_mut(&vm.state.runtime_root_id)) {
        entry.state = Some(Arc::downgrade(&vm.state));
    }
}

/// The checker of the interpreter, if anything it does is restricted or logged.
pub fn checker(vm: &VirtualMachine) -> Option<Arc<PermissionChecker>> {
    if !ANY.load(Ordering::Acquire) {
        return None;
    }
    let checkers = CHECKERS.read().unwrap_or_else(PoisonError::into_inner);
    checkers.as_ref()?.get(&vm.state.runtime_root_id).map(|entry| Arc::clone(&entry.checker))
}

/// What the engine may connect to on behalf of the interpreter.
pub fn policy(vm: &VirtualMachine) -> Arc<Policy> {
    Arc::new(checker(vm).map_or_else(Policy::allow_all, |checker| checker.policy()))
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

/// Asks the checker of the interpreter, if it has one.
///
/// # Errors
/// `PermissionError`, as the checker says.
pub fn ask(
    vm: &VirtualMachine,
    question: impl FnOnce(&PermissionChecker) -> Result<(), Denial>,
) -> PyResult<()> {
    match checker(vm) {
        Some(checker) => question(&checker).map_err(|denial| denied(vm, &denial)),
        None => Ok(()),
    }
}
