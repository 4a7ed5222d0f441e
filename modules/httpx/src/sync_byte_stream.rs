//! `httpx.SyncByteStream`.

use rustpython_vm::types::{Constructor, DefaultConstructor, Initializer, Iterable};
use rustpython_vm::{
    Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, function::FuncArgs, pyclass,
};

/// The base of every body that can be iterated over without `await`.
///
/// Subclass it to write a body of your own: `__iter__` yields the chunks as `bytes`, and `close()`
/// gives up whatever the body holds.
#[pyclass(module = "httpx", name = "SyncByteStream")]
#[derive(Debug, Default, PyPayload)]
pub(crate) struct PySyncByteStream;

impl DefaultConstructor for PySyncByteStream {}

impl Initializer for PySyncByteStream {
    type Args = FuncArgs;

    fn init(_zelf: &Py<Self>, _args: FuncArgs, _vm: &VirtualMachine) -> PyResult<()> {
        Ok(())
    }
}

impl Iterable for PySyncByteStream {
    fn iter(_zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult {
        Err(vm.new_not_implemented_error("The '__iter__' method must be implemented."))
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer, Iterable))]
impl PySyncByteStream {
    /// Gives up what the body holds. Does nothing here; a subclass overrides it.
    #[pymethod]
    fn close(_zelf: PyObjectRef) {}
}
