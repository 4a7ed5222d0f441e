//! The arguments of `HTTPTransport` and `AsyncHTTPTransport`.

use std::net::IpAddr;

use rustpython_vm::builtins::PyUtf8StrRef;
use rustpython_vm::function::OptionalArg;
use rustpython_vm::{FromArgs, PyObjectRef, PyRef, PyResult, VirtualMachine};
use tauraro_engine::client::TransportConfig;

use crate::limits::PyLimits;

/// The arguments of a native transport, in upstream's order.
#[derive(Debug, FromArgs)]
#[expect(clippy::struct_excessive_bools, reason = "upstream's arguments")]
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
    pub(crate) limits: Option<PyRef<PyLimits>>,
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
        for (name, given) in [
            ("proxy", self.proxy.is_some()),
            ("uds", self.uds.is_some()),
            ("retries", self.retries > 0),
            ("socket_options", self.socket_options.is_some()),
        ] {
            if given {
                let message = format!("the argument '{name}' of HTTPTransport() is not supported yet");
                return Err(vm.new_not_implemented_error(message));
            }
        }
        if !(self.http1 || self.http2) {
            return Err(vm.new_value_error("at least one of http1 and http2 must be allowed"));
        }
        let local_address = self.local_address.map(|address| {
            address.as_str().parse::<IpAddr>().map_err(|_| {
                vm.new_value_error(format!("local_address must be an IP address, not '{}'", address.as_str()))
            })
        });
        Ok(TransportConfig {
            tls: crate::tls::tls_from(vm, self.verify, self.cert, self.trust_env)?,
            http1: self.http1,
            http2: self.http2,
            limits: self.limits.map(|limits| limits.limits()).unwrap_or_default(),
            local_address: local_address.transpose()?,
            ..TransportConfig::default()
        })
    }
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
