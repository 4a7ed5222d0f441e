//! One core, two execution modes: code that waits is written once, as `async fn`s, for callers that block
//! and for callers that `await`.
//!
//! Such a function takes an [`ExecutionMode`] and waits only through it. For a blocking caller every wait
//! happens inside the poll ([`poll_to_completion`] polls it once, to its end); for an `await`ing one the
//! function is the body of a [`Coroutine`](crate::coroutine), which yields to the event loop.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use rustpython_vm::builtins::{PyBaseExceptionRef, PyCoroutine};
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::protocol::{PyIter, PyIterReturn};
use rustpython_vm::vm::thread::with_current_vm;
use rustpython_vm::{PyObject, PyObjectRef, PyResult, VirtualMachine};

use crate::awaitable::{Awaitable, awaitable};
use crate::coroutine::Coroutine;
use crate::group::MemberSlot;
use crate::wait::block_on;

/// How a function waits.
#[derive(Clone, Debug)]
pub enum ExecutionMode {
    /// The calling thread blocks.
    Blocking,
    /// The coroutine that runs the function is suspended.
    Async(Arc<ResumeSlot>),
    /// The function is a member of a [`Group`](crate::Group), which waits for all of them.
    Member(Arc<MemberSlot>),
}

/// What a suspended coroutine is resumed with.
#[derive(Debug)]
pub enum Resume {
    /// The value of its `await`.
    Send(PyObjectRef),
    /// An exception, raised at its `await`.
    Throw(PyBaseExceptionRef),
}

/// Shared by a coroutine and the wait that suspends it: what it yields, and what it is resumed with.
#[derive(Debug, Default)]
pub struct ResumeSlot {
    state: PyMutex<ResumeState>,
}

#[derive(Debug, Default)]
struct ResumeState {
    yielded: Option<PyObjectRef>,
    resume: Option<Resume>,
}

impl ResumeSlot {
    /// Sets what the coroutine is resumed with.
    pub(crate) fn resume_with(&self, resume: Resume) {
        let before = self.state.lock().resume.replace(resume);
        drop(before);
    }

    /// What the coroutine yields.
    pub(crate) fn take_yielded(&self) -> Option<PyObjectRef> {
        self.state.lock().yielded.take()
    }

    /// Yields `object` and waits to be resumed.
    async fn suspend(&self, object: PyObjectRef) -> Resume {
        let mut object = Some(object);
        poll_fn(move |_| {
            let mut state = self.state.lock();
            if let Some(object) = object.take() {
                state.yielded = Some(object);
                state.resume = None;
                return Poll::Pending;
            }
            state.resume.take().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }
}

/// The interpreter of the calling thread, for a moment: code that waits cannot keep it, because it
/// may continue in another thread.
pub fn with_vm<R>(use_it: impl FnOnce(&VirtualMachine) -> R) -> R {
    with_current_vm(use_it)
}

/// Runs a function on [`ExecutionMode::Blocking`] to its end.
///
/// # Errors
/// The function's; `SystemError` if it waited for something by other means.
pub fn poll_to_completion<T>(
    vm: &VirtualMachine,
    function: impl Future<Output = PyResult<T>>,
) -> PyResult<T> {
    match pin!(function).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(vm.new_system_error("internal error: blocking call yielded")),
    }
}

impl ExecutionMode {
    /// Whether a coroutine waits, not a thread.
    pub fn is_async(&self) -> bool {
        match self {
            Self::Blocking => false,
            Self::Async(_) => true,
            Self::Member(slot) => slot.is_async(),
        }
    }

    /// Waits for work of the engine. Giving up the wait (Ctrl-C, cancellation) drops `future`.
    ///
    /// # Errors
    /// What ends the wait early: a signal handler's exception, `CancelledError`; `OSError` when
    /// there are no descriptors or threads left.
    pub async fn run<F>(&self, future: F) -> PyResult<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        match self {
            Self::Blocking => return with_vm(|vm| block_on(vm, future)),
            Self::Member(slot) => return slot.run(future).await,
            Self::Async(_) => {}
        }
        let output = Arc::new(PyMutex::new(None));
        let place = Arc::clone(&output);
        let operation = with_vm(|vm| {
            awaitable(vm, future, move |output, vm| {
                *place.lock() = Some(output);
                Ok(vm.ctx.none())
            })
        });
        self.wait(operation).await?;
        let output = output.lock().take();
        output.ok_or_else(|| {
            with_vm(|vm| vm.new_system_error("internal error: the operation ended without a result"))
        })
    }

