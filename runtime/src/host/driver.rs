//! The runtime's thread.

use std::sync::Arc;

use rustpython_vm::{PyObjectRef, PyResult, VirtualMachine};
use tauraro_bridge::coroutine;

use crate::stop::Reason;
use crate::{Runtime, ScriptError};

use super::calls::{Call, Calls};
use super::queue::{Job, News, Queue};

/// Does what comes, and runs the event loop in between, until the runtime is to end.
pub(super) fn drive(runtime: Runtime, queue: &Arc<Queue>) {
    let mut driver = Driver { runtime: &runtime, queue, calls: Calls::default(), event_loop: None };
    let answer = loop {
        match queue.pop() {
            Some(News::Job(Job::Use(number, work))) => {
                queue.settle(number);
                work(&runtime);
            }
            Some(News::Job(Job::Start(call))) => driver.start(call),
            Some(News::Job(Job::Cancel(number))) => driver.calls.cancel(&runtime, queue, number, None),
            Some(News::Job(Job::End(answer))) => break answer,
            Some(News::Over(number)) => driver.calls.finish(&runtime, queue, number),
            None => {
                driver.give_up_late_ones();
                driver.wait();
            }
        }
    };
    queue.close();
    driver.end();
    let status = runtime.finish();
    if let Some(answer) = answer {
        let _ = answer.send(status);
    }
}

struct Driver<'a> {
    runtime: &'a Runtime,
    queue: &'a Arc<Queue>,
    calls: Calls,
    /// Missing until the first coroutine.
    event_loop: Option<PyObjectRef>,
}

impl Driver<'_> {
    fn start(&mut self, call: Call) {
        self.queue.restart(call.number);
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
                    self.queue.settle(call.number);
                    return (call.answer)(self.runtime, Err(error));
                }
            }
        }
        self.calls.start(self.runtime, self.queue, self.event_loop.as_ref(), call);
    }

    /// Cancels the coroutines whose time is up.
    fn give_up_late_ones(&mut self) {
        for number in self.queue.due() {
            let error = self.error(Reason::TimedOut);
            self.calls.cancel(self.runtime, self.queue, number, Some(error));
        }
    }

    fn error(&self, reason: Reason) -> ScriptError {
        self.runtime.enter(|vm| ScriptError::new(vm, &reason.exception(vm)))
    }

    /// Waits for something to do, while coroutines go on.
    fn wait(&mut self) {
        let Some(event_loop) = self.event_loop.clone() else { return self.queue.wait() };
        let turned = self.runtime.enter(|vm| {
            self.runtime.stops().run_loop(vm, |deadline| {
                self.queue.keep_to(Some(deadline.clone()));
                let result = turn(vm, &event_loop, self.queue);
                self.queue.keep_to(None);
                result.map_err(|exception| ScriptError::new(vm, &exception))
            })
        });
        match turned {
            // Who took too long gets to know by its own time.
            Ok((Ok(()), None) | (_, Some(Reason::TimedOut))) => {}
            Ok((_, Some(Reason::Stopped))) => self.cancel_all(),
            // No script's business: the loop itself is broken.
            Ok((Err(_), None)) | Err(_) => {
                self.cancel_all();
                self.calls.clear(self.runtime);
                let broken = self.event_loop.take();
                self.runtime.enter(|_| drop(broken));
            }
        }
    }

    fn cancel_all(&mut self) {
        for number in self.calls.numbers() {
            let error = self.error(Reason::Stopped);
            self.calls.cancel(self.runtime, self.queue, number, Some(error));
        }
    }

    /// Cancels what is under way, and gives it the time of a call to end.
    fn end(mut self) {
        self.cancel_all();
        let Some(event_loop) = self.event_loop.take() else { return };
        // What goes wrong here has nobody to tell.
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

/// Runs the event loop until there is something to do.
fn turn(vm: &VirtualMachine, event_loop: &PyObjectRef, queue: &Arc<Queue>) -> PyResult<()> {
    let queue = Arc::clone(queue);
    let arrival = coroutine(vm, "arrival", move |surface| async move {
        surface.run(async move { queue.arrival().await }).await?;
        Ok(tauraro_bridge::with_vm(|vm| vm.ctx.none()))
    });
    let task = vm.call_method(event_loop, "create_task", (arrival,))?;
    let result = vm.call_method(event_loop, "run_until_complete", (task.clone(),));
    if result.is_err() {
        let _ = vm.call_method(&task, "cancel", ());
    }
    result.map(drop)
}
