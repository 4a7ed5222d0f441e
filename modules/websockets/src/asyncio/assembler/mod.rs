//! `websockets.asyncio.messages.Assembler`: messages from frames.

mod message;
mod queue;

pub(crate) use message::to_object;

use rustpython_vm::builtins::{PyBaseExceptionRef, PyType};
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::function::{FuncArgs, PySetterValue};
use rustpython_vm::object::{Traverse, TraverseFn};
use rustpython_vm::types::{Constructor, Initializer};
use rustpython_vm::{
    AsObject, FromArgs, Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass,
};
use tauraro_bridge::{coroutine, with_vm};
use tauraro_engine::websocket as engine;

use super::fragments::Fragments;
use super::frames_view::FramesView;
use crate::errors;
use crate::frames::Frame;
use queue::Queue;

/// How a message is returned: as text or bytes, or `None` for according to its opcode.
pub(crate) type Decode = Option<bool>;

/// Why no message can be returned.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The stream of frames has ended.
    Eof,
    /// Another task is reading.
    Busy,
    /// The message came in too many fragments.
    TooManyFragments(PyBaseExceptionRef),
    /// Text that is not UTF-8.
    Encoding(PyBaseExceptionRef),
    Other(PyBaseExceptionRef),
}

impl From<PyBaseExceptionRef> for Failure {
    fn from(error: PyBaseExceptionRef) -> Self {
        Self::Other(error)
    }
}

impl Failure {
    /// The failure for an exception raised while decoding.
    pub(crate) fn decoding(error: PyBaseExceptionRef, vm: &VirtualMachine) -> Self {
        if error.fast_isinstance(vm.ctx.exceptions.unicode_decode_error) {
            Self::Encoding(error)
        } else {
            Self::Other(error)
        }
    }

    /// What the methods of the class raise.
    pub(crate) fn into_exception(self, vm: &VirtualMachine) -> PyBaseExceptionRef {
        match self {
            Self::Eof => end_of_stream(vm),
            Self::Busy => errors::concurrency_error(vm, "get() or get_iter() is already running"),
            Self::TooManyFragments(error) | Self::Encoding(error) | Self::Other(error) => error,
        }
    }
}

fn end_of_stream(vm: &VirtualMachine) -> PyBaseExceptionRef {
    vm.new_exception_msg(vm.ctx.exceptions.eof_error.to_owned(), "stream of frames ended".into())
}

/// The next step of reading.
#[derive(Debug)]
pub(crate) enum Next {
    /// A message that came in one frame.
    Message(engine::Frame),
    /// A future to wait for, before looking again.
    Wait(PyObjectRef),
    /// Something else: a fragment, or the event loop is a foreign one.
    Other,
}

/// `Assembler(high=None, low=None, pause=..., resume=...)`
///
/// Assembles messages from data frames, which are expected to follow the protocol.
///
/// `pause()` is called when more than `high` frames wait to be read, `resume()` when `low` or fewer are left. One of
/// the two numbers gives the other: `low` is a quarter of `high`. Raises `ValueError` for a negative `low` and for a
/// `high` below `low`.
#[pyclass(module = "websockets.asyncio.messages", name = "Assembler", traverse = "manual")]
#[derive(Debug, Default, PyPayload)]
pub(crate) struct Assembler {
    queue: PyMutex<Queue>,
}

// SAFETY: each object is visited once, and `clear` gives away what it takes.
#[expect(unsafe_code, reason = "the garbage collector's interface")]
unsafe impl Traverse for Assembler {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        if let Some(queue) = self.queue.try_lock() {
            queue.waiter.traverse(visit);
            queue.spare.traverse(visit);
            queue.pause.traverse(visit);
            queue.resume.traverse(visit);
        }
    }

    fn clear(&mut self, out: &mut Vec<PyObjectRef>) {
        // Nothing refers to the object any more, so no thread holds the lock.
        let mut queue = self.queue.lock();
        out.extend(queue.waiter.take());
        out.extend(queue.spare.take());
        out.extend(queue.pause.take());
        out.extend(queue.resume.take());
    }
}

#[derive(FromArgs)]
pub(crate) struct AssemblerArgs {
    #[pyarg(any, optional)]
    high: Option<isize>,
    #[pyarg(any, optional)]
    low: Option<isize>,
    #[pyarg(any, optional)]
    pause: Option<PyObjectRef>,
    #[pyarg(any, optional)]
    resume: Option<PyObjectRef>,
}

#[derive(FromArgs)]
pub(crate) struct DecodeArgs {
    #[pyarg(any, optional)]
    decode: Option<PyObjectRef>,
}

impl DecodeArgs {
    pub(crate) fn get(self, vm: &VirtualMachine) -> PyResult<Decode> {
        self.decode.filter(|decode| !vm.is_none(decode)).map(|decode| decode.try_to_bool(vm)).transpose()
    }
}

impl Constructor for Assembler {
    type Args = FuncArgs;

    fn py_new(_class: &Py<PyType>, _args: FuncArgs, _vm: &VirtualMachine) -> PyResult<Self> {
        Ok(Self::default())
    }
}

impl Initializer for Assembler {
    type Args = AssemblerArgs;

