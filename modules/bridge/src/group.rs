//! Many functions at once, as one operation: what a bulk request is made of.
//!
//! A member of a [`Group`] is an `async fn` over an [`ExecutionMode`], as everything that waits. What it waits
//! for is collected from all members, runs on the shared runtime at the same time, and is waited for in one
//! place. There is no coroutine and no task per member.

use std::any::Any;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::{Future, poll_fn};
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use rustpython_vm::class::PyClassImpl;
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::function::FuncArgs;
use rustpython_vm::types::Callable;
use rustpython_vm::vm::thread::try_with_current_vm;
use rustpython_vm::{Py, PyObjectRef, PyPayload, PyResult, VirtualMachine, pyclass};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::execution_mode::{ExecutionMode, with_vm};

type Output = Box<dyn Any + Send>;
type Operation = Pin<Box<dyn Future<Output = Output> + Send>>;

/// Between a member of a [`Group`] and the group: what the member waits for, and what it resumes with.
pub struct MemberSlot {
    is_async: bool,
    state: PyMutex<MemberState>,
}

enum MemberState {
    Running,
    /// It waits for work of the engine.
    Operation(Operation),
    /// It awaits a Python object.
    Awaitable(PyObjectRef),
    /// It resumes with the output of the engine's work.
    Output(Output),
    /// It resumes with the result of what it awaited.
    Result(PyResult),
}

impl fmt::Debug for MemberSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemberSlot").field("is_async", &self.is_async).finish_non_exhaustive()
    }
}

impl MemberSlot {
    /// Whether the group is waited for with `await`.
    pub(crate) fn is_async(&self) -> bool {
        self.is_async
    }

    /// Waits for work of the engine.
    pub(crate) async fn run<F>(&self, future: F) -> PyResult<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let operation: Operation = Box::pin(async move { Box::new(future.await) as Output });
        match self.suspend(MemberState::Operation(operation)).await {
            MemberState::Output(output) => output.downcast().map(|output| *output).map_err(|_| confused()),
            MemberState::Result(Err(error)) => Err(error),
            _ => Err(confused()),
        }
    }

    /// Awaits a Python object.
    pub(crate) async fn wait(&self, object: PyObjectRef) -> PyResult {
        match self.suspend(MemberState::Awaitable(object)).await {
            MemberState::Result(result) => result,
            _ => Err(confused()),
        }
    }

    async fn suspend(&self, wanted: MemberState) -> MemberState {
        let mut wanted = Some(wanted);
        poll_fn(move |_| {
            let mut state = self.state.lock();
            if let Some(wanted) = wanted.take() {
                *state = wanted;
                return Poll::Pending;
            }
            match mem::replace(&mut *state, MemberState::Running) {
                resumed @ (MemberState::Output(_) | MemberState::Result(_)) => Poll::Ready(resumed),
                waiting => {
                    *state = waiting;
                    Poll::Pending
                }
            }
        })
        .await
    }

    fn take(&self) -> MemberState {
        mem::replace(&mut *self.state.lock(), MemberState::Running)
    }

    fn resume_with(&self, state: MemberState) {
        let replaced = mem::replace(&mut *self.state.lock(), state);
        drop(replaced);
    }
}

fn confused() -> rustpython_vm::builtins::PyBaseExceptionRef {
    with_vm(|vm| vm.new_system_error("internal error: a member of a group resumes with something else"))
}

/// Functions that run at the same time. Dropping it cancels those that have not ended.
pub struct Group<T> {
    is_async: bool,
    members: HashMap<u64, Member<T>>,
    next_index: u64,
    /// Members that can go on.
    runnable: VecDeque<u64>,
    /// Work of the engine that is still to be started, and that which is running.
    starting: Vec<(u64, Operation)>,
    running: JoinSet<(u64, Output)>,
    /// What members await.
    awaited: Arc<Awaited>,
    finished: VecDeque<(u64, PyResult<T>)>,
}

struct Member<T> {
    function: Pin<Box<dyn Future<Output = PyResult<T>> + Send>>,
    slot: Arc<MemberSlot>,
    /// The `asyncio.Future` of what it awaits.
    future: Option<PyObjectRef>,
}

/// The members whose `asyncio.Future` is done.
#[derive(Debug, Default)]
struct Awaited {
    done: PyMutex<Vec<u64>>,
    changed: Notify,
}

impl<T> fmt::Debug for Group<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group").field("members", &self.members.len()).finish_non_exhaustive()
    }
}

impl<T> Group<T> {
    /// A group without members, that is waited for with `await` or without.
    pub fn new(is_async: bool) -> Self {
        Self {
            is_async,
            members: HashMap::new(),
            next_index: 0,
            runnable: VecDeque::new(),
            starting: Vec::new(),
            running: JoinSet::new(),
            awaited: Arc::default(),
            finished: VecDeque::new(),
        }
    }

    /// How many members have not been returned by [`next`](Self::next).
    pub fn len(&self) -> usize {
        self.members.len() + self.finished.len()
    }

