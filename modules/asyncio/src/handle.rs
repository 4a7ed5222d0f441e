//! `asyncio.Handle`: a callback of an event loop.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, ThreadId};
use std::time::Duration;

use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::types::Representable;
use rustpython_vm::{AsObject, Py, PyObjectRef, PyPayload, PyResult, Traverse, VirtualMachine, pyclass};

use crate::event_loop::LoopCore;
use crate::interpreter_state::{self, InterpreterState};

/// How often a thread looks whether the callback it wants to cancel has returned.
const CANCEL_CHECK: Duration = Duration::from_micros(50);

/// What a handle calls.
#[derive(Debug, Clone, Traverse)]
pub(crate) struct Call {
    pub(crate) function: PyObjectRef,
    pub(crate) args: Vec<PyObjectRef>,
}

/// A callback registered with an event loop.
///
/// Returned by `call_soon` and its relatives; `cancel` takes the callback back.
#[pyclass(module = "asyncio", name = "Handle", traverse)]
#[derive(PyPayload)]
pub(crate) struct Handle {
    call: PyMutex<Option<Call>>,
    context: PyObjectRef,
    event_loop: PyObjectRef,
    source_traceback: Option<PyObjectRef>,
    /// Debug mode keeps what the handle was before it was cancelled.
    repr: PyMutex<Option<PyObjectRef>>,
    #[pytraverse(skip)]
    cancelled: AtomicBool,
    /// Whether another thread that cancels must not return while the callback runs.
    #[pytraverse(skip)]
    thread_safe: bool,
    /// Who runs the callback, for thread-safe handles.
    #[pytraverse(skip)]
    running: PyMutex<Option<ThreadId>>,
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("cancelled", &self.cancelled).finish_non_exhaustive()
    }
}

impl Call {
    /// A call without arguments.
    pub(crate) fn of(function: PyObjectRef) -> Self {
        Self { function, args: Vec::new() }
    }
}

impl Handle {
    /// A handle of `event_loop`. Without a context it takes a copy of the current one.
    pub(crate) fn new(
        event_loop: &Py<LoopCore>,
        call: Call,
        context: Option<PyObjectRef>,
        vm: &VirtualMachine,
    ) -> PyResult<Self> {
        let context = match context {
            Some(context) if !vm.is_none(&context) => context,
            _ => InterpreterState::get(vm)?.copy_context(vm)?,
        };
        let source_traceback =
            if event_loop.debug() { Some(interpreter_state::extract_stack(vm)?) } else { None };
        Ok(Self {
            call: PyMutex::new(Some(call)),
            context,
            event_loop: event_loop.as_object().to_owned(),
            source_traceback,
            repr: PyMutex::default(),
            cancelled: false.into(),
            thread_safe: false,
            running: PyMutex::default(),
        })
    }

    /// A handle whose `cancel` may be called from other threads.
    pub(crate) fn thread_safe(mut self) -> Self {
        self.thread_safe = true;
        self
    }

