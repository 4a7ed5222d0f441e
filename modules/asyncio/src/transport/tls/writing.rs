//! What is sent.

use std::sync::atomic::Ordering::Relaxed;

use rustpython_vm::{Py, PyResult, VirtualMachine};

use super::super::native_transport::NativeTransport;
use super::super::write_buffer::Owner;
use super::super::writing::WRITES_BEFORE_WARNING;
use super::TlsTransport;
use super::state::Stage;
use crate::interpreter_state;

/// How much is encrypted before the transport below gets it, in bytes: a few records.
const BATCH: usize = 64 * 1024;

impl TlsTransport {
    /// `transport.write(data)`. What cannot be sent at once is copied.
    ///
    /// # Errors
    /// What `pause_writing` or the loop's exception handler raised. A failed connection is not an error here: it is
    /// reported to the protocol's `connection_lost`.
    pub fn write_native(zelf: &Py<Self>, data: &[u8], vm: &VirtualMachine) -> PyResult<()> {
        Self::send_parts(zelf, &[data], &[], vm)
    }

    /// Sends `parts`, which may be the contents of the `bytes` objects in `owners`.
    pub(in crate::transport) fn send_parts(
        zelf: &Py<Self>,
        parts: &[&[u8]],
        owners: &[Owner<'_>],
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        match zelf.stage() {
            Stage::Flushing | Stage::ShuttingDown | Stage::Closed => return zelf.write_after_loss(vm),
            Stage::Unconnected | Stage::Handshaking | Stage::Open => {}
        }
        let owners = owners.iter().copied().chain(std::iter::repeat(None));
        for (part, owner) in parts.iter().zip(owners) {
            // Most is sent at once, so that nothing is copied.
            let mut sent = 0;
            while sent < part.len() && zelf.can_send() {
                let end = part.len().min(sent.saturating_add(BATCH));
                Self::encrypt(zelf, part.get(sent..end).unwrap_or_default());
                Self::send_output(zelf, vm)?;
                sent = end;
            }
            zelf.out.lock().push(part, sent, owner);
        }
        Self::control_protocol(zelf, vm)
    }

    /// Whether what is encrypted now would be sent at once, and in order.
    fn can_send(&self) -> bool {
        matches!(self.stage(), Stage::Open | Stage::Flushing)
            && !self.lower_writing_paused.load(Relaxed)
            && self.out.lock().is_empty()
    }

    fn encrypt(zelf: &Py<Self>, data: &[u8]) {
        if let Some(session) = zelf.session.lock().as_mut() {
            session.send(data);
        }
    }

    /// Encrypts and sends what waits, as far as the transport below takes it.
    pub(super) fn send_pending(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        while matches!(zelf.stage(), Stage::Open | Stage::Flushing)
            && !zelf.lower_writing_paused.load(Relaxed)
        {
            let chunk = zelf.out.lock().take(BATCH);
            if chunk.is_empty() {
                break;
            }
            Self::encrypt(zelf, &chunk);
            Self::send_output(zelf, vm)?;
        }
        Self::control_protocol(zelf, vm)
    }

    /// Gives the transport below what the connection has to send.
    pub(super) fn send_output(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        let event_loop = zelf.event_loop(vm)?;
        let mut output = std::mem::take(&mut *event_loop.ciphertext_buffer.lock());
        output.clear();
        if let Some(session) = zelf.session.lock().as_mut() {
            session.take_output(&mut output);
        }
        let result = match zelf.lower() {
            Some(lower) if !output.is_empty() => match NativeTransport::of(&lower, vm) {
                Some(native) => native.write(&output, vm),
                None => vm.call_method(&lower, "write", (vm.ctx.new_bytes(output.clone()),)).map(drop),
            },
            _ => Ok(()),
        };
        *event_loop.ciphertext_buffer.lock() = output;
        result
    }

    /// Somebody writes on a closed connection.
    fn write_after_loss(&self, vm: &VirtualMachine) -> PyResult<()> {
        if self.lost.fetch_add(1, Relaxed) >= WRITES_BEFORE_WARNING {
            let logger = interpreter_state::asyncio("log", "logger", vm)?;
            vm.call_method(&logger, "warning", ("SSL connection is closed",))?;
        }
        Ok(())
    }

    /// Asks the protocol to pause if much waits, and to resume if little does.
    pub(super) fn control_protocol(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        let size = zelf.buffered();
        let paused = zelf.writing_paused.load(Relaxed);
        let method = if !paused && size >= zelf.write_high.load(Relaxed) && size > 0 {
            "pause_writing"
        } else if paused && size <= zelf.write_low.load(Relaxed) {
            "resume_writing"
        } else {
            return Ok(());
        };
        zelf.writing_paused.store(!paused, Relaxed);
        let Some(protocol) = zelf.protocol.get() else { return Ok(()) };
        match vm.call_method(&protocol, method, ()) {
            Ok(_) => Ok(()),
            Err(error) => Self::report(zelf, &format!("protocol.{method}() failed"), error, vm),
        }
    }

    /// The transport below has too much to send.
    pub(super) fn lower_paused(zelf: &Py<Self>) {
        zelf.lower_writing_paused.store(true, Relaxed);
    }

    /// The transport below takes more.
    pub(super) fn lower_resumed(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        zelf.lower_writing_paused.store(false, Relaxed);
        if zelf.stage() == Stage::Flushing {
            return Self::flush_and_shut_down(zelf, vm);
        }
        Self::send_pending(zelf, vm)
    }
}