    /// Whether there are no such members.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds the function that `make` makes; its number, which counts from 0.
    pub fn add<F>(&mut self, make: impl FnOnce(ExecutionMode) -> F) -> u64
    where
        F: Future<Output = PyResult<T>> + Send + 'static,
    {
        let slot =
            Arc::new(MemberSlot { is_async: self.is_async, state: PyMutex::new(MemberState::Running) });
        let function = Box::pin(make(ExecutionMode::Member(Arc::clone(&slot))));
        let index = self.next_index;
        self.next_index += 1;
        self.members.insert(index, Member { function, slot, future: None });
        self.runnable.push_back(index);
        index
    }

    /// Waits for the next member that ends: its number and its result. `None` without members.
    ///
    /// # Errors
    /// What ends the wait early, as for [`ExecutionMode::run`]; the group is of no use then.
    pub async fn next(&mut self, mode: &ExecutionMode) -> PyResult<Option<(u64, PyResult<T>)>> {
        loop {
            while let Some(index) = self.runnable.pop_front() {
                self.resume(index);
            }
            if let Some(finished) = self.finished.pop_front() {
                return Ok(Some(finished));
            }
            if self.members.is_empty() {
                return Ok(None);
            }
            self.wait(mode).await?;
        }
    }

    /// Runs a member to its next wait or to its end.
    fn resume(&mut self, index: u64) {
        let Some(member) = self.members.get_mut(&index) else { return };
        match member.function.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => {
                self.members.remove(&index);
                self.finished.push_back((index, result));
            }
            Poll::Pending => match member.slot.take() {
                MemberState::Operation(operation) => self.starting.push((index, operation)),
                MemberState::Awaitable(object) => {
                    match with_vm(|vm| begin_awaiting(object, index, &self.awaited, vm)) {
                        Ok(future) => member.future = Some(future),
                        Err(error) => {
                            member.slot.resume_with(MemberState::Result(Err(error)));
                            self.runnable.push_back(index);
                        }
                    }
                }
                _ => {
                    self.members.remove(&index);
                    self.finished.push_back((index, Err(confused())));
                }
            },
        }
    }

    /// Waits until a member can go on.
    async fn wait(&mut self, mode: &ExecutionMode) -> PyResult<()> {
        let starting = mem::take(&mut self.starting);
        let mut running = mem::take(&mut self.running);
        let awaited = Arc::clone(&self.awaited);
        let (running, done) = mode
            .run(async move {
                for (index, operation) in starting {
                    running.spawn(async move { (index, operation.await) });
                }
                let mut done = Vec::new();
                tokio::select! {
                    Some(joined) = running.join_next() => done.push(joined),
                    () = awaited.changed.notified() => {}
                }
                while let Some(joined) = running.try_join_next() {
                    done.push(joined);
                }
                (running, done)
            })
            .await?;
        self.running = running;
        for joined in done {
            let Ok((index, output)) = joined else {
                return Err(with_vm(|vm| vm.new_system_error("internal error: an operation failed")));
            };
            if let Some(member) = self.members.get(&index) {
                member.slot.resume_with(MemberState::Output(output));
                self.runnable.push_back(index);
            }
        }
        let done = mem::take(&mut *self.awaited.done.lock());
        for index in done {
            if let Some(member) = self.members.get_mut(&index)
                && let Some(future) = member.future.take()
            {
                let result = with_vm(|vm| vm.call_method(&future, "result", ()));
                member.slot.resume_with(MemberState::Result(result));
                self.runnable.push_back(index);
            }
        }
        Ok(())
    }
}

impl<T> Drop for Group<T> {
    fn drop(&mut self) {
        for member in self.members.values_mut() {
            if let Some(future) = member.future.take() {
                // Without an interpreter, the loop is gone as well.
                try_with_current_vm(|vm| {
                    if let Err(error) = vm.call_method(&future, "cancel", ()) {
                        vm.run_unraisable(error, None, vm.ctx.none());
                    }
                });
            }
        }
    }
}

/// Has the running loop await `object` on behalf of a member.
fn begin_awaiting(object: PyObjectRef, index: u64, awaited: &Arc<Awaited>, vm: &VirtualMachine) -> PyResult {
    // Not part of any module that would have made it.
    let _class = MemberDone::make_static_type();
    let future = vm.import("asyncio", 0)?.get_attr("ensure_future", vm)?.call((object,), vm)?;
    let done = MemberDone { index, awaited: Arc::clone(awaited) }.into_ref(&vm.ctx);
    vm.call_method(&future, "add_done_callback", (done,))?;
    Ok(future)
}

/// The callback of an `asyncio.Future` that a member of a group awaits.
#[pyclass(module = "tauraro", name = "MemberDone")]
#[derive(Debug, PyPayload)]
struct MemberDone {
    index: u64,
    awaited: Arc<Awaited>,
}

impl Callable for MemberDone {
    type Args = FuncArgs;

    fn call(zelf: &Py<Self>, _args: FuncArgs, vm: &VirtualMachine) -> PyResult {
        zelf.awaited.done.lock().push(zelf.index);
        zelf.awaited.changed.notify_one();
        Ok(vm.ctx.none())
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(Callable))]
impl MemberDone {}
