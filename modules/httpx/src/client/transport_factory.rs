//! Subclasses that make the client's transports themselves: they override `_init_transport` and
//! `_init_proxy_transport`, private in upstream.

use rustpython_vm::class::StaticType;
use rustpython_vm::function::{FuncArgs, KwArgs};
use rustpython_vm::{AsObject, PyObject, PyObjectRef, PyResult, VirtualMachine};

use super::async_client::AsyncClient;
use super::overrides;
use super::settings::ClientArgs;
use crate::transports::{AsyncHTTPTransport, HTTPTransport};

/// A client that makes its transports itself, and the arguments it makes them with.
pub(super) struct TransportFactory<'a> {
    client: &'a PyObject,
    arguments: KwArgs,
}

impl<'a> TransportFactory<'a> {
    /// `None` for a client that leaves making transports to this module.
    pub(super) fn of(vm: &VirtualMachine, client: &'a PyObject, args: &ClientArgs) -> Option<Self> {
        if !overrides::makes_transports(client, vm) {
            return None;
        }
        let mut arguments = KwArgs::default();
        let mut set = |name: &str, value: PyObjectRef| drop(arguments.insert(name.into(), value));
        set("verify", args.verify.clone().unwrap_or_else(|| vm.ctx.new_bool(true).into()));
        set("cert", vm.unwrap_or_none(args.cert.clone()));
        set("trust_env", vm.ctx.new_bool(args.trust_env).into());
        set("http1", vm.ctx.new_bool(args.http1).into());
        set("http2", vm.ctx.new_bool(args.http2).into());
        if let Some(limits) = &args.limits {
            set("limits", limits.clone().into());
        }
        Some(Self { client, arguments })
    }

    /// The client's own transport; `transport` is its argument of this name.
    ///
    /// # Errors
    /// What the method raises.
    pub(super) fn transport(&self, vm: &VirtualMachine, transport: Option<PyObjectRef>) -> PyResult {
        let mut arguments = self.arguments.clone();
        arguments.insert("transport".into(), vm.unwrap_or_none(transport));
        self.client.get_attr("_init_transport", vm)?.call_with_args(FuncArgs::from(arguments), vm)
    }

    /// The transport for a proxy.
    ///
    /// # Errors
    /// What the method raises.
    pub(super) fn proxy_transport(&self, vm: &VirtualMachine, proxy: PyObjectRef) -> PyResult {
        let args = FuncArgs::new(vec![proxy], self.arguments.clone());
        self.client.get_attr("_init_proxy_transport", vm)?.call_with_args(args, vm)
    }
}

/// The native transport of a client of this class, made with the arguments of its class.
///
/// # Errors
/// As the class.
pub(super) fn native(vm: &VirtualMachine, client: &PyObject, args: FuncArgs) -> PyResult {
    let class = if client.fast_isinstance(AsyncClient::static_type()) {
        AsyncHTTPTransport::static_type()
    } else {
        HTTPTransport::static_type()
    };
    class.as_object().call_with_args(args, vm)
}
