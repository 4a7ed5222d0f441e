//! The module and everything it exports.

use rustpython_vm::builtins::PyModuleDef;
use rustpython_vm::frozen::{FrozenLib, FrozenModule};
use rustpython_vm::{Context, PyResult, VirtualMachine, builtins::PyBaseExceptionRef, py_freeze};
use tauraro_engine::http::sse::EventTooLarge;

/// The definitions to register with an interpreter, the package first.
pub fn module_defs(ctx: &Context) -> Vec<&'static PyModuleDef> {
    vec![httpx_sse::module_def(ctx), _httpx_sse::module_def(ctx)]
}

/// The modules of the package that are written in Python, to register after the standard library's.
pub fn frozen_modules() -> Vec<(&'static str, FrozenModule)> {
    let package: &FrozenLib = py_freeze!(dir = "python");
    package.into_iter().collect()
}

/// Server-Sent Events over httpx, with the API of PyPI's httpx-sse 0.4, in native code.
///
/// `connect_sse(client, method, url)` and its twin `aconnect_sse` for an `AsyncClient` give, for the time
/// of a `with` block, an `EventSource`; its `iter_sse()` or `aiter_sse()` gives a `ServerSentEvent` as soon
/// as it has arrived.
#[rustpython_vm::pymodule]
mod httpx_sse {
    use rustpython_vm::builtins::{PyDictRef, PyModule};
    use rustpython_vm::scope::Scope;
    use rustpython_vm::{Py, PyResult, VirtualMachine};

    /// The release of PyPI's httpx-sse that this module follows.
    #[pyattr(name = "__version__")]
    const VERSION: &str = "0.4.3";

    pub(crate) fn module_exec(vm: &VirtualMachine, module: &Py<PyModule>) -> PyResult<()> {
        __module_exec(vm, module);
        module.set_attr("__path__", vm.ctx.new_list(Vec::new()), vm)?;
        let namespace: PyDictRef = module.get_attr("__dict__", vm)?.try_into_value(vm)?;
        let code = rustpython_vm::py_compile!(file = "httpx_sse.py", module_name = "httpx_sse");
        vm.run_code_obj(vm.ctx.new_code(code), Scope::with_builtins(None, namespace, vm)).map(drop)
    }
}

/// The native part of `httpx_sse`.
#[rustpython_vm::pymodule]
mod _httpx_sse {
    use rustpython_vm::builtins::PyModule;
    use rustpython_vm::class::PyClassImpl;
    use rustpython_vm::types::PyTypeFlags;
    use rustpython_vm::{Py, PyResult, VirtualMachine};

    use crate::event_decoder::PyEventDecoder;
    use crate::event_iterator::PyEventIterator;
    use crate::server_sent_event::PyServerSentEvent;

    /// How large an event may become by default, in bytes.
    #[pyattr]
    const DEFAULT_MAX_EVENT_SIZE: usize = tauraro_engine::http::sse::DEFAULT_LIMIT;

    pub(crate) fn module_exec(vm: &VirtualMachine, module: &Py<PyModule>) -> PyResult<()> {
        __module_exec(vm, module);
        let event = PyServerSentEvent::make_static_type();
        // As if written in Python: programs may patch it.
        event.slots.flags.remove_masked(PyTypeFlags::from_slice(&[PyTypeFlags::IMMUTABLETYPE]));
        module.set_attr("ServerSentEvent", event, vm)?;
        module.set_attr("EventDecoder", PyEventDecoder::make_static_type(), vm)?;
        module.set_attr("EventIterator", PyEventIterator::make_static_type(), vm)
    }
}

/// The `SSEError` for an event that is too large.
pub(crate) fn too_large(vm: &VirtualMachine, error: EventTooLarge) -> PyBaseExceptionRef {
    let make = || -> PyResult<PyBaseExceptionRef> {
        let class = vm.import("httpx_sse", 0)?.get_attr("SSEError", vm)?;
        class.call((error.to_string(),), vm)?.try_into_value(vm)
    };
    make().unwrap_or_else(|instead| instead)
}
