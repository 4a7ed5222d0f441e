//! Where the masks of a client's frames come from.

use std::sync::OnceLock;

use rustpython_vm::builtins::{PyDict, PyFunction, PyStrInterned};
use rustpython_vm::function::ArgBytesLike;
use rustpython_vm::{AsObject as _, PyObjectRef, PyResult, TryFromObject as _, VirtualMachine};

/// The names to look up, which is done for each frame that a client sends.
static NAMES: OnceLock<[&'static PyStrInterned; 3]> = OnceLock::new();

/// `secrets.token_bytes`, if a test has replaced it to know the masks.
fn replaced(vm: &VirtualMachine) -> Option<PyObjectRef> {
    let names = ["modules", "secrets", "token_bytes"];
    let [modules, secrets, token_bytes] = *NAMES.get_or_init(|| names.map(|name| vm.ctx.intern_str(name)));
    let modules = vm.sys_module.as_object().dict()?.get_item_opt(modules, vm).ok()??;
    let secrets = modules.downcast_ref::<PyDict>()?.get_item_opt(secrets, vm).ok()??;
    let function = secrets.dict()?.get_item_opt(token_bytes, vm).ok()??;
    (!function.downcastable::<PyFunction>()).then_some(function)
}

/// Whether masks are not ours to choose.
pub(super) fn are_replaced(vm: &VirtualMachine) -> bool {
    replaced(vm).is_some()
}

/// The mask that a replaced `secrets.token_bytes` gives.
///
/// # Errors
/// What it raises; `ValueError` unless it gives four bytes.
pub(crate) fn new(vm: &VirtualMachine) -> PyResult<Option<[u8; 4]>> {
    let Some(function) = replaced(vm) else { return Ok(None) };
    let bytes = ArgBytesLike::try_from_object(vm, function.call((4,), vm)?)?;
    let mask = bytes.with_ref(|bytes| <[u8; 4]>::try_from(bytes));
    mask.map(Some).map_err(|_| vm.new_value_error("secrets.token_bytes(4) did not give four bytes"))
}
