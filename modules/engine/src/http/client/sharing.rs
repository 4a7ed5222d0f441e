//! Origins whose exchanges may share one HTTP/2 connection.
//!
//! Whether they do is known once a connection stands. Until then one exchange makes it and the others
//! wait for the outcome, instead of each making one of its own. And as long as exchanges share a
//! connection, they share the one slot of the pool that it takes.

use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio::time::{Instant, sleep_until};

/// How long exchanges wait to be given a connection that stands, before making one themselves. It is
/// only ever waited out when a connection breaks as soon as it was made.
const HANDING_OVER: Duration = Duration::from_millis(250);

/// What is known of the origins of a pool.
#[derive(Debug, Default)]
pub(super) struct Origins {
    known: Mutex<HashMap<String, Known>>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Known {
    protocol: Protocol,
    /// Whether an exchange is making a connection.
    dialing: bool,
    /// Until when a connection that was just made is on its way into the pool.
    fresh_until: Option<Instant>,
    /// The slot of the shared connection, while it is in use.
    slot: Weak<OwnedSemaphorePermit>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Protocol {
    #[default]
    Unknown,
    Http1,
    Http2,
}

impl Origins {
    fn known(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An exchange that may share its connection with others of its origin.
#[derive(Debug)]
pub(super) struct Sharing {
    origins: Arc<Origins>,
    origin: String,
    /// Whether HTTP/2 is spoken without asking.
    prior_knowledge: bool,
    /// The slot that this exchange has taken, if it has one to itself.
    own: Mutex<Weak<OwnedSemaphorePermit>>,
}

impl Sharing {
    pub(super) fn new(origins: &Arc<Origins>, origin: String, prior_knowledge: bool) -> Self {
        Self { origins: Arc::clone(origins), origin, prior_knowledge, own: Mutex::default() }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Known) -> T) -> T {
        let mut origins = self.origins.known();
        if let Some(known) = origins.get_mut(&self.origin) {
            return act(known);
        }
        act(origins.entry(self.origin.clone()).or_default())
    }

    fn own(&self) -> MutexGuard<'_, Weak<OwnedSemaphorePermit>> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a slot: the one that the origin's exchanges share, as soon as there is one, or one
    /// of its own, which `free` waits for.
    pub(super) async fn slot(
        &self,
        free: impl Future<Output = Option<OwnedSemaphorePermit>>,
    ) -> Option<Arc<OwnedSemaphorePermit>> {
        let mut free = pin!(free);
        loop {
            let mut changed = pin!(self.origins.changed.notified());
            // Before looking, so that what changes afterwards is noticed.
            changed.as_mut().enable();
            if let Some(slot) = self.with(|known| known.slot.upgrade()) {
                return Some(slot);
            }
            tokio::select! {
                biased;
                slot = &mut free => {
                    let slot = Arc::new(slot?);
                    *self.own() = Arc::downgrade(&slot);
                    return Some(slot);
                }
                () = changed => {}
            }
        }
    }

    /// Waits until this exchange may make a connection. One that finds the origin to speak HTTP/2 is
    /// given to everybody who waits, so they stop waiting here.
    pub(super) async fn turn(&self) -> Dialing<'_> {
        loop {
            let mut changed = pin!(self.origins.changed.notified());
            changed.as_mut().enable();
            let now = Instant::now();
            let fresh_until = self.with(|known| {
                if known.protocol == Protocol::Http1 {
                    return Ok(());
                }
                let fresh = known.fresh_until.filter(|until| *until > now);
                if known.dialing || fresh.is_some() {
                    return Err(fresh);
                }
                known.dialing = true;
                Ok(())
            });
            match fresh_until {
                Ok(()) => return Dialing(self),
                Err(Some(until)) => sleep_until(until).await,
                Err(None) => changed.await,
            }
        }
    }

    /// A connection of this exchange's stands, on which TLS settled on HTTP/2 or not.
    pub(super) fn connected(&self, http2: bool) {
        let http2 = http2 || self.prior_knowledge;
        let own = self.own().clone();
        self.with(|known| {
            known.protocol = if http2 { Protocol::Http2 } else { Protocol::Http1 };
            known.fresh_until = if http2 { Instant::now().checked_add(HANDING_OVER) } else { None };
            if http2 && known.slot.strong_count() == 0 {
                known.slot = own;
            }
        });
        self.origins.changed.notify_waiters();
    }

    /// The slot of an exchange that turned out to be an HTTP/2 one: that of the shared connection.
    pub(super) fn shared(&self, slot: Arc<OwnedSemaphorePermit>) -> Arc<OwnedSemaphorePermit> {
        self.with(|known| {
            known.slot.upgrade().unwrap_or_else(|| {
                known.slot = Arc::downgrade(&slot);
                slot
            })
        })
    }
}

/// Held while a connection is being made.
pub(super) struct Dialing<'a>(&'a Sharing);

impl Drop for Dialing<'_> {
    fn drop(&mut self) {
        self.0.with(|known| known.dialing = false);
        self.0.origins.changed.notify_waiters();
    }
}
