//! The end of a TLS connection: both sides say `close_notify` (RFC 8446, section 6.1).

use std::sync::atomic::Ordering::Relaxed;

use rustpython_vm::{AsObject, Py, PyObject, PyObjectRef, PyResult, VirtualMachine};

use super::super::SocketTransport;
use super::super::protocol_slot;
use super::TlsTransport;
use super::state::{AppStage, Stage};
use crate::interpreter_state;

impl TlsTransport {
    /// `transport.close()`: what waits is sent, then both sides end the connection.
    pub(super) fn start_shutdown(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        zelf.closed.store(true, Relaxed);
        match zelf.stage() {
            Stage::Flushing | Stage::ShuttingDown | Stage::Closed => Ok(()),
            Stage::Unconnected | Stage::Handshaking => Self::abort_with(zelf, vm.ctx.none(), vm),
            Stage::Open => {
                zelf.set_stage(Stage::Flushing);
                let timeout = zelf.options.lock().shutdown_timeout;
                Self::start_timer(zelf, timeout, "_check_shutdown_timeout", vm)?;
                Self::flush_and_shut_down(zelf, vm)
            }
        }
    }

    /// Delivers what has been received and sends what waits; says `close_notify` once everything is sent.
    pub(super) fn flush_and_shut_down(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::deliver_unread(zelf, vm)?;
        if zelf.stage() != Stage::Flushing {
            return Ok(());
        }
        Self::send_pending(zelf, vm)?;
        let waits = !zelf.out.lock().is_empty() && !zelf.eof.load(Relaxed);
        if waits || zelf.stage() != Stage::Flushing {
            return Ok(());
        }
        zelf.set_stage(Stage::ShuttingDown);
        if let Some(session) = zelf.session.lock().as_mut() {
            session.send_close_notify();
        }
        Self::send_output(zelf, vm)?;
        Self::shut_down(zelf, vm)
    }

    /// Closes the transport below once the peer has said `close_notify` as well, or has gone.
    pub(super) fn shut_down(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        if zelf.stage() != Stage::ShuttingDown || !(zelf.eof.load(Relaxed) || zelf.is_closed_by_peer()) {
            return Ok(());
        }
        Self::call_eof_received(zelf, vm)?;
        zelf.set_timer(None, vm)?;
        // In the next iteration, as the protocol may be in the middle of something.
        if zelf.lower().is_some() { Self::call_soon(zelf, "_close_lower", Vec::new(), vm) } else { Ok(()) }
    }

    pub(super) fn is_closed_by_peer(&self) -> bool {
        self.session.lock().as_mut().is_some_and(tauraro_engine::tls::Session::is_closed_by_peer)
    }

    /// The time for the shutdown is up.
    pub(super) fn check_shutdown_timeout(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        if matches!(zelf.stage(), Stage::Flushing | Stage::ShuttingDown) {
            let error = Self::shutdown_timeout(vm)?;
            return Self::abort_lower(zelf, error, vm);
        }
        Ok(())
    }

    /// Tells the protocol that the peer sends no more.
    pub(super) fn call_eof_received(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        if zelf.app_stage() != AppStage::Connected {
            return Ok(());
        }
        zelf.set_app_stage(AppStage::Eof);
        let Some(protocol) = zelf.protocol.get() else { return Ok(()) };
        match protocol_slot::eof_received(&protocol, vm) {
            Ok(false) => Ok(()),
            Ok(true) => {
                let logger = interpreter_state::asyncio("log", "logger", vm)?;
                let message = "returning true from eof_received() has no effect when using ssl";
                vm.call_method(&logger, "warning", (message,)).map(drop)
            }
            Err(error) => Self::fatal_error(zelf, error, "Error calling eof_received()", vm),
        }
    }

    /// The transport below has received the end of the stream. Returns whether it stays open.
    pub(super) fn lower_eof(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<bool> {
        zelf.eof.store(true, Relaxed);
        if zelf.event_loop(vm)?.debug() {
            super::super::log(vm, "%r received EOF", zelf.as_object())?;
        }
        match zelf.stage() {
            Stage::Handshaking => Self::fail_handshake(zelf, Self::connection_reset(vm), vm)?,
            Stage::Open => {
                zelf.set_stage(Stage::Flushing);
                zelf.closed.store(true, Relaxed);
                if zelf.reading_paused.load(Relaxed) {
                    return Ok(true);
                }
                Self::flush_and_shut_down(zelf, vm)?;
            }
            Stage::Flushing => Self::flush_and_shut_down(zelf, vm)?,
            Stage::ShuttingDown => Self::shut_down(zelf, vm)?,
            Stage::Unconnected | Stage::Closed => {}
        }
        Ok(false)
    }

    /// `transport.abort()`: ends the connection at once.
    pub(super) fn abort_with(zelf: &Py<Self>, error: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        zelf.closed.store(true, Relaxed);
        zelf.set_stage(Stage::Closed);
        Self::abort_lower(zelf, error, vm)
    }

    /// Ends the connection of the transport below at once, for the reason `error`, which may be `None`.
    pub(super) fn abort_lower(zelf: &Py<Self>, error: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let Some(lower) = zelf.lower() else { return Ok(()) };
        if let Some(socket) = lower.downcast_ref::<SocketTransport>() {
            return SocketTransport::force_close(socket, error, vm);
        }
        vm.call_method(&lower, "_force_close", (error,)).map(drop)
    }

    pub(super) fn close_lower(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        let Some(lower) = zelf.lower() else { return Ok(()) };
        if let Some(socket) = lower.downcast_ref::<SocketTransport>() {
            return SocketTransport::close_native(socket, vm);
        }
        vm.call_method(&lower, "close", ()).map(drop)
    }

    /// Calls a method without arguments of the transport below.
    pub(super) fn call_lower(lower: &PyObject, method: &'static str, vm: &VirtualMachine) -> PyResult<()> {
        vm.call_method(lower, method, ()).map(drop)
    }
}
