//! `_tauraro`: the native part of the module.

use rustpython_vm::Context;
use rustpython_vm::builtins::PyModuleDef;

/// The definition to register with an interpreter.
pub fn module_def(context: &Context) -> &'static PyModuleDef {
    _tauraro::module_def(context)
}

/// The native part of `tauraro`.
#[rustpython_vm::pymodule]
mod _tauraro {
    use rustpython_vm::builtins::PyModule;
    use rustpython_vm::class::{PyClassImpl, StaticType};
    use rustpython_vm::{Py, PyResult, VirtualMachine};

    use crate::asgi::Cycle;
    use crate::connection::{self, Connection};
    use crate::pool::Pool;
    use crate::request::Request;
    use crate::response::Response;
    use crate::service::Service;

    pub(crate) fn module_exec(vm: &VirtualMachine, module: &Py<PyModule>) -> PyResult<()> {
        __module_exec(vm, module);
        module.set_attr("Connection", Connection::make_static_type(), vm)?;
        connection::register(Connection::static_type(), vm);
        module.set_attr("Cycle", Cycle::make_static_type(), vm)?;
        module.set_attr("Pool", Pool::make_static_type(), vm)?;
        module.set_attr("Request", Request::make_static_type(), vm)?;
        module.set_attr("Response", Response::make_static_type(), vm)?;
        module.set_attr("Service", Service::make_static_type(), vm)
    }

    /// The reason phrase of a status.
    #[pyfunction]
    fn reason(status: u16) -> &'static str {
        tauraro_engine::server::reason(status)
    }
}
