//! `httpx.AsyncByteStream`.

use rustpython_vm::builtins::PyTypeRef;
use rustpython_vm::class::StaticType;
use rustpython_vm::types::{Constructor, DefaultConstructor, Initializer, PyTypeFlags};
use rustpython_vm::{
    AsObject, Py, PyObjectRef, PyPayload, PyResult, VirtualMachine, function::FuncArgs, pyclass,
};
use tauraro_bridge::{coroutine, with_vm};

/// The base of every body that can be iterated over with `async for`.
///
/// Subclass it to write a body of your own: `__aiter__` yields the chunks as `bytes`, and the
/// coroutine `aclose()` gives up whatever the body holds.
#[pyclass(module = "httpx", name = "AsyncByteStream")]
#[derive(Debug, Default, PyPayload)]
pub(crate) struct PyAsyncByteStream;

impl PyAsyncByteStream {
    /// Makes it a base of a class that derives from `SyncByteStream`: a native class is made with one
    /// base only. The methods here take any object for that reason.
    ///
    /// # Errors
    /// `TypeError` for a class whose objects are laid out otherwise.
    pub(crate) fn add_to_bases(class: &PyTypeRef, vm: &VirtualMachine) -> PyResult<()> {
        let own = Self::static_type();
        if class.fast_issubclass(own) {
            return Ok(());
        }
        class.slots.flags.remove_masked(PyTypeFlags::from_slice(&[PyTypeFlags::IMMUTABLETYPE]));
        let mut bases: Vec<PyObjectRef> = class.bases.read().iter().map(|base| base.clone().into()).collect();
        bases.push(own.to_owned().into());
        let new = class.slots.new.load();
        class.as_object().set_attr("__bases__", vm.ctx.new_tuple(bases), vm)?;
        // It would go through Python's `__new__` otherwise, which refuses to make native objects.
        class.slots.new.store(new);
        Ok(())
    }
}

impl DefaultConstructor for PyAsyncByteStream {}

impl Initializer for PyAsyncByteStream {
    type Args = FuncArgs;

    fn init(_zelf: &Py<Self>, _args: FuncArgs, _vm: &VirtualMachine) -> PyResult<()> {
        Ok(())
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer))]
impl PyAsyncByteStream {
    #[pymethod]
    fn __aiter__(_zelf: PyObjectRef, vm: &VirtualMachine) -> PyResult {
        Err(vm.new_not_implemented_error("The '__aiter__' method must be implemented."))
    }

    /// Gives up what the body holds. Does nothing here; a subclass overrides it.
    #[pymethod]
    fn aclose(_zelf: PyObjectRef, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "AsyncByteStream.aclose", |_| async { Ok(with_vm(|vm| vm.ctx.none())) })
    }
}
