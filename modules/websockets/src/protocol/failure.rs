//! The engine's errors as exceptions, and exceptions as failures of the connection.

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::{AsObject, Py, PyObjectRef, PyResult, VirtualMachine};
use tauraro_engine::websocket as engine;

use super::Protocol;
use crate::errors;

/// The exception for an error.
pub(crate) fn exception(vm: &VirtualMachine, error: &engine::Error) -> PyBaseExceptionRef {
    match error {
        engine::Error::Protocol(message) => errors::protocol_error(vm, message.as_ref()),
        engine::Error::UnexpectedEof(_) | engine::Error::Ended => vm.new_eof_error(error.to_string()),
        engine::Error::InvalidUtf8(error) => unicode_error(vm, error),
        engine::Error::TooBig(error) => errors::payload_too_big(vm, error.size, error.limit, error.before),
        engine::Error::State(_) => errors::invalid_state(vm, error.to_string()),
    }
}

fn unicode_error(vm: &VirtualMachine, error: &engine::InvalidUtf8) -> PyBaseExceptionRef {
    vm.new_unicode_decode_error(
        vm.ctx.new_str("utf-8"),
        vm.ctx.new_bytes(error.data.clone()),
        error.start,
        error.end,
        vm.ctx.new_str(error.reason),
    )
}

/// The close code and reason that a connection fails with because of an exception.
fn close_for(
    exception: &PyBaseExceptionRef,
    current: Option<u64>,
    vm: &VirtualMachine,
) -> PyResult<(engine::CloseCode, String)> {
    let is = |name| PyResult::Ok(exception.fast_isinstance(&*errors::class(vm, name)?));
    let text = || PyResult::Ok(exception.as_object().str(vm)?.to_string());
    if is("ProtocolError")? {
        return Ok((engine::CloseCode::Protocol, text()?));
    }
    if exception.fast_isinstance(vm.ctx.exceptions.eof_error) {
        return Ok((engine::CloseCode::Abnormal, text()?));
    }
    if exception.fast_isinstance(vm.ctx.exceptions.unicode_decode_error) {
        let reason = exception.as_object().get_attr("reason", vm)?.str(vm)?;
        let start = exception.as_object().get_attr("start", vm)?.str(vm)?;
        return Ok((engine::CloseCode::Invalid, format!("{reason} at position {start}")));
    }
    if is("PayloadTooBig")? {
        let current: PyObjectRef =
            current.map_or_else(|| vm.ctx.none(), |current| vm.ctx.new_int(current).into());
        vm.call_method(exception.as_object(), "set_current_size", (current,))?;
        return Ok((engine::CloseCode::Size, text()?));
    }
    Ok((engine::CloseCode::Error, String::new()))
}

/// Fails a connection because Python code has raised an exception for a frame that arrived.
///
/// # Errors
/// What the logger raises.
pub(crate) fn fail(zelf: &Py<Protocol>, exception: PyBaseExceptionRef, vm: &VirtualMachine) -> PyResult<()> {
    // Ctrl-C and the like are not a failure of the connection.
    if !exception.fast_isinstance(vm.ctx.exceptions.exception_type) {
        return Err(exception);
    }
    let current = zelf.lock().machine.received_size();
    let (code, reason) =
        close_for(&exception, current, vm).unwrap_or((engine::CloseCode::Error, String::new()));
    if code == engine::CloseCode::Error {
        zelf.log_failure(&exception, vm)?;
    }
    let replaced = {
        let mut inner = zelf.lock();
        inner.machine.fail_anyway(code, &reason, &mut ());
        inner.parser_exc.replace(exception)
    };
    drop(replaced);
    // The error of an extension that fails for the close frame as well is dropped.
    Protocol::flush_pending(zelf, vm).or_else(|_| Protocol::flush_pending(zelf, vm))
}
