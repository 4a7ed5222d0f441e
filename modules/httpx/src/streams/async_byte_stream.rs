//! `httpx.AsyncByteStream`.

use rustpython_vm::{PyObjectRef, PyPayload, PyResult, VirtualMachine, pyclass};
use tauraro_bridge::{coroutine, with_vm};

/// The base of every body that can be iterated over with `async for`.
///
/// Subclass it to write a body of your own: `__aiter__` yields the chunks as `bytes`, and the
/// coroutine `aclose()` gives up whatever the body holds.
///
/// It is the second base of bodies of both kinds: its methods take any object.
#[pyclass(module = "httpx", name = "AsyncByteStream")]
#[derive(Debug, Default, PyPayload)]
pub(crate) struct AsyncByteStream;

// Has no constructor: objects are made by `object`, so that a class may name a class of its own before
// this one. The methods take any object for that reason.
#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF))]
impl AsyncByteStream {
    #[pymethod]
    fn __aiter__(_zelf: PyObjectRef, vm: &VirtualMachine) -> PyResult {
        Err(vm.new_not_implemented_error("The '__aiter__' method must be implemented."))
    }

    /// Gives up what the body holds. Does nothing here; a subclass overrides it.
    #[pymethod]
    fn aclose(_zelf: PyObjectRef, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "AsyncByteStream.aclose", move |_| async { Ok(with_vm(|vm| vm.ctx.none())) })
    }
}
