//! How waits learn that the thread they hold up is to stop what it does.
//!
//! Signals reach an interpreter's main thread only, and one flag of the process tells of them. Whoever runs
//! scripts under a time limit says here what a wait of the calling thread has to ask besides.

use std::cell::RefCell;
use std::sync::Arc;

use rustpython_vm::{PyResult, VirtualMachine};

/// What can end the waits of a thread.
pub trait Interrupt: Send + Sync {
    /// Whether to go on.
    ///
    /// # Errors
    /// The exception that ends the wait.
    fn check(&self, vm: &VirtualMachine) -> PyResult<()>;
}

thread_local! {
    static CURRENT: RefCell<Option<Arc<dyn Interrupt>>> = const { RefCell::new(None) };
}

/// While it lives, waits of this thread ask an [`Interrupt`].
#[must_use]
pub struct Interruptible {
    previous: Option<Arc<dyn Interrupt>>,
}

impl Interruptible {
    /// Waits ask `interrupt` from now on.
    pub fn enter(interrupt: Arc<dyn Interrupt>) -> Self {
        Self { previous: CURRENT.with_borrow_mut(|current| current.replace(interrupt)) }
    }
}

impl Drop for Interruptible {
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

/// What a wait asks every few milliseconds: runs signal handlers, and asks the thread's [`Interrupt`].
///
/// # Errors
/// What a signal handler raised, or the exception that ends the wait.
pub fn check_interrupts(vm: &VirtualMachine) -> PyResult<()> {
    vm.check_signals()?;
    let current = CURRENT.with_borrow(Option::clone);
    current.map_or(Ok(()), |interrupt| interrupt.check(vm))
}
