//! Native classes with two bases.

use rustpython_vm::builtins::PyType;
use rustpython_vm::types::PyTypeFlags;
use rustpython_vm::{AsObject, Py, PyObjectRef, PyResult, VirtualMachine};

/// Makes `base` another base of `class`: a native class is made with one base only. The methods of
/// `base` must take any object for that reason.
///
/// # Errors
/// `TypeError` for a class whose objects are laid out otherwise.
pub(crate) fn add_base(class: &Py<PyType>, base: &Py<PyType>, vm: &VirtualMachine) -> PyResult<()> {
    if class.fast_issubclass(base) {
        return Ok(());
    }
    class.slots.flags.remove_masked(PyTypeFlags::from_slice(&[PyTypeFlags::IMMUTABLETYPE]));
    // Assigning bases has the slots look for Python methods; objects are still made here.
    let new = class.slots.new.load();
    let mut bases: Vec<PyObjectRef> = class.bases.read().iter().map(|base| base.clone().into()).collect();
    bases.push(base.to_owned().into());
    class.as_object().set_attr("__bases__", vm.ctx.new_tuple(bases), vm)?;
    class.slots.new.store(new);
    Ok(())
}
