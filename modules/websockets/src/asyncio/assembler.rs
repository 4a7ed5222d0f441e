//! `websockets.asyncio.messages.Assembler`: messages from frames.

use std::collections::VecDeque;

use rustpython_vm::builtins::{PyBaseExceptionRef, PyType};
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::function::{FuncArgs, PySetterValue};
use rustpython_vm::object::{Traverse, TraverseFn};
use rustpython_vm::types::{Constructor, Initializer};
use rustpython_vm::{
    AsObject, FromArgs, Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass,
};
use tauraro_asyncio::futures;
use tauraro_bridge::{ExecutionMode, coroutine, with_vm};

use super::fragments::Fragments;
use super::frame_queue::FrameQueue;
use crate::errors;
use crate::handle::{Opcode, Part};

/// How a message is given: as text or bytes, or according to what it is.
pub(crate) type Decode = Option<bool>;

/// Why there is no message.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The stream of frames has ended.
    Eof,
    /// Somebody else is reading.
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

/// What there is to be read.
#[derive(Debug)]
pub(crate) enum Next {
    /// A message that came in one frame.
    Message(Part),
    /// A future to wait for, before looking again.
    Wait(PyObjectRef),
    /// Something else: a fragment, or the loop is a foreign one.
    Other,
}

#[derive(Debug, Default)]
struct State {
    parts: VecDeque<Part>,
    /// Ends when the task that reads is to look again.
    waiter: Option<PyObjectRef>,
    /// A future that was waited for, to be used again.
    spare: Option<PyObjectRef>,
    high: Option<isize>,
    low: Option<isize>,
    pause: Option<PyObjectRef>,
    resume: Option<PyObjectRef>,
    paused: bool,
    /// A message is being read.
    busy: bool,
    closed: bool,
}

/// `Assembler(high=None, low=None, pause=..., resume=...)`
///
/// Makes messages of data frames, which are expected to follow the protocol.
///
/// `pause()` is called when more than `high` frames wait to be read, `resume()` when `low` or fewer are left. One of
/// the two numbers gives the other: `low` is a quarter of `high`. Raises `ValueError` for a negative `low` and for a
/// `high` below `low`.
#[pyclass(module = "websockets.asyncio.messages", name = "Assembler", traverse = "manual")]
#[derive(Debug, Default, PyPayload)]
pub(crate) struct Assembler {
    state: PyMutex<State>,
}

// SAFETY: each object is visited once, and what `clear` takes is given away.
#[expect(unsafe_code, reason = "the garbage collector's interface")]
unsafe impl Traverse for Assembler {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        if let Some(state) = self.state.try_lock() {
            state.waiter.traverse(visit);
            state.spare.traverse(visit);
            state.pause.traverse(visit);
            state.resume.traverse(visit);
        }
    }

    fn clear(&mut self, out: &mut Vec<PyObjectRef>) {
        let mut state = self.state.lock();
        out.extend(state.waiter.take());
        out.extend(state.spare.take());
        out.extend(state.pause.take());
        out.extend(state.resume.take());
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
        let mut state = zelf.state.lock();
        state.pause = args.pause;
        state.resume = args.resume;
        Ok(())
    }
}

