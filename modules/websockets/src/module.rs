//! The package and its exports: each name is imported from a submodule when it is first used.

use rustpython_vm::builtins::{PyModuleDef, PyType};
use rustpython_vm::types::PyTypeFlags;
use rustpython_vm::{Context, Py, PyResult, VirtualMachine};

/// The definitions to register with an interpreter, the package first.
pub fn module_defs(ctx: &Context) -> Vec<&'static PyModuleDef> {
    vec![
        websockets::module_def(ctx),
        crate::asyncio::module_def(ctx),
        crate::datastructures::module_def(ctx),
        crate::extensions::module_def(ctx),
        crate::frames::module_def(ctx),
        crate::handshake::module_def(ctx),
        crate::protocol::module_def(ctx),
        crate::sync::module_def(ctx),
    ]
}

/// Makes a class mutable, as if it were written in Python: programs may patch it.
pub(crate) fn make_mutable(class: &Py<PyType>) {
    class.slots.flags.remove_masked(PyTypeFlags::from_slice(&[PyTypeFlags::IMMUTABLETYPE]));
}

/// The public names, by the submodule that defines them.
const EXPORTS: [(&str, &[&str]); 11] = [
    ("websockets.asyncio.client", &["connect", "unix_connect", "ClientConnection"]),
    ("websockets.asyncio.router", &["route", "unix_route", "Router"]),
    (
        "websockets.asyncio.server",
        &["basic_auth", "broadcast", "serve", "unix_serve", "ServerConnection", "Server"],
    ),
    ("websockets.client", &["ClientProtocol"]),
    ("websockets.datastructures", &["Headers", "HeadersLike", "MultipleValuesError"]),
    (
        "websockets.exceptions",
        &[
            "ConcurrencyError",
            "ConnectionClosed",
            "ConnectionClosedError",
            "ConnectionClosedOK",
            "DuplicateParameter",
            "HeaderLineTooLong",
            "InvalidHandshake",
            "InvalidHeader",
            "InvalidHeaderFormat",
            "InvalidHeaderValue",
            "InvalidMessage",
            "InvalidMethod",
            "InvalidOrigin",
            "InvalidParameterName",
            "InvalidParameterValue",
            "InvalidProtocol",
            "InvalidProxy",
            "InvalidProxyMessage",
            "InvalidProxyStatus",
            "InvalidState",
            "InvalidStatus",
            "InvalidUpgrade",
            "InvalidURI",
            "NegotiationError",
            "PayloadTooBig",
            "ProtocolError",
            "ProxyError",
            "RequestLineTooLong",
            "SecurityError",
            "StatusLineTooLong",
            "TooManyFragments",
            "TooManyHeaders",
            "WebSocketException",
        ],
    ),
    ("websockets.frames", &["Close", "CloseCode", "Frame", "Opcode"]),
    ("websockets.http11", &["Request", "Response"]),
    ("websockets.protocol", &["Protocol", "Side", "State"]),
    ("websockets.server", &["ServerProtocol"]),
    (
        "websockets.typing",
        &["Data", "ExtensionName", "ExtensionParameter", "LoggerLike", "StatusLike", "Origin", "Subprotocol"],
    ),
];

/// The names of the legacy implementation, by the submodule that defines them. Their use is deprecated.
const LEGACY: [(&str, &[&str]); 5] = [
    ("websockets.legacy.auth", &["BasicAuthWebSocketServerProtocol", "basic_auth_protocol_factory"]),
    ("websockets.legacy.client", &["WebSocketClientProtocol"]),
    (
        "websockets.legacy.exceptions",
        &["AbortHandshake", "InvalidStatusCode", "RedirectHandshake", "WebSocketProtocolError"],
    ),
    ("websockets.legacy.protocol", &["WebSocketCommonProtocol"]),
    ("websockets.legacy.server", &["WebSocketServer", "WebSocketServerProtocol"]),
];

/// Submodules that are attributes of the package without having been imported, as scripts expect.
const SUBMODULES: [&str; 13] = [
    "asyncio",
    "client",
    "datastructures",
    "exceptions",
    "extensions",
    "frames",
    "headers",
    "http11",
    "legacy",
    "protocol",
    "server",
    "sync",
    "typing",
];

