//! Whose turn it is to read the socket.
//!
//! A thread of its own reads each connection, so that pings are answered and the end is noticed whatever the
//! application does. But a message that is handed from that thread to the one that waits for it in `recv`
//! costs two switches between threads, most of a round trip on a local network. So the thread that waits
//! reads the socket itself whenever it can; the background thread steps back as soon as it has delivered a
//! message to a waiting thread, and takes over again once nobody has read for a moment.

use std::sync::{Condvar, Mutex};
use std::time::Duration;

use super::waiting::{lock, sleep};

/// How long nobody must have read before the background thread does. Pings are answered that much later.
const GRACE: Duration = Duration::from_millis(2);

#[derive(Debug, Default)]
pub(super) struct Turn {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent of each other")]
struct State {
    reader: Reader,
    /// How many times an application's thread has read.
    reads: u64,
    /// The background thread sleeps until it is told.
    asleep: bool,
    /// The background thread is to read as soon as it can.
    urgent: bool,
    /// The background thread begins to read without waiting for the end of the grace.
    started: bool,
    /// Nothing more is to be read.
    ended: bool,
    /// What the application's threads read into.
    buffer: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Reader {
    #[default]
    Nobody,
    Background,
    Application,
}

impl Turn {
    /// The background thread waits for its turn. Returns false when there is nothing more to read.
    pub(super) fn wait(&self) -> bool {
        let mut state = lock(&self.state);
        if state.reader == Reader::Background && !state.ended {
            return true;
        }
        loop {
            if state.ended {
                return false;
            }
            let (before, reads) = (state.reader, state.reads);
            if before == Reader::Nobody && (state.urgent || !state.started) {
                state.started = true;
                state.urgent = false;
                state.reader = Reader::Background;
                return true;
            }
            state = sleep(&self.changed, state, Some(GRACE));
            if state.reads != reads || state.reader != before || state.ended {
                continue;
            }
            match state.reader {
                // A whole moment without a reader.
                Reader::Nobody => state.urgent = true,
                // A read that takes long: its end will be told.
                Reader::Application => {
                    state.asleep = true;
                    while state.asleep && !state.ended {
                        state = sleep(&self.changed, state, None);
                    }
                }
                Reader::Background => return true,
            }
        }
    }

    /// The background thread steps back.
    pub(super) fn step_back(&self) {
        let mut state = lock(&self.state);
        if state.reader == Reader::Background && !state.urgent {
            state.reader = Reader::Nobody;
        }
    }

    /// Takes the turn for an application's thread, if nobody has it. Returns a buffer to read into.
    pub(super) fn take(&self) -> Option<Vec<u8>> {
        let mut state = lock(&self.state);
        if state.reader != Reader::Nobody || state.ended || state.urgent || !state.started {
            return None;
        }
        state.reader = Reader::Application;
        Some(std::mem::take(&mut state.buffer))
    }

    /// The application's thread gives the turn back.
    pub(super) fn give_back(&self, buffer: Vec<u8>) {
        let mut state = lock(&self.state);
        state.buffer = buffer;
        state.reads = state.reads.wrapping_add(1);
        if state.reader == Reader::Application {
            state.reader = Reader::Nobody;
        }
        if std::mem::take(&mut state.asleep) || state.urgent {
            self.changed.notify_all();
        }
    }

    /// Something is expected that no application's thread may wait for: the background thread is to read soon.
    pub(super) fn hurry(&self) {
        let mut state = lock(&self.state);
        if state.reader != Reader::Background {
            state.urgent = true;
            state.asleep = false;
            self.changed.notify_all();
        }
    }

    /// Nothing more is to be read.
    pub(super) fn end(&self) {
        let mut state = lock(&self.state);
        state.ended = true;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;
    use std::time::Duration;

    use super::{GRACE, Turn};

    #[test]
    fn the_turn_goes_round() {
        let turn = Turn::default();
        assert!(turn.take().is_none());
        assert!(turn.wait());
        assert!(turn.take().is_none());
        turn.step_back();
        let buffer = turn.take().unwrap();
        assert!(turn.take().is_none());
        turn.give_back(buffer);
        // Nobody reads for a moment.
        assert!(turn.wait());
        turn.end();
        assert!(!turn.wait());
        assert!(turn.take().is_none());
    }

    #[test]
    fn the_background_thread_is_woken_from_its_sleep_by_whoever_needs_it() {
        for hurry in [false, true] {
            let turn = Arc::new(Turn::default());
            assert!(turn.wait());
            turn.step_back();
            let buffer = turn.take().unwrap();
            let background = thread::spawn({
                let turn = turn.clone();
                move || turn.wait()
            });
            thread::sleep(GRACE * 5);
            if hurry {
                turn.hurry();
                thread::sleep(GRACE * 5);
            }
            turn.give_back(buffer);
            assert!(background.join().unwrap());
            thread::sleep(Duration::from_millis(1));
        }
    }
}
