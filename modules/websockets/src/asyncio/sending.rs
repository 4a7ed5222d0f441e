//! From `send` to the transport.

mod fragmented;
mod steps;

pub(crate) use steps::Send;

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::{AsObject, Py, PyObjectRef, PyResult, VirtualMachine};
use tauraro_asyncio::futures;
use tauraro_asyncio::transport::SocketTransport;
use tauraro_bridge::{ExecutionMode, with_vm};

use super::closing;
use super::connection::Connection;
use crate::errors;
use crate::handle::{Data, Opcode, Output, Protocol, State};

/// What is left to do after something was given to the protocol.
#[derive(Debug)]
pub(crate) enum Left {
    /// Nothing: it is with the transport.
    Nothing,
    /// The transport takes no more for now, or the peer is expected to close the connection.
    Flow { closing: bool },
    /// The connection is not in the state it should be in: it is closing, or soon will.
    Refused,
    /// Something failed; the connection is of no more use.
    Broken,
}

/// Writes what the protocol wants sent.
pub(crate) fn flush(
    connection: &Py<Connection>,
    protocol: Protocol<'_>,
    vm: &VirtualMachine,
) -> PyResult<()> {
    let output = protocol.output(vm)?;
    if output.is_empty() {
        return Ok(());
    }
    let transport = connection.transport(vm)?;
    let native = SocketTransport::of(&transport, vm);
    for piece in output {
        match (piece, native) {
            (Output::Bytes(bytes), Some(native)) => SocketTransport::write_native(native, &bytes, vm)?,
            (Output::Bytes(bytes), None) => {
                vm.call_method(&transport, "write", (vm.ctx.new_bytes(bytes),))?;
            }
            (Output::Object(bytes), _) => {
                vm.call_method(&transport, "write", (bytes,))?;
            }
            (Output::Eof, _) => half_close(connection, &transport, vm)?,
        }
    }
    futures::poll_soon(connection.event_loop(vm)?);
    Ok(())
}

