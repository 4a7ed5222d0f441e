//! What an exchange holds while it lasts, and gives back by dropping it.

#![expect(
    clippy::redundant_closure_for_method_calls,
    reason = "the path of a method does not fit every lifetime of the state"
)]

use std::sync::Arc;

use super::{Http1, Http2, Origin, Shared};

/// What an exchange has been given.
#[derive(Debug)]
pub(in super::super) enum Lease {
    /// The right to use one connection, not yet made.
    Slot(Slot),
    /// An HTTP/1.1 connection.
    Http1(Http1Lease),
    /// A stream of an HTTP/2 connection.
    Http2(Http2Lease),
    /// The right to make a connection for the pool.
    Dial(DialPermit),
    /// Nothing: it has been handed over.
    None,
}

impl Lease {
    /// The exchange came to its end; `is_reusable` says whether nothing of it is left on the connection.
    pub(in super::super) fn finish(self, is_reusable: bool) {
        match self {
            Self::Http1(mut lease) => {
                lease.is_free = is_reusable && lease.keep;
                drop(lease);
            }
            Self::Http2(mut lease) => {
                lease.outcome = if is_reusable { Outcome::Complete } else { Outcome::Canceled };
                drop(lease);
            }
            Self::Slot(_) | Self::Dial(_) | Self::None => {}
        }
    }
}

/// The right to use one connection.
#[derive(Debug)]
pub(in super::super) struct Slot {
    /// `None` where their number is not bounded.
    shared: Option<Arc<Shared>>,
}

impl Slot {
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        let shared = shared.limits.max_connections.is_some().then(|| Arc::clone(shared));
        Self { shared }
    }

    /// Has the pool itself hold it.
    fn leave(&mut self) {
        self.shared = None;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.take() {
            shared.update(|state| state.free_slot());
        }
    }
}

/// An HTTP/1.1 connection in use, and the right to use it. Dropping it closes the connection, unless the exchange came to its
/// end or never began.
#[derive(Debug)]
pub(in super::super) struct Http1Lease {
    shared: Arc<Shared>,
    origin: Arc<Origin>,
    /// Gone only while it is dropped.
    connection: Option<Http1>,
    /// Whether it served before.
    pub(in super::super) reused: bool,
    /// Whether the server keeps it open.
    pub(in super::super) keep: bool,
    /// Whether another exchange can have it.
    is_free: bool,
}

impl Http1Lease {
    pub(super) fn idle(shared: &Arc<Shared>, origin: &Arc<Origin>, connection: Http1) -> Self {
        let (shared, origin) = (Arc::clone(shared), Arc::clone(origin));
        Self { shared, origin, connection: Some(connection), reused: true, keep: true, is_free: true }
    }

    /// The connection, for an exchange that begins now.
    pub(in super::super) fn connection(&mut self) -> Option<&mut Http1> {
        self.is_free = false;
        self.connection.as_mut()
    }
}

impl Drop for Http1Lease {
    fn drop(&mut self) {
        let connection = self.connection.take().filter(|connection| self.is_free && !connection.is_closed());
        self.shared.update(|state| state.release_http1(&self.origin, connection));
    }
}

/// How an exchange over a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Both sides have said all they had to.
    Complete,
    /// The stream was, or is being, canceled.
    Canceled,
    /// The peer refused it.
    Refused,
    /// It was never opened.
    Unused,
}

/// A stream of an HTTP/2 connection.
#[derive(Debug)]
pub(in super::super) struct Http2Lease {
    shared: Arc<Shared>,
    origin: Arc<Origin>,
    connection: Arc<Http2>,
    /// Whether the connection served before.
    pub(in super::super) reused: bool,
    outcome: Outcome,
}

impl Http2Lease {
    pub(super) fn new(
        shared: &Arc<Shared>,
        origin: &Arc<Origin>,
        connection: &Arc<Http2>,
        reused: bool,
    ) -> Self {
        let (shared, origin, connection) = (Arc::clone(shared), Arc::clone(origin), Arc::clone(connection));
        Self { shared, origin, connection, reused, outcome: Outcome::Unused }
    }

