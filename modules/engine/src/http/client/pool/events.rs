//! What happens to connections, and what follows for those who use them or wait.

use std::mem;
use std::sync::Arc;

use tokio::time::Instant;

use super::lease::Outcome;
use super::origin::{Connections, Http2Entry, Idle, Protocol};
use super::state::Change;
use super::{Http1, Http2, Origin};
use crate::http::client::settings::MAX_CANCELED_STREAMS;

impl Change<'_> {
    /// An HTTP/1.1 connection is not in use any more; one that is given is kept for the next exchange.
    pub(super) fn release_http1(&mut self, origin: &Arc<Origin>, connection: Option<Http1>) {
        if let Some(connections) = self.state.origins.get_mut(origin) {
            connections.http1_in_use = connections.http1_in_use.saturating_sub(1);
            match connection {
                Some(connection @ Http1::Reqwest(_)) if self.shared.limits.keeps_idle() => {
                    connections.returning += 1;
                    let (shared, origin) = (Arc::clone(self.shared), Arc::clone(origin));
                    self.outcome.returning.push((shared, origin, connection));
                }
                Some(connection) => self.keep(origin, connection),
                None => {}
            }
        } else {
            self.outcome.dropped_http1.extend(connection);
        }
        self.free_slot();
        self.serve(origin);
    }

    /// A connection of reqwest's is back in its client.
    pub(super) fn returned(&mut self, origin: &Arc<Origin>, connection: Http1) {
        if let Some(connections) = self.state.origins.get_mut(origin) {
            connections.returning = connections.returning.saturating_sub(1);
        }
        self.keep(origin, connection);
        self.serve(origin);
    }

    fn keep(&mut self, origin: &Arc<Origin>, connection: Http1) {
        let limits = self.shared.limits;
        let keeps = limits.keeps_idle() && !self.state.is_closed;
        let Some(connections) = self.state.origins.get_mut(origin).filter(|_| keeps) else {
            self.outcome.dropped_http1.push(connection);
            return;
        };
        connections.idle.push(Idle { connection, since: Instant::now() });
        if limits.max_keepalive_connections.is_some_and(|max| connections.idle.len() > max) {
            self.outcome.dropped_http1.push(connections.idle.remove(0).connection);
        }
        self.begin_reaping();
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
    pub(super) fn dialed_http2(&mut self, origin: &Arc<Origin>, connection: &Arc<Http2>) {
        let entry = Http2Entry {
            connection: Arc::clone(connection),
            open: 1,
            limit: None,
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
        self.change_http2(origin, connection, |entry| entry.limit = Some(limit));
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
        let had_slot = mem::take(&mut entry.has_slot);
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