    fn init(zelf: &Py<Self>, args: AssemblerArgs, vm: &VirtualMachine) -> PyResult<()> {
        zelf.set_up(args.high, args.low, vm)?;
        let mut queue = zelf.queue.lock();
        queue.pause = args.pause;
        queue.resume = args.resume;
        Ok(())
    }
}

impl Assembler {
    /// An assembler that calls the given methods for flow control.
    pub(crate) fn make(
        marks: (Option<isize>, Option<isize>),
        pause: PyObjectRef,
        resume: PyObjectRef,
        vm: &VirtualMachine,
    ) -> PyResult<PyRef<Self>> {
        let assembler = Self::default();
        assembler.set_up(marks.0, marks.1, vm)?;
        {
            let mut queue = assembler.queue.lock();
            queue.pause = Some(pause);
            queue.resume = Some(resume);
        }
        Ok(assembler.into_ref(&vm.ctx))
    }

    fn set_up(&self, high: Option<isize>, low: Option<isize>, vm: &VirtualMachine) -> PyResult<()> {
        let low = low.or_else(|| high.map(|high| high.div_euclid(4)));
        let high = high.or_else(|| low.map(|low| low.saturating_mul(4)));
        if let (Some(high), Some(low)) = (high, low) {
            if low < 0 {
                return Err(vm.new_value_error("low must be positive or equal to zero"));
            }
            if high < low {
                return Err(vm.new_value_error("high must be greater than or equal to low"));
            }
        }
        let mut queue = self.queue.lock();
        (queue.high, queue.low) = (high, low);
        Ok(())
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer))]
impl Assembler {
    /// The next message, as `str` or `bytes`: a coroutine.
    ///
    /// `decode=False` gives `bytes` in any case, `decode=True` text. Raises `EOFError` at the end of the stream,
    /// `UnicodeDecodeError` for text that is not UTF-8 and `ConcurrencyError` while another coroutine reads. It may
    /// be cancelled without losing anything.
    #[pymethod]
    fn get(zelf: PyRef<Self>, args: DecodeArgs, vm: &VirtualMachine) -> PyResult {
        let decode = args.get(vm)?;
        Ok(coroutine(vm, "Assembler.get", move |mode| async move {
            let message = zelf.message(&mode, decode).await;
            message.map_err(|failure| with_vm(|vm| failure.into_exception(vm)))
        }))
    }

    /// The frames of the next message, each as `str` or `bytes`: an asynchronous iterator.
    ///
    /// It must be exhausted before another message is read. Raises what `get` raises.
    #[pymethod]
    fn get_iter(zelf: PyRef<Self>, args: DecodeArgs, vm: &VirtualMachine) -> PyResult<PyRef<Fragments>> {
        Ok(Fragments::new(zelf, None, args.get(vm)?).into_ref(&vm.ctx))
    }

    /// Adds a frame. Raises `EOFError` after `close()`.
    #[pymethod]
    fn put(zelf: &Py<Self>, frame: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        match Frame::read(&frame, vm)? {
            Some(frame) if matches!(frame.opcode, engine::OpCode::Data(_)) => zelf.push(frame, vm),
            _ => Err(vm.new_assertion_error("only data frames can be assembled")),
        }
    }

    /// Ends the stream of frames. Once what has arrived is read, reading raises `EOFError`.
    #[pymethod]
    fn close(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        zelf.finish(vm)
    }

    /// The frames that wait to be read: only their number can be asked for.
    #[pygetset]
    fn frames(zelf: PyRef<Self>) -> FramesView {
        FramesView::new(zelf)
    }

    /// The number of waiting frames above which reading is paused, or `None`.
    #[pygetset]
    fn high(zelf: &Py<Self>) -> Option<isize> {
        zelf.queue.lock().high
    }

    #[pygetset(setter)]
    fn set_high(zelf: &Py<Self>, value: PySetterValue<Option<isize>>, vm: &VirtualMachine) -> PyResult<()> {
        zelf.queue.lock().high = assigned(value, vm)?;
        Ok(())
    }

    /// The number of waiting frames down to which reading stays paused, or `None`.
    #[pygetset]
    fn low(zelf: &Py<Self>) -> Option<isize> {
        zelf.queue.lock().low
    }

    #[pygetset(setter)]
    fn set_low(zelf: &Py<Self>, value: PySetterValue<Option<isize>>, vm: &VirtualMachine) -> PyResult<()> {
        zelf.queue.lock().low = assigned(value, vm)?;
        Ok(())
    }

    /// Whether reading is paused.
    #[pygetset]
    fn paused(zelf: &Py<Self>) -> bool {
        zelf.queue.lock().paused
    }

    /// Whether a message is being read.
    #[pygetset]
    fn get_in_progress(zelf: &Py<Self>) -> bool {
        zelf.queue.lock().busy
    }

    /// Whether the stream of frames has ended.
    #[pygetset]
    fn closed(zelf: &Py<Self>) -> bool {
        zelf.queue.lock().closed
    }
}

fn assigned<T>(value: PySetterValue<T>, vm: &VirtualMachine) -> PyResult<T> {
    match value {
        PySetterValue::Assign(value) => Ok(value),
        PySetterValue::Delete => Err(vm.new_attribute_error("cannot delete attribute")),
    }
}