impl Assembler {
    /// An assembler that has the given methods called for flow control.
    pub(crate) fn make(
        marks: (Option<isize>, Option<isize>),
        pause: PyObjectRef,
        resume: PyObjectRef,
        vm: &VirtualMachine,
    ) -> PyResult<PyRef<Self>> {
        let assembler = Self::default();
        assembler.set_up(marks.0, marks.1, vm)?;
        {
            let mut state = assembler.state.lock();
            state.pause = Some(pause);
            state.resume = Some(resume);
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
        let mut state = self.state.lock();
        (state.high, state.low) = (high, low);
        Ok(())
    }

    /// How many frames wait to be read.
    pub(crate) fn len(&self) -> usize {
        self.state.lock().parts.len()
    }

    /// Adds a frame; data frames only.
    ///
    /// # Errors
    /// `EOFError` after `close()`; what `pause()` raises.
    pub(crate) fn push(&self, part: Part, vm: &VirtualMachine) -> PyResult<()> {
        let (waiter, pause) = {
            let mut state = self.state.lock();
            if state.closed {
                return Err(end_of_stream(vm));
            }
            state.parts.push_back(part);
            let full = state.high.is_some_and(|high| exceeds(state.parts.len(), high));
            let pause = if full && !state.paused {
                state.paused = true;
                state.pause.clone()
            } else {
                None
            };
            (state.waiter.take(), pause)
        };
        if let Some(waiter) = waiter {
            futures::resolve(&waiter, vm.ctx.none(), vm)?;
        }
        match pause {
            Some(pause) => pause.call((), vm).map(drop),
            None => Ok(()),
        }
    }

    /// Has the transport go on when enough was read.
    fn relieve(&self, vm: &VirtualMachine) -> PyResult<()> {
        let resume = {
            let mut state = self.state.lock();
            let relieved = state.low.is_some_and(|low| !exceeds(state.parts.len(), low));
            if !relieved || !state.paused {
                return Ok(());
            }
            state.paused = false;
            state.resume.clone()
        };
        let Some(resume) = resume else { return Ok(()) };
        resume.call((), vm)?;
        // What has arrived meanwhile may be read at once.
        futures::poll_soon(&*futures::running_loop(vm)?);
        Ok(())
    }

    /// Begins to read a message; nobody else may until it is over.
    pub(crate) fn begin(&self) -> Result<(), Failure> {
        let mut state = self.state.lock();
        if std::mem::replace(&mut state.busy, true) {
            return Err(Failure::Busy);
        }
        Ok(())
    }

    /// Ends reading a message, putting back what was read of it.
    pub(crate) fn end(&self, unread: &mut Vec<Part>) {
        let mut state = self.state.lock();
        state.busy = false;
        for part in unread.drain(..).rev() {
            state.parts.push_front(part);
        }
    }

    /// Ends reading a message of which nothing was read.
    pub(crate) fn release(&self) {
        self.state.lock().busy = false;
    }

    /// The next message if it is there in one frame, or what to wait for, for who has [begun](Self::begin).
    ///
    /// # Errors
    /// [`Failure::Eof`] at the end; what `resume()` raises.
    pub(crate) fn take_next(&self, vm: &VirtualMachine) -> Result<Next, Failure> {
        let spare = {
            let mut state = self.state.lock();
            match state.parts.pop_front() {
                Some(part) if part.fin => {
                    let relieve = state.paused;
                    drop(state);
                    if relieve {
                        self.relieve(vm)?;
                    }
                    return Ok(Next::Message(part));
                }
                Some(part) => {
                    state.parts.push_front(part);
                    return Ok(Next::Other);
                }
                None if state.closed => return Err(Failure::Eof),
                None => state.spare.take(),
            }
        };
        let Some(waiter) = futures::prepare(&*futures::running_loop(vm)?, spare, vm)? else {
            return Ok(Next::Other);
        };
        let mut state = self.state.lock();
        if !state.parts.is_empty() || state.closed {
            // Another thread was faster.
            return Ok(Next::Other);
        }
        state.waiter = Some(waiter.clone());
        Ok(Next::Wait(waiter))
    }

    /// Nobody waits any more for a future of [`take_next`](Self::take_next).
    pub(crate) fn stop_waiting(&self, waiter: PyObjectRef) {
        let mut state = self.state.lock();
        let current = state.waiter.take_if(|current| current.is(&waiter));
        let before = state.spare.replace(waiter);
        drop(state);
        drop((current, before));
    }

    /// The next frame, waiting for it.
    pub(crate) async fn next(&self, mode: &ExecutionMode) -> Result<Part, Failure> {
        loop {
            let waiter = {
                let mut state = self.state.lock();
                if let Some(part) = state.parts.pop_front() {
                    let relieve = state.paused;
                    drop(state);
                    if relieve {
                        with_vm(|vm| self.relieve(vm))?;
                    }
                    return Ok(part);
                }
                if state.closed {
                    return Err(Failure::Eof);
                }
                drop(state);
                let waiter = with_vm(|vm| futures::create(&*futures::running_loop(vm)?, vm))?;
                let mut state = self.state.lock();
                if !state.parts.is_empty() || state.closed {
                    // Another thread was faster.
                    continue;
                }
                state.waiter = Some(waiter.clone());
                waiter
            };
            let woken = futures::wait(mode, waiter.clone()).await;
            let mut state = self.state.lock();
            if state.waiter.as_ref().is_some_and(|current| current.is(&waiter)) {
                state.waiter = None;
            }
            drop(state);
            woken?;
        }
    }

    /// The next message, waiting for it.
    pub(crate) async fn message(&self, mode: &ExecutionMode, decode: Decode) -> Result<PyObjectRef, Failure> {
        self.begin()?;
        let mut reading = Reading { assembler: self, parts: Vec::new() };
        let first = self.next(mode).await?;
        let decode = decode.unwrap_or(first.opcode == Opcode::Text);
        if first.fin {
            drop(reading);
            return with_vm(|vm| payload(&first.data, decode, vm));
        }
        let most = with_vm(max_fragments)?;
        reading.parts.push(first);
        loop {
            let part = match self.next(mode).await {
                Ok(part) => part,
                Err(Failure::Eof) => {
                    reading.parts.clear();
                    return Err(Failure::Eof);
                }
                Err(failure) => return Err(failure),
            };
            if reading.parts.len() >= most {
                reading.parts.clear();
                return Err(Failure::TooManyFragments(with_vm(|vm| errors::too_many_fragments(vm, most))));
            }
            let fin = part.fin;
            reading.parts.push(part);
            if fin {
                break;
            }
        }
        let mut whole = Vec::with_capacity(reading.parts.iter().map(|part| part.data.len()).sum());
        for part in reading.parts.drain(..) {
            whole.extend_from_slice(&part.data);
        }
        drop(reading);
        with_vm(|vm| payload(&whole, decode, vm))
    }

    /// Ends the stream of frames: what has arrived can still be read.
    pub(crate) fn finish(&self, vm: &VirtualMachine) -> PyResult<()> {
        let waiter = {
            let mut state = self.state.lock();
            state.closed = true;
            state.waiter.take()
        };
        match waiter {
            Some(waiter) => futures::resolve(&waiter, vm.ctx.none(), vm),
            None => Ok(()),
        }
    }
}

/// Gives back what was read of a message that cannot be given, however reading it ends.
struct Reading<'a> {
    assembler: &'a Assembler,
    parts: Vec<Part>,
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.assembler.end(&mut self.parts);
    }
}

