//! Coroutines that are running.

use std::collections::HashMap;
use std::sync::Arc;

use rustpython_vm::class::PyClassImpl as _;
use rustpython_vm::function::{FuncArgs, KwArgs};
use rustpython_vm::types::Callable;
use rustpython_vm::{AsObject, Py, PyObjectRef, PyPayload, PyResult, VirtualMachine, pyclass};

use crate::{Runtime, ScriptError};

use super::queue::{JobId, Queue};

/// Returns what was awaited, or raises the exception that ended it.
pub(super) type Outcome = Box<dyn FnOnce(&VirtualMachine) -> PyResult>;

/// Sends the result to the handle that waits for it.
pub(super) type Reply = Box<dyn FnOnce(&Runtime, Result<Outcome, ScriptError>) + Send>;

/// A coroutine to start.
pub(super) struct Call {
    pub(super) id: JobId,
    /// Makes the coroutine.
    pub(super) start: Box<dyn FnOnce(&VirtualMachine) -> PyResult + Send>,
    pub(super) reply: Reply,
}

struct Running {
    task: PyObjectRef,
    /// `None` once it was sent.
    reply: Option<Reply>,
}

/// The running tasks, by the number of their job.
#[derive(Default)]
pub(super) struct Calls {
    running: HashMap<JobId, Running>,
}

impl Calls {
    /// Starts a coroutine. A value that is not awaitable is the result itself.
    pub(super) fn start(
        &mut self,
        runtime: &Runtime,
        queue: &Arc<Queue>,
        event_loop: Option<&PyObjectRef>,
        call: Call,
    ) {
        let Call { id, start, reply } = call;
        let started = runtime.run(|vm| {
            let object = start(vm)?;
            let asyncio = vm.import("asyncio", 0)?;
            let inspect = vm.import("inspect", 0)?;
            let awaitable = vm.call_method(&inspect, "isawaitable", (object.clone(),))?;
            let Some(event_loop) = event_loop.filter(|_| awaitable.is(&vm.ctx.true_value)) else {
                return Ok((object, false));
            };
            let ensure = asyncio.get_attr("ensure_future", vm)?;
            let keywords: KwArgs = [("loop".to_owned(), event_loop.clone())].into_iter().collect();
            let task = ensure.call(FuncArgs::new(vec![object], keywords), vm)?;
            let _class = DoneCallback::make_static_type();
            let callback = DoneCallback { id, queue: Arc::clone(queue) }.into_ref(&vm.ctx);
            vm.call_method(&task, "add_done_callback", (callback,))?;
            Ok((task, true))
        });
        match started {
            Ok((task, true)) => {
                self.running.insert(id, Running { task, reply: Some(reply) });
            }
            Ok((value, false)) => {
                queue.remove_deadline(id);
                reply(runtime, Ok(Box::new(move |_| Ok(value))));
            }
            Err(error) => {
                queue.remove_deadline(id);
                reply(runtime, Err(error));
            }
        }
    }

    /// Sends the result of a task that has finished.
    pub(super) fn finish(&mut self, runtime: &Runtime, queue: &Queue, id: JobId) {
        queue.remove_deadline(id);
        let Some(Running { task, reply }) = self.running.remove(&id) else { return };
        match reply {
            Some(reply) => reply(runtime, Ok(Box::new(move |vm| vm.call_method(&task, "result", ())))),
            // Its exception counts as retrieved.
            None => drop(runtime.run(|vm| {
                let cancelled = vm.call_method(&task, "cancelled", ())?.try_to_bool(vm)?;
                if cancelled { Ok(vm.ctx.none()) } else { vm.call_method(&task, "exception", ()) }
            })),
        }
    }

    /// Cancels a task, and replies with `reason`.
    pub(super) fn cancel(
        &mut self,
        runtime: &Runtime,
        queue: &Queue,
        id: JobId,
        reason: Option<ScriptError>,
    ) {
        queue.remove_deadline(id);
        let Some(running) = self.running.get_mut(&id) else { return };
        let task = running.task.clone();
        if let (Some(reply), Some(reason)) = (running.reply.take(), reason) {
            reply(runtime, Err(reason));
        }
        // A task that cannot be cancelled has finished already.
        let _ = runtime.run(|vm| vm.call_method(&task, "cancel", ()));
    }

    /// The numbers of all running tasks.
    pub(super) fn ids(&self) -> Vec<JobId> {
        self.running.keys().copied().collect()
    }

    /// Drops all tasks, whose loop is gone.
    pub(super) fn clear(&mut self, runtime: &Runtime) {
        let all = std::mem::take(&mut self.running);
        runtime.enter(|_| drop(all));
    }
}

/// The callback of a task that has finished.
#[pyclass(module = "tauraro", name = "done_callback")]
#[derive(Debug, PyPayload)]
struct DoneCallback {
    id: JobId,
    queue: Arc<Queue>,
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(Callable))]
impl DoneCallback {}

impl Callable for DoneCallback {
    type Args = (PyObjectRef,);

    fn call(zelf: &Py<Self>, _: Self::Args, vm: &VirtualMachine) -> PyResult {
        zelf.queue.report_finished(zelf.id);
        Ok(vm.ctx.none())
    }
}
