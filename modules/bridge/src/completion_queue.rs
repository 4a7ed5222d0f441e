//! Where tasks of the shared runtime put what they produced for an event loop.
//!
//! A worker only pushes plain Rust data and, when the loop sleeps, writes to one descriptor: it needs
//! no interpreter, and a batch of results costs one wake-up.

use std::any::Any;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Mutex, PoisonError};

use crate::wake_fd::WakeFd;

/// Identifies one awaited operation of a [`LoopBridge`](crate::LoopBridge). Never used twice, so a result that
/// comes after its operation was abandoned is dropped.
pub type OperationId = u64;

/// What an operation produced; nothing, when its task ended without a result.
pub type Output = Option<Box<dyn Any + Send>>;

/// The part of an event loop that other threads see.
#[derive(Debug)]
pub struct CompletionQueue {
    arrived: Mutex<Vec<(OperationId, Output)>>,
    /// Something waits for the loop: a result here, or a callback in its own queue.
    filled: AtomicBool,
    /// The loop sleeps, or is about to.
    parked: AtomicBool,
    wake_up: WakeFd,
}

impl CompletionQueue {
    /// An empty queue with a descriptor of its own.
    ///
    /// # Errors
    /// When the process has no descriptor left.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            arrived: Mutex::default(),
            filled: false.into(),
            parked: false.into(),
            wake_up: WakeFd::new()?,
        })
    }

    /// Readable while somebody asked a sleeping loop to wake up.
    pub fn raw_fd(&self) -> RawFd {
        self.wake_up.as_raw_fd()
    }

    /// Hands over the result of `operation`. From any thread.
    pub fn push(&self, operation: OperationId, output: Output) {
        self.arrived.lock().unwrap_or_else(PoisonError::into_inner).push((operation, output));
        self.notify();
    }

    /// Makes the loop look for work before it sleeps again. From any thread.
    pub fn notify(&self) {
        self.filled.store(true, SeqCst);
        // The thread that clears `parked` writes; the others know that a wake-up is under way.
        if self.parked.swap(false, SeqCst) {
            self.wake_up.signal();
        }
    }

    /// Announces that the loop will sleep. False when there is work: then it must not.
    ///
    /// A `notify` either sees `parked` and writes the descriptor, or was before it and is seen here.
    pub fn park(&self) -> bool {
        self.parked.store(true, SeqCst);
        !self.filled.load(SeqCst)
    }

    /// The loop is awake.
    pub fn unpark(&self) {
        self.parked.store(false, SeqCst);
    }

    /// Takes the wake-ups that were written to the descriptor.
    pub fn clear_signal(&self) {
        self.wake_up.clear();
    }

    /// Everything that arrived since the last call.
    pub fn take(&self) -> Vec<(OperationId, Output)> {
        if !self.filled.swap(false, SeqCst) {
            return Vec::new();
        }
        std::mem::take(&mut *self.arrived.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;

    #[test]
    fn a_parked_loop_is_signalled_once_a_batch() {
        let queue = CompletionQueue::new().unwrap();
        assert!(queue.park());
        queue.push(1, Some(Box::new(1)));
        queue.push(2, Some(Box::new(2)));
        assert!(!queue.park(), "there is work");
        queue.unpark();
        let operations: Vec<_> = queue.take().into_iter().map(|(operation, _)| operation).collect();
        assert_eq!(operations, [1, 2]);
        assert!(queue.take().is_empty());
        assert!(queue.park());
    }

    #[test]
    fn nothing_is_lost_between_threads() {
        const EACH: u64 = 2000;
        let queue = Arc::new(CompletionQueue::new().unwrap());
        let workers: Vec<_> = (0..8_u64)
            .map(|worker| {
                let queue = Arc::clone(&queue);
                thread::spawn(move || {
                    for n in 0..EACH {
                        queue.push(worker * EACH + n, None);
                    }
                })
            })
            .collect();
        let mut seen = Vec::new();
        while seen.len() < 8 * usize::try_from(EACH).unwrap() {
            if queue.park() {
                queue.wake_up.wait();
            }
            queue.unpark();
            queue.clear_signal();
            seen.extend(queue.take().into_iter().map(|(operation, _)| operation));
        }
        for worker in workers {
            worker.join().unwrap();
        }
        seen.sort_unstable();
        assert!(seen.into_iter().eq(0..8 * EACH));
    }
}
