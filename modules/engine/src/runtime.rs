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
//! # Ticks
//!
//! Whoever waits looks up now and then. One timer for all serves that, and runs on between waits: a
//! timer made for each wait would be the nearest of all whenever it is made, and the system would
//! have to be told.
//!
//! # After `fork`
//!
//! A child has none of its parent's threads, so it gets a runtime of its own; the parent's is left
//! where it is, since dropping it would wait for threads that do not exist.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::task::Poll;
use std::thread::{self, Thread};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::Notify;
use tokio::task::{self, JoinHandle, yield_now};
use tokio::time::sleep;

/// How long nobody must have waited before the keeper takes the driving seat.
const IDLE: Duration = Duration::from_millis(5);

/// How far apart the moments are at which [`block_on_until_tick`] gives up: well below what a person
/// pressing Ctrl-C notices.
const TICK: Duration = Duration::from_millis(50);

/// Identifies the process that a runtime, or a connection living on it, belongs to: how many times
/// it was forked since the first of its line. Looked at several times for each request, where asking
/// the system for the process's number would cost more than all else it is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generation(u32);

impl Generation {
    /// That of the running process.
    pub fn current() -> Self {
        Self(forks::count())
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
    Ok(driver.runtime.block_on(future))
}

/// Waits for `future` as [`block_on`] does, but not for long: `None` after 50 ms at most. What was
/// asked of it is not lost, and waiting can go on.
///
/// # Errors
/// When the runtime cannot be made, for want of file descriptors or threads.
///
/// # Panics
/// On a thread that is already driving asynchronous tasks; see [`is_async_context`].
pub fn block_on_until_tick<F: Future>(mut future: Pin<&mut F>) -> io::Result<Option<F::Output>> {
    let driver = Driver::current()?;
    let _seat = driver.take_seat();
    let mut tick = pin!(driver.ticks.notified());
    Ok(driver.runtime.block_on(poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => tick.as_mut().poll(cx).map(|()| None),
    })))
}

/// Lets what has happened to connections while nobody drove take effect: a peer that closed an idle
/// one, above all. The sockets are polled before this ends, and the tasks that serve them run before
/// anything that is asked of them afterwards.
pub async fn catch_up() {
    let drives = task::try_id().is_some() || Driver::current().is_ok_and(Driver::has_one_thread);
    if drives {
        yield_now().await;
    } else {
        // Whoever drives does not look at the sockets because a thread that waits yields.
        let _ = tokio::spawn(yield_now()).await;
    }
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
    driver.keep_going();
    Ok(driver.runtime.spawn(async move {
        let _guard = guard;
        future.await
    }))
}

/// A piece of work for the background, with nobody to hand its result to.
pub type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs all of `jobs` in the background. Whoever has the seat is woken once for them, where
/// [`spawn`]ing them one by one would make as many system calls.
///
/// # Errors
/// When the runtime cannot be made, for want of file descriptors or threads; the jobs are dropped.
pub fn spawn_all(jobs: Vec<Job>) -> io::Result<()> {
    let driver = Driver::current()?;
    let guarded = jobs.into_iter().map(|job| {
        let guard = driver.begin_background();
        async move {
            let _guard = guard;
            job.await;
        }
    });
    let mut guarded: Vec<_> = guarded.collect();
    driver.keep_going();
    let Some(last) = guarded.pop() else { return Ok(()) };
    driver.runtime.spawn(async move {
        for job in guarded {
            tokio::spawn(job);
        }
        last.await;
    });
    Ok(())
}

/// Makes the runtime, unless there is one.
///
/// # Errors
/// When it cannot be made, for want of file descriptors or threads.
pub fn start() -> io::Result<()> {
    Driver::current().map(drop)
}

/// Whether the calling thread is driving asynchronous tasks and must not block.
pub fn is_async_context() -> bool {
    Handle::try_current().is_ok()
}

/// Counts the forks that led to the running process.
#[cfg(unix)]
mod forks {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    static COUNT: AtomicU32 = AtomicU32::new(0);

    pub(super) fn count() -> u32 {
        static WATCHED: OnceLock<bool> = OnceLock::new();
        if *WATCHED.get_or_init(watch) { COUNT.load(Relaxed) } else { std::process::id() }
    }

    extern "C" fn forked() {
        COUNT.fetch_add(1, Relaxed);
    }

    /// Has children counted as they begin; false when there is no memory for that.
    #[expect(unsafe_code, reason = "nothing in the standard library tells of a fork")]
    fn watch() -> bool {
        // SAFETY: the handler only touches an atomic, so it may run in a child of a process with
        // threads, and it is never unloaded.
        unsafe { libc::pthread_atfork(None, None, Some(forked)) == 0 }
    }
}

