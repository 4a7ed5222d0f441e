//! What arrives.

use std::io;
use std::os::fd::RawFd;
use std::sync::atomic::Ordering::Relaxed;

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::convert::ToPyException;
use rustpython_vm::function::ArgMemoryBuffer;
use rustpython_vm::{AsObject, Py, PyObject, PyResult, TryFromObject, VirtualMachine};

use super::protocol_slot::{self, get_buffer};
use super::{SocketTransport, sys};

/// What was read.
enum Read {
    Nothing,
    End,
    Bytes(usize),
}

impl SocketTransport {
    /// Reads once and tells the protocol.
    pub(super) fn read(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        if zelf.is_lost() || !zelf.reading.load(Relaxed) {
            return Ok(());
        }
        let event_loop = zelf.objects.lock().event_loop.clone();
        let (Some(event_loop), Some(protocol)) = (event_loop, zelf.protocol.get()) else {
            return Ok(());
        };
        if zelf.protocol.is_buffered() {
            return Self::read_into_protocol(zelf, &protocol, vm);
        }
        let mut buffer = std::mem::take(&mut *event_loop.read_buffer.lock());
        let result = Self::read_and_deliver(zelf, &protocol, &mut buffer, vm);
        *event_loop.read_buffer.lock() = buffer;
        result
    }

    fn read_and_deliver(
        zelf: &Py<Self>,
        protocol: &PyObject,
        buffer: &mut Vec<u8>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let most = zelf.max_size.load(Relaxed);
        match zelf.receive(vm, |fd| sys::receive_into(fd, buffer, most)) {
            Ok(Read::Nothing) => return Ok(()),
            Ok(Read::End) => return Self::eof_reached(zelf, vm),
            Ok(Read::Bytes(_)) => {}
            Err(error) => {
                return Self::fatal_error(zelf, error, "Fatal read error on socket transport", vm);
            }
        }
        let delivered = zelf.protocol.data_received(protocol, buffer, vm);
        buffer.clear();
        delivered.or_else(|error| {
            Self::fatal_error(zelf, error, "Fatal error: protocol.data_received() call failed.", vm)
        })
    }

    /// For a `BufferedProtocol`: reads into the buffer it offers.
    fn read_into_protocol(zelf: &Py<Self>, protocol: &PyObject, vm: &VirtualMachine) -> PyResult<()> {
        let buffer = match get_buffer(protocol, -1, vm) {
            Ok(buffer) => buffer,
            Err(error) => {
                let message = "Fatal error: protocol.get_buffer() call failed.";
                return Self::fatal_error(zelf, error, message, vm);
            }
        };
        let received = ArgMemoryBuffer::try_from_object(vm, buffer)
            .and_then(|buffer| zelf.receive(vm, |fd| buffer.with_ref(|buffer| sys::receive(fd, buffer))));
        let count = match received {
            Ok(Read::Nothing) => return Ok(()),
            Ok(Read::End) => return Self::eof_reached(zelf, vm),
            Ok(Read::Bytes(count)) => count,
            Err(error) => {
                return Self::fatal_error(zelf, error, "Fatal read error on socket transport", vm);
            }
        };
        vm.call_method(protocol, "buffer_updated", (count,)).map(drop).or_else(|error| {
            Self::fatal_error(zelf, error, "Fatal error: protocol.buffer_updated() call failed.", vm)
        })
    }

    fn receive(
        &self,
        vm: &VirtualMachine,
        read: impl FnOnce(RawFd) -> io::Result<usize>,
    ) -> Result<Read, PyBaseExceptionRef> {
        match read(self.descriptor(vm)?) {
            Ok(0) => Ok(Read::End),
            Ok(count) => Ok(Read::Bytes(count)),
            Err(error) if super::is_temporary(&error) => Ok(Read::Nothing),
            Err(error) => Err(error.to_pyexception(vm)),
        }
    }

    /// Tells the protocol that the peer sends no more.
    pub(super) fn eof_reached(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        let event_loop = zelf.event_loop(vm)?;
        if event_loop.debug() {
            super::log(vm, "%r received EOF", zelf.as_object())?;
        }
        let Some(protocol) = zelf.protocol.get() else {
            return Ok(());
        };
        match protocol_slot::eof_received(&protocol, vm) {
            Ok(true) => {
                zelf.reading.store(false, Relaxed);
                Self::update_interest(zelf, &event_loop, vm)
            }
            Ok(false) => Self::close_native(zelf, vm),
            Err(error) => {
                let message = "Fatal error: protocol.eof_received() call failed.";
                Self::fatal_error(zelf, error, message, vm)
            }
        }
    }

    /// `transport.pause_reading()`. The loop keeps watching the socket until something arrives.
    pub fn pause_native(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        if !zelf.wants_reading() {
            return Ok(());
        }
        zelf.paused.store(true, Relaxed);
        zelf.reading.store(false, Relaxed);
        Self::say(zelf, "%r pauses reading", vm)
    }

    /// `transport.resume_reading()`.
    pub fn resume_native(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        if zelf.closing() || !zelf.paused.swap(false, Relaxed) {
            return Ok(());
        }
        Self::start_reading(zelf, vm)?;
        Self::say(zelf, "%r resumes reading", vm)
    }

    /// Wants to know from now on that something arrived, unless paused or closing.
    pub(super) fn start_reading(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        if !zelf.wants_reading() {
            return Ok(());
        }
        let event_loop = zelf.event_loop(vm)?;
        zelf.reading.store(true, Relaxed);
        Self::update_interest(zelf, &event_loop, vm)
    }

    fn say(zelf: &Py<Self>, message: &'static str, vm: &VirtualMachine) -> PyResult<()> {
        if zelf.event_loop(vm)?.debug() {
            super::log(vm, message, zelf.as_object())?;
        }
        Ok(())
    }
}
