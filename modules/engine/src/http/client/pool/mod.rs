//! The connections of a transport: how many are in use, which are idle, and who waits for one.
//!
//! An exchange is given a [`Lease`]: a connection, a stream of one, or leave to make one. Everything is
//! decided under one lock, and whatever changes, the exchanges that it lets begin are told at once, in
//! the order in which they came.
//!
//! | file | what it holds |
//! |---|---|
//! | `state` | what there is, and what an exchange may have of it |
//! | `events` | what happens to connections |
//! | `origin` | the connections to one origin |
//! | `lease` | what an exchange holds while it lasts |
//! | `waiter` | exchanges that wait |

#![expect(
    clippy::redundant_closure_for_method_calls,
    reason = "the path of a method does not fit every lifetime of the state"
)]

mod events;
mod lease;
mod origin;
mod state;
mod waiter;

use std::mem;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use tokio::runtime::Handle;
use tokio::time::{Instant, sleep_until};

pub(super) use self::lease::{DialPermit, Http1Lease, Http2Lease, Lease, Slot, Watch};
pub(super) use self::origin::{Http1, Http2, Origin};

use self::state::State;
use self::waiter::{Waiter, Waiting};
use super::config::{PoolLimits, TransportConfig};
use super::progress::Progress;
use crate::error::{Error, ErrorKind, Result};
use crate::runtime::Generation;

/// The connections of one process.
///
/// A child made by `fork` shares its parent's memory but not its threads: it must not wait for a
/// lock that one of them held, nor for a connection that one of them serves. So the parent's pool
/// stays as it is, and the child hangs its own behind it, in a cell that the parent never touches.
#[derive(Debug)]
pub(super) struct Pool {
    generation: Generation,
    /// Empty only while being dropped.
    shared: Option<Arc<Shared>>,
    child: OnceLock<Box<Pool>>,
}

impl Pool {
    pub(super) fn new(config: &TransportConfig) -> Self {
        Self::of(Generation::current(), config)
    }

    fn of(generation: Generation, config: &TransportConfig) -> Self {
        Self { generation, shared: Some(Shared::new(config)), child: OnceLock::new() }
    }

    /// The connections of the running process.
    pub(super) fn current(&self, config: &TransportConfig) -> Option<&Arc<Shared>> {
        self.of_generation(Generation::current(), config).shared.as_ref()
    }

    fn of_generation(&self, generation: Generation, config: &TransportConfig) -> &Self {
        let mut pool = self;
        while pool.generation != generation {
            pool = pool.child.get_or_init(|| Box::new(Self::of(generation, config)));
        }
        pool
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if self.generation == Generation::current() {
            if let Some(shared) = &self.shared {
                shared.update(|state| state.close());
            }
        } else {
            // Closing connections wakes the threads that serve them, which exist in the parent only.
            mem::forget(self.shared.take());
        }
    }
}

/// What an exchange needs.
#[derive(Clone, Debug)]
pub(super) enum Need {
    /// A connection to an origin. `any` says whether one that reqwest made will do.
    Connection { origin: Arc<Origin>, any: bool },
    /// An idle connection to an origin, beside one that it is making. `any` as above.
    Idle { origin: Arc<Origin>, any: bool },
    /// A connection that is made for it alone.
    Slot,
}

/// The connections that the exchanges of a transport share.
#[derive(Debug)]
pub(super) struct Shared {
    limits: PoolLimits,
    /// Whether HTTP/2 may come of a connection.
    http2: bool,
    prior_knowledge: bool,
    state: Mutex<State>,
    /// Where the tasks of connections run.
    handle: OnceLock<Handle>,
}

impl Shared {
    fn new(config: &TransportConfig) -> Arc<Self> {
        Arc::new(Self {
            limits: config.limits,
            http2: config.http2,
            prior_knowledge: config.http2_prior_knowledge(),
            state: Mutex::new(State::new(config.limits.max_connections)),
            handle: OnceLock::new(),
        })
    }

    /// Changes what there is, and tells the exchanges that may begin because of it.
    fn update<T>(self: &Arc<Self>, change: impl FnOnce(&mut state::Change<'_>) -> T) -> T {
        let (output, outcome) = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let mut change_of = state::Change::new(&mut state, self);
            let output = change(&mut change_of);
            (output, change_of.finish())
        };
        // Outside of the lock: what nobody waits for any more comes back as it is dropped.
        outcome.deliver();
        output
    }

