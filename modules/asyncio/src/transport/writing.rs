//! What is sent.

use std::sync::atomic::Ordering::Relaxed;

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::convert::ToPyException;
use rustpython_vm::{AsObject, Py, PyObjectRef, PyResult, VirtualMachine};

use super::write_buffer::Owner;
use super::{SocketTransport, sys};
use crate::interpreter_state;

/// How many writes on a lost connection pass before a warning is logged.
pub(super) const WRITES_BEFORE_WARNING: u32 = 5;

impl SocketTransport {
    /// `transport.write(data)`. What cannot be sent at once is copied.
    ///
    /// # Errors
    /// `RuntimeError` after `write_eof`; what `pause_writing` or the loop's exception handler let
    /// out. A failed connection is not an error here: it is reported to the protocol's `connection_lost`.
    pub fn write_native(zelf: &Py<Self>, data: &[u8], vm: &VirtualMachine) -> PyResult<()> {
        Self::send_parts(zelf, &[data], &[], "write", vm)
    }

    pub(super) fn check_writable(zelf: &Py<Self>, method: &str, vm: &VirtualMachine) -> PyResult<()> {
        if zelf.eof_written.load(Relaxed) {
            return Err(vm.new_runtime_error(format!("Cannot call {method}() after write_eof()")));
        }
        if zelf.has_empty_waiter.load(Relaxed) {
            return Err(vm.new_runtime_error(format!("unable to {method}; sendfile is in progress")));
        }
        Ok(())
    }