/// There is no fork here.
#[cfg(not(unix))]
mod forks {
    pub(super) fn count() -> u32 {
        0
    }
}

struct Driver {
    generation: Generation,
    runtime: Runtime,
    /// Threads inside [`block_on`].
    waiting: AtomicUsize,
    /// Waits that ended and tasks that began, to see whether there were any.
    activity: AtomicU64,
    /// Spawned tasks that have not ended.
    background: AtomicUsize,
    /// Whether the keeper has, or is about to take, the seat.
    keeper_drives: AtomicBool,
    /// Asks the keeper to leave the seat.
    release: Notify,
    /// Told of each tick, while there are any.
    ticks: Notify,
    /// Whether there are ticks: not while nothing goes on.
    ticking: AtomicBool,
    /// Asks for ticks.
    start_ticking: Notify,
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
            activity: AtomicU64::new(0),
            background: AtomicUsize::new(0),
            keeper_drives: AtomicBool::new(false),
            release: Notify::new(),
            ticks: Notify::new(),
            ticking: AtomicBool::new(false),
            start_ticking: Notify::new(),
            keeper: OnceLock::new(),
            child: OnceLock::new(),
        }));
        let keeper = thread::Builder::new().name("tauraro-net".to_owned()).spawn(|| driver.keep())?;
        driver.keeper.get_or_init(|| keeper.thread().clone());
        driver.runtime.spawn(driver.tick());
        cell.get_or_init(|| driver);
        Ok(())
    }

    /// The keeper's life.
    fn keep(&self) {
        loop {
            let activity = self.activity.load(SeqCst);
            thread::park_timeout(IDLE);
            let busy = self.background.load(SeqCst) > 0;
            if self.waiting.load(SeqCst) > 0 || (!busy && self.activity.load(SeqCst) != activity) {
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

    /// The life of the ticks.
    async fn tick(&self) {
        loop {
            self.start_ticking.notified().await;
            loop {
                let activity = self.activity.load(SeqCst);
                sleep(TICK).await;
                self.ticks.notify_waiters();
                if !self.is_idle_since(activity) {
                    continue;
                }
                // Announced before the last look: a thread that comes to wait either is seen here,
                // or sees that it has to ask.
                self.ticking.store(false, SeqCst);
                if self.is_idle_since(activity) || self.ticking.swap(true, SeqCst) {
                    break;
                }
            }
        }
    }

    /// Whether nothing goes on, nor has done since `activity`.
    fn is_idle_since(&self, activity: u64) -> bool {
        self.waiting.load(SeqCst) == 0 && self.activity.load(SeqCst) == activity
    }

    fn keep_ticking(&self) {
        if !self.ticking.load(SeqCst) && !self.ticking.swap(true, SeqCst) {
            self.start_ticking.notify_one();
        }
    }

    /// Whether the calling thread, which waits, is the only one that can have the seat.
    fn has_one_thread(&self) -> bool {
        self.waiting.load(SeqCst) == 1 && !self.keeper_drives.load(SeqCst)
    }

    fn take_seat(&self) -> Seat<'_> {
        self.waiting.fetch_add(1, SeqCst);
        self.keep_ticking();
        if self.keeper_drives.load(SeqCst) && self.background.load(SeqCst) == 0 {
            self.release.notify_one();
        }
        Seat(self)
    }

    fn begin_background(&'static self) -> Background {
        self.background.fetch_add(1, SeqCst);
        self.activity.fetch_add(1, SeqCst);
        Background(self)
    }

    /// Sees to it that what began in the background proceeds.
    fn keep_going(&'static self) {
        self.keep_ticking();
        self.wake_keeper();
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
        self.0.activity.fetch_add(1, SeqCst);
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
    fn jobs_that_begin_together_do_not_wait_for_each_other() {
        let (sender, receiver) = std::sync::mpsc::channel();
        let barrier = std::sync::Arc::new(tokio::sync::Barrier::new(3));
        let job = |n: u32| -> Job {
            let (sender, barrier) = (sender.clone(), std::sync::Arc::clone(&barrier));
            Box::pin(async move {
                barrier.wait().await;
                let _ = sender.send(n);
            })
        };
        spawn_all(vec![job(1), job(2), job(3)]).unwrap();
        let mut ended: Vec<_> =
            (0..3).map(|_| receiver.recv_timeout(Duration::from_secs(30)).expect("a job hangs")).collect();
        ended.sort_unstable();
        assert_eq!(ended, [1, 2, 3]);
        spawn_all(Vec::new()).unwrap();
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
