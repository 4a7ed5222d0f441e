//! The runtime with the threads that drive it.

use std::future::Future;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use super::Generation;
use super::ticks::Ticks;

/// How long no thread must have waited before the background thread drives.
const IDLE_TIME: Duration = Duration::from_millis(5);

/// The runtime of a process, and who drives it.
pub(super) struct Reactor {
    generation: Generation,
    runtime: Runtime,
    /// The threads that are inside [`DriverGuard::block_on`].
    waiting: AtomicUsize,
    /// Counts waits that ended and tasks that began, to detect activity.
    activity: AtomicU64,
    /// The background tasks that have not ended.
    background_tasks: AtomicUsize,
    /// Whether the background thread drives, or is about to.
    background_drives: AtomicBool,
    /// Asks the background thread to stop driving.
    release: Notify,
    ticks: Ticks,
    background_thread: OnceLock<Thread>,
    /// The reactor of a child process forked from the one that owns this.
    child: OnceLock<&'static Reactor>,
}

impl Reactor {
    /// The reactor of the running process, created when it is first used.
    ///
    /// # Errors
    /// Too few file descriptors or threads.
    pub(super) fn current() -> io::Result<&'static Self> {
        // A list by generation: the reactor in use is found without a lock, which another thread
        // might hold while the process forks, and which would then stay locked in the child.
        static FIRST: OnceLock<&'static Reactor> = OnceLock::new();
        let generation = Generation::current();
        let mut cell = &FIRST;
        loop {
            match cell.get() {
                Some(reactor) if reactor.generation == generation => return Ok(reactor),
                Some(reactor) => cell = &reactor.child,
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
        let reactor: &'static Self = Box::leak(Box::new(Self {
            generation,
            runtime: Builder::new_current_thread().enable_all().thread_name("tauraro-net").build()?,
            waiting: AtomicUsize::new(0),
            activity: AtomicU64::new(0),
            background_tasks: AtomicUsize::new(0),
            background_drives: AtomicBool::new(false),
            release: Notify::new(),
            ticks: Ticks::default(),
            background_thread: OnceLock::new(),
            child: OnceLock::new(),
        }));
        let builder = thread::Builder::new().name("tauraro-net".to_owned());
        let thread = builder.spawn(|| reactor.run_background_driver())?;
        reactor.background_thread.get_or_init(|| thread.thread().clone());
        let activity = || reactor.activity.load(SeqCst);
        reactor.runtime.spawn(reactor.ticks.run(activity, |activity| reactor.is_idle_since(activity)));
        cell.get_or_init(|| reactor);
        Ok(())
    }

    /// What the background thread runs.
    fn run_background_driver(&self) {
        loop {
            let activity = self.activity.load(SeqCst);
            thread::park_timeout(IDLE_TIME);
            let is_busy = self.background_tasks.load(SeqCst) > 0;
            if self.waiting.load(SeqCst) > 0 || (!is_busy && self.activity.load(SeqCst) != activity) {
                continue;
            }
            // Announced before the last check: a thread that starts to wait is either seen here, or
            // sees the announcement and asks for the release.
            self.background_drives.store(true, SeqCst);
            if self.waiting.load(SeqCst) == 0 {
                self.runtime.block_on(self.until_released());
            }
            self.background_drives.store(false, SeqCst);
        }
    }

    async fn until_released(&self) {
        loop {
            self.release.notified().await;
            if self.background_tasks.load(SeqCst) == 0 {
                return;
            }
        }
    }

    /// Whether nothing happens now, nor has happened since `activity`.
    fn is_idle_since(&self, activity: u64) -> bool {
        self.waiting.load(SeqCst) == 0 && self.activity.load(SeqCst) == activity
    }

    /// Whether the calling thread, which waits, is the only one that can drive.
    pub(super) fn has_one_thread(&self) -> bool {
        self.waiting.load(SeqCst) == 1 && !self.background_drives.load(SeqCst)
    }

    /// Lets the calling thread drive while it waits.
    pub(super) fn enter_driver(&self) -> DriverGuard<'_> {
        self.waiting.fetch_add(1, SeqCst);
        self.ticks.keep_running();
        if self.background_drives.load(SeqCst) && self.background_tasks.load(SeqCst) == 0 {
            self.release.notify_one();
        }
        DriverGuard(self)
    }

    /// Spawns a task, which does not proceed unless a thread drives.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        drop(self.runtime.spawn(task));
    }

    /// Counts a background task until the guard is dropped.
    pub(super) fn begin_background_task(&'static self) -> BackgroundTask {
        self.background_tasks.fetch_add(1, SeqCst);
        self.activity.fetch_add(1, SeqCst);
        BackgroundTask(self)
    }

    /// Makes sure that background tasks proceed.
    pub(super) fn drive_background_tasks(&'static self) {
        self.ticks.keep_running();
        self.wake_background_thread();
    }

    fn wake_background_thread(&self) {
        if !self.background_drives.load(SeqCst)
            && let Some(thread) = self.background_thread.get()
        {
            thread.unpark();
        }
    }

    /// Whether the background thread drives, or is about to.
    #[cfg(test)]
    pub(super) fn is_driven_in_background(&self) -> bool {
        self.background_drives.load(SeqCst)
    }
}

/// Held by a thread that waits, and drives meanwhile.
pub(super) struct DriverGuard<'a>(&'a Reactor);

impl DriverGuard<'_> {
    /// Waits for a future.
    pub(super) fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.runtime.block_on(future)
    }

    /// The next tick.
    pub(super) fn next_tick(&self) -> Notified<'_> {
        self.0.ticks.next()
    }
}

impl Drop for DriverGuard<'_> {
    fn drop(&mut self) {
        self.0.activity.fetch_add(1, SeqCst);
        let is_last = self.0.waiting.fetch_sub(1, SeqCst) == 1;
        if is_last && self.0.background_tasks.load(SeqCst) > 0 {
            self.0.wake_background_thread();
        }
    }
}

/// Held by a background task.
pub(super) struct BackgroundTask(&'static Reactor);

impl Drop for BackgroundTask {
    fn drop(&mut self) {
        self.0.background_tasks.fetch_sub(1, SeqCst);
    }
}
