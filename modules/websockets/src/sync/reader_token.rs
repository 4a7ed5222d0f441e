//! Which thread reads the socket.
//!
//! A background thread reads each connection, so that pings are answered and the end is noticed whatever the
//! application does. But passing a message from that thread to the one that waits for it in `recv` costs two
//! switches between threads, which is most of a round trip on a local network. So the thread that waits reads
//! the socket itself whenever it can. The background thread yields as soon as it has delivered a message to a
//! waiting thread, and takes over again when no thread has read for a moment.

use std::sync::{Condvar, Mutex};
use std::time::Duration;

use super::waiting::{lock, sleep};

/// How long no thread must have read before the background thread does. Pings are answered that much later.
const IDLE_GRACE: Duration = Duration::from_millis(2);

/// Held by the thread that reads the socket.
#[derive(Debug, Default)]
pub(super) struct ReaderToken {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent of each other")]
struct State {
    holder: Holder,
    /// How many times an application's thread has read.
    application_reads: u64,
    /// The background thread sleeps until it is woken.
    background_sleeps: bool,
    /// The background thread is to read as soon as possible.
    background_requested: bool,
    /// The background thread has read; the first time it does not wait.
    started: bool,
    /// Nothing more is to be read.
    closed: bool,
    /// The buffer that the application's threads read into.
    buffer: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Holder {
    #[default]
    None,
    Background,
    Application,
}

impl ReaderToken {
    /// Waits until the background thread may read. Returns false when there is nothing more to read.
    pub(super) fn acquire_for_background(&self) -> bool {
        let mut state = lock(&self.state);
        if state.holder == Holder::Background && !state.closed {
            return true;
        }
        loop {
            if state.closed {
                return false;
            }
            let (before, application_reads) = (state.holder, state.application_reads);
            if before == Holder::None && (state.background_requested || !state.started) {
                state.started = true;
                state.background_requested = false;
                state.holder = Holder::Background;
                return true;
            }
            state = sleep(&self.changed, state, Some(IDLE_GRACE));
            if state.application_reads != application_reads || state.holder != before || state.closed {
                continue;
            }
            match state.holder {
                // No thread has read for the whole time.
                Holder::None => state.background_requested = true,
                // A long read, whose end wakes this thread.
                Holder::Application => {
                    state.background_sleeps = true;
                    while state.background_sleeps && !state.closed {
                        state = sleep(&self.changed, state, None);
                    }
                }
                Holder::Background => return true,
            }
        }
    }

    /// Lets the application's threads read instead of the background thread.
    pub(super) fn yield_to_application(&self) {
        let mut state = lock(&self.state);
        if state.holder == Holder::Background && !state.background_requested {
            state.holder = Holder::None;
        }
    }

    /// Takes the token for an application's thread, if it is free. Returns a buffer to read into.
    pub(super) fn try_acquire(&self) -> Option<Vec<u8>> {
        let mut state = lock(&self.state);
        if state.holder != Holder::None || state.closed || state.background_requested || !state.started {
            return None;
        }
        state.holder = Holder::Application;
        Some(std::mem::take(&mut state.buffer))
    }

    /// Returns the token of an application's thread.
    pub(super) fn release(&self, buffer: Vec<u8>) {
        let mut state = lock(&self.state);
        state.buffer = buffer;
        state.application_reads = state.application_reads.wrapping_add(1);
        if state.holder == Holder::Application {
            state.holder = Holder::None;
        }
        if std::mem::take(&mut state.background_sleeps) || state.background_requested {
            self.changed.notify_all();
        }
    }

    /// Makes the background thread read soon, because something is expected that no application's thread may
    /// wait for.
    pub(super) fn request_background_read(&self) {
        let mut state = lock(&self.state);
        if state.holder != Holder::Background {
            state.background_requested = true;
            state.background_sleeps = false;
            self.changed.notify_all();
        }
    }

    /// Nothing more is to be read.
    pub(super) fn close(&self) {
        let mut state = lock(&self.state);
        state.closed = true;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;
    use std::time::Duration;

    use super::{IDLE_GRACE, ReaderToken};

    #[test]
    fn the_token_is_passed_on() {
        let token = ReaderToken::default();
        assert!(token.try_acquire().is_none());
        assert!(token.acquire_for_background());
        assert!(token.try_acquire().is_none());
        token.yield_to_application();
        let buffer = token.try_acquire().unwrap();
        assert!(token.try_acquire().is_none());
        token.release(buffer);
        // No thread reads for a moment.
        assert!(token.acquire_for_background());
        token.close();
        assert!(!token.acquire_for_background());
        assert!(token.try_acquire().is_none());
    }

    #[test]
    fn the_background_thread_is_woken_when_it_is_needed() {
        for request_background_read in [false, true] {
            let token = Arc::new(ReaderToken::default());
            assert!(token.acquire_for_background());
            token.yield_to_application();
            let buffer = token.try_acquire().unwrap();
            let background = thread::spawn({
                let token = token.clone();
                move || token.acquire_for_background()
            });
            thread::sleep(IDLE_GRACE * 5);
            if request_background_read {
                token.request_background_read();
                thread::sleep(IDLE_GRACE * 5);
            }
            token.release(buffer);
            assert!(background.join().unwrap());
            thread::sleep(Duration::from_millis(1));
        }
    }
}
