//! Messages sent in fragments.

use rustpython_vm::protocol::{PyIter, PyIterReturn};
use rustpython_vm::{AsObject, Py, PyObject, PyObjectRef, PyResult, VirtualMachine};
use tauraro_asyncio::futures;
use tauraro_bridge::{ExecutionMode, with_vm};
use tauraro_engine::websocket as engine;

use super::with_context;
use crate::asyncio::connection::Connection;
use crate::data::Data;
use crate::errors;

/// Where fragments come from.
enum Source {
    Iterator(PyObjectRef),
    AsyncIterator(PyObjectRef),
}

impl Source {
    /// The fragments of the object passed to `send`.
    fn open(message: &PyObjectRef, vm: &VirtualMachine) -> PyResult<Self> {
        let is = |name| message.is_instance(&*errors::attribute(vm, "collections.abc", name)?, vm);
        if is("Mapping")? {
            return Err(vm.new_type_error("data is a dict-like object"));
        }
        if is("Iterable")? {
            return Ok(Self::Iterator(message.get_iter(vm)?.into()));
        }
        if is("AsyncIterable")? {
            return vm.builtins.get_attr("aiter", vm)?.call((message.clone(),), vm).map(Self::AsyncIterator);
        }
        Err(vm.new_type_error("data must be str, bytes, iterable, or async iterable"))
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Iterator(_) => "iterable",
            Self::AsyncIterator(_) => "async iterable",
        }
    }

    /// The next fragment; `None` at the end.
    async fn next(&self, mode: &ExecutionMode) -> PyResult<Option<PyObjectRef>> {
        match self {
            Self::Iterator(iterator) => with_vm(|vm| match PyIter::new(iterator.clone()).next(vm)? {
                PyIterReturn::Return(fragment) => Ok(Some(fragment)),
                PyIterReturn::StopIteration(_) => Ok(None),
            }),
            Self::AsyncIterator(iterator) => {
                let next =
                    with_vm(|vm| vm.call_special_method(iterator, vm.ctx.intern_str("__anext__"), ()))?;
                match mode.wait(next).await {
                    Ok(fragment) => Ok(Some(fragment)),
                    Err(error) => with_vm(|vm| {
                        let over = error.fast_isinstance(vm.ctx.exceptions.stop_async_iteration);
                        if over { Ok(None) } else { Err(error) }
                    }),
                }
            }
        }
    }
}

/// Waits until no fragmented message is being sent.
pub(crate) async fn wait_for_turn(connection: &Py<Connection>, mode: &ExecutionMode) -> PyResult<()> {
    while connection.is_sending() {
        let waiter = with_vm(|vm| futures::create(connection.event_loop(vm)?, vm))?;
        {
            let mut inner = connection.inner.lock();
            let Some(waiters) = &mut inner.sending else { break };
            waiters.push(waiter.clone());
        }
        futures::wait(mode, waiter).await?;
    }
    Ok(())
}

/// Held while a fragmented message is sent; other messages wait until it is dropped.
struct Sending<'a>(&'a Py<Connection>);

impl<'a> Sending<'a> {
    fn begin(connection: &'a Py<Connection>, vm: &VirtualMachine) -> PyResult<Self> {
        let mut inner = connection.inner.lock();
        if inner.sending.is_some() {
            return Err(vm.new_assertion_error("a fragmented message is being sent already"));
        }
        inner.sending = Some(Vec::new());
        drop(inner);
        connection.set_sending(true);
        Ok(Self(connection))
    }
}

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        let waiters = self.0.inner.lock().sending.take();
        self.0.set_sending(false);
        for waiter in waiters.into_iter().flatten() {
            with_vm(|vm| {
                if let Err(error) = futures::resolve(&waiter, vm.ctx.none(), vm) {
                    vm.run_unraisable(error, None, waiter.clone());
                }
            });
        }
    }
}

/// Sends the items of an iterable, each as a fragment.
pub(crate) async fn send(
    connection: &Py<Connection>,
    mode: &ExecutionMode,
    message: PyObjectRef,
    text: Option<bool>,
) -> PyResult<()> {
    let source = with_vm(|vm| Source::open(&message, vm))?;
    let Some(first) = source.next(mode).await? else { return Ok(()) };
    let sending = with_vm(|vm| Sending::begin(connection, vm))?;
    let sent = send_all(connection, mode, &source, &first, text).await;
    let Err(error) = sent else { return Ok(()) };
    // The message cannot be completed, so nothing else can be sent: the connection cannot be used any more.
    if error.as_object().fast_isinstance(with_vm(|vm| vm.ctx.exceptions.exception_type)) {
        with_context(connection, mode, engine::State::Open, |protocol, vm| {
            protocol.fail(engine::CloseCode::Error, "error in fragmented message", vm)
        })
        .await?;
    }
    drop(sending);
    Err(error)
}

async fn send_all(
    connection: &Py<Connection>,
    mode: &ExecutionMode,
    source: &Source,
    first: &PyObject,
    text: Option<bool>,
) -> PyResult<()> {
    let Some(data) = Data::from_object(first) else {
        return Err(with_vm(|vm| vm.new_type_error(format!("{} must contain bytes or str", source.name()))));
    };
    let encode = data.is_text();
    send_fragment(connection, mode, data.opcode(text), &data, false).await?;
    while let Some(fragment) = source.next(mode).await? {
        let data = Data::from_object(&fragment).filter(|data| data.is_text() == encode);
        let Some(data) = data else {
            let message = format!("{} must contain uniform types", source.name());
            return Err(with_vm(|vm| vm.new_type_error(message)));
        };
        send_fragment(connection, mode, engine::opcode::CONTINUATION, &data, false).await?;
    }
    let nothing = with_vm(|vm| Data::Bytes(vm.ctx.empty_bytes.clone().into()));
    send_fragment(connection, mode, engine::opcode::CONTINUATION, &nothing, true).await
}

async fn send_fragment(
    connection: &Py<Connection>,
    mode: &ExecutionMode,
    opcode: engine::OpCode,
    data: &Data,
    fin: bool,
) -> PyResult<()> {
    with_context(connection, mode, engine::State::Open, |protocol, vm| protocol.send(opcode, data, fin, vm))
        .await
}
