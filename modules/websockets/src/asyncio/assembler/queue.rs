//! The frames that wait to be read, and the task that waits for them.

use std::collections::VecDeque;

use rustpython_vm::{AsObject, PyObjectRef, PyResult, VirtualMachine};
use tauraro_asyncio::futures;
use tauraro_bridge::{ExecutionMode, with_vm};
use tauraro_engine::websocket as engine;

use super::{Assembler, Failure, Next, end_of_stream};

/// The state of an assembler.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pub(super) frames: VecDeque<engine::Frame>,
    /// The future that the task which reads waits for.
    pub(super) waiter: Option<PyObjectRef>,
    /// A future that was waited for, to be reused.
    pub(super) spare: Option<PyObjectRef>,
    pub(super) high: Option<isize>,
    pub(super) low: Option<isize>,
    pub(super) pause: Option<PyObjectRef>,
    pub(super) resume: Option<PyObjectRef>,
    pub(super) paused: bool,
    /// A message is being read.
    pub(super) busy: bool,
    pub(super) closed: bool,
}

impl Assembler {
    /// How many frames wait to be read.
    pub(crate) fn len(&self) -> usize {
        self.queue.lock().frames.len()
    }

    /// Adds a frame; data frames only.
    ///
    /// # Errors
    /// `EOFError` after `close()`; what `pause()` raises.
    pub(crate) fn push(&self, frame: engine::Frame, vm: &VirtualMachine) -> PyResult<()> {
        let (waiter, pause) = {
            let mut queue = self.queue.lock();
            if queue.closed {
                return Err(end_of_stream(vm));
            }
            queue.frames.push_back(frame);
            let full = queue.high.is_some_and(|high| exceeds(queue.frames.len(), high));
            let pause = if full && !queue.paused {
                queue.paused = true;
                queue.pause.clone()
            } else {
                None
            };
            (queue.waiter.take(), pause)
        };
        if let Some(waiter) = waiter {
            futures::resolve(&waiter, vm.ctx.none(), vm)?;
        }
        match pause {
            Some(pause) => pause.call((), vm).map(drop),
            None => Ok(()),
        }
    }

    /// Lets the transport continue once enough was read.
    fn relieve(&self, vm: &VirtualMachine) -> PyResult<()> {
        let resume = {
            let mut queue = self.queue.lock();
            let relieved = queue.low.is_some_and(|low| !exceeds(queue.frames.len(), low));
            if !relieved || !queue.paused {
                return Ok(());
            }
            queue.paused = false;
            queue.resume.clone()
        };
        let Some(resume) = resume else { return Ok(()) };
        resume.call((), vm)?;
        // What has arrived meanwhile can be read now.
        futures::poll_soon(&*futures::running_loop(vm)?);
        Ok(())
    }

    /// Begins to read a message; no other task may read until it ends.
    pub(crate) fn begin(&self) -> Result<(), Failure> {
        let mut queue = self.queue.lock();
        if std::mem::replace(&mut queue.busy, true) {
            return Err(Failure::Busy);
        }
        Ok(())
    }

    /// Ends reading a message, putting back what was read of it.
    pub(crate) fn end(&self, unread: &mut Vec<engine::Frame>) {
        let mut queue = self.queue.lock();
        queue.busy = false;
        for frame in unread.drain(..).rev() {
            queue.frames.push_front(frame);
        }
    }

    /// Ends reading a message of which nothing was read.
    pub(crate) fn release(&self) {
        self.queue.lock().busy = false;
    }

    /// The next message if it is there in one frame, or what to wait for. The caller must have
    /// [begun](Self::begin) to read.
    ///
    /// # Errors
    /// [`Failure::Eof`] at the end; what `resume()` raises.
    pub(crate) fn take_next(&self, vm: &VirtualMachine) -> Result<Next, Failure> {
        let spare = {
            let mut queue = self.queue.lock();
            match queue.frames.pop_front() {
                Some(frame) if frame.fin => {
                    let relieve = queue.paused;
                    drop(queue);
                    if relieve {
                        self.relieve(vm)?;
                    }
                    return Ok(Next::Message(frame));
                }
                Some(frame) => {
                    queue.frames.push_front(frame);
                    return Ok(Next::Other);
                }
                None if queue.closed => return Err(Failure::Eof),
                None => queue.spare.take(),
            }
        };
        let Some(waiter) = futures::prepare(&*futures::running_loop(vm)?, spare, vm)? else {
            return Ok(Next::Other);
        };
        let mut queue = self.queue.lock();
        if !queue.frames.is_empty() || queue.closed {
            // Another thread was faster.
            return Ok(Next::Other);
        }
        queue.waiter = Some(waiter.clone());
        Ok(Next::Wait(waiter))
    }

    /// No task waits any more for a future of [`take_next`](Self::take_next).
    pub(crate) fn stop_waiting(&self, waiter: PyObjectRef) {
        let mut queue = self.queue.lock();
        let current = queue.waiter.take_if(|current| current.is(&waiter));
        let before = queue.spare.replace(waiter);
        drop(queue);
        drop((current, before));
    }

    /// Waits for the next frame.
    pub(crate) async fn next(&self, mode: &ExecutionMode) -> Result<engine::Frame, Failure> {
        loop {
            let waiter = {
                let mut queue = self.queue.lock();
                if let Some(frame) = queue.frames.pop_front() {
                    let relieve = queue.paused;
                    drop(queue);
                    if relieve {
                        with_vm(|vm| self.relieve(vm))?;
                    }
                    return Ok(frame);
                }
                if queue.closed {
                    return Err(Failure::Eof);
                }
                drop(queue);
                let waiter = with_vm(|vm| futures::create(&*futures::running_loop(vm)?, vm))?;
                let mut queue = self.queue.lock();
                if !queue.frames.is_empty() || queue.closed {
                    // Another thread was faster.
                    continue;
                }
                queue.waiter = Some(waiter.clone());
                waiter
            };
            let woken = futures::wait(mode, waiter.clone()).await;
            let mut queue = self.queue.lock();
            if queue.waiter.as_ref().is_some_and(|current| current.is(&waiter)) {
                queue.waiter = None;
            }
            drop(queue);
            woken?;
        }
    }

    /// Ends the stream of frames: what has arrived can still be read.
    pub(crate) fn finish(&self, vm: &VirtualMachine) -> PyResult<()> {
        let waiter = {
            let mut queue = self.queue.lock();
            queue.closed = true;
            queue.waiter.take()
        };
        match waiter {
            Some(waiter) => futures::resolve(&waiter, vm.ctx.none(), vm),
            None => Ok(()),
        }
    }
}

/// Whether there are more than `mark`.
fn exceeds(count: usize, mark: isize) -> bool {
    usize::try_from(mark).map_or(true, |mark| count > mark)
}
