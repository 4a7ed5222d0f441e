//! From `send` to the transport.

mod fragmented;
mod steps;

pub(crate) use steps::Send;

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::{AsObject, Py, PyObjectRef, PyResult, VirtualMachine};
use tauraro_asyncio::futures;
use tauraro_asyncio::transport::NativeTransport;
use tauraro_bridge::{ExecutionMode, with_vm};
use tauraro_engine::websocket as engine;

use super::closing;
use super::connection::Connection;
use crate::data::Data;
use crate::errors;
use crate::protocol::{OutputPiece, ProtocolRef};

/// What has become of something that was to be sent.
#[derive(Debug)]
pub(crate) enum SendOutcome {
    /// The transport has it.
    Done,
    /// The transport's buffer is full, or the peer is expected to close the connection.
    NeedsDrain { closing: bool },
    /// The connection is not in the expected state: it is closing, or soon will be.
    NotOpen,
    /// Something failed; the connection cannot be used any more.
    Failed,
}

/// Writes what the protocol has to send to the transport.
pub(crate) fn flush(
    connection: &Py<Connection>,
    protocol: ProtocolRef<'_>,
    vm: &VirtualMachine,
) -> PyResult<()> {
    let output = protocol.output(vm)?;
    if output.is_empty() {
        return Ok(());
    }
    let transport = connection.transport(vm)?;
    let native = NativeTransport::of(&transport, vm);
    for piece in output {
        match (piece, native) {
            (OutputPiece::Bytes(bytes), Some(native)) => native.write(&bytes, vm)?,
            (OutputPiece::Bytes(bytes), None) => {
                vm.call_method(&transport, "write", (vm.ctx.new_bytes(bytes),))?;
            }
            (OutputPiece::Object(bytes), _) => {
                vm.call_method(&transport, "write", (bytes,))?;
            }
            (OutputPiece::Eof, _) => half_close(connection, &transport, vm)?,
        }
    }
    futures::poll_soon(connection.event_loop(vm)?);
    Ok(())
}

/// Ends the outgoing stream; closes the connection if the transport cannot half-close, as with TLS.
fn half_close(connection: &Py<Connection>, transport: &PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
    if vm.call_method(transport, "can_write_eof", ())?.try_to_bool(vm)? {
        Connection::log_debug(connection, "x half-closing TCP connection", None, vm)?;
        return match vm.call_method(transport, "write_eof", ()) {
            Err(error) if !error.fast_isinstance(vm.ctx.exceptions.exception_type) => Err(error),
            // The connection is already broken.
            _ => Ok(()),
        };
    }
    Connection::log_debug(connection, "x closing TCP connection", None, vm)?;
    vm.call_method(transport, "close", ()).map(drop)
}

/// Remembers an exception raised while writing as the reason why the connection is closed.
///
/// # Errors
/// The exception itself if it is not an `Exception`.
pub(crate) fn note_write_error(
    connection: &Py<Connection>,
    error: PyBaseExceptionRef,
    vm: &VirtualMachine,
) -> PyResult<()> {
    if !error.fast_isinstance(vm.ctx.exceptions.exception_type) {
        return Err(error);
    }
    Connection::log_debug(connection, "! error while sending data", Some(&error), vm)?;
    connection.set_connection_exc(Some(error));
    Ok(())
}

