//! `httpx.SyncByteStream`.

use rustpython_vm::types::Iterable;
use rustpython_vm::{PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass};

/// The base of every body that can be iterated over without `await`.
///
/// Subclass it to write a body of your own: `__iter__` yields the chunks as `bytes`, and `close()`
/// gives up whatever the body holds.
#[pyclass(module = "httpx", name = "SyncByteStream")]
#[derive(Debug, Default, PyPayload)]
pub(crate) struct SyncByteStream;

impl Iterable for SyncByteStream {
    fn slot_iter(_zelf: PyObjectRef, vm: &VirtualMachine) -> PyResult {
        Err(vm.new_not_implemented_error("The '__iter__' method must be implemented."))
    }

    fn iter(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult {
        Self::slot_iter(zelf.into(), vm)
    }
}

// Has no constructor: objects are made by `object`, so that a class may name a class of its own before
// this one. The methods take any object for that reason.
#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Iterable))]
impl SyncByteStream {
    /// Gives up what the body holds. Does nothing here; a subclass overrides it.
    #[pymethod]
    fn close(_zelf: PyObjectRef) {}
}
