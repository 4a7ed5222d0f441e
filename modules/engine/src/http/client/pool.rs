//! The connections of one process: reqwest clients made when first needed, and the slots that bound
//! how many connections are in use.

use std::mem;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::TransportConfig;
use super::connect::{ConnectLayer, Resolver, USER_TIMEOUT};
use super::direct::Direct;
use super::reuse::Returning;
use super::sharing::{Origins, Sharing};
use crate::error::{Error, ErrorKind, Result};
use crate::runtime::Generation;
use crate::tls;

/// The right to use a connection, until dropped.
#[derive(Debug)]
pub(super) enum Slot {
    /// Of one exchange at a time.
    Own(#[expect(dead_code, reason = "held for its drop")] OwnedSemaphorePermit),
    /// Of all exchanges over it.
    Shared(Arc<OwnedSemaphorePermit>),
}

/// Header fields of a response, at most. Room for them is made for every response.
pub(super) const MAX_HEADERS: usize = 256;

/// The connections of one process.
///
/// A child made by `fork` shares its parent's memory but not its threads: it must not wait for a
/// lock that one of them held, nor for a connection that one of them serves. So the parent's pool
/// stays as it is, and the child hangs its own behind it, in a cell that the parent never touches.
#[derive(Debug)]
pub(super) struct Pool {
    generation: Generation,
    plain: OnceLock<reqwest::Client>,
    secure: OnceLock<reqwest::Client>,
    direct: OnceLock<Direct>,
    slots: Option<Arc<Semaphore>>,
    origins: Arc<Origins>,
    /// Connections on their way back, where they are kept at all.
    returning: Option<Arc<Returning>>,
    child: OnceLock<Box<Pool>>,
}

impl Pool {
    pub(super) fn new(config: &TransportConfig) -> Self {
        Self::of(Generation::current(), config)
    }

    fn of(generation: Generation, config: &TransportConfig) -> Self {
        let slots = config.limits.max_connections;
        let slots = slots.map(|slots| Arc::new(Semaphore::new(slots.min(Semaphore::MAX_PERMITS))));
        let keeps = config.limits.max_keepalive_connections != Some(0)
            && config.limits.keepalive_expiry != Some(Duration::ZERO);
        Self {
            generation,
            plain: OnceLock::new(),
            secure: OnceLock::new(),
            direct: OnceLock::new(),
            slots,
            origins: Arc::default(),
            returning: keeps.then(Arc::default),
            child: OnceLock::new(),
        }
    }

    /// The pool of the running process.
    pub(super) fn current(&self, config: &TransportConfig) -> &Self {
        self.of_generation(Generation::current(), config)
    }

    fn of_generation(&self, generation: Generation, config: &TransportConfig) -> &Self {
        let mut pool = self;
        while pool.generation != generation {
            pool = pool.child.get_or_init(|| Box::new(Self::of(generation, config)));
        }
        pool
    }

    pub(super) fn generation(&self) -> Generation {
        self.generation
    }

    pub(super) fn returning(&self) -> Option<&Arc<Returning>> {
        self.returning.as_ref()
    }

    /// The client for `http` or `https` URLs.
    ///
    /// # Errors
    /// `ConnectError` when certificates cannot be loaded, naming their file.
    pub(super) fn client(&self, secure: bool, config: &TransportConfig) -> Result<&reqwest::Client> {
        let cell = if secure { &self.secure } else { &self.plain };
        if let Some(client) = cell.get() {
            return Ok(client);
        }
        let tls = if secure { tls::client_config(&config.tls)? } else { tls::unused_config()? };
        let client = build(tls, config)?;
        Ok(cell.get_or_init(|| client))
    }

    /// The connections that reqwest cannot make.
    ///
    /// # Errors
    /// Those of a proxy that cannot be used.
    pub(super) fn direct(&self, config: &TransportConfig) -> Result<&Direct> {
        if let Some(direct) = self.direct.get() {
            return Ok(direct);
        }
        let direct = Direct::new(config)?;
        Ok(self.direct.get_or_init(|| direct))
    }

    /// What an exchange shares with others of its `origin`.
    pub(super) fn sharing(&self, origin: String, prior_knowledge: bool) -> Sharing {
        Sharing::new(&self.origins, origin, prior_knowledge)
    }