/// Calls `act` with the protocol, and writes what it has to send then.
///
/// # Errors
/// `ProtocolError` and `ConcurrencyError` of `act`, which change nothing; a `BaseException` that is not an
/// `Exception`.
pub(crate) fn with_protocol<R>(
    connection: &Py<Connection>,
    expected: engine::State,
    act: impl FnOnce(ProtocolRef<'_>, &VirtualMachine) -> PyResult<R>,
    vm: &VirtualMachine,
) -> PyResult<(SendOutcome, Option<R>)> {
    let protocol = connection.protocol(vm)?;
    if protocol.state(vm)? != expected {
        return Ok((SendOutcome::NotOpen, None));
    }
    match act(protocol, vm) {
        Ok(result) => Ok((flush_and_check(connection, protocol, vm)?, Some(result))),
        Err(error) => Ok((handle_error(connection, error, vm)?, None)),
    }
}

/// Writes what the protocol has to send, and checks what the caller has to wait for.
pub(crate) fn flush_and_check(
    connection: &Py<Connection>,
    protocol: ProtocolRef<'_>,
    vm: &VirtualMachine,
) -> PyResult<SendOutcome> {
    let closing = protocol.close_expected(vm)?;
    if closing {
        closing::expect(connection, vm)?;
    }
    if let Err(error) = flush(connection, protocol, vm) {
        note_write_error(connection, error, vm)?;
        return Ok(SendOutcome::Failed);
    }
    if closing || connection.is_paused() || connection.transport_is_closing(vm)? {
        return Ok(SendOutcome::NeedsDrain { closing });
    }
    Ok(SendOutcome::Done)
}

/// Handles an exception that the protocol has raised.
///
/// # Errors
/// The exception itself if it leaves the connection as it was.
pub(crate) fn handle_error(
    connection: &Py<Connection>,
    error: PyBaseExceptionRef,
    vm: &VirtualMachine,
) -> PyResult<SendOutcome> {
    if !error.fast_isinstance(vm.ctx.exceptions.exception_type) {
        return Err(error);
    }
    for harmless in ["ProtocolError", "ConcurrencyError"] {
        let class = errors::attribute(vm, "websockets.exceptions", harmless)?;
        if error.as_object().is_instance(&class, vm)? {
            return Err(error);
        }
    }
    Connection::log(connection, "error", "unexpected internal error", Some(&error), vm)?;
    connection.set_connection_exc(Some(error));
    Ok(SendOutcome::Failed)
}

/// Finishes sending: waits for the transport, or for the end of the connection.
///
/// # Errors
/// `ConnectionClosed`, once the connection is.
pub(crate) async fn finish_send(
    connection: &Py<Connection>,
    mode: &ExecutionMode,
    outcome: SendOutcome,
) -> PyResult<()> {
    let mut wait = false;
    let mut raise = false;
    match outcome {
        SendOutcome::Done => return Ok(()),
        SendOutcome::NotOpen => {
            with_vm(|vm| closing::set_deadline(connection, vm))?;
            wait = true;
            raise = true;
        }
        SendOutcome::Failed => raise = true,
        SendOutcome::NeedsDrain { closing } => {
            wait = closing;
            if let Err(error) = drain(connection, mode).await {
                with_vm(|vm| note_write_error(connection, error, vm))?;
                wait = false;
                raise = true;
            }
        }
    }
    if wait && !closing::lost_in_time(connection, mode).await? {
        raise = true;
        with_vm(|vm| closing::timed_out(connection, vm));
    }
    if raise {
        with_vm(|vm| vm.call_method(&*connection.transport(vm)?, "abort", ()))?;
        closing::lost(connection, mode).await?;
        return Err(with_vm(|vm| connection.closed_exception(vm)));
    }
    Ok(())
}

/// Waits until the transport's buffer has room.
async fn drain(connection: &Py<Connection>, mode: &ExecutionMode) -> PyResult<()> {
    if with_vm(|vm| connection.transport_is_closing(vm))? {
        // Lets its `connection_lost` run.
        mode.suspend(with_vm(|vm| vm.ctx.none())).await?;
    }
    if !connection.is_paused() {
        return Ok(());
    }
    let waiter = with_vm(|vm| futures::create(connection.event_loop(vm)?, vm))?;
    connection.inner.lock().drains.push(waiter.clone());
    if !connection.is_paused() {
        // Another thread has resumed writing meanwhile.
        with_vm(|vm| futures::resolve(&waiter, vm.ctx.none(), vm))?;
    }
    let woken = futures::wait(mode, waiter.clone()).await;
    connection.inner.lock().drains.retain(|other| !other.is(&waiter));
    woken.map(drop)
}

/// The transport's buffer has room: wakes the tasks that wait for it.
pub(crate) fn resume(connection: &Py<Connection>, vm: &VirtualMachine) -> PyResult<()> {
    connection.set_paused(false);
    let drains = std::mem::take(&mut connection.inner.lock().drains);
    for waiter in drains {
        futures::resolve(&waiter, vm.ctx.none(), vm)?;
    }
    Ok(())
}

/// Calls `act` with the protocol of a connection that is in the expected state, writes what it has to send, and
/// waits until the transport's buffer has room; when the connection is expected to close, until it is closed.
///
/// # Errors
/// `ConnectionClosed` when the connection is not in that state, or when something fails, which ends it;
/// `ProtocolError` and `ConcurrencyError` of `act`.
pub(crate) async fn with_context<R>(
    connection: &Py<Connection>,
    mode: &ExecutionMode,
    expected: engine::State,
    act: impl FnOnce(ProtocolRef<'_>, &VirtualMachine) -> PyResult<R>,
) -> PyResult<R> {
    let (outcome, result) = with_vm(|vm| with_protocol(connection, expected, act, vm))?;
    if !matches!(outcome, SendOutcome::Done) {
        Box::pin(finish_send(connection, mode, outcome)).await?;
    }
    result.ok_or_else(|| {
        with_vm(|vm| vm.new_system_error("internal error: wrote to a connection that is not open"))
    })
}

/// Sends a message that is not an iterable; `None` for an iterable, which is sent in fragments.
pub(crate) fn send_whole(
    connection: &Py<Connection>,
    message: &PyObjectRef,
    text: Option<bool>,
    vm: &VirtualMachine,
) -> Option<PyResult<SendOutcome>> {
    let data = Data::from_object(message)?;
    let send =
        |protocol: ProtocolRef<'_>, vm: &VirtualMachine| protocol.send(data.opcode(text), &data, true, vm);
    Some(with_protocol(connection, engine::State::Open, send, vm).map(|(outcome, _)| outcome))
}

/// `Connection.send`.
pub(crate) async fn send(
    connection: &Py<Connection>,
    mode: &ExecutionMode,
    message: PyObjectRef,
    text: Option<bool>,
) -> PyResult<()> {
    if connection.is_sending() {
        Box::pin(fragmented::wait_for_turn(connection, mode)).await?;
    }
    match with_vm(|vm| send_whole(connection, &message, text, vm)) {
        None => Box::pin(fragmented::send(connection, mode, message, text)).await,
        Some(outcome) => match outcome? {
            SendOutcome::Done => Ok(()),
            outcome => Box::pin(finish_send(connection, mode, outcome)).await,
        },
    }
}
