//! Using the protocol, and the end of the connection.

use std::io;
use std::sync::atomic::Ordering::Relaxed;

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::convert::ToPyException;
use rustpython_vm::stdlib::_thread::get_ident;
use rustpython_vm::{AsObject, Py, PyObjectRef, PyResult, VirtualMachine};
use tauraro_engine::websocket as engine;

use super::Connection;
use super::sending::Flush;
use crate::errors;
use crate::protocol::ProtocolRef;
use crate::sync::waiting::Deadline;

/// The `OSError` for a system call that failed.
pub(super) fn os_error(error: &io::Error, vm: &VirtualMachine) -> PyBaseExceptionRef {
    error.to_pyexception(vm)
}

impl Connection {
    /// Does something with the protocol of an open connection, and sends what there is to be sent.
    ///
    /// # Errors
    /// `ConnectionClosed`; what `operation` fails with.
    pub(super) fn operate(
        zelf: &Py<Self>,
        flush: Flush,
        vm: &VirtualMachine,
        operation: impl FnOnce(ProtocolRef<'_>) -> PyResult<()>,
    ) -> PyResult<()> {
        Self::enter(zelf, engine::State::Open, vm)?;
        let body = zelf.handle(vm).and_then(|handle| operation(handle.protocol(vm)));
        Self::leave(zelf, body, flush, vm)
    }

    /// Takes the lock of a connection that is in a state; the caller must [`leave`](Self::leave) then.
    ///
    /// # Errors
    /// `ConnectionClosed`, after the end of the connection, if it is in another state.
    pub(crate) fn enter(zelf: &Py<Self>, expected: engine::State, vm: &VirtualMachine) -> PyResult<()> {
        zelf.mutex.acquire(Deadline::NEVER, vm)?;
        let state = zelf.handle(vm).and_then(|handle| handle.protocol(vm).state(vm));
        match state {
            Ok(state) if state == expected => Ok(()),
            Ok(_) => {
                zelf.mutex.release();
                // Whatever the state is, the connection will soon be closed.
                Self::closing_deadline(zelf, vm)?;
                Self::conclude(zelf, true, true, vm)
            }
            Err(error) => {
                zelf.mutex.release();
                Err(error)
            }
        }
    }

    /// Gives the lock back, and sends what there is to be sent; `body` is what happened meanwhile.
    ///
    /// # Errors
    /// That of `body`, if it changed nothing; `ConnectionClosed` if the connection is lost.
    pub(crate) fn leave(
        zelf: &Py<Self>,
        body: PyResult<()>,
        flush: Flush,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let mut awaited = false;
        let collected = body.and_then(|()| {
            let handle = zelf.handle(vm)?;
            let protocol = handle.protocol(vm);
            if protocol.close_expected(vm)? {
                awaited = true;
                Self::closing_deadline(zelf, vm)?;
            }
            Self::collect(zelf, protocol, vm)
        });
        zelf.mutex.release();
        if let Err(error) = collected {
            if !error.fast_isinstance(vm.ctx.exceptions.exception_type) || is_harmless(&error, vm)? {
                return Err(error);
            }
            Self::log(zelf, "error", "unexpected internal error", &error, vm);
            zelf.set_exception(error);
            return Self::conclude(zelf, false, true, vm);
        }
        if let Err(error) = Self::flush(zelf, flush, vm) {
            if !error.fast_isinstance(vm.ctx.exceptions.exception_type) {
                return Err(error);
            }
            Self::debug(zelf, "! error while sending data", &error, vm);
            zelf.set_exception(error);
            return Self::conclude(zelf, false, true, vm);
        }
        if awaited { Self::conclude(zelf, true, false, vm) } else { Ok(()) }
    }

    /// Waits for the end of the connection if it is `awaited`, and closes the socket if it does not come in time,
    /// or the connection is `lost`.
    fn conclude(zelf: &Py<Self>, awaited: bool, mut lost: bool, vm: &VirtualMachine) -> PyResult<()> {
        if zelf.core.handler.load(Relaxed) == get_ident() {
            return Err(vm.new_runtime_error("cannot join current thread"));
        }
        if awaited {
            zelf.core.reader_token.request_background_read();
            let deadline = Self::closing_deadline(zelf, vm)?;
            if !zelf.core.ended.wait(deadline, vm)? {
                lost = true;
                zelf.set_exception(vm.new_exception_msg(
                    vm.ctx.exceptions.timeout_error.to_owned(),
                    "timed out while closing connection".into(),
                ));
            }
        }
        if !lost {
            return Ok(());
        }
        Self::shut(zelf, vm)?;
        Err(Self::closed(zelf, vm)?)
    }

    /// Waits for the end of the connection, and returns the exception that tells about it.
    ///
    /// # Errors
    /// What a signal handler raises, or a foreign protocol.
    pub(super) fn closed(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyBaseExceptionRef> {
        zelf.core.ended.wait(Deadline::NEVER, vm)?;
        Self::closed_exception(zelf, vm)
    }

    pub(super) fn closed_exception(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyBaseExceptionRef> {
        let error = zelf.handle(vm)?.protocol(vm).close_exc(vm)?;
        let cause = zelf.objects.lock().exception.clone();
        if cause.is_some() {
            error.set_cause(cause);
        }
        Ok(error)
    }

    pub(super) fn close_with(
        zelf: &Py<Self>,
        code: Option<PyObjectRef>,
        reason: Option<PyObjectRef>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let code = code.unwrap_or_else(|| vm.ctx.new_int(u16::from(engine::CloseCode::Normal)).into());
        let reason = reason.unwrap_or_else(|| vm.ctx.empty_str.to_owned().into());
        let closed = Self::operate(zelf, Flush::Unless, vm, |protocol| {
            if zelf.sending.load(Relaxed) {
                protocol.fail(engine::CloseCode::Error, "close during fragmented message", vm)
            } else {
                protocol.send_close(code, reason, vm)
            }
        });
        match closed {
            // It is closed, as requested.
            Err(error) if error.fast_isinstance(&*errors::class(vm, "ConnectionClosed")?) => Ok(()),
            other => other,
        }
    }

    /// Fails the connection because of something that was received, remembering why.
    pub(super) fn fail(
        zelf: &Py<Self>,
        error: PyBaseExceptionRef,
        code: engine::CloseCode,
        reason: &str,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        zelf.set_exception(error);
        Self::operate(zelf, Flush::Unless, vm, |protocol| protocol.fail(code, reason, vm))
    }

    /// Ends the connection at once.
    ///
    /// # Errors
    /// What a foreign protocol raises.
    pub(super) fn shut(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        zelf.core.reader_token.close();
        if zelf.core.in_socket.load(Relaxed)
            || !zelf.plain.load(Relaxed) && zelf.core.outgoing.writing.is_taken()
        {
            // A thread may wait in a method of the socket, which closing the descriptor does not end.
            zelf.core.socket_handle.shutdown_both();
        }
        zelf.core.socket_handle.close();
        if let Ok(socket) = zelf.socket_object(vm)
            && let Err(error) = vm.call_method(&socket, "close", ())
            && !error.fast_isinstance(vm.ctx.exceptions.os_error)
        {
            return Err(error);
        }
        let handle = zelf.handle(vm)?;
        zelf.mutex.acquire_uninterrupted(vm);
        let ended = handle.protocol(vm).receive_eof(vm);
        zelf.core.queue.close();
        zelf.mutex.release();
        Self::terminate_pings(zelf, vm);
        ended
    }
}

/// Whether an error of the protocol leaves the connection as it was.
fn is_harmless(error: &PyBaseExceptionRef, vm: &VirtualMachine) -> PyResult<bool> {
    Ok(error.fast_isinstance(&*errors::class(vm, "ProtocolError")?)
        || error.fast_isinstance(&*errors::class(vm, "ConcurrencyError")?))
}
