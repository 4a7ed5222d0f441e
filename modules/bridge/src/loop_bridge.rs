//! The event loop's side of its [`CompletionQueue`]: which awaitable gets which result.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::object::{Traverse, TraverseFn};
use rustpython_vm::{AsObject, PyObject, PyObjectRef, PyRef, PyResult, VirtualMachine};
use tauraro_engine::runtime::{self, Job};

use crate::awaitable::Awaitable;
use crate::completion_queue::{CompletionQueue, OperationId};

/// A callback of an awaitable that is done.
#[derive(Debug)]
pub struct DoneCallback {
    /// To be called with `awaitable` as its only argument...
    pub callback: PyObjectRef,
    /// ...in this context, or in a copy of the current one.
    pub context: Option<PyObjectRef>,
    /// What has become done.
    pub awaitable: PyRef<Awaitable>,
}

/// How an event loop takes a [`DoneCallback`]: it is put into the ready queue and not called at once.
pub type Schedule = fn(event_loop: &PyObject, callback: DoneCallback, vm: &VirtualMachine) -> PyResult<()>;

/// One event loop's connection to the shared runtime.
pub struct LoopBridge {
    queue: Arc<CompletionQueue>,
    schedule: Schedule,
    next: AtomicU64,
    waiting: PyMutex<HashMap<OperationId, PyRef<Awaitable>>>,
    /// Jobs of the next batch.
    pending_submissions: PyMutex<Vec<Job>>,
    /// How many jobs make a batch.
    batch: usize,
}

/// How many operations wait for each other, at most: enough to share the cost of waking the runtime,
/// and so few that it works on the first ones while the loop begins others.
const BATCH: usize = 8;

impl fmt::Debug for LoopBridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoopBridge").field("waiting", &self.waiting.lock().len()).finish_non_exhaustive()
    }
}

// SAFETY: each awaitable in the table is visited once.
#[expect(unsafe_code, reason = "the garbage collector's interface")]
unsafe impl Traverse for LoopBridge {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        if let Some(waiting) = self.waiting.try_lock() {
            for awaitable in waiting.values() {
                visit(awaitable.as_object());
            }
        }
    }
}

impl LoopBridge {
    /// The bridge of an event loop that queues callbacks with `schedule`.
    ///
    /// # Errors
    /// When the process has no descriptor left.
    pub fn new(schedule: Schedule) -> io::Result<Arc<Self>> {
        Self::with_batches(schedule, 1)
    }

    /// The same for a loop that calls [`LoopBridge::flush_submissions`] before it sleeps: operations that are begun
    /// together go to the runtime together.
    ///
    /// # Errors
    /// When the process has no descriptor left.
    pub fn batching(schedule: Schedule) -> io::Result<Arc<Self>> {
        Self::with_batches(schedule, BATCH)
    }

    fn with_batches(schedule: Schedule, batch: usize) -> io::Result<Arc<Self>> {
        Ok(Arc::new(Self {
            queue: Arc::new(CompletionQueue::new()?),
            schedule,
            next: AtomicU64::new(1),
            waiting: PyMutex::default(),
            pending_submissions: PyMutex::default(),
            batch,
        }))
    }

    /// Submits `job` to the runtime, with the next batch.
    ///
    /// # Errors
    /// When there is no runtime, because there are no descriptors or threads left.
    pub(crate) fn submit(&self, job: Job) -> io::Result<()> {
        runtime::start()?;
        let full = {
            let mut pending_submissions = self.pending_submissions.lock();
            pending_submissions.push(job);
            pending_submissions.len() >= self.batch
        };
        if full {
            self.flush_submissions();
        }
        Ok(())
    }

    /// Submits what has been queued since the last batch.
    pub fn flush_submissions(&self) {
        let jobs = std::mem::take(&mut *self.pending_submissions.lock());
        if !jobs.is_empty() {
            // Jobs that are dropped, because there is no runtime, report it through the queue.
            let _ = runtime::spawn_all(jobs);
        }
    }

    /// What workers push to.
    pub fn completions(&self) -> &Arc<CompletionQueue> {
        &self.queue
    }

    /// How many operations are under way.
    pub fn waiting(&self) -> usize {
        self.waiting.lock().len()
    }

    pub(crate) fn register(&self, awaitable: PyRef<Awaitable>) -> OperationId {
        let operation = self.next.fetch_add(1, Relaxed);
        self.waiting.lock().insert(operation, awaitable);
        operation
    }

    pub(crate) fn forget(&self, operation: OperationId) {
        let forgotten = self.waiting.lock().remove(&operation);
        // Dropping it may run Python, which must not find the table locked.
        drop(forgotten);
    }

    pub(crate) fn schedule(
        &self,
        event_loop: &PyObject,
        callback: DoneCallback,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        (self.schedule)(event_loop, callback, vm)
    }

    /// Completes every awaitable whose result has arrived. On the loop's own thread.
    ///
    /// # Errors
    /// What the loop's queue raised.
    pub fn complete_finished(&self, vm: &VirtualMachine) -> PyResult<()> {
        for (operation, output) in self.queue.take() {
            let awaitable = self.waiting.lock().remove(&operation);
            if let Some(awaitable) = awaitable {
                Awaitable::complete(&awaitable, output, vm)?;
            }
        }
        Ok(())
    }

    /// Cancels everything under way: the loop is closed and will never process the results.
    pub fn close(&self) {
        let waiting = std::mem::take(&mut *self.waiting.lock());
        for awaitable in waiting.into_values() {
            awaitable.abandon();
        }
    }
}

thread_local! {
    /// The bridge of the native loop that runs on this thread, with the identity of the loop.
    static RUNNING: RefCell<Option<(usize, Arc<LoopBridge>)>> = const { RefCell::new(None) };
}

/// Says, while it lives, that `event_loop` runs on this thread and is reached through a bridge.
#[must_use]
#[derive(Debug)]
pub struct Running {
    previous: Option<(usize, Arc<LoopBridge>)>,
}

impl Running {
    /// `event_loop` starts to run.
    pub fn enter(event_loop: &PyObject, bridge: &Arc<LoopBridge>) -> Self {
        let entry = (event_loop.get_id(), Arc::clone(bridge));
        Self { previous: RUNNING.with_borrow_mut(|running| running.replace(entry)) }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let previous = self.previous.take();
        // Not during the thread's own destruction, when there is nothing left to restore.
        let _ = RUNNING.try_with(|running| running.replace(previous));
    }
}

/// The event loop that runs on this thread, and its bridge.
///
/// # Errors
/// `RuntimeError` when none runs.
pub(crate) fn running(vm: &VirtualMachine) -> PyResult<(PyObjectRef, Arc<LoopBridge>)> {
    let event_loop = vm
        .asyncio_running_loop
        .borrow()
        .clone()
        .ok_or_else(|| vm.new_runtime_error("no running event loop"))?;
    let id = event_loop.get_id();
    let native = RUNNING.with_borrow(|running| match running {
        Some((owner, bridge)) if *owner == id => Some(Arc::clone(bridge)),
        _ => None,
    });
    let bridge = match native {
        Some(bridge) => bridge,
        None => crate::third_party_loop::loop_bridge(&event_loop, vm)?,
    };
    Ok((event_loop, bridge))
}
