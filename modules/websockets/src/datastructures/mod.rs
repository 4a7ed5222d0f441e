//! `websockets.datastructures`: what `python/websockets/datastructures.py` is made of.

mod headers;

pub(crate) use self::_websockets_datastructures::module_def;
use rustpython_vm::builtins::PyTypeRef;
use rustpython_vm::class::PyClassImpl as _;

pub(crate) use self::headers::{Headers, pair_of};

#[rustpython_vm::pymodule]
mod _websockets_datastructures {
    use rustpython_vm::builtins::PyModule;
    use rustpython_vm::{Py, PyResult, VirtualMachine};

    pub(crate) fn module_exec(vm: &VirtualMachine, module: &Py<PyModule>) -> PyResult<()> {
        __module_exec(vm, module);
        module.set_attr("Headers", super::make_classes(), vm)
    }
}

/// Creates the class, unless it exists: it is needed before objects of it can be created or recognized.
pub(crate) fn make_classes() -> PyTypeRef {
    let headers = Headers::make_static_type();
    crate::module::make_mutable(&headers);
    headers
}
