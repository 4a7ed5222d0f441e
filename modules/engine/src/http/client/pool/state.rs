//! What a pool holds, and what an exchange may have of it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::origin::{Connections, Http2Entry};
use super::waiter::{WaitQueue, Waiter, Waiting};
use super::{DialPermit, Http1, Http1Lease, Http2Lease, Lease, Need, Origin, Shared, Slot};
use crate::http::client::progress::{Phase, Progress};

/// What a pool holds.
#[derive(Debug)]
pub(super) struct State {
    /// How many connections more may be in use; `None` is any number.
    pub(super) free_slots: Option<usize>,
    /// Who needs a slot.
    slot_queue: WaitQueue,
    /// Those that have connections, or are waited for.
    pub(super) origins: HashMap<Arc<Origin>, Connections>,
    /// Whether somebody closes idle connections as they expire.
    pub(super) is_reaping: bool,
    /// Whether the transport is gone.
    pub(super) is_closed: bool,
}

impl State {
    pub(super) fn new(max_connections: Option<usize>) -> Self {
        Self {
            free_slots: max_connections,
            slot_queue: WaitQueue::default(),
            origins: HashMap::new(),
            is_reaping: false,
            is_closed: false,
        }
    }
}

/// What there is for an exchange.
enum Offer {
    Lease(Lease),
    /// Something, as soon as a slot is free.
    NeedsSlot,
    /// Nothing, until something happens to its origin.
    Nothing(Phase),
}

/// A change of the state, and what follows from it.
pub(super) struct Change<'a> {
    pub(super) state: &'a mut State,
    pub(super) shared: &'a Arc<Shared>,
    pub(super) outcome: Consequences,
}

/// What is done after a change, outside of the lock.
#[derive(Default)]
pub(super) struct Consequences {
    granted: Vec<(oneshot::Sender<Lease>, Lease)>,
    returned: Vec<Lease>,
    pub(super) returning: Vec<(Arc<Shared>, Arc<Origin>, Http1)>,
    pub(super) dropped_http1: Vec<Http1>,
    pub(super) dropped_http2: Vec<Http2Entry>,
    pub(super) reaper: Option<Arc<Shared>>,
}

impl Consequences {
    pub(super) fn deliver(self) {
        let Self { granted, returned, returning, dropped_http1, dropped_http2, reaper } = self;
        for (sender, lease) in granted {
            // Whoever has stopped waiting just now gives it back.
            drop(sender.send(lease));
        }
        drop((returned, dropped_http1, dropped_http2));
        for (shared, origin, connection) in returning {
            shared.await_return(origin, connection);
        }
        if let Some(shared) = reaper {
            shared.reap();
        }
    }
}

impl<'a> Change<'a> {
    pub(super) fn new(state: &'a mut State, shared: &'a Arc<Shared>) -> Self {
        Self { state, shared, outcome: Consequences::default() }
    }

    pub(super) fn finish(self) -> Consequences {
        self.outcome
    }

    /// What an exchange needs, or a place in the queues.
    pub(super) fn take_or_wait(&mut self, need: Need, progress: &Arc<Progress>) -> Waiting {
        let (offer, origin) = match &need {
            Need::Slot => (self.offer_slot(), None),
            Need::Idle { origin, any } => {
                let origin = Arc::clone(origin);
                let offer = self.offer_idle(&origin, *any);
                return self.wait_as_dialer(offer, need, &origin, progress);
            }
            Need::Connection { origin, any } => {
                let shared = self.shared;
                self.state
                    .origins
                    .entry(Arc::clone(origin))
                    .or_insert_with(|| Connections::new(shared, origin));
                (self.offer(origin, *any), Some(Arc::clone(origin)))
            }
        };
        let phase = match offer {
            Offer::Lease(lease) => return Waiting::Served(lease),
            Offer::NeedsSlot => None,
            Offer::Nothing(phase) => Some(phase),
        };
        let (waiter, receiver) = Waiter::new(need, progress);
        let phase_now = phase.unwrap_or(Phase::Pool);
        if let Some(connections) = origin.and_then(|origin| self.state.origins.get_mut(&origin)) {
            if connections.waiters.is_empty() {
                connections.waiting_for = Some(phase_now);
            }
            connections.waiters.push(&waiter);
        }
        progress.wait_for(phase_now);
        if phase.is_none() {
            self.queue_for_slot(&waiter);
        }
        Waiting::Queued(waiter, receiver)
    }

