//! `websockets.datastructures`: what `python/websockets/datastructures.py` is made of.

mod headers;

pub(crate) use self::_websockets_datastructures::module_def;
pub(crate) use self::headers::{PyHeaders, pair_of};

#[rustpython_vm::pymodule]
mod _websockets_datastructures {
    use rustpython_vm::builtins::PyModule;
    use rustpython_vm::class::PyClassImpl;
    use rustpython_vm::{Py, PyResult, VirtualMachine};

    use super::PyHeaders;

    pub(crate) fn module_exec(vm: &VirtualMachine, module: &Py<PyModule>) -> PyResult<()> {
        __module_exec(vm, module);
        let headers = PyHeaders::make_static_type();
        crate::module::make_mutable(&headers);
        module.set_attr("Headers", headers, vm)
    }
}
