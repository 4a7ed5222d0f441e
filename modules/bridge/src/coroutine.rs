//! Coroutines written in Rust: what `async def` methods of native classes return.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::class::PyClassImpl;
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::function::OptionalArg;
use rustpython_vm::protocol::PyIterReturn;
use rustpython_vm::types::{IterNext, Representable, SelfIter};
use rustpython_vm::vm::thread::try_with_current_vm;
use rustpython_vm::{AsObject, Py, PyObjectRef, PyPayload, PyResult, VirtualMachine, pyclass};

use crate::execution_mode::{ExecutionMode, Resume, ResumeSlot};

/// What a coroutine runs when it is written as an `async` block. It is polled on the thread that resumes the
/// coroutine, with that thread's interpreter at hand, and suspends through its [`ExecutionMode`] only.
pub type Body = Pin<Box<dyn Future<Output = PyResult> + Send>>;

/// What a coroutine runs when it is written by hand, step by step: for what is awaited so often that an `async`
/// block's allocations show.
pub trait StateMachine: Send {
    /// Runs to the next `await` or to the end. Dropping it in between cancels the wait.
    ///
    /// # Errors
    /// What the coroutine raises, which ends it.
    fn step(&mut self, resume: Resume, vm: &VirtualMachine) -> PyResult<Step>;
}

/// The outcome of a step of a [`StateMachine`].
pub enum Step {
    /// To an `await`, which yields this.
    Yield(PyObjectRef),
    /// To the end, with this result.
    Return(PyObjectRef),
    /// The rest is better written as an `async` block, which is made and run at once.
    Continue(Box<dyn FnOnce(ExecutionMode) -> Body>),
}

impl Step {
    /// A [`Step::Continue`] with `body`.
    pub fn continue_with<B, F>(body: B) -> Self
    where
        B: FnOnce(ExecutionMode) -> F + 'static,
        F: Future<Output = PyResult> + Send + 'static,
    {
        Self::Continue(Box::new(|mode| Box::pin(body(mode))))
    }
}

/// Makes a [`Body`], when a coroutine is started.
type MakeBody = Box<dyn FnOnce(ExecutionMode) -> Body + Send>;

enum Work {
    /// Not begun. A future has room for all that it will ever hold, which can be kilobytes: it is made when
    /// the coroutine is started.
    Deferred(Option<MakeBody>),
    Async(Body, Arc<ResumeSlot>),
    Stepwise(Box<dyn StateMachine>),
}

enum State {
    /// Not started.
    Created(Work),
    /// Waiting in the middle.
    Suspended(Work),
    Running,
    Done,
}

/// A coroutine of one of Tauraro's modules. It behaves as those of `async def` functions do.
#[pyclass(module = "tauraro", name = "coroutine")]
#[derive(PyPayload)]
pub struct Coroutine {
    name: &'static str,
    state: PyMutex<State>,
}

/// A coroutine that runs `body`, which is called with the [`ExecutionMode`] to wait on when the coroutine is
/// started. `name` is its qualified name, `AsyncClient.get`.
///
/// `body` and what it returns run on the thread that resumes the coroutine, with an interpreter at
/// hand ([`with_vm`](crate::with_vm)); they may own Python objects, which the garbage collector does
/// not see.
pub fn coroutine<B, F>(vm: &VirtualMachine, name: &'static str, body: B) -> PyObjectRef
where
    B: FnOnce(ExecutionMode) -> F + Send + 'static,
    F: Future<Output = PyResult> + Send + 'static,
{
    Coroutine::make(vm, name, Work::Deferred(Some(Box::new(|mode| Box::pin(body(mode))))))
}

/// A coroutine that runs `steps`; otherwise as [`coroutine`].
pub fn stepped_coroutine(
    vm: &VirtualMachine,
    name: &'static str,
    steps: impl StateMachine + 'static,
) -> PyObjectRef {
    Coroutine::make(vm, name, Work::Stepwise(Box::new(steps)))
}

impl Work {
    fn begin(body: impl FnOnce(ExecutionMode) -> Body) -> Self {
        let slot = Arc::new(ResumeSlot::default());
        Self::Async(body(ExecutionMode::Async(Arc::clone(&slot))), slot)
    }

    /// Runs to the next `await` or to the end.
    fn run(&mut self, resume: Resume, name: &str, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        if let Self::Deferred(body) = self {
            if let Some(body) = body.take() {
                *self = Self::begin(body);
            }
        } else if let Self::Stepwise(steps) = self {
            match steps.step(resume, vm)? {
                Step::Yield(yielded) => return Ok(PyIterReturn::Return(yielded)),
                Step::Return(value) => return Ok(PyIterReturn::StopIteration(Some(value))),
                Step::Continue(body) => *self = Self::begin(body),
            }
        } else if let Self::Async(_, slot) = self {
            slot.resume_with(resume);
        }
        let Self::Async(body, slot) = self else {
            return Err(vm.new_system_error(format!("internal error: {name} has nothing to run")));
        };
        match body.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => slot.take_yielded().map(PyIterReturn::Return).ok_or_else(|| {
                vm.new_system_error(format!("internal error: {name} waits for something that is not awaited"))
            }),
            Poll::Ready(result) => result.map(|value| PyIterReturn::StopIteration(Some(value))),
        }
    }
}

