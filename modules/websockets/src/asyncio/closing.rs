//! The end of a connection, and who waits for it.

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::{AsObject, Py, PyObjectRef, PyPayload, PyResult, VirtualMachine};
use tauraro_asyncio::futures;
use tauraro_bridge::{ExecutionMode, with_vm};
use tauraro_engine::websocket as engine;

use super::connection::Connection;
use super::timer_callbacks::{ExpireConnection, ResolveFuture};
use super::{pings, sending};
use crate::errors;

/// A future that is resolved when the connection is lost; `None` if it is lost already. It may be canceled.
fn lost_future(connection: &Py<Connection>, vm: &VirtualMachine) -> PyResult<Option<PyObjectRef>> {
    if connection.is_lost() {
        return Ok(None);
    }
    let future = futures::create(connection.event_loop(vm)?, vm)?;
    connection.forget_done_waiters(vm)?;
    let mut inner = connection.inner.lock();
    if connection.is_lost() {
        // Another thread has lost it meanwhile.
        return Ok(None);
    }
    inner.waiters.push(future.clone());
    Ok(Some(future))
}

/// Waits until the TCP connection is closed.
pub(crate) async fn lost(connection: &Py<Connection>, mode: &ExecutionMode) -> PyResult<()> {
    match with_vm(|vm| lost_future(connection, vm))? {
        Some(future) => futures::wait(mode, future).await.map(drop),
        None => Ok(()),
    }
}

/// Waits until the TCP connection is closed, until the deadline at most. Returns whether it is closed.
pub(crate) async fn lost_in_time(connection: &Py<Connection>, mode: &ExecutionMode) -> PyResult<bool> {
    let Some(deadline) = connection.inner.lock().close_deadline else {
        return lost(connection, mode).await.map(|()| true);
    };
    let Some(future) = with_vm(|vm| lost_future(connection, vm))? else { return Ok(true) };
    let timer = with_vm(|vm| {
        let timer_callbacks =
            ResolveFuture::new(future.clone(), vm.ctx.new_bool(true).into()).into_ref(&vm.ctx);
        vm.call_method(connection.event_loop(vm)?, "call_at", (deadline, timer_callbacks))
    })?;
    let woken = futures::wait(mode, future).await;
    with_vm(|vm| {
        vm.call_method(&timer, "cancel", ())?;
        let woken = woken?;
        Ok(vm.is_none(&woken))
    })
}

/// Sets the time by which the peer has to close the TCP connection, unless it is set.
pub(crate) fn set_deadline(connection: &Py<Connection>, vm: &VirtualMachine) -> PyResult<()> {
    if connection.inner.lock().close_deadline.is_some() {
        return Ok(());
    }
    let timeout = connection.as_object().get_attr(vm.ctx.intern_str("close_timeout"), vm)?;
    if !vm.is_none(&timeout) {
        let now = futures::time(connection.event_loop(vm)?, vm)?;
        connection.inner.lock().close_deadline = Some(now + timeout.try_float(vm)?.to_f64());
    }
    Ok(())
}

/// Sets the time by which the peer has to close the TCP connection, unless it is set, and starts a timer that ends
/// the connection then, since no task may be waiting.
pub(crate) fn expect(connection: &Py<Connection>, vm: &VirtualMachine) -> PyResult<()> {
    if connection.inner.lock().close_deadline.is_some() || connection.is_lost() {
        return Ok(());
    }
    set_deadline(connection, vm)?;
    let Some(deadline) = connection.inner.lock().close_deadline else { return Ok(()) };
    let expiry = ExpireConnection::new(connection.to_owned()).into_ref(&vm.ctx);
    let timer = vm.call_method(connection.event_loop(vm)?, "call_at", (deadline, expiry))?;
    let before = connection.inner.lock().close_timer.replace(timer);
    drop(before);
    Ok(())
}

/// The peer did not close the TCP connection in time.
pub(crate) fn expire(connection: &Py<Connection>, vm: &VirtualMachine) -> PyResult<()> {
    if connection.is_lost() {
        return Ok(());
    }
    timed_out(connection, vm);
    vm.call_method(&*connection.transport(vm)?, "abort", ()).map(drop)
}

/// Records that the connection was not closed in time.
pub(crate) fn timed_out(connection: &Py<Connection>, vm: &VirtualMachine) {
    let timeout = vm.ctx.exceptions.timeout_error.to_owned();
    let error = vm.new_exception_msg(timeout, "timed out while closing connection".into());
    connection.set_connection_exc(Some(error));
}

/// `Connection.close`.
pub(crate) async fn close(
    connection: &Py<Connection>,
    mode: &ExecutionMode,
    code: PyObjectRef,
    reason: PyObjectRef,
) -> PyResult<()> {
    let sent = sending::with_context(connection, mode, engine::State::Open, |protocol, vm| {
        if connection.is_sending() {
            return protocol.fail(engine::CloseCode::Error, "close during fragmented message", vm);
        }
        protocol.send_close(code, reason, vm)
    });
    match sent.await {
        Err(error) if with_vm(|vm| is_closed(&error, vm)) => Ok(()),
        other => other,
    }
}

/// Whether the exception says that the connection is closed.
fn is_closed(error: &PyBaseExceptionRef, vm: &VirtualMachine) -> bool {
    errors::attribute(vm, "websockets.exceptions", "ConnectionClosed")
        .is_ok_and(|class| error.as_object().is_instance(&class, vm).unwrap_or(false))
}

/// The TCP connection was closed or lost: wakes every task that waits.
pub(crate) fn connection_lost(
    connection: &Py<Connection>,
    error: Option<PyBaseExceptionRef>,
    vm: &VirtualMachine,
) -> PyResult<()> {
    let protocol = connection.protocol(vm)?;
    protocol.receive_eof(vm)?;
    connection.set_connection_exc(error.clone());
    let messages = connection.inner.lock().messages.clone();
    if let Some(messages) = messages {
        messages.finish(vm)?;
    }
    pings::terminate(connection, vm)?;
    let name = vm.ctx.intern_str("keepalive_task");
    let task = connection.as_object().get_attr(name, vm)?;
    if !vm.is_none(&task) {
        vm.call_method(&task, "cancel", ())?;
        // The task holds a reference to the connection.
        connection.as_object().set_attr(name, vm.ctx.none(), vm)?;
    }
    let timer = connection.inner.lock().close_timer.take();
    if let Some(timer) = timer {
        vm.call_method(&timer, "cancel", ())?;
    }
    let (waiters, drains) = {
        let mut inner = connection.inner.lock();
        connection.set_lost();
        let mut waiters = std::mem::take(&mut inner.waiters);
        waiters.extend(inner.lost_waiter.clone());
        (waiters, std::mem::take(&mut inner.drains))
    };
    connection.set_paused(false);
    for waiter in waiters {
        futures::resolve(&waiter, vm.ctx.none(), vm)?;
    }
    for waiter in drains {
        match &error {
            None => futures::resolve(&waiter, vm.ctx.none(), vm)?,
            Some(error) => futures::reject(&waiter, error.clone(), vm)?,
        }
    }
    Ok(())
}
