//! Subclasses that make the client's transports themselves: they override `_init_transport` and
//! `_init_proxy_transport`, private in upstream.

use rustpython_vm::class::StaticType;
use rustpython_vm::function::{FuncArgs, KwArgs};
use rustpython_vm::{AsObject, PyObject, PyObjectRef, PyResult, VirtualMachine};

use super::config::ClientArgs;
use super::dispatch::{Method, is_native};
use crate::async_client::PyAsyncClient;
use crate::transports::{PyAsyncHTTPTransport, PyHTTPTransport};

/// A client that makes its transports itself, and what it is told about them.
pub(super) struct Maker<'a> {
    client: &'a PyObject,
    arguments: KwArgs,
}

impl<'a> Maker<'a> {
    /// `None` for a client that leaves making transports to this module.
    pub(super) fn of(vm: &VirtualMachine, client: &'a PyObject, args: &ClientArgs) -> Option<Self> {
        if [Method::InitTransport, Method::InitProxyTransport]
            .iter()
            .all(|method| is_native(client, *method, vm))
        {
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

    /// The client's own transport; `given` is its argument `transport`.
    ///
    /// # Errors
    /// What the method raises.
    pub(super) fn transport(&self, vm: &VirtualMachine, given: Option<PyObjectRef>) -> PyResult {
        let mut arguments = self.arguments.clone();
        arguments.insert("transport".into(), vm.unwrap_or_none(given));
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
    let class = if client.fast_isinstance(PyAsyncClient::static_type()) {
        PyAsyncHTTPTransport::static_type()
    } else {
        PyHTTPTransport::static_type()
    };
    class.as_object().call_with_args(args, vm)
}
