//! Python modules that stand before or beside the standard library's, and the command line.

use rustpython_vm::frozen::{FrozenLib, FrozenModule};
use rustpython_vm::{PyResult, VirtualMachine, py_freeze};

/// Modules of the standard library that ours take the names of, and where ours find them.
const REPLACED: [(&str, &str); 1] = [("unittest.mock", "_stock_mock")];

/// The private modules of PyPI's httpx, which programs import public names from. All have the same
/// code but `_types`.
const PRIVATE: [&str; 21] = [
    "httpx._api",
    "httpx._auth",
    "httpx._client",
    "httpx._config",
    "httpx._content",
    "httpx._decoders",
    "httpx._exceptions",
    "httpx._main",
    "httpx._models",
    "httpx._multipart",
    "httpx._status_codes",
    "httpx._transports",
    "httpx._transports.asgi",
    "httpx._transports.base",
    "httpx._transports.default",
    "httpx._transports.mock",
    "httpx._transports.wsgi",
    "httpx._types",
    "httpx._urlparse",
    "httpx._urls",
    "httpx._utils",
];

/// The modules of httpcore's network backends, which have the names of their package.
const BACKENDS: [&str; 4] = [
    "httpcore._backends.anyio",
    "httpcore._backends.auto",
    "httpcore._backends.base",
    "httpcore._backends.sync",
];

/// Those of PyPI's httpx2 that have nothing of their own.
const PRIVATE_2: [&str; 16] = [
    "httpx2._auth",
    "httpx2._config",
    "httpx2._content",
    "httpx2._decoders",
    "httpx2._exceptions",
    "httpx2._main",
    "httpx2._models",
    "httpx2._multipart",
    "httpx2._transports",
    "httpx2._transports.asgi",
    "httpx2._transports.base",
    "httpx2._transports.default",
    "httpx2._transports.mock",
    "httpx2._transports.wsgi",
    "httpx2._urlparse",
    "httpx2._utils",
];

/// The modules to register after the standard library's, given those.
pub fn frozen_modules(
    stock: impl IntoIterator<Item = (&'static str, FrozenModule)>,
) -> Vec<(&'static str, FrozenModule)> {
    let command_line: &FrozenLib = py_freeze!(dir = "../python/command_line");
    let mut modules: Vec<_> = command_line.into_iter().collect();
    modules.extend(stock.into_iter().filter_map(|(name, module)| {
        let (_, moved) = REPLACED.iter().find(|(replaced, _)| *replaced == name)?;
        Some((*moved, module))
    }));
    modules.extend(py_freeze!(file = "../python/mock.py", module_name = "unittest.mock"));
    let packages: [&FrozenLib; 2] = [
        py_freeze!(file = "../python/httpcore.py", module_name = "httpcore"),
        py_freeze!(file = "../python/backends.py", module_name = "httpcore._backends"),
    ];
    for (name, module) in packages.into_iter().flatten() {
        modules.push((name, FrozenModule { package: true, ..module }));
    }
    let backends: &FrozenLib =
        py_freeze!(file = "../python/backends_names.py", module_name = "httpcore._backends._names");
    for (_, module) in backends {
        modules.extend(BACKENDS.map(|name| (name, module)));
    }
    modules.extend(py_freeze!(file = "../python/internals.py", module_name = "httpx._internals"));
    let private: &FrozenLib = py_freeze!(file = "../python/private.py", module_name = "httpx._private");
    for (_, module) in private {
        modules.extend(PRIVATE.map(|name| {
            let package = name == "httpx._transports";
            (name, FrozenModule { package, ..module })
        }));
        modules.extend(PRIVATE_2.map(|name| {
            let package = name == "httpx2._transports";
            (name, FrozenModule { package, ..module })
        }));
    }
    // After the table, whose entry it replaces.
    modules.extend(py_freeze!(file = "../python/types.py", module_name = "httpx._types"));
    let types: &FrozenLib = py_freeze!(file = "../python/types.py", module_name = "httpx2._types");
    modules.extend(types);
    let successor: &FrozenLib = py_freeze!(dir = "../python/successor");
    modules.extend(successor);
    modules
}

/// Whether `httpx.name` is a private module.
pub(crate) fn is_private(name: &str) -> bool {
    PRIVATE.iter().any(|module| module.strip_prefix("httpx.") == Some(name))
}

/// `httpx.main`, the command line. Importing it takes what few scripts need.
///
/// # Errors
/// What importing raises.
pub(crate) fn command_line(vm: &VirtualMachine) -> PyResult {
    vm.import("httpx._cli", 0)?.get_attr("_cli", vm)?.get_attr("main", vm)
}
