//! Modules that cannot be imported.

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::{AsObject, VirtualMachine};

use crate::cli::compile::application::Application;

/// Other clients for what `httpx` does.
const HTTP_CLIENTS: &[&str] = &["aiohttp", "httplib2", "pycurl", "requests", "urllib3"];

/// Popular packages with native parts, which no folder can provide.
const WITH_NATIVE_PARTS: &[&str] = &[
    "PIL",
    "bcrypt",
    "cryptography",
    "cv2",
    "greenlet",
    "grpc",
    "lxml",
    "matplotlib",
    "numpy",
    "orjson",
    "pandas",
    "psycopg2",
    "pydantic_core",
    "pyarrow",
    "scipy",
    "sklearn",
    "tensorflow",
    "torch",
    "zmq",
];

/// For a module that is neither built in nor found. A submodule missing in a package that was found needs no hint.
pub(super) fn missing(vm: &VirtualMachine, exception: &PyBaseExceptionRef) -> Option<String> {
    if !exception.class().is(vm.ctx.exceptions.module_not_found_error) {
        return None;
    }
    let name = exception.as_object().get_attr("name", vm).ok()?;
    let name: String = name.try_into_value(vm).ok()?;
    if name.is_empty() || name.contains('.') {
        return None;
    }
    let standard = vm.sys_module.get_attr("stdlib_module_names", vm).ok();
    let standard = standard.and_then(|names| {
        vm.call_method(&names, "__contains__", (name.as_str(),)).ok()?.try_to_bool(vm).ok()
    });
    Some(if standard == Some(true) {
        format!("'{name}' is a module of Python's standard library that this runtime does not have")
    } else if Application::is_running() {
        format!("'{name}' is not in this application; add it when compiling: --include {name}")
    } else if HTTP_CLIENTS.contains(&name.as_str()) {
        format!("'{name}' is not built in; httpx is, and does the same: import httpx")
    } else if WITH_NATIVE_PARTS.contains(&name.as_str()) {
        format!("'{name}' has parts in C, which do not run here")
    } else {
        format!(
            "'{name}' is not built in. A package of Python code alone can be used from the folder of the script, \
             from one that PYTHONPATH names, or from site-packages"
        )
    })
}
