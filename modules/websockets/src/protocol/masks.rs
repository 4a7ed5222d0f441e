//! Where the masking keys of a client's frames come from.

use std::sync::OnceLock;

use rustpython_vm::builtins::{PyDict, PyFunction, PyStrInterned};
use rustpython_vm::function::ArgBytesLike;
use rustpython_vm::{AsObject as _, PyObjectRef, PyResult, TryFromObject as _, VirtualMachine};
use tauraro_engine::websocket as engine;

/// The names to look up for each frame that a client sends.
static NAMES: OnceLock<[&'static PyStrInterned; 3]> = OnceLock::new();

/// `secrets.token_bytes`, if a test has replaced it to choose the keys.
fn replacement(vm: &VirtualMachine) -> Option<PyObjectRef> {
    let names = ["modules", "secrets", "token_bytes"];
    let [modules, secrets, token_bytes] = *NAMES.get_or_init(|| names.map(|name| vm.ctx.intern_str(name)));
    let modules = vm.sys_module.as_object().dict()?.get_item_opt(modules, vm).ok()??;
    let secrets = modules.downcast_ref::<PyDict>()?.get_item_opt(secrets, vm).ok()??;
    let function = secrets.dict()?.get_item_opt(token_bytes, vm).ok()??;
    (!function.downcastable::<PyFunction>()).then_some(function)
}

/// Whether a test chooses the keys.
pub(super) fn are_replaced(vm: &VirtualMachine) -> bool {
    replacement(vm).is_some()
}

/// A new key: random, or from a replaced `secrets.token_bytes`.
///
/// # Errors
/// What the replacement raises; `ValueError` unless it returns four bytes.
pub(crate) fn new_key(vm: &VirtualMachine) -> PyResult<[u8; 4]> {
    let Some(function) = replacement(vm) else { return Ok(engine::mask::random_key()) };
    let bytes = ArgBytesLike::try_from_object(vm, function.call((4,), vm)?)?;
    let key = bytes.with_ref(|bytes| <[u8; 4]>::try_from(bytes));
    key.map_err(|_| vm.new_value_error("secrets.token_bytes(4) did not return four bytes"))
}
