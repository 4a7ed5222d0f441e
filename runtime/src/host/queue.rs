//! What is to be done, between those who ask and the runtime's thread.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, oneshot};

use crate::Runtime;
use crate::stop::Deadline;

use super::calls::Call;

/// How much longer than its time something may block the event loop: long enough for the loop to cancel what
/// does not block it.
const SLACK: Duration = Duration::from_millis(10);

/// Tells jobs apart.
pub(super) type Number = u64;

/// Something to be done on the runtime's thread.
pub(super) enum Job {
    /// Use the runtime, the event loop standing still.
    Use(Number, Box<dyn FnOnce(&Runtime) + Send>),
    /// Start a coroutine.
    Start(Call),
    /// Nobody waits for a coroutine any more.
    Cancel(Number),
    /// End the runtime, and say how that went.
    End(Option<oneshot::Sender<u32>>),
}

/// What came.
pub(super) enum News {
    Job(Job),
    /// A coroutine is over.
    Over(Number),
}

#[derive(Default)]
struct Inside {
    news: VecDeque<News>,
    is_closed: bool,
    /// Until when jobs may take, queued ones included.
    deadlines: BTreeSet<(Instant, Number)>,
    times: HashMap<Number, Instant>,
    /// What keeps the event loop to it while that runs.
    deadline: Option<Deadline>,
}

pub(super) struct Queue {
    inside: Mutex<Inside>,
    /// Wakes the thread while there is no event loop.
    filled: Condvar,
    /// Wakes the event loop.
    notify: Notify,
    next: AtomicU64,
    limit: Option<Duration>,
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("limit", &self.limit).finish_non_exhaustive()
    }
}

impl Queue {
    pub(super) fn new(limit: Option<Duration>) -> Self {
        Self {
            inside: Mutex::default(),
            filled: Condvar::new(),
            notify: Notify::new(),
            next: AtomicU64::new(1),
            limit,
        }
    }

    /// A number no other job has.
    pub(super) fn number(&self) -> Number {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a job, from any thread. Once the runtime has ended it is dropped, which those who wait notice.
    pub(super) fn push(&self, job: Job) {
        let mut inside = self.inside();
        if inside.is_closed {
            drop(inside);
            return;
        }
        if let Job::Use(number, _) | Job::Start(Call { number, .. }) = &job {
            inside.limit(*number, self.limit);
        }
        inside.news.push_back(News::Job(job));
        drop(inside);
        self.wake();
    }

    /// A coroutine is over.
    pub(super) fn over(&self, number: Number) {
        self.inside().news.push_back(News::Over(number));
        self.wake();
    }

    fn wake(&self) {
        self.filled.notify_one();
        self.notify.notify_waiters();
    }

    /// What came first, if anything did.
    pub(super) fn pop(&self) -> Option<News> {
        self.inside().news.pop_front()
    }

    /// Waits for something to come, the calling thread standing still.
    pub(super) fn wait(&self) {
        let mut inside = self.inside();
        while inside.news.is_empty() {
            inside = self.filled.wait(inside).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits for something to come, or for the next deadline.
    pub(super) async fn arrival(&self) {
        loop {
            let mut notified = std::pin::pin!(self.notify.notified());
            notified.as_mut().enable();
            let (is_there, next) = self.outlook();
            if is_there {
                return;
            }
            match next {
                Some(next) => {
                    let _ = tokio::time::timeout_at(next.into(), notified).await;
                }
                None => notified.await,
            }
        }
    }

    /// Whether there is something to do, and when there will be.
    fn outlook(&self) -> (bool, Option<Instant>) {
        let inside = self.inside();
        let next = inside.deadlines.iter().next().map(|(end, _)| *end);
        (!inside.news.is_empty() || next.is_some_and(|next| next <= Instant::now()), next)
    }

    /// The jobs whose time is up.
    pub(super) fn due(&self) -> Vec<Number> {
        let now = Instant::now();
        let inside = self.inside();
        inside.deadlines.iter().take_while(|(end, _)| *end <= now).map(|(_, number)| *number).collect()
    }

    /// A coroutine starts: the time it has waited for that does not count, but bounded who kept it waiting.
    pub(super) fn restart(&self, number: Number) {
        self.inside().limit(number, self.limit);
    }

    /// A job has been dealt with, or its own time is kept elsewhere.
    pub(super) fn settle(&self, number: Number) {
        let mut inside = self.inside();
        if let Some(end) = inside.times.remove(&number) {
            inside.deadlines.remove(&(end, number));
            inside.keep();
        }
    }

    /// The event loop starts to run, or has stopped.
    pub(super) fn keep_to(&self, deadline: Option<Deadline>) {
        let mut inside = self.inside();
        inside.deadline = deadline;
        inside.keep();
    }

    /// Takes no more jobs, and drops those that are left.
    pub(super) fn close(&self) {
        let mut inside = self.inside();
        inside.is_closed = true;
        let left = std::mem::take(&mut inside.news);
        drop(inside);
        drop(left);
    }
}

impl Inside {
    /// Sets a job's deadline, from now on.
    fn limit(&mut self, number: Number, limit: Option<Duration>) {
        if let Some(end) = limit.and_then(|limit| Instant::now().checked_add(limit)) {
            if let Some(before) = self.times.insert(number, end) {
                self.deadlines.remove(&(before, number));
            }
            self.deadlines.insert((end, number));
            self.keep();
        }
    }

    /// Tells the event loop the first deadline.
    fn keep(&self) {
        if let Some(deadline) = &self.deadline {
            let first = self.deadlines.iter().next().and_then(|(end, _)| end.checked_add(SLACK));
            // Without a thread to look at it there is no limit; calls from outside of the loop say so.
            let _ = deadline.set(first);
        }
    }
}
