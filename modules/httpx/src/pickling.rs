//! What `__reduce__` returns, for pickles and copies.

use rustpython_vm::{PyObject, PyObjectRef, PyResult, VirtualMachine};

/// Has the object made again by `__new__` with `args`, without `__init__`, and given its `state`.
///
/// # Errors
/// What importing `copyreg` raises.
pub(crate) fn reduce(
    vm: &VirtualMachine,
    object: &PyObject,
    args: impl IntoIterator<Item = PyObjectRef>,
    state: PyObjectRef,
) -> PyResult {
    let make = vm.import("copyreg", 0)?.get_attr("__newobj__", vm)?;
    let mut arguments = vec![object.class().to_owned().into()];
    arguments.extend(args);
    Ok(vm.ctx.new_tuple(vec![make, vm.ctx.new_tuple(arguments).into(), state]).into())
}

/// [`reduce`] of an object that says by `__getstate__` what its state is.
///
/// # Errors
/// What `__getstate__` raises.
pub(crate) fn reduce_state(vm: &VirtualMachine, object: &PyObject) -> PyResult {
    let state = vm.call_method(object, "__getstate__", ())?;
    reduce(vm, object, [], state)
}