    fn wait_as_dialer(
        &mut self,
        offer: Option<Lease>,
        need: Need,
        origin: &Arc<Origin>,
        progress: &Arc<Progress>,
    ) -> Waiting {
        if let Some(lease) = offer {
            return Waiting::Served(lease);
        }
        let (waiter, receiver) = Waiter::new(need, progress);
        if let Some(connections) = self.state.origins.get_mut(origin) {
            connections.dialers.push(&waiter);
        }
        Waiting::Queued(waiter, receiver)
    }

    fn queue_for_slot(&mut self, waiter: &Arc<Waiter>) {
        if !waiter.wants_slot.swap(true, Relaxed) {
            self.state.slot_queue.push(waiter);
        }
    }

    fn offer_slot(&mut self) -> Offer {
        if self.take_slot() { Offer::Lease(Lease::Slot(Slot::new(self.shared))) } else { Offer::NeedsSlot }
    }

    fn take_slot(&mut self) -> bool {
        match &mut self.state.free_slots {
            None => true,
            Some(0) => false,
            Some(free) => {
                *free -= 1;
                true
            }
        }
    }

    /// The best that there is for an exchange with `origin`, which it has then.
    fn offer(&mut self, origin: &Arc<Origin>, any: bool) -> Offer {
        let shared = self.shared;
        let dropped = &mut self.outcome.dropped_http1;
        let Some(connections) = self.state.origins.get_mut(origin) else {
            return Offer::Nothing(Phase::Pool);
        };
        let active = connections.http2.iter_mut().find(|entry| entry.has_room() && entry.has_slot);
        if let Some(entry) = active {
            entry.open += 1;
            return Offer::Lease(lease_of(shared, origin, entry));
        }
        // Everything else takes a slot.
        let now = Instant::now();
        let is_over = |since| shared.expiry(since).is_some_and(|expiry| expiry <= now);
        let expired = connections.http2.extract_if(.., |entry| entry.open == 0 && is_over(entry.idle_since));
        self.outcome.dropped_http2.extend(expired);
        let has_http2 = connections.http2.iter().any(Http2Entry::has_room);
        let idle = connections.find_idle(any, is_over, dropped);
        // One that is on its way back is there before another one could be made.
        let waits = any && connections.returning > 0;
        let may_dial = !waits && connections.may_dial(shared.limits.max_http2_connections);
        if !has_http2 && idle.is_none() && !may_dial {
            return Offer::Nothing(if connections.awaits_dial() { Phase::Connect } else { Phase::Pool });
        }
        if !self.take_slot() {
            return Offer::NeedsSlot;
        }
        let Some(connections) = self.state.origins.get_mut(origin) else {
            return Offer::Nothing(Phase::Pool);
        };
        if let Some(entry) = connections.http2.iter_mut().find(|entry| entry.has_room()) {
            entry.open += 1;
            entry.has_slot = true;
            return Offer::Lease(lease_of(shared, origin, entry));
        }
        if let Some(at) = idle {
            connections.http1_in_use += 1;
            let connection = connections.idle.remove(at).connection;
            return Offer::Lease(Lease::Http1(Http1Lease::idle(shared, origin, connection)));
        }
        connections.dialing += 1;
        Offer::Lease(Lease::Dial(DialPermit::new(shared, origin)))
    }

