//! What a response's extension `network_stream` is: the connection below it.

mod async_stream;
mod sync_stream;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustpython_vm::builtins::{PyBaseExceptionRef, PyTypeRef, PyUtf8StrRef};
use rustpython_vm::class::PyClassImpl;
use rustpython_vm::function::ArgBytesLike;
use rustpython_vm::{FromArgs, PyObjectRef, PyPayload, PyResult, VirtualMachine};
use tauraro_engine::Error;
use tauraro_engine::http::client::{Response, Tunnel};

use crate::exceptions;
use crate::models::timeout::Seconds;
use async_stream::AsyncNetworkStream;
use sync_stream::NetworkStream;

/// The classes, which are not exported.
pub(crate) fn hidden_classes() -> Vec<PyTypeRef> {
    vec![AsyncNetworkStream::make_static_type(), NetworkStream::make_static_type()]
}

/// The connection that a response came over.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connection {
    /// Where the connection left HTTP behind.
    tunnel: Option<Arc<Tunnel>>,
    local: Option<SocketAddr>,
    remote: Option<SocketAddr>,
}

impl Connection {
    /// Takes the connection of a response.
    pub(crate) fn of(response: &mut Response) -> Self {
        Self {
            tunnel: response.upgrade.take().map(|upgraded| Arc::new(Tunnel::new(upgraded))),
            local: response.local_addr,
            remote: response.remote_addr,
        }
    }

    /// The object for Python.
    pub(crate) fn stream(&self, vm: &VirtualMachine, is_async: bool) -> PyObjectRef {
        if is_async {
            AsyncNetworkStream::new(self.clone()).into_ref(&vm.ctx).into()
        } else {
            NetworkStream::new(self.clone()).into_ref(&vm.ctx).into()
        }
    }

    /// Closes the connection, if it left HTTP behind.
    pub(crate) fn close(&self) {
        if let Some(tunnel) = &self.tunnel {
            tunnel.abort();
        }
    }

    /// What can be read from and written to.
    ///
    /// # Errors
    /// `RuntimeError` while the connection still speaks HTTP.
    fn tunnel(&self, vm: &VirtualMachine) -> PyResult<Arc<Tunnel>> {
        self.tunnel.clone().ok_or_else(|| {
            vm.new_runtime_error(
                "the connection still speaks HTTP: only after '101 Switching Protocols' or a successful \
                 CONNECT can it be read from and written to",
            )
        })
    }

    /// What is known of the connection by a name.
    fn extra_info(&self, vm: &VirtualMachine, name: &str) -> PyObjectRef {
        let address = match name {
            "client_addr" => self.local,
            "server_addr" => self.remote,
            _ => None,
        };
        vm.unwrap_or_none(address.map(|address| {
            let (host, port) = (vm.ctx.new_str(address.ip().to_string()), vm.ctx.new_int(address.port()));
            vm.ctx.new_tuple(vec![host.into(), port.into()]).into()
        }))
    }
}

/// The argument of `get_extra_info`.
#[derive(FromArgs)]
struct InfoArgs {
    #[pyarg(any)]
    info: PyUtf8StrRef,
}

/// The arguments of `read`.
#[derive(FromArgs)]
struct ReadArgs {
    #[pyarg(any)]
    max_bytes: usize,
    #[pyarg(any, optional)]
    timeout: Option<PyObjectRef>,
}

/// The arguments of `write`.
#[derive(FromArgs)]
struct WriteArgs {
    #[pyarg(any)]
    buffer: ArgBytesLike,
    #[pyarg(any, optional)]
    timeout: Option<PyObjectRef>,
}

/// How long an operation may take: a number of seconds, or `None` for no limit.
///
/// # Errors
/// `TypeError` and `ValueError` for anything else.
fn limit(vm: &VirtualMachine, timeout: Option<PyObjectRef>) -> PyResult<Option<Duration>> {
    let Some(timeout) = timeout else { return Ok(None) };
    Ok(Seconds::read(vm, "timeout", &timeout)?.duration())
}

/// The exception for an error of a connection: of httpcore's class and of httpx's.
fn failed(vm: &VirtualMachine, error: Error) -> PyBaseExceptionRef {
    let exception = exceptions::from_engine(vm, error, None);
    let convert = || {
        let httpcore = vm.import("httpcore", 0)?;
        httpcore.get_attr("_of_stream", vm)?.call((exception.clone(),), vm)?.try_into_value(vm)
    };
    convert().unwrap_or_else(|instead: PyBaseExceptionRef| instead)
}

/// Why a connection cannot be encrypted afterwards.
fn no_start_tls(vm: &VirtualMachine) -> PyBaseExceptionRef {
    vm.new_not_implemented_error("start_tls() is not supported: a connection cannot be encrypted afterwards")
}
