//! `TlsProtocol`: the protocol of the transport that carries a TLS connection.

use rustpython_vm::function::ArgBytesLike;
use rustpython_vm::types::Representable;
use rustpython_vm::{
    AsObject, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, Traverse, VirtualMachine, pyclass,
};

use super::super::native_protocol::{Receiver, register_receiver};
use super::TlsTransport;

/// The protocol of the transport below a [`TlsTransport`].
#[pyclass(module = "_asyncio", name = "TlsProtocol", traverse)]
#[derive(Debug, PyPayload)]
pub(crate) struct TlsProtocol {
    transport: PyRef<TlsTransport>,
}

impl TlsProtocol {
    pub(super) fn new(transport: PyRef<TlsTransport>) -> Self {
        Self { transport }
    }

    /// Has transports of this crate call this class without Python in between.
    pub(crate) fn register(vm: &VirtualMachine) {
        let receiver = Receiver {
            data_received: |protocol, data, vm| {
                TlsTransport::receive(Self::transport(protocol, vm)?, data, vm)
            },
            eof_received: |protocol, vm| TlsTransport::lower_eof(Self::transport(protocol, vm)?, vm),
        };
        register_receiver(<Self as rustpython_vm::class::StaticType>::static_type(), receiver, vm);
    }

    fn transport<'a>(protocol: &'a PyObject, vm: &VirtualMachine) -> PyResult<&'a Py<TlsTransport>> {
        match protocol.downcast_ref::<Self>() {
            Some(protocol) => Ok(&protocol.transport),
            None => Err(vm.new_type_error("a TlsProtocol is required")),
        }
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION, HAS_WEAKREF), with(Representable))]
impl TlsProtocol {
    #[pygetset]
    fn _app_transport(zelf: &Py<Self>) -> PyObjectRef {
        zelf.transport.clone().into()
    }

    #[pygetset]
    fn _app_protocol(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.transport.protocol.get()
    }

    /// The handshake begins.
    #[pymethod]
    fn connection_made(zelf: &Py<Self>, transport: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        TlsTransport::start_handshake(&zelf.transport, transport, vm)
    }

    /// Takes what the transport has received.
    #[pymethod]
    fn data_received(zelf: &Py<Self>, data: ArgBytesLike, vm: &VirtualMachine) -> PyResult<()> {
        // Copied: the buffer is not locked while the application's protocol runs.
        let data = data.borrow_buf().to_vec();
        TlsTransport::receive(&zelf.transport, &data, vm)
    }

    /// Takes note of the end of the stream. Returns whether the transport stays open.
    #[pymethod]
    fn eof_received(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<bool> {
        TlsTransport::lower_eof(&zelf.transport, vm)
    }

    /// The transport has lost its connection.
    #[pymethod]
    fn connection_lost(zelf: &Py<Self>, exc: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        TlsTransport::lower_lost(&zelf.transport, exc, vm)
    }

    /// The transport has too much to send.
    #[pymethod]
    fn pause_writing(zelf: &Py<Self>) {
        TlsTransport::lower_paused(&zelf.transport);
    }

    /// The transport takes more.
    #[pymethod]
    fn resume_writing(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        TlsTransport::lower_resumed(&zelf.transport, vm)
    }
}

impl Representable for TlsProtocol {
    fn repr_str(zelf: &Py<Self>, _vm: &VirtualMachine) -> PyResult<String> {
        Ok(format!("<TlsProtocol at {:#x}>", zelf.get_id()))
    }
}
