//! `inspect.iscoroutinefunction` of native methods that return coroutines.
//!
//! `inspect` knows the functions of `async def` by their code, and other callables by an attribute
//! that `inspect.markcoroutinefunction` sets. Native methods take no attributes, so their types
//! answer for them. Test doubles depend on it: `unittest.mock.patch("httpx.AsyncClient.get")` makes
//! an `AsyncMock`.

use rustpython_vm::builtins::descriptor::PyMethodDescriptor;
use rustpython_vm::builtins::{PyStr, PyType};
use rustpython_vm::class::StaticType;
use rustpython_vm::{AsObject, Py, PyObject, PyObjectRef, PyResult, VirtualMachine};

use crate::async_client::PyAsyncClient;

/// The attribute that `inspect` looks at, and the name of what it must be.
const MARKER: &str = "_is_coroutine_marker";
const MARK: &str = "_is_coroutine_mark";

/// Methods that return coroutines in whichever class of this module.
const AWAITED: [&str; 5] = ["aread", "aclose", "handle_async_request", "__aenter__", "__aexit__"];

/// Methods of `AsyncClient` that do not.
const NOT_AWAITED: [&str; 1] = ["stream"];

/// Makes the types of native methods answer.
pub(crate) fn mark(vm: &VirtualMachine) {
    let types = &vm.ctx.types;
    let name = vm.ctx.intern_str(MARKER);
    for class in [types.method_descriptor_type, types.builtin_function_or_method_type] {
        if class.get_direct_attr(name).is_none() {
            class.set_attr(name, vm.ctx.new_readonly_getset(MARKER, class, marker).into());
        }
    }
}

fn marker(method: PyObjectRef, vm: &VirtualMachine) -> PyResult {
    if is_awaited(&method, vm) {
        return vm.import("inspect", 0)?.get_attr(MARK, vm);
    }
    let class = method.class().name().to_string();
    Err(vm.new_attribute_error(format!("'{class}' object has no attribute '{MARKER}'")))
}

/// Whether a method, bound or not, is one of this module's that return coroutines.
fn is_awaited(method: &PyObject, vm: &VirtualMachine) -> bool {
    if let Some(method) = method.downcast_ref::<PyMethodDescriptor>() {
        return is_awaited_in(method.common.typ, method.common.name.as_str(), vm);
    }
    let Ok(Some(bound_to)) = vm.get_attribute_opt(method, "__self__") else { return false };
    let Ok(Some(name)) = vm.get_attribute_opt(method, "__name__") else { return false };
    let Some(name) = name.downcast_ref::<PyStr>().and_then(|name| name.to_str()) else { return false };
    let interned = vm.ctx.intern_str(name);
    bound_to.class().mro_collect().iter().any(|class| {
        let found = class.get_direct_attr(interned);
        found.is_some_and(|found| {
            found.downcast_ref::<PyMethodDescriptor>().is_some() && is_awaited_in(class, name, vm)
        })
    })
}

fn is_awaited_in(class: &Py<PyType>, name: &str, vm: &VirtualMachine) -> bool {
    if class.is(PyAsyncClient::static_type()) {
        return !NOT_AWAITED.contains(&name) && !is_protocol(name);
    }
    let module = class.get_direct_attr(vm.ctx.intern_str("__module__"));
    let module = module.as_ref().and_then(|module| module.downcast_ref::<PyStr>());
    AWAITED.contains(&name) && module.is_some_and(|module| module.as_bytes() == b"httpx")
}

/// Whether it is one of the special methods that are never awaited.
fn is_protocol(name: &str) -> bool {
    name.starts_with("__") && !AWAITED.contains(&name)
}
