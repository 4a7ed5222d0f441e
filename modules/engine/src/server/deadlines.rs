//! How long a peer may take.
//!
//! Times are milliseconds of a clock of the driver's, which never goes back.

use super::limits::Timeouts;

/// What took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overdue {
    /// The first byte: close without a word.
    FirstByte,
    /// The next request of a connection: close without a word.
    Idle,
    /// A head: answer with 408 and close.
    Head,
    /// A body: answer with 408 if no response has begun, and close.
    Body,
    /// The peer takes nothing of what waits to be sent: abort.
    Write,
}

/// What the peer is expected to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waiting {
    FirstByte,
    Idle,
    Head,
    Body,
    /// Nothing.
    Nothing,
}

#[derive(Debug)]
pub(super) struct Deadlines {
    timeouts: Timeouts,
    waiting: Waiting,
    since: u64,
    /// Bytes of the body since then.
    bytes: u64,
    /// How much waited to be sent when it last became less, and when that was.
    unsent: usize,
    unsent_since: u64,
}

impl Deadlines {
    pub(super) fn new(timeouts: Timeouts, now: u64) -> Self {
        Self { timeouts, waiting: Waiting::FirstByte, since: now, bytes: 0, unsent: 0, unsent_since: now }
    }

    pub(super) fn wait_for(&mut self, waiting: Waiting, now: u64) {
        if self.waiting != waiting {
            self.waiting = waiting;
            self.since = now;
            self.bytes = 0;
        }
    }

    /// Starts the time for a body again: it was not read for a while.
    pub(super) fn restart_body(&mut self, now: u64) {
        if self.waiting == Waiting::Body {
            self.since = now;
            self.bytes = 0;
        }
    }

    pub(super) fn body_bytes(&mut self, count: u64) {
        self.bytes = self.bytes.saturating_add(count);
    }

    pub(super) fn note_unsent(&mut self, unsent: usize, now: u64) {
        if unsent == 0 || unsent < self.unsent || self.unsent == 0 {
            self.unsent_since = now;
        }
        self.unsent = unsent;
    }

    pub(super) fn overdue(&self, now: u64) -> Option<Overdue> {
        let timeouts = &self.timeouts;
        if self.unsent > 0 && now.saturating_sub(self.unsent_since) >= timeouts.write {
            return Some(Overdue::Write);
        }
        let elapsed = now.saturating_sub(self.since);
        match self.waiting {
            Waiting::FirstByte => (elapsed >= timeouts.first_byte).then_some(Overdue::FirstByte),
            Waiting::Idle => (elapsed >= timeouts.idle).then_some(Overdue::Idle),
            Waiting::Head => (elapsed >= timeouts.head).then_some(Overdue::Head),
            Waiting::Body => {
                let expected = elapsed.saturating_mul(timeouts.body_rate) / 1000;
                (elapsed >= timeouts.body_grace && self.bytes < expected).then_some(Overdue::Body)
            }
            Waiting::Nothing => None,
        }
    }
}
