//! The queue between the handles and the runtime's thread.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, oneshot};

use crate::Runtime;
use crate::interrupt::Deadline;

use super::calls::Call;

/// How long beyond its deadline a coroutine may block the event loop: long enough for the loop to cancel those
/// that do not block it.
const DEADLINE_SLACK: Duration = Duration::from_millis(10);

/// Tells jobs apart.
pub(super) type JobId = u64;

/// Work for the runtime's thread.
pub(super) enum Job {
    /// Use the runtime; the event loop does not run meanwhile.
    Use(JobId, Box<dyn FnOnce(&Runtime) + Send>),
    /// Start a coroutine.
    Start(Call),
    /// Cancel a coroutine whose result is not wanted any more.
    Cancel(JobId),
    /// End the runtime, and report its exit status.
    End(Option<oneshot::Sender<u32>>),
}

/// What the runtime's thread is to react to.
pub(super) enum QueueEvent {
    Job(Job),
    /// A coroutine has finished.
    Finished(JobId),
}

#[derive(Default)]
struct State {
    events: VecDeque<QueueEvent>,
    is_closed: bool,
    /// The deadlines of jobs, including queued ones.
    deadlines: BTreeSet<(Instant, JobId)>,
    deadline_of: HashMap<JobId, Instant>,
    /// The deadline of the event loop, while that runs.
    loop_deadline: Option<Deadline>,
}

pub(super) struct Queue {
    state: Mutex<State>,
    /// Wakes the thread while there is no event loop.
    has_events: Condvar,
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
            state: Mutex::default(),
            has_events: Condvar::new(),
            notify: Notify::new(),
            next: AtomicU64::new(1),
            limit,
        }
    }

    /// The number of a new job.
    pub(super) fn next_id(&self) -> JobId {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a job, from any thread. Once the runtime has ended it is dropped, and with it the sender that a handle
    /// waits for.
    pub(super) fn push(&self, job: Job) {
        let mut state = self.state();
        if state.is_closed {
            drop(state);
            return;
        }
        if let Job::Use(id, _) | Job::Start(Call { id, .. }) = &job {
            state.set_deadline(*id, self.limit);
        }
        state.events.push_back(QueueEvent::Job(job));
        drop(state);
        self.wake();
    }

    /// Reports that a coroutine has finished.
    pub(super) fn report_finished(&self, id: JobId) {
        self.state().events.push_back(QueueEvent::Finished(id));
        self.wake();
    }

    fn wake(&self) {
        self.has_events.notify_one();
        self.notify.notify_waiters();
    }

    /// The oldest event, if there is one.
    pub(super) fn pop(&self) -> Option<QueueEvent> {
        self.state().events.pop_front()
    }

    /// Blocks the calling thread until there is an event.
    pub(super) fn wait(&self) {
        let mut state = self.state();
        while state.events.is_empty() {
            state = self.has_events.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits for an event, or for the next deadline.
    pub(super) async fn wait_for_work(&self) {
        loop {
            let mut notified = std::pin::pin!(self.notify.notified());
            notified.as_mut().enable();
            let (has_work, next) = self.next_wakeup();
            if has_work {
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

    /// Whether there is work, and when there will be.
    fn next_wakeup(&self) -> (bool, Option<Instant>) {
        let state = self.state();
        let next = state.deadlines.iter().next().map(|(end, _)| *end);
        (!state.events.is_empty() || next.is_some_and(|next| next <= Instant::now()), next)
    }

    /// The jobs whose deadline has passed.
    pub(super) fn due(&self) -> Vec<JobId> {
        let now = Instant::now();
        let state = self.state();
        state.deadlines.iter().take_while(|(end, _)| *end <= now).map(|(_, id)| *id).collect()
    }

    /// Restarts the time of a coroutine that starts now. While it was queued, its deadline limited the jobs before it.
    pub(super) fn restart_deadline(&self, id: JobId) {
        self.state().set_deadline(id, self.limit);
    }

    /// Removes the deadline of a job that is done, or is limited elsewhere.
    pub(super) fn remove_deadline(&self, id: JobId) {
        let mut state = self.state();
        if let Some(end) = state.deadline_of.remove(&id) {
            state.deadlines.remove(&(end, id));
            state.update_loop_deadline();
        }
    }

    /// Sets what limits the event loop, which starts to run or has stopped.
    pub(super) fn set_loop_deadline(&self, deadline: Option<Deadline>) {
        let mut state = self.state();
        state.loop_deadline = deadline;
        state.update_loop_deadline();
    }

    /// Takes no more jobs, and drops the queued ones.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        let left = std::mem::take(&mut state.events);
        drop(state);
        drop(left);
    }
}

impl State {
    /// Sets a job's deadline, starting now.
    fn set_deadline(&mut self, id: JobId, limit: Option<Duration>) {
        if let Some(end) = limit.and_then(|limit| Instant::now().checked_add(limit)) {
            if let Some(before) = self.deadline_of.insert(id, end) {
                self.deadlines.remove(&(before, id));
            }
            self.deadlines.insert((end, id));
            self.update_loop_deadline();
        }
    }

    /// Limits the event loop by the first deadline.
    fn update_loop_deadline(&self) {
        if let Some(deadline) = &self.loop_deadline {
            let first = self.deadlines.iter().next().and_then(|(end, _)| end.checked_add(DEADLINE_SLACK));
            // Without a watchdog thread there is no limit; calls from outside of the loop report that.
            let _ = deadline.set(first);
        }
    }
}
