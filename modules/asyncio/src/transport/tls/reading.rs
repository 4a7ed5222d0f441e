//! What is received.

use std::sync::atomic::Ordering::Relaxed;

use rustpython_vm::function::ArgMemoryBuffer;
use rustpython_vm::{Py, PyObject, PyResult, TryFromObject, VirtualMachine};

use super::super::SocketTransport;
use super::super::protocol_slot::get_buffer;
use super::state::Stage;
use super::{TlsTransport, errors};

/// The loop's buffer for plain text is given up when it has grown beyond this, in bytes.
const MAX_KEPT_BUFFER: usize = 1024 * 1024;

impl TlsTransport {
    /// Takes what the transport below has received.
    pub(super) fn receive(zelf: &Py<Self>, data: &[u8], vm: &VirtualMachine) -> PyResult<()> {
        let event_loop = zelf.event_loop(vm)?;
        let mut plaintext = std::mem::take(&mut *event_loop.plaintext_buffer.lock());
        plaintext.clear();
        let result = Self::receive_into(zelf, data, &mut plaintext, vm);
        if plaintext.capacity() <= MAX_KEPT_BUFFER {
            *event_loop.plaintext_buffer.lock() = plaintext;
        }
        result
    }

    fn receive_into(
        zelf: &Py<Self>,
        data: &[u8],
        plaintext: &mut Vec<u8>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        if matches!(zelf.stage(), Stage::Unconnected | Stage::Closed) {
            return Ok(());
        }
        let (result, handshaking, closed) = {
            let mut session = zelf.session.lock();
            let Some(session) = session.as_mut() else { return Ok(()) };
            let result = session.receive(data, plaintext);
            (result, session.is_handshaking(), session.is_closed_by_peer())
        };
        // An answer of the handshake, or an alert.
        Self::send_output(zelf, vm)?;
        if zelf.stage() == Stage::Handshaking {
            if let Err(error) = result {
                let hostname = zelf.options.lock().server_hostname.clone();
                let error = errors::exception(&error, hostname.as_deref(), vm)?;
                return Self::fail_handshake(zelf, error, vm);
            }
            if handshaking {
                return Ok(());
            }
            Self::finish_handshake(zelf, vm)?;
        }
        match zelf.stage() {
            Stage::Open | Stage::Flushing => Self::deliver(zelf, plaintext, vm)?,
            // The protocol was promised that nothing is received after `close()`.
            _ => plaintext.clear(),
        }
        if let Err(error) = result {
            let error = errors::exception(&error, None, vm)?;
            return Self::fatal_error(zelf, error, "Fatal error on SSL protocol", vm);
        }
        match zelf.stage() {
            Stage::Open if closed => Self::end_of_stream(zelf, vm),
            Stage::Flushing => Self::flush_and_shut_down(zelf, vm),
            Stage::ShuttingDown => Self::shut_down(zelf, vm),
            _ => Ok(()),
        }
    }

    /// The peer has said `close_notify`, which is acted on once the protocol has everything that was sent before.
    fn end_of_stream(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        if zelf.reading_paused.load(Relaxed) || !zelf.unread.lock().is_empty() {
            return Ok(());
        }
        Self::call_eof_received(zelf, vm)?;
        Self::start_shutdown(zelf, vm)
    }

    /// Gives plain text to the protocol, or keeps it while the protocol has paused.
    fn deliver(zelf: &Py<Self>, plaintext: &mut Vec<u8>, vm: &VirtualMachine) -> PyResult<()> {
        if plaintext.is_empty() {
            return Ok(());
        }
        {
            let mut unread = zelf.unread.lock();
            if zelf.reading_paused.load(Relaxed) || !unread.is_empty() {
                unread.extend_from_slice(plaintext);
                drop(unread);
                return Self::control_lower_reading(zelf, vm);
            }
        }
        let Some(protocol) = zelf.protocol.get() else { return Ok(()) };
        let delivered = if zelf.protocol.is_buffered() {
            Self::fill_buffers(zelf, &protocol, plaintext, vm)
        } else {
            zelf.protocol.data_received(&protocol, plaintext, vm)
        };
        match delivered {
            Ok(()) => Self::control_lower_reading(zelf, vm),
            Err(error) => Self::fatal_error(zelf, error, "Fatal error on SSL protocol", vm),
        }
    }

