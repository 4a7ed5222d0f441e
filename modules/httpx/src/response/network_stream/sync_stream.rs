//! `response.extensions["network_stream"]` of `Client`.

use bytes::Bytes;
use rustpython_vm::builtins::PyBytesRef;
use rustpython_vm::function::FuncArgs;
use rustpython_vm::{Py, PyObjectRef, PyPayload, PyResult, VirtualMachine, pyclass};
use tauraro_bridge::block_on;

use super::{Connection, InfoArgs, ReadArgs, WriteArgs, failed, limit, no_start_tls};

/// The connection below a response, with the methods of httpcore's `NetworkStream`.
///
/// Every response tells its addresses. After `101 Switching Protocols` or a successful CONNECT the
/// connection can also be read from and written to, by two threads at the same time; closing the
/// response closes it.
#[pyclass(module = "httpx", name = "NetworkStream")]
#[derive(Debug, PyPayload)]
pub(crate) struct NetworkStream {
    connection: Connection,
}

impl NetworkStream {
    /// The object for a connection.
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection }
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION, HAS_WEAKREF))]
impl NetworkStream {
    /// Reads what has arrived, at most `max_bytes` bytes of it, waiting for the first at most
    /// `timeout` seconds; `b""` once the peer sends no more. Raises `ReadTimeout` and `ReadError`.
    #[pymethod]
    fn read(zelf: &Py<Self>, args: ReadArgs, vm: &VirtualMachine) -> PyResult<PyBytesRef> {
        let (tunnel, limit) = (zelf.connection.tunnel(vm)?, limit(vm, args.timeout)?);
        let data = block_on(vm, async move { tunnel.read(args.max_bytes, limit).await })?;
        let data = data.map_err(|error| failed(vm, error))?;
        Ok(vm.ctx.new_bytes(data.to_vec()))
    }

    /// Writes all of `buffer`. Raises `WriteTimeout`, after `timeout` seconds, and `WriteError`.
    #[pymethod]
    fn write(zelf: &Py<Self>, args: WriteArgs, vm: &VirtualMachine) -> PyResult<()> {
        let (tunnel, limit) = (zelf.connection.tunnel(vm)?, limit(vm, args.timeout)?);
        let data = Bytes::copy_from_slice(&args.buffer.borrow_buf());
        let written = block_on(vm, async move { tunnel.write(data, limit).await })?;
        written.map_err(|error| failed(vm, error))
    }

    /// Closes the connection, where it left HTTP behind.
    #[pymethod]
    fn close(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        match zelf.connection.tunnel.clone() {
            Some(tunnel) => block_on(vm, async move { tunnel.close().await }),
            None => Ok(()),
        }
    }

    /// Raises `NotImplementedError`: a connection cannot be encrypted afterwards.
    #[pymethod]
    fn start_tls(_zelf: &Py<Self>, _args: FuncArgs, vm: &VirtualMachine) -> PyResult<()> {
        Err(no_start_tls(vm))
    }

    /// What is known by a name: `client_addr` and `server_addr` are pairs of address and port;
    /// `None` for other names, and for what is not known.
    #[pymethod]
    fn get_extra_info(zelf: &Py<Self>, args: InfoArgs, vm: &VirtualMachine) -> PyObjectRef {
        zelf.connection.extra_info(vm, args.info.as_str())
    }
}
