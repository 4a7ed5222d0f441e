//! `Pool`: the threads that `def` handlers run on.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rustpython_vm::builtins::PyType;
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::types::Constructor;
use rustpython_vm::{
    AsObject, FromArgs, Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass,
};

use crate::dispatch;
use crate::request::Request;

struct Job {
    handler: PyObjectRef,
    request: PyRef<Request>,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    /// Threads that wait for a job.
    idle: usize,
    threads: usize,
    closed: bool,
}

#[derive(FromArgs)]
pub(crate) struct PoolArgs {
    #[pyarg(positional)]
    event_loop: PyObjectRef,
    #[pyarg(positional)]
    size: usize,
    #[pyarg(positional)]
    start_thread: PyObjectRef,
}

/// Runs handlers on threads, which are started when they are needed, and brings their results to the loop. Results that
/// come in quick succession wake the loop once.
#[pyclass(module = "_tauraro", name = "Pool")]
#[derive(PyPayload)]
pub(crate) struct Pool {
    event_loop: PyObjectRef,
    size: usize,
    /// Called with the function of a new thread.
    start_thread: PyObjectRef,
    queue: Mutex<Queue>,
    wake: Condvar,
    done: PyMutex<Vec<(PyRef<Request>, PyResult)>>,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("size", &self.size).finish_non_exhaustive()
    }
}

impl Constructor for Pool {
    type Args = PoolArgs;

    fn py_new(_class: &Py<PyType>, args: PoolArgs, _vm: &VirtualMachine) -> PyResult<Self> {
        Ok(Self {
            event_loop: args.event_loop,
            size: args.size,
            start_thread: args.start_thread,
            queue: Mutex::default(),
            wake: Condvar::new(),
            done: PyMutex::default(),
        })
    }
}

impl Pool {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has a thread call `handler(request)`.
    pub(crate) fn submit(
        zelf: &Py<Self>,
        handler: PyObjectRef,
        request: &Py<Request>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let needs_thread = {
            let mut queue = zelf.queue();
            queue.jobs.push_back(Job { handler, request: request.to_owned() });
            let needs = queue.jobs.len() > queue.idle && queue.threads < zelf.size;
            if needs {
                queue.threads += 1;
            }
            needs
        };
        zelf.wake.notify_one();
        if needs_thread {
            let work = zelf.as_object().get_attr("work", vm)?;
            zelf.start_thread.call((work,), vm)?;
        }
        Ok(())
    }

    /// Waits for a job; nothing when the pool is closed.
    fn next(&self) -> Option<Job> {
        let mut queue = self.queue();
        loop {
            if queue.closed {
                return None;
            }
            if let Some(job) = queue.jobs.pop_front() {
                return Some(job);
            }
            queue.idle += 1;
            queue = self.wake.wait(queue).unwrap_or_else(PoisonError::into_inner);
            queue.idle = queue.idle.saturating_sub(1);
        }
    }
}

#[pyclass(with(Constructor))]
impl Pool {
    /// What a thread does: calls handlers until the pool is closed.
    #[pymethod]
    fn work(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        while let Some(job) = vm.allow_threads(|| zelf.next()) {
            let result = job.handler.call((job.request.clone(),), vm);
            let first = {
                let mut done = zelf.done.lock();
                done.push((job.request, result));
                done.len() == 1
            };
            drop(job.handler);
            if first {
                let deliver = zelf.as_object().get_attr("deliver", vm)?;
                // Fails when the loop is closed: nobody is left to answer.
                if vm.call_method(&zelf.event_loop, "call_soon_threadsafe", (deliver,)).is_err() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Answers the requests whose handlers are done.
    #[pymethod]
    fn deliver(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        let done = std::mem::take(&mut *zelf.done.lock());
        let mut outcome = Ok(());
        for (request, result) in done {
            let finished = dispatch::finish(&request, result, vm);
            if outcome.is_ok() {
                outcome = finished;
            }
        }
        outcome
    }

    /// Ends the threads that have nothing to do, and the others after their handler.
    #[pymethod]
    fn close(zelf: &Py<Self>) {
        let jobs = {
            let mut queue = zelf.queue();
            queue.closed = true;
            std::mem::take(&mut queue.jobs)
        };
        zelf.wake.notify_all();
        drop(jobs);
    }
}