    /// Sends `parts`, which may be the contents of the `bytes` objects in `owners`.
    pub(super) fn send_parts(
        zelf: &Py<Self>,
        parts: &[&[u8]],
        owners: &[Owner<'_>],
        method: &str,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        Self::check_writable(zelf, method, vm)?;
        if parts.iter().all(|part| part.is_empty()) {
            return Ok(());
        }
        if zelf.is_lost() {
            return Self::write_after_loss(zelf, vm);
        }
        match zelf.send_or_keep(parts, owners, vm) {
            Ok(true) => Ok(()),
            Ok(false) => {
                let event_loop = zelf.event_loop(vm)?;
                if !zelf.writing.swap(true, Relaxed) {
                    Self::update_interest(zelf, &event_loop, vm)?;
                }
                Self::maybe_pause_protocol(zelf, vm)
            }
            Err(error) => Self::fatal_error(zelf, error, "Fatal write error on socket transport", vm),
        }
    }

    /// Whether everything was sent.
    fn send_or_keep(
        &self,
        parts: &[&[u8]],
        owners: &[Owner<'_>],
        vm: &VirtualMachine,
    ) -> Result<bool, PyBaseExceptionRef> {
        let fd = self.descriptor(vm)?;
        let mut out = self.out.lock();
        let mut sent = 0;
        if out.is_empty() {
            sent = match sys::send(fd, parts) {
                Ok(sent) => sent,
                Err(error) if super::is_temporary(&error) => 0,
                Err(error) => {
                    drop(out);
                    return Err(error.to_pyexception(vm));
                }
            };
        }
        let owners = owners.iter().copied().chain(std::iter::repeat(None));
        for (part, owner) in parts.iter().zip(owners) {
            let skipped = sent.min(part.len());
            sent -= skipped;
            out.push(part, skipped, owner);
        }
        Ok(out.is_empty())
    }

    /// Somebody writes on a lost connection.
    fn write_after_loss(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        let before = zelf.lost.fetch_add(1, Relaxed);
        if before >= WRITES_BEFORE_WARNING {
            let logger = interpreter_state::asyncio("log", "logger", vm)?;
            vm.call_method(&logger, "warning", ("socket.send() raised exception.",))?;
        }
        Ok(())
    }

    /// Sends what waits, once the system takes it, and does what waited for that.
    pub(super) fn flush(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        if zelf.is_lost() || !zelf.writing.load(Relaxed) {
            return Ok(());
        }
        let sent = zelf.descriptor(vm).and_then(|fd| {
            let sent = zelf.out.lock().send(fd);
            match sent {
                Err(error) if !super::is_temporary(&error) => Err(error.to_pyexception(vm)),
                Err(_) => Ok(false),
                Ok(()) => Ok(true),
            }
        });
        match sent {
            Ok(false) => return Ok(()),
            Ok(true) => {}
            Err(error) => {
                zelf.out.lock().clear();
                let message = "Fatal write error on socket transport";
                Self::fatal_error(zelf, error.clone(), message, vm)?;
                return Self::fail_empty_waiter(zelf, error.into(), vm);
            }
        }
        Self::maybe_resume_protocol(zelf, vm)?;
        // The protocol may have written more, or ended the connection.
        if !zelf.out.lock().is_empty() || zelf.is_lost() {
            return Ok(());
        }
        if zelf.writing.swap(false, Relaxed)
            && let Ok(event_loop) = zelf.event_loop(vm)
        {
            Self::update_interest(zelf, &event_loop, vm)?;
        }
        let waiter = zelf.objects.lock().empty_waiter.clone();
        if let Some(waiter) = waiter {
            vm.call_method(&waiter, "set_result", (vm.ctx.none(),))?;
        }
        if zelf.closing() {
            // Counts as lost from here on: nobody else may schedule it.
            zelf.lost.fetch_add(1, Relaxed);
            Self::connection_lost(zelf, vm.ctx.none(), vm)
        } else if zelf.eof_written.load(Relaxed) {
            zelf.shut_down(vm)
        } else {
            Ok(())
        }
    }

    /// `transport.write_eof()`.
    pub fn write_eof_native(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        if zelf.closing() || zelf.eof_written.swap(true, Relaxed) {
            return Ok(());
        }
        if zelf.out.lock().is_empty() {
            return zelf.shut_down(vm);
        }
        Ok(())
    }

    fn shut_down(&self, vm: &VirtualMachine) -> PyResult<()> {
        let fd = self.descriptor(vm)?;
        sys::shut_down_writing(fd).map_err(|error| error.to_pyexception(vm))?;
        if let Ok(event_loop) = self.event_loop(vm) {
            // As when the connection is lost.
            event_loop.poll_soon.store(true, Relaxed);
        }
        Ok(())
    }

    /// Asks the protocol to pause if too much waits.
    pub(super) fn maybe_pause_protocol(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        if zelf.buffered() <= zelf.high_water() || zelf.protocol_paused.swap(true, Relaxed) {
            return Ok(());
        }
        Self::call_protocol(zelf, "pause_writing", vm)
    }

    /// Tells a paused protocol to resume if little waits.
    pub(super) fn maybe_resume_protocol(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        if zelf.buffered() > zelf.low_water() || !zelf.protocol_paused.swap(false, Relaxed) {
            return Ok(());
        }
        Self::call_protocol(zelf, "resume_writing", vm)
    }

    fn call_protocol(zelf: &Py<Self>, method: &'static str, vm: &VirtualMachine) -> PyResult<()> {
        let Some(protocol) = zelf.protocol.get() else {
            return Ok(());
        };
        match vm.call_method(&protocol, method, ()) {
            Ok(_) => Ok(()),
            Err(error) if interpreter_state::ends_the_loop(&error, vm) => Err(error),
            Err(error) => {
                let message = format!("protocol.{method}() failed");
                Self::report(zelf, &message, error, vm)
            }
        }
    }

    pub(super) fn make_empty_waiter(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        if zelf.has_empty_waiter.load(Relaxed) {
            return Err(vm.new_runtime_error("Empty waiter is already set"));
        }
        let waiter = vm.call_method(zelf.event_loop(vm)?.as_object(), "create_future", ())?;
        if zelf.out.lock().is_empty() {
            vm.call_method(&waiter, "set_result", (vm.ctx.none(),))?;
        }
        zelf.has_empty_waiter.store(true, Relaxed);
        zelf.objects.lock().empty_waiter = Some(waiter.clone());
        Ok(waiter)
    }

    pub(super) fn fail_empty_waiter(
        zelf: &Py<Self>,
        error: PyObjectRef,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let waiter = zelf.objects.lock().empty_waiter.clone();
        match waiter {
            Some(waiter) => vm.call_method(&waiter, "set_exception", (error,)).map(drop),
            None => Ok(()),
        }
    }
}