/// WebSocket clients and servers (RFC 6455), with the API of PyPI's websockets 17, in native code.
///
/// `websockets.connect(uri)` opens a connection and `websockets.serve(handler, host, port)` accepts them, for
/// asyncio; `websockets.sync.client` and `websockets.sync.server` are their twins for threads.
#[rustpython_vm::pymodule]
mod websockets {
    use rustpython_vm::builtins::{PyModule, PyUtf8StrRef};
    use rustpython_vm::{Py, PyObjectRef, PyResult, VirtualMachine};

    /// The release of PyPI's websockets that this module follows.
    #[pyattr(name = "__version__")]
    const VERSION: &str = "17.4";

    /// Imports a name when it is first used.
    #[pyfunction]
    fn __getattr__(name: PyUtf8StrRef, vm: &VirtualMachine) -> PyResult {
        super::lazy(vm, name.as_str())
    }

    /// All names, whether they are imported yet or not.
    #[pyfunction]
    fn __dir__(vm: &VirtualMachine) -> PyResult<Vec<PyObjectRef>> {
        super::dir(vm)
    }

    pub(crate) fn module_exec(vm: &VirtualMachine, module: &Py<PyModule>) -> PyResult<()> {
        __module_exec(vm, module);
        let names = super::names().map(|name| vm.ctx.new_str(name).into()).collect();
        module.set_attr("__all__", vm.ctx.new_list(names), vm)?;
        module.set_attr("__path__", vm.ctx.new_list(Vec::new()), vm)
    }
}

fn names() -> impl Iterator<Item = &'static str> {
    EXPORTS.iter().flat_map(|(_, names)| names.iter().copied())
}

fn dir(vm: &VirtualMachine) -> PyResult<Vec<rustpython_vm::PyObjectRef>> {
    let namespace = vm.import("websockets", 0)?.get_attr("__dict__", vm)?;
    let mut all: Vec<String> = namespace
        .try_into_value::<rustpython_vm::builtins::PyDictRef>(vm)?
        .into_iter()
        .filter_map(|(name, _)| Some(name.downcast::<rustpython_vm::builtins::PyStr>().ok()?.to_string()))
        .chain(names().map(str::to_owned))
        .chain(LEGACY.iter().flat_map(|(_, names)| names.iter().map(|&name| name.to_owned())))
        .collect();
    all.sort_unstable();
    all.dedup();
    Ok(all.into_iter().map(|name| vm.ctx.new_str(name).into()).collect())
}

/// Imports the submodule that has a name, and keeps the name in the package.
fn lazy(vm: &VirtualMachine, name: &str) -> PyResult {
    let package = vm.import("websockets", 0)?;
    if SUBMODULES.contains(&name) {
        vm.import(&vm.ctx.new_utf8_str(format!("websockets.{name}")), 0)?;
        let module = vm.sys_module.get_attr("modules", vm)?.get_item(&format!("websockets.{name}"), vm)?;
        package.set_attr(&vm.ctx.new_str(name), module.clone(), vm)?;
        return Ok(module);
    }
    if let Some(source) = source_of(&LEGACY, name) {
        let message = vm.ctx.new_str(format!("websockets.{name} is deprecated"));
        let category = vm.ctx.exceptions.deprecation_warning.to_owned();
        rustpython_vm::warn::warn(message.into(), Some(category), 1, None, vm)?;
        // It is not kept: each use is deprecated.
        return import_from(vm, source, name);
    }
    let Some(source) = source_of(&EXPORTS, name) else {
        return Err(vm.new_attribute_error(format!("module 'websockets' has no attribute '{name}'")));
    };
    let value = import_from(vm, source, name)?;
    package.set_attr(&vm.ctx.new_str(name), value.clone(), vm)?;
    Ok(value)
}

/// The submodule that defines a name.
fn source_of(table: &[(&'static str, &[&str])], name: &str) -> Option<&'static str> {
    table.iter().find(|(_, names)| names.contains(&name)).map(|(source, _)| *source)
}

/// What a submodule has under a name.
fn import_from(vm: &VirtualMachine, source: &'static str, name: &str) -> PyResult {
    vm.import(source, 0)?;
    let module = vm.sys_module.get_attr("modules", vm)?.get_item(source, vm)?;
    module.get_attr(&vm.ctx.new_str(name), vm)
}