    /// The connection, for an exchange that begins now.
    pub(in super::super) fn connection(&mut self) -> &Http2 {
        self.outcome = Outcome::Canceled;
        &self.connection
    }

    /// The peer refused the stream although it was to allow it.
    pub(in super::super) fn was_refused(&mut self) {
        self.outcome = Outcome::Refused;
    }

    /// The connection takes no further streams.
    pub(in super::super) fn is_closing(&mut self) {
        self.shared.update(|state| state.http2_closing(&self.origin, &self.connection));
    }

    /// There is an answer.
    pub(in super::super) fn answered(&self) {
        self.shared.update(|state| state.http2_served(&self.origin, &self.connection));
    }
}

impl Drop for Http2Lease {
    fn drop(&mut self) {
        self.shared.update(|state| state.release_stream(&self.origin, &self.connection, self.outcome));
    }
}

/// The right to make a connection for the pool, and a slot for it.
#[derive(Debug)]
pub(in super::super) struct DialPermit {
    shared: Arc<Shared>,
    origin: Arc<Origin>,
    /// `None` once the connection stands.
    slot: Option<Slot>,
}

impl DialPermit {
    pub(super) fn new(shared: &Arc<Shared>, origin: &Arc<Origin>) -> Self {
        let slot = Some(Slot::new(shared));
        Self { shared: Arc::clone(shared), origin: Arc::clone(origin), slot }
    }

    /// An HTTP/1.1 connection stands.
    pub(in super::super) fn into_http1(mut self, connection: Http1) -> Http1Lease {
        if let Some(mut slot) = self.slot.take() {
            slot.leave();
        }
        self.shared.update(|state| state.dialed_http1(&self.origin));
        let (shared, origin) = (Arc::clone(&self.shared), Arc::clone(&self.origin));
        Http1Lease { shared, origin, connection: Some(connection), reused: false, keep: true, is_free: false }
    }

    /// An HTTP/2 connection stands.
    pub(in super::super) fn into_http2(mut self, connection: &Arc<Http2>) -> Http2Lease {
        if let Some(mut slot) = self.slot.take() {
            slot.leave();
        }
        self.shared.update(|state| state.dialed_http2(&self.origin, connection));
        Http2Lease::new(&self.shared, &self.origin, connection, false)
    }

    /// What watches an HTTP/2 connection for the pool.
    pub(in super::super) fn watch(&self) -> Watch {
        Watch { shared: Arc::downgrade(&self.shared), origin: Arc::clone(&self.origin) }
    }
}

impl Drop for DialPermit {
    fn drop(&mut self) {
        if let Some(slot) = self.slot.take() {
            self.shared.update(|state| state.dial_failed(&self.origin));
            drop(slot);
        }
    }
}

/// Tells the pool what becomes of a connection.
#[derive(Debug)]
pub(in super::super) struct Watch {
    shared: std::sync::Weak<Shared>,
    origin: Arc<Origin>,
}

impl Watch {
    /// How many streams the peer of an HTTP/2 connection allows.
    pub(in super::super) fn limit_is(&self, connection: &Arc<Http2>, limit: usize) {
        if let Some(shared) = self.shared.upgrade() {
            shared.update(|state| state.set_limit(&self.origin, connection, limit));
        }
    }

    /// An HTTP/2 connection takes no further exchanges.
    pub(in super::super) fn is_closing(&self, connection: &Arc<Http2>) {
        if let Some(shared) = self.shared.upgrade() {
            shared.update(|state| state.http2_closing(&self.origin, connection));
        }
    }

    /// An HTTP/1 connection has ended.
    pub(in super::super) fn has_ended(&self) {
        if let Some(shared) = self.shared.upgrade() {
            shared.update(|state| state.connection_ended(&self.origin));
        }
    }
}
