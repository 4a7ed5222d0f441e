//! Whether a method of a client still is this module's own.
//!
//! Subclasses override methods, and tests replace them; the client's own calls then go through
//! attribute lookup. Where nothing was replaced they stay in Rust.

use std::sync::LazyLock;

use rustpython_vm::builtins::{PyStrInterned, descriptor::PyMethodDescriptor};
use rustpython_vm::class::StaticType;
use rustpython_vm::{AsObject, Context, Py, VirtualMachine};

use super::PyClient;

/// The methods that a client calls on itself.
#[derive(Clone, Copy)]
pub(super) enum Method {
    Request,
    BuildRequest,
    Send,
}

impl Method {
    fn name(self) -> &'static PyStrInterned {
        static NAMES: LazyLock<[&'static PyStrInterned; 3]> = LazyLock::new(|| {
            ["request", "build_request", "send"].map(|name| Context::genesis().intern_str(name))
        });
        let [request, build_request, send] = *NAMES;
        match self {
            Self::Request => request,
            Self::BuildRequest => build_request,
            Self::Send => send,
        }
    }
}

/// Whether `client.method` is what this module defines.
pub(super) fn is_native(client: &Py<PyClient>, method: Method, vm: &VirtualMachine) -> bool {
    let name = method.name();
    if let Some(attributes) = client.as_object().dict()
        && attributes.contains_key(name, vm)
    {
        return false;
    }
    let Some(found) = client.class().get_attr(name) else { return false };
    found
        .downcast_ref::<PyMethodDescriptor>()
        .is_some_and(|found| found.common.typ.is(PyClient::static_type()) && found.common.name.is(name))
}
