//! The beginning of a TLS connection.

use std::sync::atomic::Ordering::Relaxed;

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::{AsObject, Py, PyObjectRef, PyResult, VirtualMachine};

use super::TlsTransport;
use super::state::{AppStage, Stage};
use crate::event_loop::LoopCore;
use crate::future::Future;
use crate::handle::Call;
use crate::interpreter_state;

impl TlsTransport {
    /// There is a transport below: the handshake begins.
    pub(super) fn start_handshake(zelf: &Py<Self>, lower: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        if zelf.stage() != Stage::Unconnected {
            return Err(vm.new_runtime_error("the TLS connection has a transport already"));
        }
        zelf.objects.lock().lower = Some(lower);
        zelf.set_stage(Stage::Handshaking);
        let event_loop = zelf.event_loop(vm)?;
        if event_loop.debug() {
            super::super::log(vm, "%r starts SSL handshake", zelf.as_object())?;
            let now = LoopCore::now(&event_loop, vm)?;
            zelf.options.lock().handshake_start = Some(now);
        }
        let timeout = zelf.options.lock().handshake_timeout;
        Self::start_timer(zelf, timeout, "_check_handshake_timeout", vm)?;
        Self::send_output(zelf, vm)
    }

    /// The handshake is over: calls `connection_made` and wakes the waiter.
    pub(super) fn finish_handshake(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        zelf.set_timer(None, vm)?;
        zelf.set_stage(Stage::Open);
        let start = zelf.options.lock().handshake_start.take();
        if let Some(start) = start {
            let event_loop = zelf.event_loop(vm)?;
            let took = (LoopCore::now(&event_loop, vm)? - start) * 1e3;
            let args = vec![zelf.to_owned().into(), vm.ctx.new_float(took).into()];
            super::super::log_with(vm, "%r: SSL handshake took %.1f ms", args, None)?;
        }
        if zelf.app_stage() == AppStage::Unconnected {
            zelf.set_app_stage(AppStage::Connected);
            if let Some(protocol) = zelf.protocol.get() {
                vm.call_method(&protocol, "connection_made", (zelf.to_owned(),))?;
            }
        }
        Self::wake_waiter(zelf, None, vm)?;
        // Written before there was a connection.
        Self::send_pending(zelf, vm)
    }

    /// The handshake has failed.
    pub(super) fn fail_handshake(
        zelf: &Py<Self>,
        error: PyBaseExceptionRef,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        zelf.set_timer(None, vm)?;
        zelf.set_stage(Stage::Closed);
        let of_certificate = vm.import("ssl", 0)?.get_attr("CertificateError", vm)?;
        let message = if error.as_object().is_instance(&of_certificate, vm)? {
            "SSL handshake failed on verifying the certificate"
        } else {
            "SSL handshake failed"
        };
        Self::fatal_error(zelf, error.clone(), message, vm)?;
        Self::wake_waiter(zelf, Some(error), vm)
    }

    /// The time for the handshake is up.
    pub(super) fn check_handshake_timeout(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        if zelf.stage() != Stage::Handshaking {
            return Ok(());
        }
        let seconds = vm.ctx.new_float(zelf.options.lock().handshake_timeout);
        let message = format!(
            "SSL handshake is taking longer than {} seconds: aborting the connection",
            seconds.as_object().str(vm)?
        );
        let class = vm.ctx.exceptions.connection_aborted_error.to_owned();
        let error = vm.new_exception_msg(class, message.into());
        Self::fatal_error(zelf, error, "Fatal error on transport", vm)
    }

    /// Ends the future that waits for the handshake.
    pub(super) fn wake_waiter(
        zelf: &Py<Self>,
        error: Option<PyBaseExceptionRef>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let Some(waiter) = zelf.objects.lock().waiter.take() else { return Ok(()) };
        if let Some(future) = waiter.downcast_ref_if_exact::<Future>(vm) {
            return match error {
                _ if future.is_done() => Ok(()),
                None => future.finish(&waiter, vm.ctx.none(), vm),
                Some(error) => future.fail(&waiter, error, vm),
            };
        }
        if vm.call_method(&waiter, "done", ())?.try_to_bool(vm)? {
            return Ok(());
        }
        match error {
            None => vm.call_method(&waiter, "set_result", (vm.ctx.none(),)),
            Some(error) => vm.call_method(&waiter, "set_exception", (error,)),
        }
        .map(drop)
    }

    /// The transport below has lost its connection.
    pub(super) fn lower_lost(zelf: &Py<Self>, error: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        zelf.out.lock().clear();
        zelf.lost.fetch_add(1, Relaxed);
        zelf.closed.store(true, Relaxed);
        let stage = zelf.stage();
        zelf.set_stage(Stage::Closed);
        zelf.set_timer(None, vm)?;
        let protocol = zelf.protocol.take();
        if stage != Stage::Handshaking
            && matches!(zelf.app_stage(), AppStage::Connected | AppStage::Eof)
            && let Some(protocol) = protocol
        {
            zelf.set_app_stage(AppStage::Lost);
            let function = protocol.get_attr("connection_lost", vm)?;
            let call = Call { function, args: vec![error.clone()] };
            let event_loop = zelf.event_loop(vm)?;
            event_loop.check_open(vm)?;
            LoopCore::queue(&event_loop, call, None, vm)?;
        }
        // The addresses remain known, as `get_extra_info` says.
        let unread = std::mem::take(&mut *zelf.unread.lock());
        drop(unread);
        Self::wake_waiter(zelf, error.downcast().ok(), vm)
    }

    /// A connection ends with the network's exception, if it has one.
    pub(super) fn connection_reset(vm: &VirtualMachine) -> PyBaseExceptionRef {
        vm.new_exception_empty(vm.ctx.exceptions.connection_reset_error.to_owned())
    }

    /// `asyncio.TimeoutError` of the shutdown.
    pub(super) fn shutdown_timeout(vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        interpreter_state::asyncio("exceptions", "TimeoutError", vm)?.call(("SSL shutdown timed out",), vm)
    }
}
