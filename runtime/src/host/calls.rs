//! Coroutines under way.

use std::collections::HashMap;
use std::sync::Arc;

use rustpython_vm::class::PyClassImpl as _;
use rustpython_vm::function::{FuncArgs, KwArgs};
use rustpython_vm::types::Callable;
use rustpython_vm::{AsObject, Py, PyObjectRef, PyPayload, PyResult, VirtualMachine, pyclass};

use crate::{Runtime, ScriptError};

use super::queue::{Number, Queue};

/// Gives what was awaited, or raises what ended it.
pub(super) type Outcome = Box<dyn FnOnce(&VirtualMachine) -> PyResult>;

/// Tells who waits.
pub(super) type Answer = Box<dyn FnOnce(&Runtime, Result<Outcome, ScriptError>) + Send>;

/// A coroutine to start.
pub(super) struct Call {
    pub(super) number: Number,
    /// Makes it.
    pub(super) start: Box<dyn FnOnce(&VirtualMachine) -> PyResult + Send>,
    pub(super) answer: Answer,
}

struct Running {
    task: PyObjectRef,
    /// Missing once it was told.
    answer: Option<Answer>,
}

/// The tasks under way, by the number of their job.
#[derive(Default)]
pub(super) struct Calls {
    running: HashMap<Number, Running>,
}

impl Calls {
    /// Starts a coroutine; what needs no loop is over at once.
    pub(super) fn start(
        &mut self,
        runtime: &Runtime,
        queue: &Arc<Queue>,
        event_loop: Option<&PyObjectRef>,
        call: Call,
    ) {
        let Call { number, start, answer } = call;
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
            let _class = Over::make_static_type();
            let over = Over { number, queue: Arc::clone(queue) }.into_ref(&vm.ctx);
            vm.call_method(&task, "add_done_callback", (over,))?;
            Ok((task, true))
        });
        match started {
            Ok((task, true)) => {
                self.running.insert(number, Running { task, answer: Some(answer) });
            }
            Ok((value, false)) => {
                queue.settle(number);
                answer(runtime, Ok(Box::new(move |_| Ok(value))));
            }
            Err(error) => {
                queue.settle(number);
                answer(runtime, Err(error));
            }
        }
    }

    /// A task is over: who waits for it is told.
    pub(super) fn finish(&mut self, runtime: &Runtime, queue: &Queue, number: Number) {
        queue.settle(number);
        let Some(Running { task, answer }) = self.running.remove(&number) else { return };
        match answer {
            Some(answer) => answer(runtime, Ok(Box::new(move |vm| vm.call_method(&task, "result", ())))),
            // Its exception counts as seen.
            None => drop(runtime.run(|vm| {
                let cancelled = vm.call_method(&task, "cancelled", ())?.try_to_bool(vm)?;
                if cancelled { Ok(vm.ctx.none()) } else { vm.call_method(&task, "exception", ()) }
            })),
        }
    }

    /// Cancels a task; who waits for it is told `reason`.
    pub(super) fn cancel(
        &mut self,
        runtime: &Runtime,
        queue: &Queue,
        number: Number,
        reason: Option<ScriptError>,
    ) {
        queue.settle(number);
        let Some(running) = self.running.get_mut(&number) else { return };
        let task = running.task.clone();
        if let (Some(answer), Some(reason)) = (running.answer.take(), reason) {
            answer(runtime, Err(reason));
        }
        // A task that cannot be cancelled is over already.
        let _ = runtime.run(|vm| vm.call_method(&task, "cancel", ()));
    }

    /// The numbers of all.
    pub(super) fn numbers(&self) -> Vec<Number> {
        self.running.keys().copied().collect()
    }

    /// Gives up all tasks: their loop is no more.
    pub(super) fn clear(&mut self, runtime: &Runtime) {
        let all = std::mem::take(&mut self.running);
        runtime.enter(|_| drop(all));
    }
}

/// The callback by which a task says that it is over.
#[pyclass(module = "tauraro", name = "over")]
#[derive(Debug, PyPayload)]
struct Over {
    number: Number,
    queue: Arc<Queue>,
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(Callable))]
impl Over {}

impl Callable for Over {
    type Args = (PyObjectRef,);

    fn call(zelf: &Py<Self>, _: Self::Args, vm: &VirtualMachine) -> PyResult {
        zelf.queue.over(zelf.number);
        Ok(vm.ctx.none())
    }
}
