//! What the module makes only when it is first asked for, so that `import httpx` imports nothing:
//! names defined in Python.

use rustpython_vm::builtins::{PyCode, PyDictRef};
use rustpython_vm::scope::Scope;
use rustpython_vm::{AsObject, PyRef, PyResult, VirtualMachine, py_compile};

use super::frozen;
use crate::models::status_codes;
use crate::tls;

type Factory = fn(&VirtualMachine) -> PyResult;

/// The names and what makes them.
const TABLE: [(&str, Factory); 5] = [
    ("ASGITransport", asgi_transport),
    ("codes", status_codes::codes),
    ("create_ssl_context", create_ssl_context),
    ("main", frozen::command_line),
    ("WSGITransport", wsgi_transport),
];

/// What only httpx2 exports, and httpx has as well, without exporting it.
pub(crate) const NEWER: [&str; 7] =
    ["EventSource", "Origin", "SSEError", "ServerSentEvent", "alias_httpx", "query", "websocket"];

/// What `httpx2` has under a name.
///
/// # Errors
/// What importing it raises.
pub(crate) fn of_httpx2(vm: &VirtualMachine, name: &str) -> PyResult {
    vm.import("httpx2", 0)?.get_attr(vm.ctx.intern_str(name), vm)
}

/// The names.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|(name, _)| *name)
}

/// Makes what a name stands for; `None` for other names.
///
/// # Errors
/// What importing its modules raises.
pub(crate) fn make(vm: &VirtualMachine, name: &str) -> PyResult<Option<rustpython_vm::PyObjectRef>> {
    let maker = TABLE.iter().find(|(known, _)| *known == name);
    maker.map(|(_, make)| make(vm)).transpose()
}

/// Runs the code of a Python file and gives what it defines as `name`.
///
/// # Errors
/// What the code raises.
pub(crate) fn run(vm: &VirtualMachine, code: PyRef<PyCode>, globals: PyDictRef, name: &str) -> PyResult {
    globals.set_item("__name__", vm.ctx.new_str("httpx").into(), vm)?;
    vm.run_code_obj(code, Scope::with_builtins(None, globals.clone(), vm))?;
    globals.as_object().get_item(name, vm)
}

fn create_ssl_context(vm: &VirtualMachine) -> PyResult {
    let globals = vm.ctx.new_dict();
    globals.set_item("VERIFY_DEPRECATED", vm.ctx.new_str(tls::VERIFY_DEPRECATED).into(), vm)?;
    globals.set_item("CERT_DEPRECATED", vm.ctx.new_str(tls::CERT_DEPRECATED).into(), vm)?;
    let code = py_compile!(file = "../python/ssl_context.py", module_name = "httpx.create_ssl_context");
    run(vm, vm.ctx.new_code(code), globals, "create_ssl_context")
}

fn asgi_transport(vm: &VirtualMachine) -> PyResult {
    let code = py_compile!(file = "../python/asgi.py", module_name = "httpx.ASGITransport");
    run(vm, vm.ctx.new_code(code), vm.ctx.new_dict(), "ASGITransport")
}

fn wsgi_transport(vm: &VirtualMachine) -> PyResult {
    let code = py_compile!(file = "../python/wsgi.py", module_name = "httpx.WSGITransport");
    run(vm, vm.ctx.new_code(code), vm.ctx.new_dict(), "WSGITransport")
}