    pub(crate) fn event_loop(&self) -> PyObjectRef {
        self.event_loop.clone()
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Relaxed)
    }

    /// Runs the callback in its context and reports what it raises to the loop.
    ///
    /// # Errors
    /// `SystemExit` and `KeyboardInterrupt`, which end the loop.
    pub(crate) fn run(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        let call = {
            let mut call = zelf.call.lock();
            // Nobody could look at a handle that only the queue had.
            if zelf.as_object().strong_count() == 1 && !zelf.thread_safe && zelf.source_traceback.is_none() {
                call.take()
            } else {
                call.clone()
            }
        };
        let Some(Call { function, args }) = call else {
            return Ok(());
        };
        if zelf.thread_safe {
            *zelf.running.lock() = Some(thread::current().id());
        }
        // Only debug mode shows the arguments.
        let shown = if zelf.source_traceback.is_some() { args.clone() } else { Vec::new() };
        let kept = (function.clone(), shown);
        let result = InterpreterState::get(vm)?.run_in(&zelf.context, function, args, vm);
        if zelf.thread_safe {
            *zelf.running.lock() = None;
        }
        match result {
            Ok(_) => Ok(()),
            Err(error) if interpreter_state::ends_the_loop(&error, vm) => Err(error),
            Err(error) => Self::report(zelf, error.into(), kept, vm),
        }
    }

    fn report(
        zelf: &Py<Self>,
        error: PyObjectRef,
        (function, args): (PyObjectRef, Vec<PyObjectRef>),
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        // What the queue alone had is shown once more.
        zelf.call.lock().get_or_insert_with(|| Call { function: function.clone(), args: args.clone() });
        let debug = vm.call_method(&zelf.event_loop, "get_debug", ())?;
        let mut format_args =
            rustpython_vm::function::FuncArgs::from(vec![function, vm.ctx.new_tuple(args).into()]);
        format_args.kwargs.insert("debug".into(), debug);
        let callback = interpreter_state::asyncio("format_helpers", "_format_callback_source", vm)?
            .call(format_args, vm)?;
        let message = format!("Exception in callback {}", callback.str(vm)?);
        let context = vm.ctx.new_dict();
        context.set_item("message", vm.ctx.new_str(message).into(), vm)?;
        context.set_item("exception", error, vm)?;
        context.set_item("handle", zelf.to_owned().into(), vm)?;
        if let Some(traceback) = &zelf.source_traceback {
            context.set_item("source_traceback", traceback.clone(), vm)?;
        }
        vm.call_method(&zelf.event_loop, "call_exception_handler", (context,))?;
        Ok(())
    }

    /// Forgets the callback; whether that was the first time.
    pub(crate) fn cancel_once(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<bool> {
        if zelf.cancelled.swap(true, Relaxed) {
            return Ok(false);
        }
        if zelf.source_traceback.is_some() {
            let repr = zelf.as_object().repr(vm)?;
            *zelf.repr.lock() = Some(repr.into());
        }
        let call = zelf.call.lock().take();
        drop(call);
        if zelf.thread_safe {
            zelf.wait_for_callback(vm)?;
        }
        Ok(true)
    }

    /// Returns once no other thread runs the callback.
    fn wait_for_callback(&self, vm: &VirtualMachine) -> PyResult<()> {
        let this = thread::current().id();
        loop {
            match *self.running.lock() {
                Some(other) if other != this => {}
                _ => return Ok(()),
            }
            vm.check_signals()?;
            vm.allow_threads(|| thread::sleep(CANCEL_CHECK));
        }
    }

    /// The parts of asyncio's own representation, which name the callback and where it was made.
    pub(crate) fn info(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        let class = interpreter_state::asyncio("events", "Handle", vm)?;
        class.get_attr("_repr_info", vm)?.call((zelf.to_owned(),), vm)
    }
}

#[pyclass(flags(BASETYPE, HAS_WEAKREF, DISALLOW_INSTANTIATION), with(Representable))]
impl Handle {
    /// `asyncio.Handle`, so that `isinstance` knows what this is.
    #[pygetset]
    fn __class__(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        let name = if zelf.thread_safe { "_ThreadSafeHandle" } else { "Handle" };
        interpreter_state::asyncio("events", name, vm)
    }

    /// Takes the callback back. Cancelling again, or after it ran, does nothing.
    #[pymethod]
    fn cancel(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::cancel_once(zelf, vm).map(drop)
    }

    /// Whether it was cancelled. While another thread runs a callback of `call_soon_threadsafe` this
    /// waits for its end.
    #[pymethod]
    fn cancelled(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<bool> {
        if zelf.thread_safe {
            zelf.wait_for_callback(vm)?;
        }
        Ok(zelf.is_cancelled())
    }

    /// The `contextvars.Context` the callback runs in.
    #[pymethod]
    pub(crate) fn get_context(zelf: &Py<Self>) -> PyObjectRef {
        zelf.context.clone()
    }

    #[pymethod]
    fn _run(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::run(zelf, vm)
    }

    #[pymethod]
    fn _repr_info(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        Self::info(zelf, vm)
    }

    #[pygetset]
    fn _callback(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.call.lock().as_ref().map(|call| call.function.clone())
    }

    #[pygetset]
    fn _args(zelf: &Py<Self>, vm: &VirtualMachine) -> Option<PyObjectRef> {
        let args = zelf.call.lock().as_ref().map(|call| call.args.clone());
        args.map(|args| vm.ctx.new_tuple(args).into())
    }

    #[pygetset]
    fn _cancelled(zelf: &Py<Self>) -> bool {
        zelf.is_cancelled()
    }

    #[pygetset]
    fn _loop(zelf: &Py<Self>) -> PyObjectRef {
        zelf.event_loop.clone()
    }

    #[pygetset]
    fn _context(zelf: &Py<Self>) -> PyObjectRef {
        zelf.context.clone()
    }

    #[pygetset]
    fn _source_traceback(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.source_traceback.clone()
    }

    #[pygetset]
    fn _repr(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.repr.lock().clone()
    }
}

impl Representable for Handle {
    fn repr_str(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<String> {
        if let Some(repr) = zelf.repr.lock().clone() {
            return Ok(repr.str(vm)?.to_string());
        }
        join(vm.call_method(zelf.as_object(), "_repr_info", ())?, vm)
    }
}

/// `<PARTS...>`.
fn join(parts: PyObjectRef, vm: &VirtualMachine) -> PyResult<String> {
    let parts: Vec<PyObjectRef> = parts.try_to_value(vm)?;
    let mut text = String::from("<");
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            text.push(' ');
        }
        text.push_str(part.str(vm)?.as_ref());
    }
    text.push('>');
    Ok(text)
}