/// Ends the outgoing stream; where that cannot be done alone, as with TLS, closes the connection.
fn half_close(connection: &Py<Connection>, transport: &PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
    if vm.call_method(transport, "can_write_eof", ())?.try_to_bool(vm)? {
        Connection::log_debug(connection, "x half-closing TCP connection", None, vm)?;
        return match vm.call_method(transport, "write_eof", ()) {
            Err(error) if !error.fast_isinstance(vm.ctx.exceptions.exception_type) => Err(error),
            // The connection is broken already.
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

/// Has `act` give something to the protocol, and writes it.
///
/// # Errors
/// `ProtocolError` and `ConcurrencyError` of `act`, which change nothing; what is no `Exception`.
pub(crate) fn attempt<R>(
    connection: &Py<Connection>,
    expected: State,
    act: impl FnOnce(Protocol<'_>, &VirtualMachine) -> PyResult<R>,
    vm: &VirtualMachine,
) -> PyResult<(Left, Option<R>)> {
    let protocol = connection.protocol(vm)?;
    if protocol.state(vm)? != expected {
        return Ok((Left::Refused, None));
    }
    match act(protocol, vm) {
        Ok(given) => Ok((after(connection, protocol, vm)?, Some(given))),
        Err(error) => Ok((failed(connection, error, vm)?, None)),
    }
}

/// Writes what was given to the protocol.
pub(crate) fn after(
    connection: &Py<Connection>,
    protocol: Protocol<'_>,
    vm: &VirtualMachine,
) -> PyResult<Left> {
    let closing = protocol.close_expected(vm)?;
    if closing {
        closing::expect(connection, vm)?;
    }
    if let Err(error) = flush(connection, protocol, vm) {
        note_write_error(connection, error, vm)?;
        return Ok(Left::Broken);
    }
    if closing || connection.is_paused() || connection.transport_is_closing(vm)? {
        return Ok(Left::Flow { closing });
    }
    Ok(Left::Nothing)
}

/// What follows from an exception raised while something was given to the protocol.
///
/// # Errors
/// The exception itself if it leaves the connection as it was.
pub(crate) fn failed(
    connection: &Py<Connection>,
    error: PyBaseExceptionRef,
    vm: &VirtualMachine,
) -> PyResult<Left> {
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
    Ok(Left::Broken)
}

/// Does what is left to do: waits for the transport, or for the end of the connection.
///
/// # Errors
/// `ConnectionClosed`, once the connection is.
pub(crate) async fn settle(connection: &Py<Connection>, mode: &ExecutionMode, left: Left) -> PyResult<()> {
    let mut wait = false;
    let mut raise = false;
    match left {
        Left::Nothing => return Ok(()),
        Left::Refused => {
            with_vm(|vm| closing::set_deadline(connection, vm))?;
            wait = true;
            raise = true;
        }
        Left::Broken => raise = true,
        Left::Flow { closing } => {
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

/// Waits until the transport takes more.
async fn drain(connection: &Py<Connection>, mode: &ExecutionMode) -> PyResult<()> {
    if with_vm(|vm| connection.transport_is_closing(vm))? {
        // Its `connection_lost` has its turn.
        mode.suspend(with_vm(|vm| vm.ctx.none())).await?;
    }
    if !connection.is_paused() {
        return Ok(());
    }
    let waiter = with_vm(|vm| futures::create(connection.event_loop(vm)?, vm))?;
    connection.inner.lock().drains.push(waiter.clone());
    if !connection.is_paused() {
        // By another thread, meanwhile.
        with_vm(|vm| futures::resolve(&waiter, vm.ctx.none(), vm))?;
    }
    let woken = futures::wait(mode, waiter.clone()).await;
    connection.inner.lock().drains.retain(|other| !other.is(&waiter));
    woken.map(drop)
}

/// The transport takes more: those who wait go on.
pub(crate) fn resume(connection: &Py<Connection>, vm: &VirtualMachine) -> PyResult<()> {
    connection.set_paused(false);
    let drains = std::mem::take(&mut connection.inner.lock().drains);
    for waiter in drains {
        futures::resolve(&waiter, vm.ctx.none(), vm)?;
    }
    Ok(())
}

/// Has `act` give something to the protocol of a connection that is in the expected state, writes it and waits
/// until the transport takes more; when the connection is expected to close, until it is closed.
///
/// # Errors
/// `ConnectionClosed` when the connection is not open, or when something fails, which ends it;
/// `ProtocolError` and `ConcurrencyError` of `act`.
pub(crate) async fn with_context<R>(
    connection: &Py<Connection>,
    mode: &ExecutionMode,
    expected: State,
    act: impl FnOnce(Protocol<'_>, &VirtualMachine) -> PyResult<R>,
) -> PyResult<R> {
    let (left, given) = with_vm(|vm| attempt(connection, expected, act, vm))?;
    if !matches!(left, Left::Nothing) {
        Box::pin(settle(connection, mode, left)).await?;
    }
    given.ok_or_else(|| with_vm(|vm| vm.new_system_error("a connection that is not open was written to")))
}

/// Which kind of frame a message or its first fragment goes in.
pub(crate) fn opcode(data: &Data, text: Option<bool>) -> Opcode {
    if text.unwrap_or(data.is_text()) { Opcode::Text } else { Opcode::Binary }
}

/// Sends a message that is no iterable; what is left to do then. Nothing for others, which are sent in fragments.
pub(crate) fn send_whole(
    connection: &Py<Connection>,
    message: &PyObjectRef,
    text: Option<bool>,
    vm: &VirtualMachine,
) -> Option<PyResult<Left>> {
    let data = Data::from_object(message)?;
    let give =
        |protocol: Protocol<'_>, vm: &VirtualMachine| protocol.send(opcode(&data, text), &data, true, vm);
    Some(attempt(connection, State::Open, give, vm).map(|(left, _)| left))
}

/// `Connection.send`.
pub(crate) async fn send(
    connection: &Py<Connection>,
    mode: &ExecutionMode,
    message: PyObjectRef,
    text: Option<bool>,
) -> PyResult<()> {
    if connection.is_sending() {
        Box::pin(fragmented::turn(connection, mode)).await?;
    }
    match with_vm(|vm| send_whole(connection, &message, text, vm)) {
        None => Box::pin(fragmented::send(connection, mode, message, text)).await,
        Some(left) => match left? {
            Left::Nothing => Ok(()),
            left => Box::pin(settle(connection, mode, left)).await,
        },
    }
}
