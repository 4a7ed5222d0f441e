//! How far an exchange has come, and the one timer that watches it.
//!
//! Waiting for a connection, making one and uploading happen in several places, partly in other
//! tasks. They report here, and the task that waits for the response derives from it which timeout is
//! running.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use tokio::time::{Instant, Sleep, sleep_until};

use super::Timeouts;
use super::upload::Source;
use crate::error::{Error, ErrorKind, Result};

/// What an exchange is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// A free connection of the pool, or a free stream of one.
    Pool,
    /// A connection that is being made.
    Connect,
    /// The same, made by the connector, which keeps the time of each attempt itself.
    Dial,
    /// The peer, to take request data.
    Write,
    /// The source of the request body: our own side, without a timeout.
    Source,
    /// The peer, to answer.
    Read,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    deadline: Option<Instant>,
    upload: Upload,
    /// Where the request body comes from, until its end. Kept here because the connection may be
    /// stuck in writing when nothing more is wanted of it.
    source: Option<Source>,
    /// Whether the source has been asked for data.
    consumed: bool,
    /// The task that sends the body, while it waits.
    sender: Option<Waker>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Upload {
    /// Nothing to send, or everything sent.
    Done,
    Sending,
    /// The response came before the end of the body and made the rest pointless.
    Held,
    /// Ended before its end.
    Broken,
}

/// How far one exchange has come. Shared by the waiting task and the connection.
#[derive(Debug)]
pub(super) struct Progress {
    timeouts: Timeouts,
    state: Mutex<State>,
    watcher: AtomicWaker,
}

impl Progress {
    /// An exchange that begins now, with a `source` when its body is sent piece by piece.
    pub(super) fn new(timeouts: Timeouts, source: Option<Source>) -> Self {
        let upload = if source.is_some() { Upload::Sending } else { Upload::Done };
        let deadline = after(timeouts.pool);
        let state = State { phase: Phase::Pool, deadline, upload, source, consumed: false, sender: None };
        Self { timeouts, state: Mutex::new(state), watcher: AtomicWaker::new() }
    }

    pub(super) fn connect_timeout(&self) -> Option<Duration> {
        self.timeouts.connect
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, state: &mut State, phase: Phase) {
        let before = std::mem::replace(&mut state.phase, phase);
        state.deadline = after(match phase {
            Phase::Pool => self.timeouts.pool,
            Phase::Connect => self.timeouts.connect,
            Phase::Write => self.timeouts.write,
            Phase::Read => self.timeouts.read,
            Phase::Source | Phase::Dial => None,
        });
        // The same phase again only moves its deadline back, which the timer notices by itself.
        if before != phase {
            self.watcher.wake();
        }
    }

    /// A phase begins, or makes headway.
    pub(super) fn enter(&self, phase: Phase) {
        self.set(&mut self.state(), phase);
    }

    /// What is waited for has changed, or not: then its time goes on.
    pub(super) fn wait_for(&self, phase: Phase) {
        let mut state = self.state();
        if state.phase != phase {
            self.set(&mut state, phase);
        }
    }

    /// The connection stands.
    pub(super) fn connected(&self) {
        let mut state = self.state();
        if matches!(state.phase, Phase::Pool | Phase::Connect | Phase::Dial) {
            self.set(&mut state, Phase::Read);
        }
    }

    /// The source of the request body, for another attempt, if none of it has been used.
    pub(super) fn reclaim_source(&self) -> Option<Source> {
        let mut state = self.state();
        if state.consumed { None } else { state.source.take() }
    }

    /// A request body that was given up before any of it was used is to be sent after all.
    pub(super) fn restart_upload(&self) {
        let mut state = self.state();
        if state.upload == Upload::Broken && state.source.is_some() {
            state.upload = Upload::Sending;
        }
    }

    /// The next piece of the request body. It stays pending, or fails, when no more is wanted.
    pub(super) fn poll_source(&self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        let mut state = self.state();
        if state.upload == Upload::Broken {
            let message = "the response made the rest of the request body pointless";
            return Poll::Ready(Some(Err(Error::new(ErrorKind::WriteError, message))));
        }
        if state.upload != Upload::Held {
            let chunk = state.source.as_mut().map_or(Poll::Ready(None), |source| source.poll_chunk(cx));
            if chunk.is_ready() {
                state.consumed = true;
                return chunk;
            }
            self.set(&mut state, Phase::Source);
        }
        if !state.sender.as_ref().is_some_and(|sender| sender.will_wake(cx.waker())) {
            state.sender = Some(cx.waker().clone());
        }
        Poll::Pending
    }