impl fmt::Debug for Coroutine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coroutine").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Coroutine {
    fn make(vm: &VirtualMachine, name: &'static str, work: Work) -> PyObjectRef {
        // Not part of any module that would have made it.
        let _class = Self::make_static_type();
        Self { name, state: PyMutex::new(State::Created(work)) }.into_ref(&vm.ctx).into()
    }

    /// Runs the body to its next `await` or to its end.
    ///
    /// # Errors
    /// What the body raises; `ValueError` when it runs already, `RuntimeError` when it is over.
    pub fn resume(zelf: &Py<Self>, resume: Resume, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        let before = std::mem::replace(&mut *zelf.state.lock(), State::Running);
        let (mut work, resume) = match (before, resume) {
            (State::Created(work), Resume::Throw(error)) => {
                *zelf.state.lock() = State::Done;
                drop(work);
                return Err(error);
            }
            (State::Created(work) | State::Suspended(work), resume) => (work, resume),
            (State::Running, _) => return Err(vm.new_value_error("coroutine already executing")),
            (State::Done, _) => {
                *zelf.state.lock() = State::Done;
                return Err(vm.new_runtime_error("cannot reuse already awaited coroutine"));
            }
        };
        let outcome = work.run(resume, zelf.name, vm);
        let suspended = matches!(outcome, Ok(PyIterReturn::Return(_)));
        *zelf.state.lock() = if suspended { State::Suspended(work) } else { State::Done };
        outcome
    }

    /// Whether it was neither started nor closed.
    fn is_unstarted(&self) -> bool {
        matches!(*self.state.lock(), State::Created(_))
    }
}

impl Drop for Coroutine {
    fn drop(&mut self) {
        if self.is_unstarted() {
            // A forgotten `await`. Without an interpreter there is no one to warn.
            try_with_current_vm(|vm| {
                let message = format!("coroutine '{}' was never awaited", self.name);
                let category = vm.ctx.exceptions.runtime_warning.to_owned();
                let message = vm.ctx.new_str(message).into();
                if let Err(error) = rustpython_vm::warn::warn(message, Some(category), 1, None, vm) {
                    vm.run_unraisable(error, None, vm.ctx.none());
                }
            });
        }
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION, HAS_WEAKREF), with(IterNext, Representable))]
impl Coroutine {
    #[pygetset]
    fn __name__(zelf: &Py<Self>) -> &'static str {
        zelf.name.rsplit('.').next().unwrap_or(zelf.name)
    }

    #[pygetset]
    fn __qualname__(zelf: &Py<Self>) -> &'static str {
        zelf.name
    }

    /// Whether it is being executed.
    #[pygetset]
    fn cr_running(zelf: &Py<Self>) -> bool {
        matches!(*zelf.state.lock(), State::Running)
    }

    /// Whether it has been started and waits for something.
    #[pygetset]
    fn cr_suspended(zelf: &Py<Self>) -> bool {
        matches!(*zelf.state.lock(), State::Suspended(_))
    }

    /// `None`: there is no Python frame.
    #[pygetset]
    fn cr_frame(_zelf: &Py<Self>) {}

    #[pymethod]
    fn __await__(zelf: rustpython_vm::PyRef<Self>) -> rustpython_vm::PyRef<Self> {
        zelf
    }

    /// Resumes it; `value` is what its `await` gives.
    #[pymethod]
    fn send(zelf: &Py<Self>, value: PyObjectRef, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        Self::resume(zelf, Resume::Send(value), vm)
    }

    /// Raises an exception at its `await`.
    #[pymethod]
    fn throw(
        zelf: &Py<Self>,
        exc_type: PyObjectRef,
        exc_val: OptionalArg,
        exc_tb: OptionalArg,
        vm: &VirtualMachine,
    ) -> PyResult<PyIterReturn> {
        let (value, traceback) = (exc_val.unwrap_or_none(vm), exc_tb.unwrap_or_none(vm));
        let error = vm.normalize_exception(exc_type, value, traceback)?;
        Self::resume(zelf, Resume::Throw(error), vm)
    }

    /// Ends it: `GeneratorExit` is raised at its `await`.
    #[pymethod]
    fn close(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        let suspended = {
            let mut state = zelf.state.lock();
            match &*state {
                State::Running => return Err(vm.new_value_error("coroutine already executing")),
                State::Suspended(_) => None,
                State::Created(_) | State::Done => Some(std::mem::replace(&mut *state, State::Done)),
            }
        };
        if suspended.is_some() {
            return Ok(());
        }
        let exit = vm.new_exception_empty(vm.ctx.exceptions.generator_exit.to_owned());
        match Self::resume(zelf, Resume::Throw(exit), vm) {
            Ok(PyIterReturn::Return(_)) => Err(vm.new_runtime_error("coroutine ignored GeneratorExit")),
            Ok(PyIterReturn::StopIteration(_)) => Ok(()),
            Err(error) if is_exit(&error, vm) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn is_exit(error: &PyBaseExceptionRef, vm: &VirtualMachine) -> bool {
    error.fast_isinstance(vm.ctx.exceptions.generator_exit)
}

impl SelfIter for Coroutine {}

impl IterNext for Coroutine {
    fn next(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        Self::resume(zelf, Resume::Send(vm.ctx.none()), vm)
    }
}

impl Representable for Coroutine {
    fn repr_str(zelf: &Py<Self>, _vm: &VirtualMachine) -> PyResult<String> {
        Ok(format!("<coroutine object {} at {:#x}>", zelf.name, std::ptr::from_ref(zelf).addr()))
    }
}
