//! `Assembler`: messages from frames.

use std::sync::Arc;

use rustpython_vm::builtins::{PyBaseExceptionRef, PyType};
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::function::{ArgIntoBool, ArgIntoFloat, PySetterValue};
use rustpython_vm::object::{Traverse, TraverseFn};
use rustpython_vm::types::Constructor;
use rustpython_vm::{FromArgs, Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass};

use super::flow_control::FlowControl;
use super::fragments::Fragments;
use super::frame_queue::{FrameQueue, Marks, Put, Taken};
use super::frames_view::FramesView;
use super::reading::{self, Failure, Source};
use super::waiting::{Deadline, InterruptibleMutex};
use crate::errors;
use crate::frames::Frame;

/// `Assembler(high=None, low=None, pause=..., resume=...)`
///
/// Assembles messages from the data frames of a connection, which one thread adds and another reads.
///
/// When more than `high` frames wait, `pause()` is called, which should stop the reading of the network; when
/// no more than `low` are left, `resume()` is called. One mark follows from the other if only one is given;
/// without any there is no limit.
#[pyclass(module = "websockets.sync.messages", name = "Assembler", traverse = "manual")]
#[derive(Debug, PyPayload)]
pub(crate) struct Assembler {
    queue: Arc<FrameQueue>,
    callbacks: PyMutex<Option<Callbacks>>,
    /// Held from a change to the end of the callback for it, so that these come in order.
    order: InterruptibleMutex,
}

#[derive(Clone, Debug)]
struct Callbacks {
    pause: Option<PyObjectRef>,
    resume: Option<PyObjectRef>,
}

// SAFETY: the callbacks are the only objects, and visited once; while another thread has the lock they are
// in use.
#[expect(unsafe_code, reason = "the garbage collector's interface")]
unsafe impl Traverse for Assembler {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        if let Some(callbacks) = self.callbacks.try_lock()
            && let Some(callbacks) = callbacks.as_ref()
        {
            callbacks.pause.traverse(visit);
            callbacks.resume.traverse(visit);
        }
    }
}

#[derive(FromArgs)]
pub(crate) struct AssemblerArgs {
    #[pyarg(any, default)]
    high: Option<i64>,
    #[pyarg(any, default)]
    low: Option<i64>,
    #[pyarg(any, default)]
    pause: Option<PyObjectRef>,
    #[pyarg(any, default)]
    resume: Option<PyObjectRef>,
}

#[derive(FromArgs)]
pub(crate) struct GetArgs {
    #[pyarg(any, default)]
    pub(super) timeout: Option<ArgIntoFloat>,
    #[pyarg(any, default)]
    pub(super) decode: Option<ArgIntoBool>,
}

#[derive(FromArgs)]
pub(crate) struct GetIterArgs {
    #[pyarg(any, default)]
    pub(super) decode: Option<ArgIntoBool>,
}

impl Constructor for Assembler {
    type Args = AssemblerArgs;

    fn py_new(_class: &Py<PyType>, args: AssemblerArgs, vm: &VirtualMachine) -> PyResult<Self> {
        let marks = Marks::new(args.high, args.low).map_err(|message| vm.new_value_error(message))?;
        let callbacks = (args.pause.is_some() || args.resume.is_some())
            .then_some(Callbacks { pause: args.pause, resume: args.resume });
        Ok(Self { callbacks: PyMutex::new(callbacks), ..Self::over(Arc::new(FrameQueue::new(marks))) })
    }
}

impl Assembler {
    /// An assembler of a connection, which pauses by itself.
    pub(super) fn over(queue: Arc<FrameQueue>) -> Self {
        Self { queue, callbacks: PyMutex::new(None), order: InterruptibleMutex::default() }
    }

    /// Does `change` and calls `pause()` or `resume()` if it says so.
    fn changing<R>(
        &self,
        vm: &VirtualMachine,
        change: impl FnOnce(&FrameQueue) -> R,
        call: impl FnOnce(&R, &Callbacks) -> Option<PyObjectRef>,
    ) -> PyResult<R> {
        let Some(callbacks) = self.callbacks.lock().clone() else {
            return Ok(change(&self.queue));
        };
        self.order.acquire(Deadline::NEVER, vm)?;
        let result = change(&self.queue);
        let called = call(&result, &callbacks).map_or(Ok(()), |callback| callback.call((), vm).map(drop));
        self.order.release();
        called.map(|()| result)
    }

    /// The exception for a failure.
    pub(super) fn exception(failure: Failure, vm: &VirtualMachine) -> PyBaseExceptionRef {
        match failure {
            Failure::Ended => ended(vm),
            Failure::Busy => errors::concurrency_error(vm, "get() or get_iter() is already running"),
            Failure::TimedOut(seconds) => reading::timed_out(vm, seconds),
            Failure::TooManyFragments(limit) => errors::too_many_fragments(vm, limit),
            Failure::Undecodable(error) | Failure::Raised(error) => error,
        }
    }
}

