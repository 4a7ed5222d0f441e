//! The methods of clients that subclasses and tests may override.

use rustpython_vm::VirtualMachine;
use rustpython_vm::class::StaticType;
use rustpython_vm::{AsObject, Py, PyObject};
use tauraro_bridge::{NativeMethods, Overrides};

use super::BaseClient;

/// A method that is called by other methods of the client.
#[derive(Clone, Copy, Debug)]
pub(super) enum Method {
    Request,
    BuildRequest,
    Send,
    TransportForUrl,
    InitTransport,
    InitProxyTransport,
}

static METHODS: NativeMethods<6> = NativeMethods::new(
    BaseClient::static_type,
    // In the order of `Method`.
    ["request", "build_request", "send", "_transport_for_url", "_init_transport", "_init_proxy_transport"],
);

/// Whether `client.method` is what this module defines.
pub(super) fn is_native(client: &Py<BaseClient>, method: Method, vm: &VirtualMachine) -> bool {
    !client.overrides.overrides(client.as_object(), &METHODS, vm).contains(method as usize)
}

/// Whether a client overrides a method by which clients make their transports. It is asked once.
pub(super) fn makes_transports(client: &PyObject, vm: &VirtualMachine) -> bool {
    let making = Overrides::of([Method::InitTransport as usize, Method::InitProxyTransport as usize]);
    METHODS.overrides(client, vm).intersects(making)
}
