//! A runtime on a thread of its own, called from asynchronous hosts.
//!
//! | file | what it is |
//! |---|---|
//! | `queue` | what is to be done, between those who ask and the runtime's thread |
//! | `driver` | the runtime's thread: jobs, one after the other, and between them the event loop |
//! | `calls` | coroutines under way |

mod calls;
mod driver;
mod queue;

use std::sync::Arc;
use std::thread;

use rustpython_vm::convert::ToPyObject;
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

use crate::runtime::RESULT;
use crate::{Arguments, Builder, Runtime, ScriptError, Stopper, program, value};

use queue::{Job, Number, Queue};

/// As much as a main thread usually has.
const STACK: usize = 8 << 20;

/// A [`Runtime`] on a thread of its own: [`Builder::spawn`].
///
/// Its methods are futures for any executor, and none blocks it. Clones reach the same runtime, which ends
/// when the last one is dropped, or with [`finish`](Self::finish).
///
/// ```
/// # async fn host() -> Result<(), tauraro::ScriptError> {
/// let runtime = tauraro::Runtime::builder().spawn().await?;
/// runtime.with(|runtime| runtime.run_string("import asyncio\nasync def slow(n): await asyncio.sleep(n); return n", "<setup>")).await??;
/// // Both at once.
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
    stopper: Stopper,
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.queue.push(Job::End(None));
    }
}

impl Builder {
    /// Starts the interpreter on a thread of its own.
    ///
    /// # Errors
    /// As [`build`](Self::build); of kind `Stopped` when no thread can be started.
    pub async fn spawn(self) -> Result<RuntimeHandle, ScriptError> {
        let (started, starting) = oneshot::channel();
        let run = move || match self.build() {
            Ok(runtime) => {
                let queue = Arc::new(Queue::new(runtime.stops().limit()));
                let owner = Owner { queue: Arc::clone(&queue), stopper: runtime.stopper() };
                // Nobody waits any more: then the handle is dropped here, and with it the runtime ends.
                let _ = started.send(Ok(RuntimeHandle { owner: Arc::new(owner) }));
                driver::drive(runtime, &queue);
            }
            Err(error) => {
                let _ = started.send(Err(error));
            }
        };
        let thread = thread::Builder::new().name("tauraro-runtime".to_owned()).stack_size(STACK).spawn(run);
        thread.map_err(|_| ScriptError::ended())?;
        starting.await.unwrap_or_else(|_| Err(ScriptError::ended()))
    }
}

impl RuntimeHandle {
    /// Uses the runtime on its thread: `handle.with(|runtime| runtime.run_file("app.py")).await`.
    ///
    /// Coroutines under way stand still meanwhile. Dropping the future before its turn has come withdraws it.
    ///
    /// # Errors
    /// Of kind `Stopped` when the runtime has ended.
    pub async fn with<R: Send + 'static>(
        &self,
        work: impl FnOnce(&Runtime) -> R + Send + 'static,
    ) -> Result<R, ScriptError> {
        let (answer, answered) = oneshot::channel();
        let work = move |runtime: &Runtime| {
            if !answer.is_closed() {
                let _ = answer.send(work(runtime));
            }
        };
        self.owner.queue.push(Job::Use(self.owner.queue.number(), Box::new(work)));
        answered.await.map_err(|_| ScriptError::ended())
    }

    /// Calls a function, as [`Runtime::call`] does.
    ///
    /// # Errors
    /// As [`Runtime::call`]; of kind `Stopped` when the runtime has ended.
    pub async fn call<T: DeserializeOwned + Send + 'static>(
        &self,
        name: &str,
        arguments: impl Arguments + Send + 'static,
    ) -> Result<T, ScriptError> {
        let name = name.to_owned();
        self.with(move |runtime| runtime.call(&name, arguments)).await?
    }

    /// Calls a function and awaits what it returns on the runtime's event loop, where it takes turns with all
    /// others. (A function that is not `async` is called as by [`call`](Self::call).)
    ///
    /// Dropping the future cancels the Python task. With a [time limit](Builder::time_limit), the task is
    /// cancelled when its time is up; a piece of it that keeps the loop from going on is stopped.
    ///
    /// # Errors
    /// As [`Runtime::call`].
    pub async fn call_async<T: DeserializeOwned + Send + 'static>(
        &self,
        name: &str,
        arguments: impl Arguments + Send + 'static,
    ) -> Result<T, ScriptError> {
        let queue = &self.owner.queue;
        let number = queue.number();
        let (answer, answered) = oneshot::channel();
        let name = name.to_owned();
        queue.push(Job::Start(calls::Call {
            number,
            start: Box::new(move |vm| {
                let function = program::resolve(vm, &name)?;
                function.call(arguments.to_python(vm)?, vm)
            }),
            answer: Box::new(move |runtime, outcome| {
                let result = outcome.and_then(|outcome| {
                    runtime.run(|vm| value::to_rust(vm, outcome(vm)?.to_pyobject(vm), RESULT))
                });
                // Nobody waits any more.
                let _ = answer.send(result);
            }),
        }));
        let cancel = Cancel { queue, number: Some(number) };
        let result = answered.await;
        cancel.forget();
        result.unwrap_or_else(|_| Err(ScriptError::ended()))
    }

    /// What stops the scripts: the call that runs now, all coroutines under way, and threads.
    pub fn stopper(&self) -> Stopper {
        self.owner.stopper.clone()
    }

    /// Ends the runtime, whoever else has a handle: cancels what is under way, then as [`Runtime::finish`].
    pub async fn finish(self) -> u32 {
        let (answer, answered) = oneshot::channel();
        self.owner.queue.push(Job::End(Some(answer)));
        answered.await.unwrap_or(0)
    }
}

/// Cancels a coroutine unless it is over.
struct Cancel<'a> {
    queue: &'a Queue,
    number: Option<Number>,
}

impl Cancel<'_> {
    fn forget(mut self) {
        self.number = None;
    }
}

impl Drop for Cancel<'_> {
    fn drop(&mut self) {
        if let Some(number) = self.number.take() {
            self.queue.push(Job::Cancel(number));
        }
    }
}