    /// Yields `object` to what drives the coroutine, as `yield` in `__await__` does: a future that is marked
    /// as awaited, or `None` to let other tasks run. Returns what it is resumed with.
    ///
    /// # Errors
    /// The exception thrown into the coroutine; `SystemError` in blocking mode.
    pub async fn suspend(&self, object: PyObjectRef) -> PyResult {
        let Self::Async(slot) = self else {
            return Err(with_vm(|vm| vm.new_system_error("internal error: a blocking call cannot yield")));
        };
        match slot.suspend(object).await {
            Resume::Send(value) => Ok(value),
            Resume::Throw(error) => Err(error),
        }
    }

    /// The result of a call that may have been one of an `async` function: awaits it where waiting is
    /// asynchronous, and is the object itself otherwise.
    ///
    /// # Errors
    /// What awaiting it raises; `TypeError` for what cannot be awaited.
    pub async fn wait(&self, object: PyObjectRef) -> PyResult {
        let slot = match self {
            Self::Async(slot) => slot,
            Self::Member(slot) if slot.is_async() => return slot.wait(object).await,
            Self::Blocking | Self::Member(_) => return Ok(object),
        };
        let waiting = Waiting(with_vm(|vm| awaitable_iterator(object, vm))?);
        let mut resume = with_vm(|vm| Resume::Send(vm.ctx.none()));
        loop {
            match with_vm(|vm| step(&waiting.0, resume, vm))? {
                PyIterReturn::Return(yielded) => resume = slot.suspend(yielded).await,
                PyIterReturn::StopIteration(value) => return Ok(with_vm(|vm| vm.unwrap_or_none(value))),
            }
        }
    }
}

/// What is being awaited. When the coroutine is dropped instead of being resumed, so is the operation.
struct Waiting(PyObjectRef);

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(operation) = self.0.downcast_ref::<Awaitable>() {
            operation.abandon();
        }
    }
}

/// What `await object` iterates over.
fn awaitable_iterator(object: PyObjectRef, vm: &VirtualMachine) -> PyResult {
    if object.downcast_ref_if_exact::<PyCoroutine>(vm).is_some()
        || object.downcastable::<Awaitable>()
        || object.downcastable::<Coroutine>()
    {
        return Ok(object);
    }
    let Some(found) = object.class().get_attr(vm.ctx.intern_str("__await__")) else {
        let message = format!("object {} can't be used in 'await' expression", object.class().name());
        return Err(vm.new_type_error(message));
    };
    let iterator = vm.call_if_get_descriptor(&found, object)?.call((), vm)?;
    if PyIter::check(&iterator) {
        return Ok(iterator);
    }
    Err(vm.new_type_error(format!("__await__() returned non-iterator of type '{}'", iterator.class().name())))
}

/// Resumes what is awaited.
fn step(iterator: &PyObject, resume: Resume, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
    if let Some(coroutine) = iterator.downcast_ref::<Coroutine>() {
        return Coroutine::resume(coroutine, resume, vm);
    }
    match resume {
        Resume::Send(value) => {
            if let Some(coroutine) = iterator.downcast_ref_if_exact::<PyCoroutine>(vm) {
                return coroutine.as_coro().send(iterator, value, vm);
            }
            if vm.is_none(&value) {
                return PyIter::new(iterator).next(vm);
            }
            PyIterReturn::from_pyresult(vm.call_method(iterator, "send", (value,)), vm)
        }
        Resume::Throw(error) => {
            let Some(throw) = vm.get_attribute_opt(iterator, "throw")? else {
                close(iterator, vm);
                return Err(error);
            };
            PyIterReturn::from_pyresult(throw.call((error,), vm), vm)
        }
    }
}

/// Closes an iterator that has no `throw`.
fn close(iterator: &PyObject, vm: &VirtualMachine) {
    if let Ok(Some(close)) = vm.get_attribute_opt(iterator, "close") {
        // The exception that led here is the one to report.
        let _ = close.call((), vm);
    }
}
