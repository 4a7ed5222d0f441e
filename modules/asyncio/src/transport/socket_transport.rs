//! `SocketTransport`: the native half of the transport of a stream socket.

use rustpython_vm::object::{Traverse, TraverseFn};
use rustpython_vm::{Py, PyObject, PyPayload, PyResult, VirtualMachine, pyclass};

/// The native half of the transport that a protocol is given for a stream socket.
#[pyclass(module = "_asyncio", name = "SocketTransport", traverse = "manual")]
#[derive(Debug, PyPayload)]
pub struct SocketTransport {}

// SAFETY: there is nothing to visit.
#[expect(unsafe_code, reason = "the garbage collector's interface")]
unsafe impl Traverse for SocketTransport {
    fn traverse(&self, _visit: &mut TraverseFn<'_>) {}
}

impl SocketTransport {
    /// The native transport that `transport` is, unless its `write` was replaced by something else.
    pub fn of<'a>(transport: &'a PyObject, _vm: &VirtualMachine) -> Option<&'a Py<Self>> {
        transport.downcast_ref()
    }

    /// `transport.write(data)`. What cannot be sent at once is copied.
    ///
    /// # Errors
    /// `RuntimeError` after `write_eof`; what `pause_writing` or the loop's exception handler let
    /// out. That the connection failed is no error here: the protocol's `connection_lost` will be told.
    pub fn write_native(zelf: &Py<Self>, data: &[u8], vm: &VirtualMachine) -> PyResult<()> {
        Self::write_vectored(zelf, &[data], vm)
    }

    /// [`write_native`](Self::write_native) for parts that belong together, in one system call.
    pub fn write_vectored(_zelf: &Py<Self>, _parts: &[&[u8]], vm: &VirtualMachine) -> PyResult<()> {
        Err(vm.new_runtime_error("this transport is not connected"))
    }

    /// Whether the transport is closed or about to be, as `is_closing()`.
    pub fn closing(&self) -> bool {
        true
    }

    /// How many bytes wait to be sent, as `get_write_buffer_size()`.
    pub fn buffered(&self) -> usize {
        0
    }

    /// `transport.close()`.
    pub fn close_native(_zelf: &Py<Self>, _vm: &VirtualMachine) -> PyResult<()> {
        Ok(())
    }

    /// `transport.abort()`.
    pub fn abort_native(_zelf: &Py<Self>, _vm: &VirtualMachine) -> PyResult<()> {
        Ok(())
    }

    /// `transport.write_eof()`.
    pub fn write_eof_native(_zelf: &Py<Self>, _vm: &VirtualMachine) -> PyResult<()> {
        Ok(())
    }

    /// `transport.pause_reading()`: nothing but a flag is set.
    pub fn pause_native(_zelf: &Py<Self>, _vm: &VirtualMachine) -> PyResult<()> {
        Ok(())
    }

    /// `transport.resume_reading()`.
    pub fn resume_native(_zelf: &Py<Self>, _vm: &VirtualMachine) -> PyResult<()> {
        Ok(())
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF))]
impl SocketTransport {}