    /// Waits until a connection may be used; `None` where their number is not bounded.
    ///
    /// # Errors
    /// `PoolTimeout`.
    pub(super) async fn slot(
        &self,
        sharing: Option<&Sharing>,
        timeout: Option<Duration>,
    ) -> Result<Option<Slot>> {
        let Some(slots) = &self.slots else { return Ok(None) };
        if sharing.is_none()
            && let Ok(slot) = Arc::clone(slots).try_acquire_owned()
        {
            return Ok(Some(Slot::Own(slot)));
        }
        let slot = async {
            // The semaphore is never closed.
            let free = async { Arc::clone(slots).acquire_owned().await.ok() };
            match sharing {
                Some(sharing) => sharing.slot(free).await.map(Slot::Shared),
                None => free.await.map(Slot::Own),
            }
        };
        match timeout {
            Some(timeout) => tokio::time::timeout(timeout, slot).await.map_err(|_| {
                Error::new(ErrorKind::PoolTimeout, "timed out waiting for a free connection of the pool")
            }),
            None => Ok(slot.await),
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if self.generation != Generation::current() {
            // Closing connections wakes the threads that serve them, which exist in the parent only.
            mem::forget((self.plain.take(), self.secure.take(), self.direct.take(), self.slots.take()));
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "its resolver asks the policy, and the transport has done so")]
fn build(tls: rustls::ClientConfig, config: &TransportConfig) -> Result<reqwest::Client> {
    let limits = config.limits;
    let mut tls = tls;
    tls.alpn_protocols = config.alpn();
    let resolver = Resolver { policy: Arc::clone(&config.policy) };
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .dns_resolver(Arc::new(resolver))
        .connector_layer(ConnectLayer)
        .redirect(reqwest::redirect::Policy::none())
        // Without the second call every request would be cloned before it is not repeated.
        .retry(reqwest::retry::never().max_retries_per_request(0))
        .referer(false)
        .no_proxy()
        .http1_title_case_headers()
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .tcp_nodelay(true)
        .http1_max_headers(MAX_HEADERS)
        .tcp_user_timeout(USER_TIMEOUT)
        .tcp_keepalive(None)
        .local_address(config.local_address)
        .pool_idle_timeout(limits.keepalive_expiry)
        .pool_max_idle_per_host(limits.max_keepalive_connections.unwrap_or(usize::MAX));
    builder = match (config.http1, config.http2) {
        (false, _) => builder.http2_prior_knowledge(),
        (true, false) => builder.http1_only(),
        (true, true) => builder,
    };
    builder.build().map_err(|error| Error::new(ErrorKind::ConnectError, error.to_string()).with_source(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::client::PoolLimits;

    fn config() -> TransportConfig {
        let limits = PoolLimits { max_connections: Some(1), ..PoolLimits::default() };
        TransportConfig { limits, ..TransportConfig::default() }
    }

    #[test]
    fn each_process_has_connections_and_slots_of_its_own() {
        let config = config();
        let [parent, child, grandchild] = [1, 2, 3].map(Generation::of_process);
        let pool = Pool::of(parent, &config);
        pool.client(false, &config).expect("a client");
        let slot = crate::runtime::block_on(pool.slot(None, None)).expect("a runtime").expect("a slot");

        let own = pool.of_generation(child, &config);
        assert_eq!(own.generation(), child);
        assert!(own.plain.get().is_none(), "the parent's connections are not the child's");
        assert_eq!(own.slots.as_ref().map(|slots| slots.available_permits()), Some(1));
        let again = pool.of_generation(child, &config);
        assert!(std::ptr::eq(own, again));
        assert_eq!(pool.of_generation(grandchild, &config).generation(), grandchild);
        assert!(std::ptr::eq(pool.of_generation(parent, &config), &raw const pool));
        drop(slot);
    }

    #[test]
    fn the_connections_of_another_process_are_left_alone() {
        let config = config();
        let pool = Pool::of(Generation::of_process(1), &config);
        let slots = Arc::downgrade(pool.slots.as_ref().expect("slots"));
        drop(pool);
        assert_eq!(slots.strong_count(), 1, "dropping them would wake threads that are not here");

        let pool = Pool::new(&config);
        let slots = Arc::downgrade(pool.slots.as_ref().expect("slots"));
        drop(pool);
        assert_eq!(slots.strong_count(), 0);
    }
}
