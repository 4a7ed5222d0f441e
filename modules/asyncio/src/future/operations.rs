//! What a future does, apart from its Python interface.

use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::{AsObject, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine};

use super::{Future, Stage, Waiter};
use crate::event_loop::LoopCore;
use crate::event_loop::ready_queue::ReadyEntry;
use crate::event_loop::schedule;
use crate::interpreter_state::{self, InterpreterState};
use crate::task::callbacks::TaskWakeup;

impl Future {
    pub(crate) fn unbound() -> Self {
        Self {
            data: PyMutex::default(),
            stage: AtomicU8::new(0),
            blocking: false.into(),
            log_traceback: false.into(),
        }
    }

    /// A pending future of `event_loop`.
    pub(crate) fn new(event_loop: PyObjectRef, vm: &VirtualMachine) -> PyResult<PyRef<Self>> {
        let future = Self::unbound();
        future.bind(event_loop, vm)?;
        Ok(future.into_ref(&vm.ctx))
    }

    /// Says which loop the future belongs to, and in debug mode where it was made.
    pub(crate) fn bind(&self, event_loop: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let debug = schedule::debug(&event_loop, vm)?;
        let source = if debug { Some(interpreter_state::extract_stack(vm)?) } else { None };
        let mut data = self.data.lock();
        data.event_loop = Some(event_loop);
        data.source_traceback = source;
        Ok(())
    }

    pub(crate) fn stage(&self) -> Stage {
        match self.stage.load(Relaxed) {
            0 => Stage::Pending,
            1 => Stage::Cancelled,
            _ => Stage::Finished,
        }
    }

    fn set_stage(&self, stage: Stage) {
        let number = match stage {
            Stage::Pending => 0,
            Stage::Cancelled => 1,
            Stage::Finished => 2,
        };
        self.stage.store(number, Relaxed);
    }

    pub(crate) fn is_done(&self) -> bool {
        self.stage() != Stage::Pending
    }

    pub(crate) fn is_blocking(&self) -> bool {
        self.blocking.load(Relaxed)
    }

    pub(crate) fn set_blocking(&self, blocking: bool) {
        self.blocking.store(blocking, Relaxed);
    }

    /// Takes note that a task has seen it being yielded; whether it had been.
    pub(crate) fn take_blocking(&self) -> bool {
        self.blocking.swap(false, Relaxed)
    }

    pub(crate) fn event_loop(&self) -> Option<PyObjectRef> {
        self.data.lock().event_loop.clone()
    }

    pub(crate) fn initialized(&self, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        self.event_loop().ok_or_else(|| vm.new_runtime_error("Future object is not initialized."))
    }

    pub(crate) fn source_traceback(&self) -> Option<PyObjectRef> {
        self.data.lock().source_traceback.clone()
    }

    pub(crate) fn forget_traceback(&self) {
        self.log_traceback.store(false, Relaxed);
    }

    /// The exception of a cancelled future.
    pub(crate) fn make_cancelled_error(&self, vm: &VirtualMachine) -> PyBaseExceptionRef {
        let message = {
            let mut data = self.data.lock();
            if let Some(error) = data.cancelled_error.take() {
                return error;
            }
            data.cancel_message.clone()
        };
        match InterpreterState::get(vm) {
            Ok(state) => vm.new_exception(state.cancelled_error().clone(), message.into_iter().collect()),
            Err(error) => error,
        }
    }

    /// The result, or what it raises; `None` while there is neither.
    pub(crate) fn outcome(&self, vm: &VirtualMachine) -> Option<PyResult> {
        match self.stage() {
            Stage::Pending => None,
            Stage::Cancelled => Some(Err(self.make_cancelled_error(vm))),
            Stage::Finished => {
                self.forget_traceback();
                let (error, traceback) = {
                    let data = self.data.lock();
                    match data.exception.clone() {
                        Some(error) => (error, data.traceback.clone()),
                        None => return Some(Ok(vm.unwrap_or_none(data.result.clone()))),
                    }
                };
                if let Some(traceback) = traceback {
                    error.set_traceback(Some(traceback));
                }
                Some(Err(error))
            }
        }
    }

    /// Ends the future with a result.
    pub(crate) fn finish(&self, object: &PyObject, result: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        self.data.lock().result = Some(result);
        self.set_stage(Stage::Finished);
        self.wake(object, vm)
    }

    /// Ends the future with an exception.
    pub(crate) fn fail(
        &self,
        object: &PyObject,
        error: PyBaseExceptionRef,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        {
            let mut data = self.data.lock();
            data.traceback = error.traceback();
            data.exception = Some(error);
        }
        self.log_traceback.store(true, Relaxed);
        self.set_stage(Stage::Finished);
        self.wake(object, vm)
    }

