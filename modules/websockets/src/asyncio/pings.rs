//! Pings, pongs, and the latency that they measure.

use rustpython_vm::builtins::{PyBaseExceptionRef, PyBytes, PyDictRef, PyTuple};
use rustpython_vm::{AsObject, Py, PyObject, PyObjectRef, PyPayload, PyResult, VirtualMachine};
use tauraro_asyncio::futures;
use tauraro_bridge::{ExecutionMode, with_vm};
use tauraro_engine::websocket as engine;

use super::connection::Connection;
use super::sending;
use super::timer_callbacks::ResolveFuture;
use crate::data::Data;
use crate::errors;

/// The payload of a ping or pong.
fn payload(data: &PyObject, vm: &VirtualMachine) -> PyResult {
    let Some(data) = Data::from_object(data) else {
        return Err(vm.new_type_error("data must be str or bytes-like"));
    };
    data.with_bytes(vm, |bytes| Ok(vm.ctx.new_bytes(bytes.to_vec()).into()))
}

/// `Connection.ping`: sends a ping, and returns the future of its latency.
pub(crate) async fn ping(
    connection: &Py<Connection>,
    mode: &ExecutionMode,
    data: Option<PyObjectRef>,
) -> PyResult {
    let data = with_vm(|vm| data.map(|data| payload(&data, vm)).transpose())?;
    sending::with_context(connection, mode, engine::State::Open, |protocol, vm| {
        let pings = connection.pings(vm);
        let data = match data {
            Some(data) if pings.contains_key(&*data, vm) => {
                return Err(errors::concurrency_error(vm, "already waiting for a pong with the same data"));
            }
            Some(data) => data,
            None => random_payload(&pings, vm)?,
        };
        let event_loop = connection.event_loop(vm)?;
        let future = futures::create(event_loop, vm)?;
        let now = vm.ctx.new_float(futures::time(event_loop, vm)?);
        pings.set_item(&*data, vm.ctx.new_tuple(vec![future.clone(), now.into()]).into(), vm)?;
        protocol.send(engine::opcode::PING, &Data::Bytes(data), true, vm)?;
        Ok(future)
    })
    .await
}

/// Four random bytes that no pending ping has.
fn random_payload(pings: &PyDictRef, vm: &VirtualMachine) -> PyResult {
    let random = errors::attribute(vm, "random", "getrandbits")?;
    loop {
        let bits: u32 = random.call((32,), vm)?.try_into_value(vm)?;
        let data: PyObjectRef = vm.ctx.new_bytes(bits.to_be_bytes().to_vec()).into();
        if !pings.contains_key(&*data, vm) {
            return Ok(data);
        }
    }
}

/// `Connection.pong`.
pub(crate) async fn pong(
    connection: &Py<Connection>,
    mode: &ExecutionMode,
    data: PyObjectRef,
) -> PyResult<()> {
    let data = with_vm(|vm| payload(&data, vm))?;
    sending::with_context(connection, mode, engine::State::Open, |protocol, vm| {
        protocol.send(engine::opcode::PONG, &Data::Bytes(data), true, vm)
    })
    .await
}

/// The future and the time of sending that are kept for a ping.
fn entry(value: &PyObject, vm: &VirtualMachine) -> PyResult<(PyObjectRef, f64)> {
    match value.downcast_ref::<PyTuple>().map(Py::as_slice) {
        Some([future, sent]) => Ok((future.clone(), sent.try_float(vm)?.to_f64())),
        _ => Err(vm.new_type_error("pending_pings maps payloads to pairs of a future and a time")),
    }
}

/// A pong arrived: resolves the ping that it responds to, and those before it.
pub(crate) fn acknowledge(connection: &Py<Connection>, data: &[u8], vm: &VirtualMachine) -> PyResult<()> {
    let Some(pings) = connection.inner.lock().pings.clone() else { return Ok(()) };
    let data = vm.ctx.new_bytes(data.to_vec());
    if !pings.contains_key(data.as_object(), vm) {
        // Unsolicited.
        return Ok(());
    }
    let now = futures::time(connection.event_loop(vm)?, vm)?;
    let known: Vec<(PyObjectRef, PyObjectRef)> = pings.clone().into_iter().collect();
    for (id, value) in known {
        let (future, sent) = entry(&value, vm)?;
        let latency = now - sent;
        futures::resolve(&future, vm.ctx.new_float(latency).into(), vm)?;
        let last = id.downcast_ref::<PyBytes>().is_some_and(|id| id.as_bytes() == data.as_bytes());
        if last {
            connection.set_latency(latency);
        }
        pings.del_item(&*id, vm)?;
        if last {
            break;
        }
    }
    Ok(())
}

