//! Which native methods of this module return coroutines, for `inspect.iscoroutinefunction`.

use rustpython_vm::builtins::{PyStr, PyType};
use rustpython_vm::class::StaticType;
use rustpython_vm::{AsObject, Py, VirtualMachine};

use crate::client::AsyncClient;

/// Methods that return coroutines in whichever class of this module.
const AWAITED: [&str; 5] = ["aread", "aclose", "handle_async_request", "__aenter__", "__aexit__"];

/// Methods of `AsyncClient` that do not.
const NOT_AWAITED: [&str; 2] = ["stream", "map"];

/// Makes the types of native methods answer.
pub(crate) fn mark(vm: &VirtualMachine) {
    tauraro_bridge::mark_coroutine_functions(is_awaited_in, vm);
}

fn is_awaited_in(class: &Py<PyType>, name: &str, vm: &VirtualMachine) -> bool {
    if class.is(AsyncClient::static_type()) {
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