    /// The request body is over: complete, or broken off. A source that has not been used is kept, for
    /// another attempt.
    pub(super) fn uploaded(&self, complete: bool) {
        let source = {
            let mut state = self.state();
            if state.upload != Upload::Done {
                state.upload = if complete { Upload::Done } else { Upload::Broken };
                self.set(&mut state, Phase::Read);
                // Whoever holds back a response until now is not told by the phase alone.
                self.watcher.wake();
            }
            if complete || state.consumed { state.source.take() } else { None }
        };
        // Outside of the lock: it wakes whoever feeds it.
        drop(source);
    }

    /// Stops the upload where it is, and says whether there was anything left to stop. The
    /// connection can still be read from.
    pub(super) fn hold_upload(&self) -> bool {
        let mut held = false;
        self.end_upload(|state| {
            held = state.upload == Upload::Sending;
            if held {
                state.upload = Upload::Held;
            }
        });
        held
    }

    /// Breaks off what is left of an upload, and its connection with it.
    pub(super) fn break_upload(&self) {
        self.end_upload(|state| {
            if state.upload != Upload::Done {
                state.upload = Upload::Broken;
                state.sender.take().inspect(Waker::wake_by_ref);
            }
        });
    }

    fn end_upload(&self, change: impl FnOnce(&mut State)) {
        let source = {
            let mut state = self.state();
            change(&mut state);
            state.source.take()
        };
        // Outside of the lock: it wakes whoever feeds it.
        drop(source);
    }

    /// Whether request data was left unsent.
    pub(super) fn is_upload_unfinished(&self) -> bool {
        self.state().upload != Upload::Done
    }

    /// Waits for the end of the upload, whichever.
    pub(super) async fn wait_uploaded(&self) {
        // Polled below `watch`, which registers the waker that `uploaded` wakes.
        poll_fn(|_| if self.state().upload == Upload::Sending { Poll::Pending } else { Poll::Ready(()) })
            .await;
    }

    /// Waits for `future` as long as the timeout of the current phase allows.
    pub(super) async fn watch<F: Future>(&self, future: F) -> Result<F::Output> {
        let mut future = pin!(future);
        let mut timer = pin!(None::<Sleep>);
        poll_fn(|cx| {
            // Before looking, so that what changes afterwards is noticed.
            self.watcher.register(cx.waker());
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                return Poll::Ready(Ok(output));
            }
            loop {
                let (phase, deadline) = {
                    let state = self.state();
                    (state.phase, state.deadline)
                };
                let Some(deadline) = deadline else { return Poll::Pending };
                // A timer that is set too early rings, finds nothing to do and is set again: that is
                // rarer than headway.
                if timer.as_ref().as_pin_ref().is_none_or(|timer| timer.deadline() > deadline) {
                    timer.set(Some(sleep_until(deadline)));
                }
                match timer.as_mut().as_pin_mut().map(|timer| timer.poll(cx)) {
                    Some(Poll::Pending) => return Poll::Pending,
                    _ if Instant::now() >= deadline => return Poll::Ready(Err(timed_out(phase))),
                    _ => timer.set(None),
                }
            }
        })
        .await
    }
}

/// Breaks off what is left of an upload when nobody waits for the exchange any more.
pub(super) struct UploadGuard(pub(super) Arc<Progress>);

impl Drop for UploadGuard {
    fn drop(&mut self) {
        self.0.break_upload();
    }
}

/// The moment at which `timeout`, counted from now, is over. One that is too far away never comes.
fn after(timeout: Option<Duration>) -> Option<Instant> {
    timeout.and_then(|timeout| Instant::now().checked_add(timeout))
}

fn timed_out(phase: Phase) -> Error {
    match phase {
        Phase::Pool => {
            Error::new(ErrorKind::PoolTimeout, "timed out waiting for a free connection of the pool")
        }
        Phase::Connect | Phase::Dial => {
            Error::new(ErrorKind::ConnectTimeout, "the connect operation timed out")
        }
        Phase::Write => write_timed_out(),
        Phase::Read | Phase::Source => read_timed_out(),
    }
}

/// Nothing was taken in time.
pub(super) fn write_timed_out() -> Error {
    Error::new(ErrorKind::WriteTimeout, "the write operation timed out")
}

/// Nothing arrived in time.
pub(super) fn read_timed_out() -> Error {
    Error::new(ErrorKind::ReadTimeout, "the read operation timed out")
}