/// Whether there are more than `mark`.
fn exceeds(count: usize, mark: isize) -> bool {
    usize::try_from(mark).map_or(true, |mark| count > mark)
}

/// `websockets.asyncio.messages.MAX_FRAGMENTS`.
fn max_fragments(vm: &VirtualMachine) -> PyResult<usize> {
    errors::attribute(vm, "websockets.asyncio.messages", "MAX_FRAGMENTS")?.try_into_value(vm)
}

/// The bytes as `str` or `bytes`.
pub(crate) fn payload(data: &[u8], decode: bool, vm: &VirtualMachine) -> Result<PyObjectRef, Failure> {
    if !decode {
        return Ok(vm.ctx.new_bytes(data.to_vec()).into());
    }
    match std::str::from_utf8(data) {
        Ok(text) => Ok(vm.ctx.new_str(text).into()),
        Err(_) => Err(not_utf8(data, vm)),
    }
}

/// What `bytes.decode` raises for these bytes.
pub(crate) fn not_utf8(data: &[u8], vm: &VirtualMachine) -> Failure {
    match vm.call_method(vm.ctx.new_bytes(data.to_vec()).as_object(), "decode", ()) {
        Ok(_) => Failure::Other(vm.new_system_error("text is UTF-8 and is not")),
        Err(error) if error.fast_isinstance(vm.ctx.exceptions.unicode_decode_error) => {
            Failure::Encoding(error)
        }
        Err(error) => Failure::Other(error),
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
        Ok(coroutine(vm, "Assembler.get", |mode| async move {
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
        match Part::from_object(&frame, vm)? {
            Some(part) if part.opcode.is_data() => zelf.push(part, vm),
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
    fn frames(zelf: PyRef<Self>) -> FrameQueue {
        FrameQueue::new(zelf)
    }

    /// The number of waiting frames above which reading is paused, or `None`.
    #[pygetset]
    fn high(zelf: &Py<Self>) -> Option<isize> {
        zelf.state.lock().high
    }

    #[pygetset(setter)]
    fn set_high(zelf: &Py<Self>, value: PySetterValue<Option<isize>>, vm: &VirtualMachine) -> PyResult<()> {
        zelf.state.lock().high = assigned(value, vm)?;
        Ok(())
    }

    /// The number of waiting frames down to which reading stays paused, or `None`.
    #[pygetset]
    fn low(zelf: &Py<Self>) -> Option<isize> {
        zelf.state.lock().low
    }

    #[pygetset(setter)]
    fn set_low(zelf: &Py<Self>, value: PySetterValue<Option<isize>>, vm: &VirtualMachine) -> PyResult<()> {
        zelf.state.lock().low = assigned(value, vm)?;
        Ok(())
    }

    /// Whether reading is paused.
    #[pygetset]
    fn paused(zelf: &Py<Self>) -> bool {
        zelf.state.lock().paused
    }

    /// Whether a message is being read.
    #[pygetset]
    fn get_in_progress(zelf: &Py<Self>) -> bool {
        zelf.state.lock().busy
    }

    /// Whether the stream of frames has ended.
    #[pygetset]
    fn closed(zelf: &Py<Self>) -> bool {
        zelf.state.lock().closed
    }
}

fn assigned<T>(value: PySetterValue<T>, vm: &VirtualMachine) -> PyResult<T> {
    match value {
        PySetterValue::Assign(value) => Ok(value),
        PySetterValue::Delete => Err(vm.new_attribute_error("cannot delete attribute")),
    }
}
