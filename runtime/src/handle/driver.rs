//! The runtime's thread.

use std::sync::Arc;

use rustpython_vm::{PyObjectRef, PyResult, VirtualMachine};
use tauraro_bridge::coroutine;

use crate::interrupt::InterruptReason;
use crate::{Runtime, ScriptError};

use super::calls::{Call, Calls};
use super::queue::{Job, Queue, QueueEvent};

/// Runs jobs, and the event loop in between, until the runtime is to end.
pub(super) fn drive(runtime: Runtime, queue: &Arc<Queue>) {
    let mut driver = Driver { runtime: &runtime, queue, calls: Calls::default(), event_loop: None };
    let reply = loop {
        match queue.pop() {
            Some(QueueEvent::Job(Job::Use(id, work))) => {
                queue.remove_deadline(id);
                work(&runtime);
            }
            Some(QueueEvent::Job(Job::Start(call))) => driver.start(call),
            Some(QueueEvent::Job(Job::Cancel(id))) => driver.calls.cancel(&runtime, queue, id, None),
            Some(QueueEvent::Job(Job::End(reply))) => break reply,
            Some(QueueEvent::Finished(id)) => driver.calls.finish(&runtime, queue, id),
            None => {
                driver.cancel_overdue();
                driver.wait();
            }
        }
    };
    queue.close();
    driver.end();
    let status = runtime.finish();
    if let Some(reply) = reply {
        let _ = reply.send(status);
    }
}

struct Driver<'a> {
    runtime: &'a Runtime,
    queue: &'a Arc<Queue>,
    calls: Calls,
    /// `None` until the first coroutine.
    event_loop: Option<PyObjectRef>,
}

impl Driver<'_> {
    fn start(&mut self, call: Call) {
        self.queue.restart_deadline(call.id);
        if self.event_loop.is_none() {
            let made = self.runtime.run(|vm| {
                let asyncio = vm.import("asyncio", 0)?;
                let event_loop = vm.call_method(&asyncio, "new_event_loop", ())?;
                vm.call_method(&asyncio, "set_event_loop", (event_loop.clone(),))?;
                Ok(event_loop)
            });
            match made {
                Ok(event_loop) => self.event_loop = Some(event_loop),
                Err(error) => {
                    self.queue.remove_deadline(call.id);
                    return (call.reply)(self.runtime, Err(error));
                }
            }
        }
        self.calls.start(self.runtime, self.queue, self.event_loop.as_ref(), call);
    }

    /// Cancels the coroutines whose deadline has passed.
    fn cancel_overdue(&mut self) {
        for id in self.queue.due() {
            let error = self.error(InterruptReason::TimedOut);
            self.calls.cancel(self.runtime, self.queue, id, Some(error));
        }
    }

    fn error(&self, reason: InterruptReason) -> ScriptError {
        self.runtime.enter(|vm| ScriptError::new(vm, &reason.exception(vm)))
    }

    /// Waits for work, while coroutines run.
    fn wait(&mut self) {
        let Some(event_loop) = self.event_loop.clone() else { return self.queue.wait() };
        let outcome = self.runtime.enter(|vm| {
            self.runtime.interrupter().run_loop(vm, |deadline| {
                self.queue.set_loop_deadline(Some(deadline.clone()));
                let result = run_until_work(vm, &event_loop, self.queue);
                self.queue.set_loop_deadline(None);
                result.map_err(|exception| ScriptError::new(vm, &exception))
            })
        });
        match outcome {
            // The coroutine that took too long is cancelled by its own deadline.
            Ok((Ok(()), None) | (_, Some(InterruptReason::TimedOut))) => {}
            Ok((_, Some(InterruptReason::Requested))) => self.cancel_all(),
            // The fault of no script: the loop itself is broken.
            Ok((Err(_), None)) | Err(_) => {
                self.cancel_all();
                self.calls.clear(self.runtime);
                let broken = self.event_loop.take();
                self.runtime.enter(|_| drop(broken));
            }
        }
    }

    fn cancel_all(&mut self) {
        for id in self.calls.ids() {
            let error = self.error(InterruptReason::Requested);
            self.calls.cancel(self.runtime, self.queue, id, Some(error));
        }
    }

    /// Cancels the running coroutines, and gives them the time of a call to end.
    fn end(mut self) {
        self.cancel_all();
        let Some(event_loop) = self.event_loop.take() else { return };
        // An error here cannot be reported.
        let _ = self.runtime.run(move |vm| {
            let runners = vm.import("asyncio.runners", 0)?;
            let runners =
                vm.sys_module.get_attr("modules", vm)?.get_item("asyncio.runners", vm).unwrap_or(runners);
            vm.call_method(&runners, "_cancel_all_tasks", (event_loop.clone(),))?;
            let generators = vm.call_method(&event_loop, "shutdown_asyncgens", ())?;
            vm.call_method(&event_loop, "run_until_complete", (generators,))?;
            vm.call_method(&event_loop, "close", ())
        });
        self.calls.clear(self.runtime);
    }
}

/// Runs the event loop until there is work.
fn run_until_work(vm: &VirtualMachine, event_loop: &PyObjectRef, queue: &Arc<Queue>) -> PyResult<()> {
    let queue = Arc::clone(queue);
    let waiting = coroutine(vm, "wait_for_work", move |surface| async move {
        surface.run(async move { queue.wait_for_work().await }).await?;
        Ok(tauraro_bridge::with_vm(|vm| vm.ctx.none()))
    });
    let task = vm.call_method(event_loop, "create_task", (waiting,))?;
    let result = vm.call_method(event_loop, "run_until_complete", (task.clone(),));
    if result.is_err() {
        let _ = vm.call_method(&task, "cancel", ());
    }
    result.map(drop)
}
