//! Exchanges that wait for the pool.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use super::{Lease, Need};
use crate::http::client::progress::Progress;

/// What comes of asking.
pub(super) enum Waiting {
    Served(Lease),
    Queued(Arc<Waiter>, oneshot::Receiver<Lease>),
}

/// An exchange that waits: for something of its origin, for a slot, or for whichever comes first. It
/// may stand in two queues, and stays in the other one when it has been served.
#[derive(Debug)]
pub(super) struct Waiter {
    pub(super) need: Need,
    pub(super) progress: Arc<Progress>,
    sender: Mutex<Option<oneshot::Sender<Lease>>>,
    /// Whether it stands in the queue for slots.
    pub(super) wants_slot: AtomicBool,
}

impl Waiter {
    pub(super) fn new(need: Need, progress: &Arc<Progress>) -> (Arc<Self>, oneshot::Receiver<Lease>) {
        let (sender, receiver) = oneshot::channel();
        let waiter = Self {
            need,
            progress: Arc::clone(progress),
            sender: Mutex::new(Some(sender)),
            wants_slot: AtomicBool::new(false),
        };
        (Arc::new(waiter), receiver)
    }

    /// The way to tell it, once.
    pub(super) fn take(&self) -> Option<oneshot::Sender<Lease>> {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn is_waiting(&self) -> bool {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        sender.as_ref().is_some_and(|sender| !sender.is_closed())
    }
}

/// Waiting exchanges, first come first served.
#[derive(Debug, Default)]
pub(super) struct WaitQueue {
    waiters: VecDeque<Arc<Waiter>>,
    /// At which length those who do not wait any more are removed.
    sweep_at: usize,
}

impl WaitQueue {
    const MIN_SWEEP: usize = 64;

    pub(super) fn push(&mut self, waiter: &Arc<Waiter>) {
        if self.waiters.len() >= self.sweep_at.max(Self::MIN_SWEEP) {
            self.waiters.retain(|waiter| waiter.is_waiting());
            self.sweep_at = 2 * self.waiters.len();
        }
        self.waiters.push_back(Arc::clone(waiter));
    }

    /// The next one that still waits.
    pub(super) fn front(&mut self) -> Option<Arc<Waiter>> {
        while let Some(waiter) = self.waiters.front() {
            if waiter.is_waiting() {
                return Some(Arc::clone(waiter));
            }
            self.waiters.pop_front();
        }
        None
    }

    /// The same, leaving the queue for slots.
    pub(super) fn pop_for_slot(&mut self) -> Option<Arc<Waiter>> {
        let waiter = self.front()?;
        self.waiters.pop_front();
        waiter.wants_slot.store(false, Relaxed);
        Some(waiter)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Waiter>> {
        self.waiters.iter().filter(|waiter| waiter.is_waiting())
    }

    pub(super) fn is_empty(&mut self) -> bool {
        self.front().is_none()
    }
}
