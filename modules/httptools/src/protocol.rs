//! `httptools.HTTPProtocol`, written in Python because it is a `typing.Protocol`.

use rustpython_vm::scope::Scope;
use rustpython_vm::{AsObject, PyResult, VirtualMachine};

/// Makes the class. It costs an import of `typing`, which not every script needs.
pub(crate) fn class(vm: &VirtualMachine) -> PyResult {
    let globals = vm.ctx.new_dict();
    globals.set_item("__name__", vm.ctx.new_str("httptools.parser.protocol").into(), vm)?;
    let code =
        rustpython_vm::py_compile!(file = "python/protocol.py", module_name = "httptools.parser.protocol");
    vm.run_code_obj(vm.ctx.new_code(code), Scope::with_builtins(None, globals.clone(), vm))?;
    globals.as_object().get_item("HTTPProtocol", vm)
}