    /// Copies plain text into the buffers that a `BufferedProtocol` offers.
    fn fill_buffers(
        zelf: &Py<Self>,
        protocol: &PyObject,
        plaintext: &[u8],
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let mut rest = plaintext;
        while !rest.is_empty() {
            if zelf.reading_paused.load(Relaxed) {
                zelf.unread.lock().extend_from_slice(rest);
                return Ok(());
            }
            let hint = isize::try_from(rest.len()).unwrap_or(isize::MAX);
            let buffer = ArgMemoryBuffer::try_from_object(vm, get_buffer(protocol, hint, vm)?)?;
            let count = buffer.with_ref(|buffer| {
                let count = buffer.len().min(rest.len());
                if let (Some(to), Some(from)) = (buffer.get_mut(..count), rest.get(..count)) {
                    to.copy_from_slice(from);
                }
                count
            });
            drop(buffer);
            rest = rest.get(count..).unwrap_or_default();
            vm.call_method(protocol, "buffer_updated", (count,))?;
        }
        Ok(())
    }

    /// Gives the protocol what was kept while it had paused.
    pub(super) fn deliver_unread(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        if zelf.reading_paused.load(Relaxed) {
            return Ok(());
        }
        let mut unread = std::mem::take(&mut *zelf.unread.lock());
        Self::deliver(zelf, &mut unread, vm)?;
        Self::control_lower_reading(zelf, vm)
    }

    /// `transport.pause_reading()`.
    pub(super) fn pause_reading(zelf: &Py<Self>) {
        zelf.reading_paused.store(true, Relaxed);
    }

    /// `transport.resume_reading()`.
    pub(super) fn resume_reading(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        if zelf.reading_paused.swap(false, Relaxed) {
            return Self::call_soon(zelf, "_resume", Vec::new(), vm);
        }
        Ok(())
    }

    /// Continues after `resume_reading()`, in the next iteration.
    pub(super) fn resume(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        match zelf.stage() {
            Stage::Open => {
                Self::deliver_unread(zelf, vm)?;
                if zelf.stage() == Stage::Open && zelf.is_closed_by_peer() {
                    return Self::end_of_stream(zelf, vm);
                }
                Ok(())
            }
            Stage::Flushing => Self::flush_and_shut_down(zelf, vm),
            Stage::ShuttingDown => Self::shut_down(zelf, vm),
            Stage::Unconnected | Stage::Handshaking | Stage::Closed => Ok(()),
        }
    }

    /// Pauses the transport below while much waits for the protocol.
    pub(super) fn control_lower_reading(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        let size = zelf.unread.lock().len();
        let paused = zelf.lower_reading_paused.load(Relaxed);
        if !paused && size >= zelf.read_high.load(Relaxed) {
            zelf.lower_reading_paused.store(true, Relaxed);
            return Self::set_lower_reading(zelf, false, vm);
        }
        if paused && size <= zelf.read_low.load(Relaxed) {
            zelf.lower_reading_paused.store(false, Relaxed);
            return Self::set_lower_reading(zelf, true, vm);
        }
        Ok(())
    }

    fn set_lower_reading(zelf: &Py<Self>, on: bool, vm: &VirtualMachine) -> PyResult<()> {
        let Some(lower) = zelf.lower() else { return Ok(()) };
        match (lower.downcast_ref::<SocketTransport>(), on) {
            (Some(socket), true) => SocketTransport::resume_native(socket, vm),
            (Some(socket), false) => SocketTransport::pause_native(socket, vm),
            (None, true) => Self::call_lower(&lower, "resume_reading", vm),
            (None, false) => Self::call_lower(&lower, "pause_reading", vm),
        }
    }
}
