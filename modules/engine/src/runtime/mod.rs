//! The tokio runtime of the HTTP client, shared by its clients; neither `asyncio` nor `websockets` uses it.
//!
//! It is created when it is first used, so that a script that makes no HTTP request pays nothing.
//!
//! | file | what it holds |
//! |---|---|
//! | `driver` | the runtime, and the threads that drive it |
//! | `ticks` | the timer of threads that wait |
//! | `forks` | how a forked child is recognized |
//!
//! # Who drives it
//!
//! The runtime is a current-thread one: connections live on it as tasks, and each thread inside [`block_on`]
//! drives them all while it waits. A request that waits for its own response then never changes threads, which
//! takes half the time of a hand-over to a worker thread and back. Several waiting threads share the work: tokio
//! hands the driver from one to the next.
//!
//! When no thread waits, a background thread drives, so that idle connections notice being closed, HTTP/2 pings
//! are answered and [background tasks](spawn_all) proceed. It stops when a thread starts to wait, unless
//! background tasks depend on it.
//!
//! # After `fork`
//!
//! A child has none of its parent's threads, so it gets a runtime of its own. The parent's is leaked, since
//! dropping it would wait for threads that do not exist.

mod driver;
mod forks;
#[cfg(test)]
mod tests;
mod ticks;

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::task::Poll;

use tokio::runtime::Handle;
use tokio::task::{self, yield_now};

use driver::Reactor;

/// Identifies the process that a runtime, or a connection living on it, belongs to, by the number of forks since
/// the first process. It is compared several times for each request; asking the system for the process's number
/// would cost more than everything it is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generation(u32);

impl Generation {
    /// The one of the running process.
    pub fn current() -> Self {
        Self(forks::count())
    }

    /// The one of another process.
    #[cfg(test)]
    pub(crate) fn of_process(id: u32) -> Self {
        Self(id)
    }
}

/// Waits for `future` on the calling thread, which drives the runtime meanwhile.
///
/// # Errors
/// The runtime cannot be created: too few file descriptors or threads.
///
/// # Panics
/// On a thread that is already driving asynchronous tasks; see [`is_async_context`].
pub fn block_on<F: Future>(future: F) -> io::Result<F::Output> {
    Ok(Reactor::current()?.enter_driver().block_on(future))
}

/// Waits for `future` as [`block_on`] does, but for 50 ms at most, and returns `None` then. No progress is lost:
/// waiting for the same future can be continued.
///
/// # Errors
/// The runtime cannot be created: too few file descriptors or threads.
///
/// # Panics
/// On a thread that is already driving asynchronous tasks; see [`is_async_context`].
pub fn block_on_until_tick<F: Future>(mut future: Pin<&mut F>) -> io::Result<Option<F::Output>> {
    let driver = Reactor::current()?.enter_driver();
    let mut tick = pin!(driver.next_tick());
    Ok(driver.block_on(poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => tick.as_mut().poll(cx).map(|()| None),
    })))
}

/// Processes what has happened to connections while no thread drove: above all that the peer has closed an idle
/// one. The sockets are polled before this ends, and the tasks that serve them run before anything that is
/// requested of them afterwards.
pub async fn poll_io_once() {
    let drives = task::try_id().is_some() || Reactor::current().is_ok_and(Reactor::has_one_thread);
    if drives {
        yield_now().await;
    } else {
        // The thread that drives does not poll the sockets because a thread that waits yields.
        let _ = tokio::spawn(yield_now()).await;
    }
}

/// A background task, whose result nobody waits for.
pub type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs all of `jobs` in the background. The thread that drives is woken once for all of them; spawning them one
/// by one would make as many system calls.
///
/// # Errors
/// The runtime cannot be created: too few file descriptors or threads. The jobs are dropped.
pub fn spawn_all(jobs: Vec<Job>) -> io::Result<()> {
    let reactor = Reactor::current()?;
    let guarded = jobs.into_iter().map(|job| {
        let guard = reactor.begin_background_task();
        async move {
            let _guard = guard;
            job.await;
        }
    });
    let mut guarded: Vec<_> = guarded.collect();
    reactor.drive_background_tasks();
    let Some(last) = guarded.pop() else { return Ok(()) };
    reactor.spawn(async move {
        for job in guarded {
            tokio::spawn(job);
        }
        last.await;
    });
    Ok(())
}

/// Creates the runtime, unless it exists.
///
/// # Errors
/// The runtime cannot be created: too few file descriptors or threads.
pub fn start() -> io::Result<()> {
    Reactor::current().map(drop)
}

/// Whether the calling thread is driving asynchronous tasks and must not block.
pub fn is_async_context() -> bool {
    Handle::try_current().is_ok()
}