    /// Waits for what an exchange needs; `progress` is told what is waited for.
    ///
    /// # Errors
    /// `PoolTimeout` when the pool is closed meanwhile, which its owner prevents.
    pub(super) async fn acquire(self: &Arc<Self>, need: Need, progress: &Arc<Progress>) -> Result<Lease> {
        self.handle.get_or_init(Handle::current);
        let waiting = self.update(|state| state.take_or_wait(need, progress));
        match waiting {
            Waiting::Served(lease) => Ok(lease),
            Waiting::Queued(waiter, receiver) => {
                let queued = Queued { shared: self, waiter };
                let lease = receiver.await;
                mem::forget(queued);
                lease.map_err(|_| Error::new(ErrorKind::PoolTimeout, "the pool was closed"))
            }
        }
    }

    /// Closes idle connections as they expire, while there are any.
    fn reap(self: &Arc<Self>) {
        let Some(handle) = self.handle.get() else { return };
        let shared: Weak<Self> = Arc::downgrade(self);
        handle.spawn(async move {
            while let Some(next) = shared.upgrade().and_then(|shared| shared.update(|state| state.expire())) {
                sleep_until(next).await;
            }
        });
    }

    /// Keeps a connection of reqwest's once it is back in its client: a task takes it there, which runs
    /// before what is spawned after it.
    fn await_return(self: Arc<Self>, origin: Arc<Origin>, connection: Http1) {
        let Some(handle) = self.handle.get().cloned() else { return };
        handle.spawn(async move {
            tokio::task::yield_now().await;
            self.update(|state| state.returned(&origin, connection));
        });
    }

    fn expiry(&self, since: Instant) -> Option<Instant> {
        self.limits.keepalive_expiry.and_then(|expiry| since.checked_add(expiry))
    }
}

/// An exchange that waits, until it does not any more.
struct Queued<'a> {
    shared: &'a Arc<Shared>,
    waiter: Arc<Waiter>,
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.shared.update(|state| state.cancel(&self.waiter));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> TransportConfig {
        let limits = PoolLimits { max_connections: Some(1), ..PoolLimits::default() };
        TransportConfig { limits, ..TransportConfig::default() }
    }

    fn slot(shared: &Arc<Shared>) -> Waiting {
        let progress = Arc::new(Progress::new(crate::http::client::Timeouts::default(), None));
        shared.update(|state| state.take_or_wait(Need::Slot, &progress))
    }

    #[test]
    fn each_process_has_connections_and_slots_of_its_own() {
        let config = config();
        let [parent, child, grandchild] = [1, 2, 3].map(Generation::of_process);
        let pool = Pool::of(parent, &config);
        let held = slot(pool.shared.as_ref().expect("connections"));
        assert!(matches!(held, Waiting::Served(_)));

        let own = pool.of_generation(child, &config);
        assert_eq!(own.generation, child);
        let taken = slot(own.shared.as_ref().expect("connections"));
        assert!(matches!(taken, Waiting::Served(_)), "the parent's slots are not the child's");
        assert!(std::ptr::eq(own, pool.of_generation(child, &config)));
        assert_eq!(pool.of_generation(grandchild, &config).generation, grandchild);
        assert!(std::ptr::eq(pool.of_generation(parent, &config), &raw const pool));
    }

    #[test]
    fn the_connections_of_another_process_are_left_alone() {
        let config = config();
        let pool = Pool::of(Generation::of_process(1), &config);
        let shared = Arc::downgrade(pool.shared.as_ref().expect("connections"));
        drop(pool);
        assert_eq!(shared.strong_count(), 1, "dropping them would wake threads that are not here");

        let pool = Pool::new(&config);
        let shared = Arc::downgrade(pool.shared.as_ref().expect("connections"));
        drop(pool);
        assert_eq!(shared.strong_count(), 0);
    }

    #[test]
    fn slots_go_to_those_who_came_first_and_still_wait() {
        let shared = Shared::new(&config());
        let Waiting::Served(first) = slot(&shared) else { panic!("there is a slot") };
        let waiting: Vec<_> = (0..3)
            .map(|_| match slot(&shared) {
                Waiting::Served(_) => panic!("there was one slot"),
                Waiting::Queued(waiter, receiver) => (waiter, receiver),
            })
            .collect();
        let [(gone, given_up), (_, mut second), (_, mut third)] =
            <[_; 3]>::try_from(waiting).unwrap_or_else(|_| panic!("three wait"));
        drop(given_up);
        shared.update(|state| state.cancel(&gone));
        drop(first);
        let lease = second.try_recv().expect("its turn");
        assert!(third.try_recv().is_err(), "one slot is not given twice");
        drop(lease);
        drop(third.try_recv().expect("its turn"));
        assert!(matches!(slot(&shared), Waiting::Served(_)), "the slot is free again");
    }
}
