//! The engine's errors as exceptions, and the other way round.

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::{AsObject, Py, PyObjectRef, PyResult, VirtualMachine};
use tauraro_engine::websocket::close;
use tauraro_engine::websocket::{Error, InvalidUtf8};

use super::PyProtocol;
use crate::errors;

/// What an extension written in Python has raised, on its way through the engine.
pub(crate) struct Raised(pub(crate) PyBaseExceptionRef);

/// The exception for an error.
pub(crate) fn exception(vm: &VirtualMachine, error: &Error) -> PyBaseExceptionRef {
    match error {
        Error::Protocol(message) => errors::protocol_error(vm, message.as_ref()),
        Error::UnexpectedEof(_) | Error::Ended => vm.new_eof_error(error.to_string()),
        Error::InvalidUtf8(error) => unicode_error(vm, error),
        Error::TooBig(error) => errors::payload_too_big(vm, error.size, error.limit, error.before),
        Error::State(_) => errors::invalid_state(vm, error.to_string()),
        Error::Foreign(inner) => match inner.downcast_ref::<Raised>() {
            Some(Raised(exception)) => exception.clone(),
            None => vm.new_runtime_error(error.to_string()),
        },
    }
}

fn unicode_error(vm: &VirtualMachine, error: &InvalidUtf8) -> PyBaseExceptionRef {
    vm.new_unicode_decode_error(
        vm.ctx.new_str("utf-8"),
        vm.ctx.new_bytes(error.data.clone()),
        error.start,
        error.end,
        vm.ctx.new_str(error.reason),
    )
}

/// The close code that a connection fails with because of an exception, and what it tells the peer.
fn verdict(
    exception: &PyBaseExceptionRef,
    current: Option<u64>,
    vm: &VirtualMachine,
) -> PyResult<(u16, String)> {
    let is = |name| PyResult::Ok(exception.fast_isinstance(&*errors::class(vm, name)?));
    let text = || PyResult::Ok(exception.as_object().str(vm)?.to_string());
    if is("ProtocolError")? {
        return Ok((close::PROTOCOL_ERROR, text()?));
    }
    if exception.fast_isinstance(vm.ctx.exceptions.eof_error) {
        return Ok((close::ABNORMAL_CLOSURE, text()?));
    }
    if exception.fast_isinstance(vm.ctx.exceptions.unicode_decode_error) {
        let reason = exception.as_object().get_attr("reason", vm)?.str(vm)?;
        let start = exception.as_object().get_attr("start", vm)?.str(vm)?;
        return Ok((close::INVALID_DATA, format!("{reason} at position {start}")));
    }
    if is("PayloadTooBig")? {
        let current: PyObjectRef =
            current.map_or_else(|| vm.ctx.none(), |current| vm.ctx.new_int(current).into());
        vm.call_method(exception.as_object(), "set_current_size", (current,))?;
        return Ok((close::MESSAGE_TOO_BIG, text()?));
    }
    Ok((close::INTERNAL_ERROR, String::new()))
}

/// Fails a connection because of what Python code has raised about a frame that arrived.
///
/// # Errors
/// What the logger raises.
pub(crate) fn fail(
    zelf: &Py<PyProtocol>,
    exception: PyBaseExceptionRef,
    vm: &VirtualMachine,
) -> PyResult<()> {
    // Ctrl-C and the like are no failure of the connection.
    if !exception.fast_isinstance(vm.ctx.exceptions.exception_type) {
        return Err(exception);
    }
    let current = zelf.lock().machine.received_size();
    let (code, reason) = verdict(&exception, current, vm).unwrap_or((close::INTERNAL_ERROR, String::new()));
    if code == close::INTERNAL_ERROR {
        zelf.log_failure(&exception, vm)?;
    }
    let replaced = {
        let mut inner = zelf.lock();
        inner.machine.fail_anyway(code, reason, &mut ());
        inner.parser_exc.replace(exception)
    };
    drop(replaced);
    // What an extension makes of the close frame cannot be told to anybody.
    PyProtocol::settle(zelf, vm).or_else(|_| PyProtocol::settle(zelf, vm))
}
