//! `Client.map` and `AsyncClient.map`: many requests at once.

use std::collections::BTreeMap;

use rustpython_vm::builtins::{PyBaseExceptionRef, PyUtf8StrRef};
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::protocol::{PyIter, PyIterReturn};
use rustpython_vm::types::{IterNext, Iterable, SelfIter};
use rustpython_vm::{
    AsObject, FromArgs, Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass,
};
use tauraro_bridge::{ExecutionMode, Group, coroutine, poll_to_completion, stop_async_iteration, with_vm};

use super::args::{CommonArgs, RequestArgs};
use super::base_client::BaseClient;
use super::call::{Call, Caller};
use crate::request::Request;
use crate::streams::content::ContentArgs;

/// The arguments of `map`.
#[derive(FromArgs)]
pub(super) struct MapArgs {
    #[pyarg(any)]
    requests: PyObjectRef,
    #[pyarg(named, default = 64)]
    concurrency: isize,
    #[pyarg(named, default = false)]
    ordered: bool,
    #[pyarg(named, optional, py_default = "'return'")]
    on_error: Option<PyUtf8StrRef>,
}

/// What a `map` does with a request that fails.
#[derive(Clone, Copy, Debug)]
enum OnError {
    /// The exception takes the place of the response.
    Return,
    /// It is raised, and ends the iteration.
    Raise,
}

/// Requests, of which some are under way.
#[derive(Debug)]
struct Map {
    client: PyRef<BaseClient>,
    /// An iterator over what is still to be requested; `None` at its end.
    requests: Option<PyObjectRef>,
    concurrency: usize,
    on_error: OnError,
    under_way: Group<PyObjectRef>,
    order: Option<Order>,
}

/// Results that wait for those of earlier requests.
#[derive(Debug, Default)]
struct Order {
    next: u64,
    early: BTreeMap<u64, PyResult>,
}

impl Map {
    fn new(vm: &VirtualMachine, client: PyRef<BaseClient>, args: MapArgs, is_async: bool) -> PyResult<Self> {
        let MapArgs { requests, concurrency, ordered, on_error } = args;
        client.open(vm)?;
        let positive = usize::try_from(concurrency).ok().filter(|&concurrency| concurrency > 0);
        let concurrency = positive.ok_or_else(|| {
            vm.new_value_error(format!("concurrency must be at least 1, not {concurrency}"))
        })?;
        let on_error = match on_error.as_ref().map_or("return", |on_error| on_error.as_str()) {
            "return" => OnError::Return,
            "raise" => OnError::Raise,
            other => {
                return Err(
                    vm.new_value_error(format!("on_error must be 'return' or 'raise', not {other:?}"))
                );
            }
        };
        Ok(Self {
            client,
            requests: Some(requests.get_iter(vm)?.into()),
            concurrency,
            on_error,
            under_way: Group::new(is_async),
            order: ordered.then(Order::default),
        })
    }

    /// The next response, or exception in its place; `None` at the end.
    async fn next(&mut self, mode: &ExecutionMode) -> PyResult<Option<PyObjectRef>> {
        loop {
            self.begin_requests()?;
            if let Some(Order { next, early }) = &mut self.order
                && let Some(result) = early.remove(next)
            {
                *next += 1;
                return self.handed_out(result).map(Some);
            }
            let Some((index, result)) = self.under_way.next(mode).await? else { return Ok(None) };
            match &mut self.order {
                Some(order) => drop(order.early.insert(index, result)),
                None => return self.handed_out(result).map(Some),
            }
        }
    }

    /// Takes as many requests as may be under way. With `ordered`, responses that wait for earlier ones
    /// count too, so that a slow request does not have all others held in memory.
    fn begin_requests(&mut self) -> PyResult<()> {
        loop {
            let early = self.order.as_ref().map_or(0, |order| order.early.len());
            let under_way = self.under_way.len();
            if under_way >= self.concurrency || under_way + early >= self.concurrency.saturating_mul(2) {
                return Ok(());
            }
            let Some(requests) = &self.requests else { return Ok(()) };
            match with_vm(|vm| PyIter::new(&**requests).next(vm))? {
                PyIterReturn::Return(request) => {
                    let client = self.client.clone();
                    self.under_way.add(move |mode| send(client, request, mode));
                }
                PyIterReturn::StopIteration(_) => self.requests = None,
            }
        }
    }

    fn handed_out(&self, result: PyResult) -> PyResult {
        let is_returned = |error: &PyBaseExceptionRef| {
            matches!(self.on_error, OnError::Return)
                && with_vm(|vm| error.fast_isinstance(vm.ctx.exceptions.exception_type))
        };
        match result {
            Err(error) if is_returned(&error) => Ok(error.into()),
            result => result,
        }
    }
}

