//! `inspect.iscoroutinefunction` of native methods that return coroutines.
//!
//! `inspect` knows the functions of `async def` by their code, and other callables by an attribute
//! that `inspect.markcoroutinefunction` sets. Native methods take no attributes, so their types
//! answer for them. Test doubles depend on it: `unittest.mock.patch("httpx.AsyncClient.get")` makes
//! an `AsyncMock`.

use std::sync::{PoisonError, RwLock};

use rustpython_vm::builtins::descriptor::PyMethodDescriptor;
use rustpython_vm::builtins::{PyStr, PyType};
use rustpython_vm::{AsObject, Py, PyObject, PyObjectRef, PyResult, VirtualMachine};

/// The attribute that `inspect` looks at, and the name of what it must be.
const MARKER: &str = "_is_coroutine_marker";
const MARK: &str = "_is_coroutine_mark";

/// Whether the native method of this name, defined by a class, returns coroutines.
pub type IsAwaited = fn(class: &Py<PyType>, name: &str, vm: &VirtualMachine) -> bool;

/// By module; there are few.
static MODULES: RwLock<Vec<IsAwaited>> = RwLock::new(Vec::new());

/// Makes the types of native methods answer, for those that `is_awaited` says.
pub fn mark_coroutine_functions(is_awaited: IsAwaited, vm: &VirtualMachine) {
    let mut modules = MODULES.write().unwrap_or_else(PoisonError::into_inner);
    if !modules.iter().any(|known| std::ptr::fn_addr_eq(*known, is_awaited)) {
        modules.push(is_awaited);
    }
    drop(modules);
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

/// Whether a method, bound or not, is one that returns coroutines.
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
    let modules = MODULES.read().unwrap_or_else(PoisonError::into_inner).clone();
    modules.iter().any(|is_awaited| is_awaited(class, name, vm))
}
