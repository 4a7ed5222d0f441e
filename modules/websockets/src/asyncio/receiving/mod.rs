//! From the transport to `recv`.

mod steps;

pub(crate) use steps::Receive;

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::{AsObject, Py, PyObject, PyObjectRef, PyResult, VirtualMachine};
use tauraro_bridge::{ExecutionMode, with_vm};
use tauraro_engine::websocket as engine;

use super::assembler::{Decode, Failure};
use super::closing;
use super::connection::Connection;
use super::{pings, sending};
use crate::errors;
use crate::frames::Frame;
use crate::protocol::Event;

/// Bytes arrived.
pub(crate) fn data_received(connection: &Py<Connection>, data: &[u8], vm: &VirtualMachine) -> PyResult<()> {
    let protocol = connection.protocol(vm)?;
    protocol.receive_data(data, vm)?;
    let events = protocol.events(vm)?;
    if let Err(error) = sending::flush(connection, protocol, vm) {
        sending::note_write_error(connection, error, vm)?;
    }
    if protocol.close_expected(vm)? {
        closing::expect(connection, vm)?;
    }
    process_events(connection, events, vm)
}

/// The peer's stream has ended.
pub(crate) fn eof_received(connection: &Py<Connection>, vm: &VirtualMachine) -> PyResult<()> {
    let protocol = connection.protocol(vm)?;
    protocol.receive_eof(vm)?;
    let events = protocol.events(vm)?;
    sending::flush(connection, protocol, vm)?;
    process_events(connection, events, vm)
}

fn process_events(connection: &Py<Connection>, events: Vec<Event>, vm: &VirtualMachine) -> PyResult<()> {
    for event in events {
        match event {
            Event::Frame(frame) if Connection::is_plain(connection, vm) => {
                process_frame(connection, frame, vm)?;
            }
            Event::Frame(frame) => {
                let frame = Frame::of(frame, vm);
                vm.call_method(connection.as_object(), "process_event", (frame,))?;
            }
            Event::Object(event) => {
                vm.call_method(connection.as_object(), "process_event", (event,))?;
            }
        }
    }
    Ok(())
}

/// `Connection.process_event`: passes a frame to the application, a request or response to the handshake.
pub(crate) fn process_event(
    connection: &Py<Connection>,
    event: &PyObject,
    vm: &VirtualMachine,
) -> PyResult<()> {
    if vm.get_attribute_opt(event, vm.ctx.intern_str("opcode"))?.is_none() {
        return vm.call_method(connection.as_object(), "_process_handshake", (event.to_owned(),)).map(drop);
    }
    match Frame::read(event, vm)? {
        Some(frame) => process_frame(connection, frame, vm),
        None => Ok(()),
    }
}

fn process_frame(connection: &Py<Connection>, frame: engine::Frame, vm: &VirtualMachine) -> PyResult<()> {
    if matches!(frame.opcode, engine::OpCode::Data(_)) {
        return connection.messages(vm)?.push(frame, vm);
    }
    if frame.opcode == engine::opcode::PONG {
        return pings::acknowledge(connection, &frame.data, vm);
    }
    Ok(())
}

/// `Connection.recv`.
pub(crate) async fn recv(connection: &Py<Connection>, mode: &ExecutionMode, decode: Decode) -> PyResult {
    let messages = with_vm(|vm| connection.messages(vm))?;
    match messages.message(mode, decode).await {
        Ok(message) => Ok(message),
        Err(failure) => Err(Box::pin(explain(connection, mode, failure, "recv")).await),
    }
}

/// The exception that `method` raises for a failure, after the connection was failed if it has to be.
pub(crate) async fn explain(
    connection: &Py<Connection>,
    mode: &ExecutionMode,
    failure: Failure,
    method: &'static str,
) -> PyBaseExceptionRef {
    let (error, code) = match failure {
        Failure::Eof => return closed(connection, mode).await,
        Failure::Busy => {
            let message = format!(
                "cannot call {method} while another coroutine is already running recv or recv_streaming"
            );
            return with_vm(|vm| errors::concurrency_error(vm, message));
        }
        Failure::Other(error) => return error,
        Failure::TooManyFragments(error) => (error, engine::CloseCode::Size),
        Failure::Encoding(error) => (error, engine::CloseCode::Invalid),
    };
    let reason = match with_vm(|vm| reason(&error, code, vm)) {
        Ok(reason) => reason,
        Err(error) => return error,
    };
    connection.set_connection_exc(Some(error));
    let failed = sending::with_context(connection, mode, engine::State::Open, |protocol, vm| {
        protocol.fail(code, &reason, vm)
    });
    match failed.await {
        Ok(()) => closed(connection, mode).await,
        Err(error) => error,
    }
}

/// The close reason for the peer.
fn reason(error: &PyBaseExceptionRef, code: engine::CloseCode, vm: &VirtualMachine) -> PyResult<String> {
    if code == engine::CloseCode::Size {
        return Ok("too many fragments".to_owned());
    }
    let attribute = |name: &'static str| -> PyResult<PyObjectRef> {
        error.as_object().get_attr(vm.ctx.intern_str(name), vm)
    };
    Ok(format!("{} at position {}", attribute("reason")?.str(vm)?, attribute("start")?.str(vm)?))
}

/// The `ConnectionClosed` exception, once the connection is closed.
async fn closed(connection: &Py<Connection>, mode: &ExecutionMode) -> PyBaseExceptionRef {
    match closing::lost(connection, mode).await {
        Ok(()) => with_vm(|vm| connection.closed_exception(vm)),
        Err(error) => error,
    }
}