    /// Ends the future as cancelled; whether it was pending.
    pub(crate) fn cancel_with(
        &self,
        object: &PyObject,
        message: Option<PyObjectRef>,
        vm: &VirtualMachine,
    ) -> PyResult<bool> {
        self.forget_traceback();
        if self.is_done() {
            return Ok(false);
        }
        self.data.lock().cancel_message = message;
        self.set_stage(Stage::Cancelled);
        self.wake(object, vm)?;
        Ok(true)
    }

    /// Ends the future as cancelled by `error`, which the coroutine of a task let through.
    pub(crate) fn cancel_by(
        &self,
        object: &PyObject,
        error: PyBaseExceptionRef,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        self.data.lock().cancelled_error = Some(error);
        self.cancel_with(object, None, vm).map(drop)
    }

    /// Makes a future of `event_loop` pending again that has ended with a result, unless somebody waits for it still;
    /// whether it is.
    pub(crate) fn renew(&self, event_loop: &PyObject) -> bool {
        if self.stage() != Stage::Finished {
            return false;
        }
        let mut data = self.data.lock();
        let renewable = data.exception.is_none()
            && data.source_traceback.is_none()
            && data.waiters.is_empty()
            && data.awaited_by.is_empty()
            && data.event_loop.as_ref().is_some_and(|known| known.is(event_loop));
        if !renewable {
            return false;
        }
        let result = data.result.take();
        drop(data);
        drop(result);
        self.set_stage(Stage::Pending);
        true
    }

    /// Has the waiters called from the loop.
    fn wake(&self, object: &PyObject, vm: &VirtualMachine) -> PyResult<()> {
        let (event_loop, waiters) = {
            let mut data = self.data.lock();
            (data.event_loop.clone(), std::mem::take(&mut data.waiters))
        };
        let Some(event_loop) = event_loop else {
            return Ok(());
        };
        for waiter in waiters {
            wake_one(&event_loop, waiter, object, vm)?;
        }
        Ok(())
    }

    /// Adds a waiter. If the future is done it is called in the next iteration.
    pub(crate) fn add_waiter(&self, object: &PyObject, waiter: Waiter, vm: &VirtualMachine) -> PyResult<()> {
        let event_loop = self.initialized(vm)?;
        if self.is_done() {
            return wake_one(&event_loop, waiter, object, vm);
        }
        self.data.lock().waiters.push(waiter);
        Ok(())
    }

    pub(crate) fn add_awaited_by(&self, waiter: PyObjectRef) {
        let mut data = self.data.lock();
        if !data.awaited_by.iter().any(|known| known.is(&waiter)) {
            data.awaited_by.push(waiter);
        }
    }

    pub(crate) fn discard_awaited_by(&self, waiter: &PyObject) {
        let discarded = {
            let mut data = self.data.lock();
            let position = data.awaited_by.iter().position(|known| known.is(waiter));
            position.map(|position| data.awaited_by.swap_remove(position))
        };
        drop(discarded);
    }

    /// Reports an exception that nobody asked for, when the future goes away.
    pub(crate) fn report_unretrieved(&self, object: &PyObject, vm: &VirtualMachine) -> PyResult<()> {
        if !self.log_traceback.swap(false, Relaxed) {
            return Ok(());
        }
        let (error, event_loop, source) = {
            let data = self.data.lock();
            (data.exception.clone(), data.event_loop.clone(), data.source_traceback.clone())
        };
        let (Some(error), Some(event_loop)) = (error, event_loop) else {
            return Ok(());
        };
        let context = vm.ctx.new_dict();
        let message = format!("{} exception was never retrieved", object.class().name());
        context.set_item("message", vm.ctx.new_str(message).into(), vm)?;
        context.set_item("exception", error.into(), vm)?;
        context.set_item("future", object.to_owned(), vm)?;
        if let Some(source) = source {
            context.set_item("source_traceback", source, vm)?;
        }
        vm.call_method(&event_loop, "call_exception_handler", (context,))?;
        Ok(())
    }
}

/// Has one waiter of `future` called from `event_loop`.
fn wake_one(
    event_loop: &PyObjectRef,
    waiter: Waiter,
    future: &PyObject,
    vm: &VirtualMachine,
) -> PyResult<()> {
    match waiter {
        Waiter::Callback { function, context } => {
            schedule::call_soon(event_loop, function, future.to_owned(), context, vm)
        }
        Waiter::Task(task) => match event_loop.downcast_ref::<LoopCore>() {
            Some(core) if core.takes_tasks() => {
                core.ready.push(ReadyEntry::Wake(task, future.to_owned()));
                Ok(())
            }
            _ => {
                let context = task.context(vm)?;
                let wakeup = TaskWakeup::new(task).into_ref(&vm.ctx);
                schedule::call_soon(event_loop, wakeup.into(), future.to_owned(), context, vm)
            }
        },
    }
}
