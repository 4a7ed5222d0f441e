//! How waits find out that their thread is to be interrupted.
//!
//! Signals reach an interpreter's main thread only, through one flag of the process. Code that runs scripts under a
//! time limit registers here what waits of the calling thread check as well.

use std::cell::RefCell;
use std::sync::Arc;

use rustpython_vm::{PyResult, VirtualMachine};

/// What can end the waits of a thread.
pub trait InterruptSource: Send + Sync {
    /// Checks whether the wait may continue.
    ///
    /// # Errors
    /// The exception that ends the wait.
    fn check(&self, vm: &VirtualMachine) -> PyResult<()>;
}

thread_local! {
    static CURRENT: RefCell<Option<Arc<dyn InterruptSource>>> = const { RefCell::new(None) };
}

/// While it lives, waits of this thread check an [`InterruptSource`].
#[must_use]
pub struct InterruptGuard {
    previous: Option<Arc<dyn InterruptSource>>,
}

impl InterruptGuard {
    /// Waits check `interrupt` from now on.
    pub fn enter(interrupt: Arc<dyn InterruptSource>) -> Self {
        Self { previous: CURRENT.with_borrow_mut(|current| current.replace(interrupt)) }
    }
}

impl Drop for InterruptGuard {
    fn drop(&mut self) {
        let previous = self.previous.take();
        // Not during the thread's own destruction, when there is nothing left to restore.
        let _ = CURRENT.try_with(|current| current.replace(previous));
    }
}

/// Whether anything can end the waits of this thread.
pub fn is_interruptible() -> bool {
    CURRENT.with_borrow(Option::is_some)
}

/// What a wait does every few milliseconds: runs signal handlers, and checks the thread's [`InterruptSource`].
///
/// # Errors
/// What a signal handler raised, or the exception that ends the wait.
pub fn check_interrupts(vm: &VirtualMachine) -> PyResult<()> {
    vm.check_signals()?;
    let current = CURRENT.with_borrow(Option::clone);
    current.map_or(Ok(()), |interrupt| interrupt.check(vm))
}
