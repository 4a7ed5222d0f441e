//! `broadcast`: one message to many connections.

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::function::FuncArgs;
use rustpython_vm::{AsObject, FromArgs, Py, PyObjectRef, PyResult, VirtualMachine};
use tauraro_engine::websocket as engine;

use super::connection::{self, Connection};
use super::sending;
use crate::data::Data;
use crate::errors;

#[derive(FromArgs)]
pub(crate) struct BroadcastArgs {
    #[pyarg(any)]
    connections: PyObjectRef,
    #[pyarg(any)]
    message: PyObjectRef,
    #[pyarg(named, optional)]
    text: Option<PyObjectRef>,
    #[pyarg(named, default = false)]
    raise_exceptions: bool,
}

/// Sends a message to those connections that are open.
///
/// # Errors
/// `TypeError` for a message that is neither text nor bytes; an `ExceptionGroup` if `raise_exceptions`.
pub(crate) fn broadcast(args: BroadcastArgs, vm: &VirtualMachine) -> PyResult<()> {
    let text = args.text.filter(|text| !vm.is_none(text)).map(|text| text.try_to_bool(vm)).transpose()?;
    let Some(data) = Data::from_object(&args.message) else {
        return Err(vm.new_type_error("data must be str or bytes"));
    };
    let opcode = data.opcode(text);
    // Encoded once for all connections.
    let data = Data::Bytes(data.to_bytes_like(vm)?);
    let mut errors: Vec<PyObjectRef> = Vec::new();
    let connections: Vec<PyObjectRef> = args.connections.try_to_value(vm)?;
    for object in connections {
        let Some(connection) = connection::from_object(&object) else {
            return Err(vm.new_type_error(format!("expected a connection, got {}", object.class().name())));
        };
        if let Some(error) = send_one(connection, opcode, &data, args.raise_exceptions, vm)? {
            errors.push(error.into());
        }
    }
    if errors.is_empty() {
        return Ok(());
    }
    let group = vm.builtins.get_attr("ExceptionGroup", vm)?;
    let group: PyResult<PyBaseExceptionRef> =
        group.call(("skipped broadcast", vm.ctx.new_list(errors)), vm)?.try_into_value(vm);
    Err(group.unwrap_or_else(|error| error))
}

/// Sends to one connection. Returns the exception to raise in the end, if exceptions are to be raised.
fn send_one(
    connection: &Py<Connection>,
    opcode: engine::OpCode,
    data: &Data,
    raise: bool,
    vm: &VirtualMachine,
) -> PyResult<Option<PyBaseExceptionRef>> {
    let protocol = connection.protocol(vm)?;
    if protocol.state(vm)? != engine::State::Open {
        return Ok(None);
    }
    if connection.is_sending() {
        if raise {
            return Ok(Some(errors::concurrency_error(vm, "sending a fragmented message")));
        }
        warn(connection, vec![vm.ctx.new_str("skipped broadcast: sending a fragmented message").into()], vm)?;
        return Ok(None);
    }
    let sent = protocol.send(opcode, data, true, vm).and_then(|()| sending::flush(connection, protocol, vm));
    let Err(cause) = sent else { return Ok(None) };
    if !cause.fast_isinstance(vm.ctx.exceptions.exception_type) {
        return Err(cause);
    }
    if raise {
        let error = vm.new_runtime_error("failed to write message");
        error.set_cause(Some(cause));
        return Ok(Some(error));
    }
    let lines = errors::attribute(vm, "traceback", "format_exception_only")?.call((cause,), vm)?;
    let first = lines.get_item(&0, vm)?;
    let first = vm.call_method(&first, "strip", ())?;
    let message = vm.ctx.new_str("skipped broadcast: failed to write message: %s").into();
    warn(connection, vec![message, first], vm)?;
    Ok(None)
}

fn warn(connection: &Py<Connection>, args: Vec<PyObjectRef>, vm: &VirtualMachine) -> PyResult<()> {
    let logger = connection.as_object().get_attr("logger", vm)?;
    vm.call_method(&logger, "warning", FuncArgs::from(args)).map(drop)
}
