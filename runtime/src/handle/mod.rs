//! Async embedding: a runtime on its own thread, called through handles from asynchronous hosts.
//!
//! | file | what it is |
//! |---|---|
//! | `queue` | the queue between the handles and the runtime's thread |
//! | `driver` | the runtime's thread: jobs, one after the other, and the event loop between them |
//! | `calls` | coroutines that are running |

mod calls;
mod driver;
mod queue;

use std::sync::Arc;
use std::thread;

use rustpython_vm::convert::ToPyObject;
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

use crate::runtime::RESULT;
use crate::{Arguments, Builder, InterruptHandle, Runtime, ScriptError, program, value};

use queue::{Job, JobId, Queue};

/// As much as a main thread usually has.
const STACK_SIZE: usize = 8 << 20;

/// A [`Runtime`] on its own thread: [`Builder::spawn`].
///
/// Its methods are futures for any executor, and none blocks it. Clones reach the same runtime, which ends
/// when the last one is dropped, or with [`finish`](Self::finish).
///
/// ```
/// # async fn host() -> Result<(), tauraro::ScriptError> {
/// let runtime = tauraro::Runtime::builder().spawn().await?;
/// runtime.with(|runtime| runtime.run_string("import asyncio\nasync def slow(n): await asyncio.sleep(n); return n", "<setup>")).await??;
/// // Both run concurrently.
/// let (one, two) = tokio::join!(runtime.call_async::<f64>("slow", (0.01,)), runtime.call_async::<f64>("slow", (0.02,)));
/// assert_eq!(one? + two?, 0.03);
/// # Ok(())
/// # }
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(host()).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct RuntimeHandle {
    owner: Arc<Owner>,
}

/// The runtime ends with the last of its handles.
#[derive(Debug)]
struct Owner {
    queue: Arc<Queue>,
    interrupt_handle: InterruptHandle,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.queue.push(Job::End(None));
    }
}

impl Builder {
    /// Starts the interpreter on its own thread.
    ///
    /// # Errors
    /// As [`build`](Self::build); of kind `Interrupted` when no thread can be started.
    pub async fn spawn(self) -> Result<RuntimeHandle, ScriptError> {
        let (started, starting) = oneshot::channel();
        let run = move || match self.build() {
            Ok(runtime) => {
                let queue = Arc::new(Queue::new(runtime.interrupter().limit()));
                let owner = Owner { queue: Arc::clone(&queue), interrupt_handle: runtime.interrupt_handle() };
                // If the host does not wait any more, the handle is dropped here, which ends the runtime.
                let _ = started.send(Ok(RuntimeHandle { owner: Arc::new(owner) }));
                driver::drive(runtime, &queue);
            }
            Err(error) => {
                let _ = started.send(Err(error));
            }
        };
        let thread =
            thread::Builder::new().name("tauraro-runtime".to_owned()).stack_size(STACK_SIZE).spawn(run);
        thread.map_err(|_| ScriptError::ended())?;
        starting.await.unwrap_or_else(|_| Err(ScriptError::ended()))
    }
}

impl RuntimeHandle {
    /// Uses the runtime on its thread: `handle.with(|runtime| runtime.run_file("app.py")).await`.
    ///
    /// Coroutines do not run meanwhile. Dropping the future before the call has begun cancels it.
    ///
    /// # Errors
    /// Of kind `Interrupted` when the runtime has ended.
    pub async fn with<R: Send + 'static>(
        &self,
        work: impl FnOnce(&Runtime) -> R + Send + 'static,
    ) -> Result<R, ScriptError> {
        let (reply, result) = oneshot::channel();
        let work = move |runtime: &Runtime| {
            if !reply.is_closed() {
                let _ = reply.send(work(runtime));
            }
        };
        self.owner.queue.push(Job::Use(self.owner.queue.next_id(), Box::new(work)));
        result.await.map_err(|_| ScriptError::ended())
    }

    /// Calls a function, as [`Runtime::call`] does.
    ///
    /// # Errors
    /// As [`Runtime::call`]; of kind `Interrupted` when the runtime has ended.
    pub async fn call<T: DeserializeOwned + Send + 'static>(
        &self,
        name: &str,
        arguments: impl Arguments + Send + 'static,
    ) -> Result<T, ScriptError> {
        let name = name.to_owned();
        self.with(move |runtime| runtime.call(&name, arguments)).await?
    }

    /// Calls a function and awaits what it returns on the runtime's event loop, concurrently with others. (A function
    /// that is not `async` is called as by [`call`](Self::call).)
    ///
    /// Dropping the future cancels the Python task. With a [time limit](Builder::time_limit), the task is cancelled
    /// when it exceeds that; code that blocks the event loop is interrupted.
    ///
    /// # Errors
    /// As [`Runtime::call`].
    pub async fn call_async<T: DeserializeOwned + Send + 'static>(
        &self,
        name: &str,
        arguments: impl Arguments + Send + 'static,
    ) -> Result<T, ScriptError> {
        let queue = &self.owner.queue;
        let id = queue.next_id();
        let (reply, result) = oneshot::channel();
        let name = name.to_owned();
        queue.push(Job::Start(calls::Call {
            id,
            start: Box::new(move |vm| {
                let function = program::resolve(vm, &name)?;
                function.call(arguments.to_python(vm)?, vm)
            }),
            reply: Box::new(move |runtime, outcome| {
                let value = outcome.and_then(|outcome| {
                    runtime.run(|vm| value::to_rust(vm, outcome(vm)?.to_pyobject(vm), RESULT))
                });
                // It fails if the host does not wait any more.
                let _ = reply.send(value);
            }),
        }));
        let cancel = CancelOnDrop { queue, id: Some(id) };
        let result = result.await;
        cancel.disarm();
        result.unwrap_or_else(|_| Err(ScriptError::ended()))
    }

    /// A handle that interrupts the scripts: the call that runs now, all coroutines, and threads.
    pub fn interrupt_handle(&self) -> InterruptHandle {
        self.owner.interrupt_handle.clone()
    }

    /// Ends the runtime, even if there are other handles: cancels coroutines, then as [`Runtime::finish`].
    pub async fn finish(self) -> u32 {
        let (reply, result) = oneshot::channel();
        self.owner.queue.push(Job::End(Some(reply)));
        result.await.unwrap_or(0)
    }
}

/// Cancels a coroutine, unless it was disarmed.
struct CancelOnDrop<'a> {
    queue: &'a Queue,
    id: Option<JobId>,
}

impl CancelOnDrop<'_> {
    fn disarm(mut self) {
        self.id = None;
    }
}

impl Drop for CancelOnDrop<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.id.take() {
            self.queue.push(Job::Cancel(id));
        }
    }
}
