//! What a pool holds, and what an exchange may have of it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::lease::Outcome;
use super::origin::{Connections, Http2Entry, Idle, Protocol};
use super::waiter::{WaitQueue, Waiter, Waiting};
use super::{DialPermit, Http1, Http1Lease, Http2, Http2Lease, Lease, Need, Origin, Shared, Slot};
use crate::http::client::progress::{Phase, Progress};
use crate::http::client::settings::MAX_CANCELED_STREAMS;

/// What a pool holds.
#[derive(Debug)]
pub(super) struct State {
    /// How many connections more may be in use; `None` is any number.
    free_slots: Option<usize>,
    /// Who needs a slot.
    slot_queue: WaitQueue,
    /// Those that have connections, or are waited for.
    origins: HashMap<Arc<Origin>, Connections>,
    /// Whether somebody closes idle connections as they expire.
    is_reaping: bool,
    /// Whether the transport is gone.
    is_closed: bool,
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
    state: &'a mut State,
    shared: &'a Arc<Shared>,
    outcome: Consequences,
}

/// What is done after a change, outside of the lock.
#[derive(Default)]
pub(super) struct Consequences {
    granted: Vec<(oneshot::Sender<Lease>, Lease)>,
    returned: Vec<Lease>,
    dropped_http1: Vec<Http1>,
    dropped_http2: Vec<Http2Entry>,
    reaper: Option<Arc<Shared>>,
}