/// The connection is closed: no more pongs will arrive.
pub(crate) fn terminate(connection: &Py<Connection>, vm: &VirtualMachine) -> PyResult<()> {
    let pings = connection.inner.lock().pings.clone();
    let Some(pings) = pings.filter(|pings| pings.__len__() > 0) else { return Ok(()) };
    let error: PyBaseExceptionRef = connection.protocol(vm)?.close_exc(vm)?;
    let known: Vec<PyObjectRef> = pings.clone().into_iter().map(|(_, value)| value).collect();
    for value in known {
        let (future, _) = entry(&value, vm)?;
        futures::reject(&future, error.clone(), vm)?;
        // It is done, so this only keeps asyncio from warning that the exception was never retrieved.
        vm.call_method(&future, "cancel", ())?;
    }
    vm.call_method(pings.as_object(), "clear", ())?;
    Ok(())
}

/// A number of seconds that may be `None`, as an attribute of the connection.
fn seconds(connection: &Py<Connection>, name: &'static str, vm: &VirtualMachine) -> PyResult<Option<f64>> {
    let value = connection.as_object().get_attr(vm.ctx.intern_str(name), vm)?;
    if vm.is_none(&value) { Ok(None) } else { Ok(Some(value.try_float(vm)?.to_f64())) }
}

/// Suspends the coroutine for a time.
async fn sleep(connection: &Py<Connection>, mode: &ExecutionMode, delay: f64) -> PyResult<()> {
    if delay <= 0.0 {
        return mode.suspend(with_vm(|vm| vm.ctx.none())).await.map(drop);
    }
    let (future, timer) = with_vm(|vm| {
        let event_loop = connection.event_loop(vm)?;
        let future = futures::create(event_loop, vm)?;
        let timer_callbacks = ResolveFuture::new(future.clone(), vm.ctx.none()).into_ref(&vm.ctx);
        let timer = vm.call_method(event_loop, "call_later", (delay, timer_callbacks))?;
        Ok((future, timer))
    })?;
    let woken = futures::wait(mode, future).await;
    if woken.is_err() {
        with_vm(|vm| vm.call_method(&timer, "cancel", ()))?;
    }
    woken.map(drop)
}

/// `Connection.keepalive`: pings the peer at intervals, and ends the connection when it does not respond in time.
pub(crate) async fn keepalive(connection: &Py<Connection>, mode: &ExecutionMode) -> PyResult<()> {
    match ping_forever(connection, mode).await {
        Err(error) if error.fast_isinstance(with_vm(|vm| vm.ctx.exceptions.exception_type)) => {
            with_vm(|vm| Connection::log(connection, "error", "keepalive ping failed", Some(&error), vm))
        }
        other => other,
    }
}

async fn ping_forever(connection: &Py<Connection>, mode: &ExecutionMode) -> PyResult<()> {
    let mut latency = 0.0;
    loop {
        let Some(interval) = with_vm(|vm| seconds(connection, "ping_interval", vm))? else { return Ok(()) };
        sleep(connection, mode, interval - latency).await?;
        let pong = ping(connection, mode, None).await?;
        with_vm(|vm| Connection::log_debug(connection, "% sent keepalive ping", None, vm))?;
        let Some(timeout) = with_vm(|vm| seconds(connection, "ping_timeout", vm))? else { continue };
        let answered = wait_for_pong(connection, mode, &pong, timeout).await?;
        let Some(measured) = answered else {
            with_vm(|vm| {
                Connection::log_debug(connection, "- timed out waiting for keepalive pong", None, vm)
            })?;
            return sending::with_context(connection, mode, engine::State::Open, |protocol, vm| {
                protocol.fail(engine::CloseCode::Error, "keepalive ping timeout", vm)
            })
            .await;
        };
        latency = measured;
        with_vm(|vm| Connection::log_debug(connection, "% received keepalive pong", None, vm))?;
    }
}

/// Waits for the latency of a ping; `None` if there was no response in time.
async fn wait_for_pong(
    connection: &Py<Connection>,
    mode: &ExecutionMode,
    pong: &PyObjectRef,
    timeout: f64,
) -> PyResult<Option<f64>> {
    // On timeout the future is resolved with `None`, which is not a latency.
    let timer = with_vm(|vm| {
        let timer_callbacks = ResolveFuture::new(pong.clone(), vm.ctx.none()).into_ref(&vm.ctx);
        vm.call_method(connection.event_loop(vm)?, "call_later", (timeout, timer_callbacks))
    })?;
    let answer = futures::wait(mode, pong.clone()).await;
    with_vm(|vm| {
        vm.call_method(&timer, "cancel", ())?;
        let answer = answer?;
        if vm.is_none(&answer) { Ok(None) } else { Ok(Some(answer.try_float(vm)?.to_f64())) }
    })
}
