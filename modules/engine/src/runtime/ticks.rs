//! One timer for all threads that wait.
//!
//! It keeps running between waits: a timer made for each wait would always be the next one to expire, and each
//! would cost a system call.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio::time::sleep;

/// The time between ticks, well below what a person pressing Ctrl-C notices.
const TICK_INTERVAL: Duration = Duration::from_millis(50);

/// The timer.
#[derive(Default)]
pub(super) struct Ticks {
    /// Notified at each tick.
    ticked: Notify,
    /// Whether there are ticks: not while the runtime is idle.
    is_running: AtomicBool,
    /// Starts the timer.
    start: Notify,
}

impl Ticks {
    /// The next tick.
    pub(super) fn next(&self) -> Notified<'_> {
        self.ticked.notified()
    }

    /// Starts the timer unless it runs.
    pub(super) fn keep_running(&self) {
        if !self.is_running.load(SeqCst) && !self.is_running.swap(true, SeqCst) {
            self.start.notify_one();
        }
    }

    /// Ticks while the runtime is in use. `activity` counts what happens there; `is_idle_since` says whether
    /// nothing happens now, nor has happened since an earlier count.
    pub(super) async fn run(&self, activity: impl Fn() -> u64, is_idle_since: impl Fn(u64) -> bool) {
        loop {
            self.start.notified().await;
            loop {
                let before = activity();
                sleep(TICK_INTERVAL).await;
                self.ticked.notify_waiters();
                if !is_idle_since(before) {
                    continue;
                }
                // Announced before the last check: a thread that starts to wait is either seen here, or
                // sees that it has to start the timer.
                self.is_running.store(false, SeqCst);
                if is_idle_since(before) || self.is_running.swap(true, SeqCst) {
                    break;
                }
            }
        }
    }
}
