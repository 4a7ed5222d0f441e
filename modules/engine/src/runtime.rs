//! The one tokio runtime of the process, shared by every module.
//!
//! It is made when first asked for, so that a script that never touches the network pays nothing.
//!
//! # Who drives it
//!
//! The runtime is a current-thread one: connections live on it as tasks, and whichever thread is
//! inside [`block_on`] drives them all while it waits. A request that waits for its own response
//! then never changes threads, which takes half the time of a hand-over to a worker thread and back.
//! Several waiting threads share the work: tokio passes the driving seat to the next one.
//!
//! When no thread waits, a *keeper* thread takes the seat, so that idle connections notice being
//! closed, HTTP/2 pings are answered and [`spawn`]ed tasks proceed. It leaves again when a thread
//! comes to wait, unless spawned tasks depend on it.
//!
//! # After `fork`
//!
//! A child has none of its parent's threads, so it gets a runtime of its own; the parent's is left
//! where it is, since dropping it would wait for threads that do not exist.

use std::future::Future;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, yield_now};

/// How long nobody must have waited before the keeper takes the driving seat.
const IDLE: Duration = Duration::from_millis(5);

/// Identifies the process that a runtime, or a connection living on it, belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generation(u32);

impl Generation {
    /// That of the running process.
    pub fn current() -> Self {
        Self(std::process::id())
    }

    /// That of another process.
    #[cfg(test)]
    pub(crate) fn of_process(id: u32) -> Self {
        Self(id)
    }
}

/// Waits for `future` on the calling thread, which drives the runtime meanwhile.
///
/// # Errors
/// When the runtime cannot be made, for want of file descriptors or threads.
///
/// # Panics
/// On a thread that is already driving asynchronous tasks; see [`is_async_context`].
pub fn block_on<F: Future>(future: F) -> io::Result<F::Output> {
    let driver = Driver::current()?;
    let _seat = driver.take_seat();
    Ok(driver.runtime.block_on(async {
        // What happened to connections while nobody drove (a peer that closed one, above all) must
        // be seen before one of them is chosen: the first turn polls the sockets, the second lets
        // the connections' tasks act on it.
        yield_now().await;
        yield_now().await;
        future.await
    }))
}

/// Runs `future` in the background, driven by whoever has the seat.
///
/// # Errors
/// When the runtime cannot be made, for want of file descriptors or threads.
pub fn spawn<F>(future: F) -> io::Result<JoinHandle<F::Output>>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let driver = Driver::current()?;
    let guard = driver.begin_background();
    Ok(driver.runtime.spawn(async move {
        let _guard = guard;
        future.await
    }))
}

/// Whether the calling thread is driving asynchronous tasks and must not block.
pub fn is_async_context() -> bool {
    Handle::try_current().is_ok()
}

struct Driver {
    generation: Generation,
    runtime: Runtime,
    /// Threads inside [`block_on`].
    waiting: AtomicUsize,
    /// Calls of [`block_on`] that ended, for the keeper to see whether there were any.
    ended: AtomicU64,
    /// Spawned tasks that have not ended.
    background: AtomicUsize,
    /// Whether the keeper has, or is about to take, the seat.
    keeper_drives: AtomicBool,
    /// Asks the keeper to leave the seat.
    release: Notify,
    keeper: OnceLock<Thread>,
    /// The runtime of a child process forked from the one that owns this.
    child: OnceLock<&'static Driver>,
}