impl Consequences {
    pub(super) fn deliver(self) {
        let Self { granted, returned, dropped_http1, dropped_http2, reaper } = self;
        for (sender, lease) in granted {
            // Whoever has stopped waiting just now gives it back.
            drop(sender.send(lease));
        }
        drop((returned, dropped_http1, dropped_http2));
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
            Offer::Lease(lease) => return Waiting::Over(lease),
            Offer::NeedsSlot => None,
            Offer::Nothing(phase) => Some(phase),
        };
        let (waiter, receiver) = Waiter::new(need, progress);
        if let Some(connections) = origin.and_then(|origin| self.state.origins.get_mut(&origin)) {
            connections.waiters.push(&waiter);
        }
        progress.wait_for(phase.unwrap_or(Phase::Pool));
        if phase.is_none() {
            self.queue_for_slot(&waiter);
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
        if !has_http2 && idle.is_none() && !connections.may_dial(shared.limits.max_http2_connections) {
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

    /// Gives those who wait for `origin` what there is, and says what the others wait for.
    fn serve(&mut self, origin: &Arc<Origin>) {
        loop {
            let Some(connections) = self.state.origins.get_mut(origin) else { return };
            let Some(waiter) = connections.waiters.front() else { break };
            let Need::Connection { any, .. } = waiter.need else { break };
            match self.offer(origin, any) {
                Offer::Lease(lease) => self.grant(&waiter, lease),
                Offer::NeedsSlot => {
                    self.queue_for_slot(&waiter);
                    break;
                }
                Offer::Nothing(phase) => {
                    if let Some(connections) = self.state.origins.get(origin) {
                        for waiter in connections.waiters.iter() {
                            waiter.progress.wait_for(phase);
                        }
                    }
                    break;
                }
            }
        }
        self.forget_unused(origin);
    }

    fn grant(&mut self, waiter: &Waiter, lease: Lease) {
        match waiter.take() {
            Some(sender) => self.outcome.granted.push((sender, lease)),
            None => self.outcome.returned.push(lease),
        }
    }

    fn forget_unused(&mut self, origin: &Arc<Origin>) {
        if self.state.origins.get_mut(origin).is_some_and(Connections::is_unused) {
            self.state.origins.remove(origin);
        }
    }

    /// An exchange does not wait any more.
    pub(super) fn cancel(&mut self, waiter: &Waiter) {
        drop(waiter.take());
        if let Need::Connection { origin, .. } = &waiter.need {
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

    /// An HTTP/1.1 connection is not in use any more; one that is given is kept for the next exchange.
    pub(super) fn release_http1(&mut self, origin: &Arc<Origin>, connection: Option<Http1>) {
        let limits = self.shared.limits;
        let keeps = limits.keeps_idle() && !self.state.is_closed;
        let Some(connections) = self.state.origins.get_mut(origin) else {
            self.outcome.dropped_http1.extend(connection);
            return;
        };
        connections.http1_in_use = connections.http1_in_use.saturating_sub(1);
        match connection {
            Some(connection) if keeps => {
                connections.idle.push(Idle { connection, since: Instant::now() });
                if limits.max_keepalive_connections.is_some_and(|max| connections.idle.len() > max) {
                    self.outcome.dropped_http1.push(connections.idle.remove(0).connection);
                }
                self.begin_reaping();
            }
            connection => self.outcome.dropped_http1.extend(connection),
        }
        self.serve(origin);
    }

    /// A connection has ended.
    pub(super) fn connection_ended(&mut self, origin: &Arc<Origin>) {
        self.remove_idle(origin);
        self.serve(origin);
    }

    /// Removes idle connections that have ended, or are too old.
    fn remove_idle(&mut self, origin: &Arc<Origin>) {
        let Some(connections) = self.state.origins.get_mut(origin) else { return };
        let (shared, now) = (self.shared, Instant::now());
        let is_over = |since| shared.expiry(since).is_some_and(|expiry| expiry <= now);
        let removed =
            connections.idle.extract_if(.., |idle| idle.connection.is_closed() || is_over(idle.since));
        self.outcome.dropped_http1.extend(removed.map(|idle| idle.connection));
        let removed = connections
            .http2
            .extract_if(.., |entry| entry.open == 0 && (entry.is_closing || is_over(entry.idle_since)));
        self.outcome.dropped_http2.extend(removed);
    }

    /// An HTTP/1.1 connection was made.
    pub(super) fn dialed_http1(&mut self, origin: &Arc<Origin>) {
        self.dialed(origin, |connections| {
            connections.http1_in_use += 1;
            if connections.protocol == Protocol::Unknown {
                connections.protocol = Protocol::Http1;
            }
        });
    }

    /// An HTTP/2 connection was made, on which one stream is in use.
    pub(super) fn dialed_http2(&mut self, origin: &Arc<Origin>, connection: &Arc<Http2>, limit: usize) {
        let entry = Http2Entry {
            connection: Arc::clone(connection),
            open: 1,
            limit,
            refused_limit: None,
            canceled: 0,
            is_closing: false,
            has_slot: true,
            has_served: false,
            idle_since: Instant::now(),
        };
        self.dialed(origin, |connections| {
            connections.protocol = Protocol::Http2;
            connections.http2.push(entry);
        });
    }

    /// A connection could not be made.
    pub(super) fn dial_failed(&mut self, origin: &Arc<Origin>) {
        self.dialed(origin, |_| {});
    }

    fn dialed(&mut self, origin: &Arc<Origin>, change: impl FnOnce(&mut Connections)) {
        let Some(connections) = self.state.origins.get_mut(origin) else { return };
        connections.dialing = connections.dialing.saturating_sub(1);
        change(connections);
        self.serve(origin);
    }

    fn change_http2(
        &mut self,
        origin: &Arc<Origin>,
        connection: &Arc<Http2>,
        change: impl FnOnce(&mut Http2Entry),
    ) {
        let connections = self.state.origins.get_mut(origin);
        if let Some(entry) = connections.and_then(|connections| connections.entry(connection)) {
            change(entry);
            self.remove_idle(origin);
            self.serve(origin);
        }
    }

    /// The peer of an HTTP/2 connection said how many streams it allows.
    pub(super) fn set_limit(&mut self, origin: &Arc<Origin>, connection: &Arc<Http2>, limit: usize) {
        self.change_http2(origin, connection, |entry| entry.limit = limit);
    }

    /// An HTTP/2 connection takes no further streams.
    pub(super) fn http2_closing(&mut self, origin: &Arc<Origin>, connection: &Arc<Http2>) {
        self.change_http2(origin, connection, |entry| entry.is_closing = true);
    }

    /// An exchange over an HTTP/2 connection was answered.
    pub(super) fn http2_served(&mut self, origin: &Arc<Origin>, connection: &Arc<Http2>) {
        let connections = self.state.origins.get_mut(origin);
        if let Some(entry) = connections.and_then(|connections| connections.entry(connection)) {
            entry.has_served = true;
        }
    }

    /// An exchange over an HTTP/2 connection is over.
    pub(super) fn release_stream(&mut self, origin: &Arc<Origin>, connection: &Arc<Http2>, how: Outcome) {
        let keeps = !self.state.is_closed && self.shared.limits.keeps_idle();
        let connections = self.state.origins.get_mut(origin);
        let Some(entry) = connections.and_then(|connections| connections.entry(connection)) else { return };
        entry.open = entry.open.saturating_sub(1);
        match how {
            Outcome::Complete => {
                entry.refused_limit = entry.refused_limit.and_then(|limit| limit.checked_add(1));
            }
            Outcome::Canceled => {
                entry.canceled += 1;
                entry.is_closing |= entry.canceled >= MAX_CANCELED_STREAMS;
            }
            // Alone, it is refused for another reason than the number of streams.
            Outcome::Refused if entry.open == 0 => entry.is_closing = true,
            Outcome::Refused => {
                entry.refused_limit = Some(entry.refused_limit.map_or(entry.open, |l| l.min(entry.open)));
            }
            Outcome::Unused => {}
        }
        self.serve(origin);
        let connections = self.state.origins.get_mut(origin);
        let Some(entry) = connections.and_then(|connections| connections.entry(connection)) else { return };
        if entry.open > 0 {
            return;
        }
        entry.idle_since = Instant::now();
        entry.is_closing |= !keeps;
        let had_slot = std::mem::take(&mut entry.has_slot);
        self.remove_idle(origin);
        self.forget_unused(origin);
        self.begin_reaping();
        if had_slot {
            self.free_slot();
        }
    }

    fn begin_reaping(&mut self) {
        if !self.state.is_reaping && self.shared.limits.keepalive_expiry.is_some() {
            self.state.is_reaping = true;
            self.outcome.reaper = Some(Arc::clone(self.shared));
        }
    }

    /// Closes idle connections that are too old; when to do so again.
    pub(super) fn expire(&mut self) -> Option<Instant> {
        let origins: Vec<_> = self.state.origins.keys().cloned().collect();
        for origin in &origins {
            self.remove_idle(origin);
            self.forget_unused(origin);
        }
        let shared = self.shared;
        let idle = self.state.origins.values().flat_map(|connections| {
            let http2 =
                connections.http2.iter().filter(|entry| entry.open == 0).map(|entry| entry.idle_since);
            connections.idle.iter().map(|idle| idle.since).chain(http2)
        });
        let next = idle.filter_map(|since| shared.expiry(since)).min();
        self.state.is_reaping = next.is_some();
        // Many that expire one after the other are closed together.
        let pause = shared.limits.keepalive_expiry.unwrap_or_default() / 16;
        let soonest = Instant::now().checked_add(pause);
        next.map(|next| soonest.map_or(next, |soonest| next.max(soonest)))
    }

    /// The transport is gone: closes what is idle, and keeps nothing from now on.
    pub(super) fn close(&mut self) {
        self.state.is_closed = true;
        for connections in self.state.origins.values_mut() {
            self.outcome.dropped_http1.extend(connections.idle.drain(..).map(|idle| idle.connection));
            let idle = connections.http2.extract_if(.., |entry| entry.open == 0);
            self.outcome.dropped_http2.extend(idle);
        }
        self.state.origins.retain(|_, connections| !connections.is_unused());
    }
}

fn lease_of(shared: &Arc<Shared>, origin: &Arc<Origin>, entry: &Http2Entry) -> Lease {
    Lease::Http2(Http2Lease::new(shared, origin, &entry.connection, entry.has_served))
}
