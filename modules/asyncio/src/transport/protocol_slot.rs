//! The protocol of a transport, and how it takes data.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::{PyObject, PyObjectRef, PyResult, Traverse, VirtualMachine};

use super::attribute_cache::AttributeCacheKey;
use super::native_protocol::{self, DataReceived};
use crate::interpreter_state;

/// From this size on, in bytes, a protocol gets the buffer itself instead of a copy.
const MIN_MOVED_BUFFER: usize = 64 * 1024;

/// The protocol of a transport.
#[derive(Default, Traverse)]
pub(super) struct ProtocolSlot {
    protocol: PyMutex<Option<PyObjectRef>>,
    /// What takes data instead of `protocol.data_received`, as long as `key` matches the protocol.
    #[pytraverse(skip)]
    data_received: PyMutex<Option<DataReceived>>,
    #[pytraverse(skip)]
    key: AttributeCacheKey,
    /// Whether it is a `BufferedProtocol`.
    #[pytraverse(skip)]
    is_buffered: AtomicBool,
}

impl ProtocolSlot {
    pub(super) fn get(&self) -> Option<PyObjectRef> {
        self.protocol.lock().clone()
    }

    pub(super) fn set(&self, protocol: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let class = interpreter_state::asyncio("protocols", "BufferedProtocol", vm)?;
        let is_buffered = protocol.is_instance(&class, vm)?;
        self.is_buffered.store(is_buffered, Relaxed);
        self.key.forget();
        let replaced = self.protocol.lock().replace(protocol);
        drop(replaced);
        Ok(())
    }

    /// Empties the slot.
    pub(super) fn take(&self) -> Option<PyObjectRef> {
        self.protocol.lock().take()
    }

    /// Whether the protocol offers buffers to read into.
    pub(super) fn is_buffered(&self) -> bool {
        self.is_buffered.load(Relaxed)
    }

    /// `protocol.data_received(data)`, natively if possible. The buffer may be taken.
    pub(super) fn data_received(
        &self,
        protocol: &PyObject,
        data: &mut Vec<u8>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        if let Some(receive) = self.native_receiver(protocol, vm) {
            return receive(protocol, data, vm);
        }
        let data = if data.len() < MIN_MOVED_BUFFER { data.clone() } else { std::mem::take(data) };
        vm.call_method(protocol, "data_received", (vm.ctx.new_bytes(data),)).map(drop)
    }

    fn native_receiver(&self, protocol: &PyObject, vm: &VirtualMachine) -> Option<DataReceived> {
        if self.key.matches(protocol) {
            return *self.data_received.lock();
        }
        let found = native_protocol::data_received(protocol, vm);
        *self.data_received.lock() = found;
        self.key.remember(protocol);
        found
    }
}

/// `protocol.eof_received()`, natively if possible; whether the transport stays open.
pub(super) fn eof_received(protocol: &PyObject, vm: &VirtualMachine) -> PyResult<bool> {
    match native_protocol::eof_received(protocol, vm) {
        Some(receive) => receive(protocol, vm),
        None => vm.call_method(protocol, "eof_received", ()).and_then(|keep| keep.is_true(vm)),
    }
}

/// The buffer that a `BufferedProtocol` offers.
///
/// # Errors
/// What `get_buffer` raises; `RuntimeError` for an empty buffer.
pub(super) fn get_buffer(protocol: &PyObject, size_hint: isize, vm: &VirtualMachine) -> PyResult {
    let buffer = vm.call_method(protocol, "get_buffer", (size_hint,))?;
    if buffer.length(vm)? == 0 {
        return Err(vm.new_runtime_error("get_buffer() returned an empty buffer"));
    }
    Ok(buffer)
}
