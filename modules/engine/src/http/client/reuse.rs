//! Patience for connections that are about to become free.
//!
//! When a response has been read to its end, its connection goes back into the pool, but not at that
//! very moment: the task that serves it has to take note first. A request that follows at once would
//! find the pool empty and open another connection beside it, so it waits that moment.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Much longer than it takes on an idle machine, to bear a busy one. It is only ever waited out when
/// a connection that was to be kept breaks between two requests.
const PATIENCE: Duration = Duration::from_millis(20);

/// The connections that went back last.
#[derive(Debug, Default)]
pub(super) struct Returning {
    last: Mutex<Option<Last>>,
}

#[derive(Debug)]
struct Last {
    origin: Origin,
    at: Instant,
    unclaimed: usize,
}

/// Scheme, host and port, in short: a collision costs a moment of waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Origin(u64);

impl Origin {
    pub(super) fn of(url: &reqwest::Url) -> Self {
        let mut hasher = DefaultHasher::new();
        (url.scheme(), url.authority()).hash(&mut hasher);
        Self(hasher.finish())
    }
}

impl Returning {
    /// A connection to `origin` is going back.
    pub(super) fn give_back(&self, origin: Origin) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let others = last.as_ref().filter(|last| last.origin == origin).map_or(0, |last| last.unclaimed);
        *last = Some(Last { origin, at: Instant::now(), unclaimed: others.saturating_add(1) });
    }

    /// Lays claim to one of them: until when it is worth waiting for.
    pub(super) fn claim(&self, origin: Origin) -> Option<Instant> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let last = last.as_mut().filter(|last| last.origin == origin)?;
        last.unclaimed = last.unclaimed.checked_sub(1)?;
        last.at.checked_add(PATIENCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(url: &str) -> Origin {
        Origin::of(&reqwest::Url::parse(url).expect(url))
    }

    #[test]
    fn each_connection_is_claimed_once_and_by_its_origin() {
        let (a, b) = (origin("http://a/"), origin("http://b/"));
        let returning = Returning::default();
        assert_eq!(returning.claim(a), None);
        returning.give_back(a);
        returning.give_back(a);
        assert_eq!(returning.claim(b), None);
        assert!(returning.claim(a).is_some());
        assert!(returning.claim(a).is_some());
        assert_eq!(returning.claim(a), None);
        returning.give_back(a);
        returning.give_back(b);
        assert_eq!(returning.claim(a), None);
        assert!(returning.claim(b).is_some());
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        assert_eq!(origin("http://a/x"), origin("http://a/y?z"));
        assert_ne!(origin("http://a/"), origin("https://a/"));
        assert_ne!(origin("http://a/"), origin("http://a:81/"));
    }
}