/// Sends a `Request`, or a `GET` request to a URL, and reads the response.
async fn send(client: PyRef<BaseClient>, request: PyObjectRef, mode: ExecutionMode) -> PyResult {
    let call = Call::of(client, mode);
    match request.downcast::<Request>() {
        Ok(request) => call.send_by_method(request).await,
        Err(url) => {
            let method = with_vm(|vm| vm.ctx.new_utf8_str("GET"));
            let (content, common) = (ContentArgs::default(), CommonArgs::default());
            let args = RequestArgs { method, url, content, common };
            call.request(args, Caller::Shortcut { with_body: false }).await
        }
    }
}

/// A [`Map`] that one caller at a time advances.
#[derive(Debug)]
struct Shared(PyMutex<State>);

#[derive(Debug)]
enum State {
    Open(Box<Map>),
    /// A caller is waiting for a response.
    Busy,
    /// At its end, closed, or failed.
    Done,
}

/// Marks a map as done unless it was put back: it has come to its end, or failed, or the wait was given up.
struct Advancing<'a>(&'a Shared);

impl Drop for Advancing<'_> {
    fn drop(&mut self) {
        let mut state = self.0.0.lock();
        if matches!(*state, State::Busy) {
            *state = State::Done;
        }
    }
}

impl Shared {
    fn new(map: Map) -> Self {
        Self(PyMutex::new(State::Open(Box::new(map))))
    }

    async fn next(&self, mode: &ExecutionMode) -> PyResult<Option<PyObjectRef>> {
        let before = std::mem::replace(&mut *self.0.lock(), State::Busy);
        let mut map = match before {
            State::Open(map) => map,
            State::Busy => return Err(with_vm(|vm| already_running(mode, vm))),
            State::Done => {
                *self.0.lock() = State::Done;
                return Ok(None);
            }
        };
        let _advancing = Advancing(self);
        let item = map.next(mode).await?;
        if item.is_some() {
            let mut state = self.0.lock();
            // It may have been closed in the meantime; it is dropped after the lock then.
            if matches!(*state, State::Busy) {
                *state = State::Open(map);
            }
        }
        Ok(item)
    }

    /// Cancels what is under way.
    fn close(&self) {
        // Dropped after the lock.
        let _state = std::mem::replace(&mut *self.0.lock(), State::Done);
    }
}

/// The exception of a Python generator that is resumed while it runs.
fn already_running(mode: &ExecutionMode, vm: &VirtualMachine) -> PyBaseExceptionRef {
    if mode.is_async() {
        vm.new_runtime_error("anext(): asynchronous generator is already running")
    } else {
        vm.new_value_error("generator already executing")
    }
}

/// Iterates over the responses of `Client.map`.
#[pyclass(module = "httpx", name = "MapIterator")]
#[derive(Debug, PyPayload)]
pub(super) struct MapIterator(Shared);

impl MapIterator {
    /// The responses to the requests of `client`.
    ///
    /// # Errors
    /// `TypeError` and `ValueError` naming the argument, `RuntimeError` for a closed client.
    pub(super) fn new(
        vm: &VirtualMachine,
        client: PyRef<BaseClient>,
        args: MapArgs,
    ) -> PyResult<PyRef<Self>> {
        Ok(Self(Shared::new(Map::new(vm, client, args, false)?)).into_ref(&vm.ctx))
    }
}

impl SelfIter for MapIterator {}

impl IterNext for MapIterator {
    fn next(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        let item = poll_to_completion(vm, zelf.0.next(&ExecutionMode::Blocking))?;
        Ok(item.map_or(PyIterReturn::StopIteration(None), PyIterReturn::Return))
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION, HAS_WEAKREF), with(IterNext, Iterable))]
impl MapIterator {
    /// Ends the iteration and cancels the requests under way. So does dropping the iterator.
    #[pymethod]
    fn close(zelf: &Py<Self>) {
        zelf.0.close();
    }
}

/// Iterates over the responses of `AsyncClient.map`.
#[pyclass(module = "httpx", name = "AsyncMapIterator")]
#[derive(Debug, PyPayload)]
pub(super) struct AsyncMapIterator(Shared);

impl AsyncMapIterator {
    /// The responses to the requests of `client`.
    ///
    /// # Errors
    /// As [`MapIterator::new`].
    pub(super) fn new(
        vm: &VirtualMachine,
        client: PyRef<BaseClient>,
        args: MapArgs,
    ) -> PyResult<PyRef<Self>> {
        Ok(Self(Shared::new(Map::new(vm, client, args, true)?)).into_ref(&vm.ctx))
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION, HAS_WEAKREF))]
impl AsyncMapIterator {
    #[pymethod]
    fn __aiter__(zelf: PyRef<Self>) -> PyRef<Self> {
        zelf
    }

    #[pymethod]
    fn __anext__(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "AsyncMapIterator.__anext__", move |mode| async move {
            let item = zelf.0.next(&mode).await?;
            item.ok_or_else(|| with_vm(stop_async_iteration))
        })
    }

    /// Ends the iteration and cancels the requests under way. So does dropping the iterator.
    #[pymethod]
    fn aclose(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "AsyncMapIterator.aclose", move |_| async move {
            zelf.0.close();
            Ok(with_vm(|vm| vm.ctx.none()))
        })
    }
}
