//! `response.extensions["network_stream"]` of `AsyncClient`.

use std::error::Error as _;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use bytes::Bytes;
use rustpython_vm::function::FuncArgs;
use rustpython_vm::{Py, PyObjectRef, PyPayload, PyRef, VirtualMachine, pyclass};
use tauraro_bridge::{coroutine, with_vm};
use tauraro_engine::{Error, ErrorKind};

use super::{Connection, InfoArgs, ReadArgs, WriteArgs, failed, limit, no_start_tls};

/// The connection below a response, with the methods of httpcore's `AsyncNetworkStream`.
///
/// Every response tells its addresses. After `101 Switching Protocols` or a successful CONNECT the
/// connection can also be read from and written to, by two tasks at the same time; closing the
/// response closes it.
#[pyclass(module = "httpx", name = "AsyncNetworkStream")]
#[derive(Debug, PyPayload)]
pub(crate) struct AsyncNetworkStream {
    connection: Connection,
    /// Whether a write has found out that the peer is gone.
    broken: AtomicBool,
}

/// Whether the network has failed, rather than this end, and not in time.
fn is_broken(error: &Error) -> bool {
    error.kind() == ErrorKind::WriteError && error.source().is_some()
}

impl AsyncNetworkStream {
    /// The object for a connection.
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection, broken: AtomicBool::new(false) }
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION, HAS_WEAKREF))]
impl AsyncNetworkStream {
    /// Reads what has arrived, at most `max_bytes` bytes of it, waiting for the first at most
    /// `timeout` seconds; `b""` once the peer sends no more. Raises `ReadTimeout` and `ReadError`.
    #[pymethod]
    fn read(zelf: PyRef<Self>, args: ReadArgs, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "AsyncNetworkStream.read", move |mode| async move {
            let tunnel = with_vm(|vm| zelf.connection.tunnel(vm))?;
            let limit = with_vm(|vm| limit(vm, args.timeout))?;
            let data = mode.run(async move { tunnel.read(args.max_bytes, limit).await }).await?;
            with_vm(|vm| {
                let data = data.map_err(|error| failed(vm, error))?;
                Ok(vm.ctx.new_bytes(data.to_vec()).into())
            })
        })
    }

    /// Writes all of `buffer`. Raises `WriteTimeout`, after `timeout` seconds, and `WriteError`; when the
    /// peer has gone, that is the next write after the one that finds it out, as with asyncio's transports.
    #[pymethod]
    fn write(zelf: PyRef<Self>, args: WriteArgs, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "AsyncNetworkStream.write", move |mode| async move {
            let tunnel = with_vm(|vm| zelf.connection.tunnel(vm))?;
            let limit = with_vm(|vm| limit(vm, args.timeout))?;
            let data = Bytes::copy_from_slice(&args.buffer.borrow_buf());
            let written = mode.run(async move { tunnel.write(data, limit).await }).await?;
            with_vm(|vm| {
                match written {
                    // A transport of asyncio takes what is written, and finds out afterwards.
                    Err(error) if is_broken(&error) && !zelf.broken.swap(true, Relaxed) => {}
                    written => written.map_err(|error| failed(vm, error))?,
                }
                Ok(vm.ctx.none())
            })
        })
    }

    /// Closes the connection, where it left HTTP behind.
    #[pymethod]
    fn aclose(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "AsyncNetworkStream.aclose", move |mode| async move {
            if let Some(tunnel) = zelf.connection.tunnel.clone() {
                mode.run(async move { tunnel.close().await }).await?;
            }
            Ok(with_vm(|vm| vm.ctx.none()))
        })
    }

    /// Raises `NotImplementedError`: a connection cannot be encrypted afterwards.
    #[pymethod]
    fn start_tls(_zelf: &Py<Self>, _args: FuncArgs, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "AsyncNetworkStream.start_tls", move |_| async { Err(with_vm(no_start_tls)) })
    }

    /// What is known by a name: `client_addr` and `server_addr` are pairs of address and port;
    /// `None` for other names, and for what is not known.
    #[pymethod]
    fn get_extra_info(zelf: &Py<Self>, args: InfoArgs, vm: &VirtualMachine) -> PyObjectRef {
        zelf.connection.extra_info(vm, args.info.as_str())
    }
}
