//! What arrives.

use std::sync::atomic::Ordering::Relaxed;

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::convert::ToPyException;
use rustpython_vm::function::ArgMemoryBuffer;
use rustpython_vm::{AsObject, Py, PyObjectRef, PyResult, TryFromObject, VirtualMachine};

use super::{SocketTransport, receiver, sys};
use crate::loop_core::LoopCore;
use crate::state::State;

/// What was read.
enum Read {
    Nothing,
    End,
    Bytes(usize),
}

impl SocketTransport {
    /// Reads once and tells the protocol; its methods run in `context`, or as they are without one.
    pub(super) fn read(zelf: &Py<Self>, context: Option<&PyObjectRef>, vm: &VirtualMachine) -> PyResult<()> {
        if zelf.is_lost() || !zelf.reading.load(Relaxed) {
            return Ok(());
        }
        let (event_loop, protocol) = {
            let parts = zelf.parts.lock();
            (parts.event_loop.clone(), parts.protocol.clone())
        };
        let (Some(event_loop), Some(protocol)) = (event_loop, protocol) else {
            return Ok(());
        };
        if zelf.fills_buffers.load(Relaxed) {
            return Self::read_into_protocol(zelf, &protocol, context, vm);
        }
        let mut buffer = event_loop.take_read_buffer(zelf.max_size.load(Relaxed));
        let result = Self::read_and_hand_over(zelf, &protocol, &mut buffer, context, vm);
        event_loop.return_read_buffer(buffer);
        result
    }

    fn read_and_hand_over(
        zelf: &Py<Self>,
        protocol: &PyObjectRef,
        buffer: &mut [u8],
        context: Option<&PyObjectRef>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let length = buffer.len().min(zelf.max_size.load(Relaxed));
        let window = buffer.get_mut(..length).unwrap_or_default();
        let count = match zelf.receive(window, vm) {
            Ok(Read::Nothing) => return Ok(()),
            Ok(Read::End) => return Self::at_end(zelf, context, vm),
            Ok(Read::Bytes(count)) => count,
            Err(error) => {
                return Self::fatal_error(zelf, error, "Fatal read error on socket transport", context, vm);
            }
        };
        let data = buffer.get(..count).unwrap_or_default();
        let taken = match receiver::data_received(protocol, vm) {
            Some(receive) => receive(protocol, data, vm),
            None => {
                let data = vm.ctx.new_bytes(data.to_vec()).into();
                call(protocol, "data_received", data, context, vm).map(drop)
            }
        };
        match taken {
            Ok(()) => Ok(()),
            Err(error) => {
                let message = "Fatal error: protocol.data_received() call failed.";
                Self::fatal_error(zelf, error, message, context, vm)
            }
        }
    }

    /// For a `BufferedProtocol`: reads into the buffer it offers.
    fn read_into_protocol(
        zelf: &Py<Self>,
        protocol: &PyObjectRef,
        context: Option<&PyObjectRef>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let offer = || {
            let buffer = call(protocol, "get_buffer", vm.ctx.new_int(-1).into(), context, vm)?;
            if buffer.length(vm)? == 0 {
                return Err(vm.new_runtime_error("get_buffer() returned an empty buffer"));
            }
            Ok(buffer)
        };
        let buffer = match offer() {
            Ok(buffer) => buffer,
            Err(error) => {
                let message = "Fatal error: protocol.get_buffer() call failed.";
                return Self::fatal_error(zelf, error, message, context, vm);
            }
        };
        let received = ArgMemoryBuffer::try_from_object(vm, buffer)
            .and_then(|buffer| buffer.with_ref(|buffer| zelf.receive(buffer, vm)));
        let count = match received {
            Ok(Read::Nothing) => return Ok(()),
            Ok(Read::End) => return Self::at_end(zelf, context, vm),
            Ok(Read::Bytes(count)) => count,
            Err(error) => {
                return Self::fatal_error(zelf, error, "Fatal read error on socket transport", context, vm);
            }
        };
        match call(protocol, "buffer_updated", vm.ctx.new_int(count).into(), context, vm) {
            Ok(_) => Ok(()),
            Err(error) => {
                let message = "Fatal error: protocol.buffer_updated() call failed.";
                Self::fatal_error(zelf, error, message, context, vm)
            }
        }
    }

    fn receive(&self, buffer: &mut [u8], vm: &VirtualMachine) -> Result<Read, PyBaseExceptionRef> {
        let fd = self.descriptor(vm)?;
        match sys::receive(fd, buffer) {
            Ok(0) => Ok(Read::End),
            Ok(count) => Ok(Read::Bytes(count)),
            Err(error) if super::is_temporary(&error) => Ok(Read::Nothing),
            Err(error) => Err(error.to_pyexception(vm)),
        }
    }

    /// Runs [`Self::end_received`] in `context`.
    fn at_end(zelf: &Py<Self>, context: Option<&PyObjectRef>, vm: &VirtualMachine) -> PyResult<()> {
        match context {
            Some(context) => {
                let method = zelf.as_object().get_attr("_end_received", vm)?;
                State::get(vm)?.run_in(context, method, [], vm).map(drop)
            }
            None => Self::end_received(zelf, vm),
        }
    }

    /// Tells the protocol that the peer sends no more.
    pub(super) fn end_received(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        let event_loop = zelf.event_loop(vm)?;
        if event_loop.debug() {
            super::log(vm, "%r received EOF", zelf.as_object())?;
        }
        let Some(protocol) = zelf.protocol() else {
            return Ok(());
        };
        let keep_open = match receiver::eof_received(&protocol, vm) {
            Some(receive) => receive(&protocol, vm),
            None => vm.call_method(&protocol, "eof_received", ()).and_then(|keep| keep.is_true(vm)),
        };
        match keep_open {
            Ok(true) => {
                zelf.reading.store(false, Relaxed);
                Self::arm(zelf, &event_loop, vm)
            }
            Ok(false) => Self::close_native(zelf, vm),
            Err(error) => {
                let message = "Fatal error: protocol.eof_received() call failed.";
                Self::fatal_error(zelf, error, message, None, vm)
            }
        }
    }

    /// `transport.pause_reading()`. The loop goes on watching the socket until something arrives.
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
        Self::arm(zelf, &event_loop, vm)
    }

    fn say(zelf: &Py<Self>, message: &'static str, vm: &VirtualMachine) -> PyResult<()> {
        if zelf.event_loop(vm)?.debug() {
            super::log(vm, message, zelf.as_object())?;
        }
        Ok(())
    }
}

/// `object.name(argument)`, in `context` if there is one.
fn call(
    object: &PyObjectRef,
    name: &'static str,
    argument: PyObjectRef,
    context: Option<&PyObjectRef>,
    vm: &VirtualMachine,
) -> PyResult {
    let Some(context) = context else {
        return vm.call_method(object, name, (argument,));
    };
    let method = object.get_attr(vm.ctx.intern_str(name), vm)?;
    State::get(vm)?.run_in(context, method, [argument], vm)
}

impl LoopCore {
    /// The buffer that transports read into, or a new one while it is in use.
    fn take_read_buffer(&self, size: usize) -> Vec<u8> {
        let mut buffer = std::mem::take(&mut *self.read_buffer.lock());
        if buffer.len() < size {
            buffer.resize(size, 0);
        }
        buffer
    }

    fn return_read_buffer(&self, buffer: Vec<u8>) {
        *self.read_buffer.lock() = buffer;
    }
}