fn ended(vm: &VirtualMachine) -> PyBaseExceptionRef {
    vm.new_exception_msg(vm.ctx.exceptions.eof_error.to_owned(), "stream of frames ended".into())
}

impl Source for Py<Assembler> {
    fn queue(&self) -> &FrameQueue {
        &self.queue
    }

    fn take(&self, vm: &VirtualMachine) -> PyResult<Taken> {
        self.changing(vm, FrameQueue::take, |taken, callbacks| match taken {
            Taken::Frame(_, true) => callbacks.resume.clone(),
            _ => None,
        })
    }

    fn wait(&self, deadline: Deadline, vm: &VirtualMachine) -> PyResult<()> {
        let slice = deadline.slice(vm);
        vm.allow_threads(|| self.queue.wait_for_frame(slice));
        vm.check_signals()
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor))]
impl Assembler {
    /// Returns the next message, waiting for it if need be, up to `timeout` seconds if that is not None. Text
    /// is decoded; with `decode=False` it is returned as bytes, with `decode=True` binary messages are decoded.
    ///
    /// Raises `EOFError` at the end of the stream, `TimeoutError`, `UnicodeDecodeError`, `TooManyFragments`,
    /// and `ConcurrencyError` while another thread is in `get()` or has not finished `get_iter()`.
    #[pymethod]
    fn get(zelf: &Py<Self>, args: GetArgs, vm: &VirtualMachine) -> PyResult {
        let (timeout, decode) = (args.timeout.map(Into::into), args.decode.map(Into::into));
        reading::message(zelf, timeout, decode, vm).map_err(|failure| Self::exception(failure, vm))
    }

    /// Iterates over the fragments of the next message as they arrive. It must be iterated over to its end
    /// before the next message can be read. The errors are those of `get()`.
    #[pymethod]
    fn get_iter(zelf: PyRef<Self>, args: GetIterArgs) -> Fragments {
        Fragments::of_assembler(zelf, args.decode.map(Into::into))
    }

    /// Adds a frame. Raises `EOFError` after `close()`.
    #[pymethod]
    fn put(zelf: &Py<Self>, frame: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let Some(frame) = Frame::read(&frame, vm)? else { return Ok(()) };
        let put = zelf.changing(
            vm,
            |queue| queue.put(frame),
            |put, callbacks| match put {
                Put::Done { pause: true, .. } => callbacks.pause.clone(),
                _ => None,
            },
        )?;
        if put == Put::Closed { Err(ended(vm)) } else { Ok(()) }
    }

    /// Ends the stream of frames: waiting threads are woken, and what is complete can still be read.
    #[pymethod]
    fn close(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        zelf.changing(vm, FrameQueue::close, |paused, callbacks| {
            if *paused == Some(true) { callbacks.resume.clone() } else { None }
        })
        .map(drop)
    }

    /// The frames that were not read yet; `qsize()` tells how many.
    #[pygetset]
    fn frames(zelf: &Py<Self>) -> FramesView {
        FramesView::new(zelf.queue.clone())
    }

    /// The high-water mark, in frames.
    #[pygetset]
    fn high(zelf: &Py<Self>) -> Option<usize> {
        zelf.queue.marks().high
    }

    #[pygetset(setter)]
    fn set_high(zelf: &Py<Self>, value: PySetterValue<Option<usize>>, vm: &VirtualMachine) -> PyResult<()> {
        let value = assigned(value, vm)?;
        zelf.queue.set_marks(|marks| marks.high = value);
        Ok(())
    }

    /// The low-water mark, in frames.
    #[pygetset]
    fn low(zelf: &Py<Self>) -> Option<usize> {
        zelf.queue.marks().low
    }

    #[pygetset(setter)]
    fn set_low(zelf: &Py<Self>, value: PySetterValue<Option<usize>>, vm: &VirtualMachine) -> PyResult<()> {
        let value = assigned(value, vm)?;
        zelf.queue.set_marks(|marks| marks.low = value);
        Ok(())
    }

    /// Whether reading is paused.
    #[pygetset]
    fn paused(zelf: &Py<Self>) -> bool {
        zelf.queue.is_paused()
    }

    /// Whether the stream has ended.
    #[pygetset]
    fn closed(zelf: &Py<Self>) -> bool {
        zelf.queue.is_closed()
    }

    /// Whether a message is being read.
    #[pygetset]
    fn get_in_progress(zelf: &Py<Self>) -> bool {
        zelf.queue.is_busy()
    }
}

/// What is assigned to an attribute that cannot be deleted.
pub(super) fn assigned<T>(value: PySetterValue<T>, vm: &VirtualMachine) -> PyResult<T> {
    match value {
        PySetterValue::Assign(value) => Ok(value),
        PySetterValue::Delete => Err(vm.new_attribute_error("cannot delete attribute")),
    }
}

impl Assembler {
    /// What pauses the reading of a connection, as a lock that is taken meanwhile.
    pub(super) fn flow_control(&self) -> FlowControl {
        FlowControl::new(self.queue.clone())
    }
}
