//! The arguments of `HTTPTransport` and `AsyncHTTPTransport`.

use std::net::IpAddr;
use std::path::PathBuf;

use rustpython_vm::builtins::{PyInt, PyUtf8StrRef};
use rustpython_vm::function::{ArgBytesLike, OptionalArg};
use rustpython_vm::{FromArgs, PyObject, PyObjectRef, PyRef, PyResult, VirtualMachine};
use tauraro_engine::http::client::{SocketOption, SocketValue, TransportConfig};

use crate::models::limits::Limits;
use crate::models::proxy::{Proxy, proxy_from};

/// The arguments of a native transport, in upstream's order.
#[derive(Debug, FromArgs)]
pub(crate) struct HTTPTransportArgs {
    #[pyarg(any, optional, py_default = "True")]
    pub(crate) verify: OptionalArg,
    #[pyarg(any, optional)]
    pub(crate) cert: Option<PyObjectRef>,
    #[pyarg(any, default = true)]
    pub(crate) trust_env: bool,
    #[pyarg(any, default = true)]
    pub(crate) http1: bool,
    #[pyarg(any, default = false)]
    pub(crate) http2: bool,
    #[pyarg(any, optional)]
    pub(crate) limits: Option<PyRef<Limits>>,
    #[pyarg(any, optional)]
    pub(crate) proxy: Option<PyObjectRef>,
    #[pyarg(any, optional)]
    pub(crate) uds: Option<PyUtf8StrRef>,
    #[pyarg(any, optional)]
    pub(crate) local_address: Option<PyUtf8StrRef>,
    #[pyarg(any, default = 0)]
    pub(crate) retries: u32,
    #[pyarg(any, optional)]
    pub(crate) socket_options: Option<PyObjectRef>,
}

impl HTTPTransportArgs {
    /// The engine's configuration.
    ///
    /// # Errors
    /// `TypeError` or `ValueError` naming the argument and its value.
    pub(crate) fn config(self, vm: &VirtualMachine) -> PyResult<TransportConfig> {
        if !(self.http1 || self.http2) {
            return Err(vm.new_value_error("at least one of http1 and http2 must be allowed"));
        }
        let local_address = self.local_address.map(|address| {
            address.as_str().parse::<IpAddr>().map_err(|_| {
                vm.new_value_error(format!("local_address must be an IP address, not '{}'", address.as_str()))
            })
        });
        let proxy = self.proxy.map(|proxy| Proxy::to_engine(&*proxy_from(vm, &proxy)?, vm));
        Ok(TransportConfig {
            tls: crate::tls::tls_from(vm, self.verify, self.cert, self.trust_env)?,
            http1: self.http1,
            http2: self.http2,
            limits: self.limits.map(|limits| limits.limits()).unwrap_or_default(),
            local_address: local_address.transpose()?,
            proxy: proxy.transpose()?,
            uds: self.uds.map(|path| PathBuf::from(path.as_str())),
            socket_options: socket_options(vm, self.socket_options)?,
            retries: self.retries,
            policy: tauraro_bridge::policy(vm),
        })
    }
}

/// The arguments of `socket.setsockopt`, as often as it is to be called: `(level, name, int)`,
/// `(level, name, bytes)` or `(level, name, None, length)`.
fn socket_options(vm: &VirtualMachine, options: Option<PyObjectRef>) -> PyResult<Vec<SocketOption>> {
    let Some(options) = options else { return Ok(Vec::new()) };
    let options: Vec<PyObjectRef> = options.try_to_value(vm)?;
    options.iter().map(|option| socket_option(vm, option)).collect()
}

fn socket_option(vm: &VirtualMachine, option: &PyObject) -> PyResult<SocketOption> {
    let parts: Vec<PyObjectRef> = option.try_to_value(vm)?;
    let number = |part: &PyObjectRef| part.try_to_value::<i32>(vm);
    let (level, name, value) = match parts.as_slice() {
        [level, name, nothing, length] if vm.is_none(nothing) => {
            (level, name, SocketValue::Null(length.try_to_value(vm)?))
        }
        [level, name, value] if value.downcast_ref::<PyInt>().is_some() => {
            (level, name, SocketValue::Integer(number(value)?))
        }
        [level, name, value] => {
            let value: ArgBytesLike = value.try_to_value(vm)?;
            (level, name, SocketValue::Bytes(value.borrow_buf().to_vec()))
        }
        _ => {
            let option = option.repr(vm)?;
            let message = format!(
                "a socket option is (level, name, value) or (level, name, None, length), not {option}"
            );
            return Err(vm.new_type_error(message));
        }
    };
    Ok(SocketOption { level: number(level)?, name: number(name)?, value })
}

impl Default for HTTPTransportArgs {
    fn default() -> Self {
        Self {
            verify: OptionalArg::Missing,
            cert: None,
            trust_env: true,
            http1: true,
            http2: false,
            limits: None,
            proxy: None,
            uds: None,
            local_address: None,
            retries: 0,
            socket_options: None,
        }
    }
}