impl Driver {
    fn current() -> io::Result<&'static Self> {
        // A list by generation: the driver in use is found without a lock, which another thread
        // might hold while the process forks, and which would then stay held in the child.
        static FIRST: OnceLock<&'static Driver> = OnceLock::new();
        let generation = Generation::current();
        let mut cell = &FIRST;
        loop {
            match cell.get() {
                Some(driver) if driver.generation == generation => return Ok(driver),
                Some(driver) => cell = &driver.child,
                None => Self::start(generation, cell)?,
            }
        }
    }

    /// Fills `cell`, unless another thread was faster.
    fn start(generation: Generation, cell: &OnceLock<&'static Self>) -> io::Result<()> {
        static STARTING: Mutex<()> = Mutex::new(());
        let _starting = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        if cell.get().is_some() {
            return Ok(());
        }
        let driver: &'static Self = Box::leak(Box::new(Self {
            generation,
            runtime: Builder::new_current_thread().enable_all().thread_name("tauraro-net").build()?,
            waiting: AtomicUsize::new(0),
            ended: AtomicU64::new(0),
            background: AtomicUsize::new(0),
            keeper_drives: AtomicBool::new(false),
            release: Notify::new(),
            keeper: OnceLock::new(),
            child: OnceLock::new(),
        }));
        let keeper = thread::Builder::new().name("tauraro-net".to_owned()).spawn(|| driver.keep())?;
        driver.keeper.get_or_init(|| keeper.thread().clone());
        cell.get_or_init(|| driver);
        Ok(())
    }

    /// The keeper's life.
    fn keep(&self) {
        loop {
            let ended = self.ended.load(SeqCst);
            thread::park_timeout(IDLE);
            let busy = self.background.load(SeqCst) > 0;
            if self.waiting.load(SeqCst) > 0 || (!busy && self.ended.load(SeqCst) != ended) {
                continue;
            }
            // Announced before the last look: a thread that comes to wait either is seen here, or
            // sees the announcement and asks for the seat.
            self.keeper_drives.store(true, SeqCst);
            if self.waiting.load(SeqCst) == 0 {
                self.runtime.block_on(self.released());
            }
            self.keeper_drives.store(false, SeqCst);
        }
    }

    async fn released(&self) {
        loop {
            self.release.notified().await;
            if self.background.load(SeqCst) == 0 {
                return;
            }
        }
    }

    fn take_seat(&self) -> Seat<'_> {
        self.waiting.fetch_add(1, SeqCst);
        if self.keeper_drives.load(SeqCst) && self.background.load(SeqCst) == 0 {
            self.release.notify_one();
        }
        Seat(self)
    }

    fn begin_background(&'static self) -> Background {
        self.background.fetch_add(1, SeqCst);
        self.wake_keeper();
        Background(self)
    }

    fn wake_keeper(&self) {
        if !self.keeper_drives.load(SeqCst)
            && let Some(keeper) = self.keeper.get()
        {
            keeper.unpark();
        }
    }
}

/// Held by a thread inside [`block_on`].
struct Seat<'a>(&'a Driver);

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.0.ended.fetch_add(1, SeqCst);
        let last = self.0.waiting.fetch_sub(1, SeqCst) == 1;
        if last && self.0.background.load(SeqCst) > 0 {
            self.0.wake_keeper();
        }
    }
}

/// Held by a spawned task.
struct Background(&'static Driver);

impl Drop for Background {
    fn drop(&mut self) {
        self.0.background.fetch_sub(1, SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn many_threads_wait_at_once() {
        let threads: Vec<_> = (0..8_u64)
            .map(|n| {
                thread::spawn(move || {
                    for _ in 0..50 {
                        let output = block_on(async move {
                            tokio::time::sleep(Duration::from_micros(100)).await;
                            n
                        })
                        .unwrap();
                        assert_eq!(output, n);
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().expect("a waiting thread panicked");
        }
    }

    #[test]
    fn spawned_tasks_proceed_while_nobody_waits() {
        let (sender, receiver) = std::sync::mpsc::channel();
        spawn(async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            let _ = sender.send(());
        })
        .unwrap();
        receiver.recv_timeout(Duration::from_secs(30)).expect("the task never ran");
    }

    #[test]
    fn an_aborted_task_leaves_the_background() {
        let task = spawn(std::future::pending::<()>()).unwrap();
        task.abort();
        assert!(block_on(task).unwrap().is_err_and(|error| error.is_cancelled()));
    }

    #[test]
    fn a_thread_gets_the_seat_from_an_idle_keeper() {
        block_on(async {}).unwrap();
        let deadline = Instant::now() + Duration::from_secs(30);
        while !Driver::current().unwrap().keeper_drives.load(SeqCst) && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(block_on(async { 7 }).unwrap(), 7);
    }
}