    /// An idle HTTP/1.1 connection, for one who makes a connection.
    fn offer_idle(&mut self, origin: &Arc<Origin>, any: bool) -> Option<Lease> {
        let (shared, now) = (self.shared, Instant::now());
        let is_over = |since| shared.expiry(since).is_some_and(|expiry| expiry <= now);
        let connections = self.state.origins.get_mut(origin)?;
        connections.find_idle(any, is_over, &mut self.outcome.dropped_http1)?;
        if !self.take_slot() {
            return None;
        }
        let connections = self.state.origins.get_mut(origin)?;
        let at = connections.find_idle(any, is_over, &mut self.outcome.dropped_http1)?;
        connections.http1_in_use += 1;
        let connection = connections.idle.remove(at).connection;
        Some(Lease::Http1(Http1Lease::idle(shared, origin, connection)))
    }

    /// Gives those who wait for `origin` what there is, and says what the others wait for.
    pub(super) fn serve(&mut self, origin: &Arc<Origin>) {
        self.serve_waiters(origin);
        while let Some(waiter) = self.state.origins.get_mut(origin).and_then(|c| c.dialers.front()) {
            let Need::Idle { any, .. } = waiter.need else { break };
            let Some(lease) = self.offer_idle(origin, any) else { break };
            self.grant(&waiter, lease);
        }
        self.forget_unused(origin);
    }

    fn serve_waiters(&mut self, origin: &Arc<Origin>) {
        loop {
            let Some(connections) = self.state.origins.get_mut(origin) else { return };
            let Some(waiter) = connections.waiters.front() else { return };
            let Need::Connection { any, .. } = waiter.need else { return };
            match self.offer(origin, any) {
                Offer::Lease(lease) => self.grant(&waiter, lease),
                Offer::NeedsSlot => {
                    self.queue_for_slot(&waiter);
                    return;
                }
                Offer::Nothing(phase) => {
                    let connections = self.state.origins.get_mut(origin);
                    if let Some(connections) = connections.filter(|c| c.waiting_for != Some(phase)) {
                        connections.waiting_for = Some(phase);
                        for waiter in connections.waiters.iter() {
                            waiter.progress.wait_for(phase);
                        }
                    }
                    return;
                }
            }
        }
    }

    fn grant(&mut self, waiter: &Waiter, lease: Lease) {
        match waiter.take() {
            Some(sender) => self.outcome.granted.push((sender, lease)),
            None => self.outcome.returned.push(lease),
        }
    }

    pub(super) fn forget_unused(&mut self, origin: &Arc<Origin>) {
        if self.state.origins.get_mut(origin).is_some_and(Connections::is_unused) {
            self.state.origins.remove(origin);
        }
    }

    /// An exchange does not wait any more.
    pub(super) fn cancel(&mut self, waiter: &Waiter) {
        drop(waiter.take());
        if let Need::Connection { origin, .. } | Need::Idle { origin, .. } = &waiter.need {
            self.forget_unused(origin);
        }
    }

    /// A connection is not in use any more.
    pub(super) fn free_slot(&mut self) {
        if let Some(free) = &mut self.state.free_slots {
            *free += 1;
        }
        while self.state.free_slots != Some(0) {
            let Some(waiter) = self.state.slot_queue.pop_for_slot() else { return };
            let (offer, origin) = match &waiter.need {
                Need::Slot => (self.offer_slot(), None),
                Need::Connection { origin, any } => (self.offer(origin, *any), Some(Arc::clone(origin))),
                // It never stands in this queue.
                Need::Idle { .. } => continue,
            };
            if let Offer::Lease(lease) = offer {
                self.grant(&waiter, lease);
            }
            if let Some(origin) = origin {
                // It may be that others can have streams of the same connection.
                self.serve(&origin);
            }
        }
    }
}

fn lease_of(shared: &Arc<Shared>, origin: &Arc<Origin>, entry: &Http2Entry) -> Lease {
    Lease::Http2(Http2Lease::new(shared, origin, &entry.connection, entry.has_served))
}
