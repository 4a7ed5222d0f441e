//! Whether a method of an object still is this module's own.
//!
//! Subclasses override methods, and tests replace them; calls of our own then go through attribute
//! lookup. Where nothing was replaced they stay in Rust.

use std::sync::LazyLock;

use rustpython_vm::builtins::{PyStrInterned, PyType, PyTypeRef, descriptor::PyMethodDescriptor};
use rustpython_vm::{Context, Py, PyObject, VirtualMachine};

/// The methods that are called on objects which may be somebody else's.
#[derive(Clone, Copy)]
pub(crate) enum Method {
    Request,
    BuildRequest,
    Send,
    HandleRequest,
    HandleAsyncRequest,
    TransportForUrl,
    InitTransport,
    InitProxyTransport,
}

impl Method {
    fn name(self) -> &'static PyStrInterned {
        static NAMES: LazyLock<[&'static PyStrInterned; 8]> = LazyLock::new(|| {
            [
                "request",
                "build_request",
                "send",
                "handle_request",
                "handle_async_request",
                "_transport_for_url",
                "_init_transport",
                "_init_proxy_transport",
            ]
            .map(|name| Context::genesis().intern_str(name))
        });
        let [
            request,
            build_request,
            send,
            handle_request,
            handle_async_request,
            transport_for_url,
            init,
            init_proxy,
        ] = *NAMES;
        match self {
            Self::Request => request,
            Self::BuildRequest => build_request,
            Self::Send => send,
            Self::HandleRequest => handle_request,
            Self::HandleAsyncRequest => handle_async_request,
            Self::TransportForUrl => transport_for_url,
            Self::InitTransport => init,
            Self::InitProxyTransport => init_proxy,
        }
    }
}

/// The native class whose method `object.method` is; `None` when it was overridden or replaced.
pub(crate) fn native_owner(object: &PyObject, method: Method, vm: &VirtualMachine) -> Option<PyTypeRef> {
    let name = method.name();
    if let Some(attributes) = object.dict()
        && attributes.contains_key(name, vm)
    {
        return None;
    }
    let found = object.class().get_attr(name)?;
    let found = found.downcast_ref::<PyMethodDescriptor>()?;
    let owner: &Py<PyType> = found.common.typ;
    // A method of another class, or under another name, was put here by somebody.
    let own = std::ptr::eq(found.common.name, name) && object.class().fast_issubclass(owner);
    own.then(|| owner.to_owned())
}

/// Whether `object.method` is what this module defines.
pub(super) fn is_native(object: &PyObject, method: Method, vm: &VirtualMachine) -> bool {
    native_owner(object, method, vm).is_some()
}
