//! What `await future` goes through.

use rustpython_vm::builtins::PyBaseException;
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::function::OptionalArg;
use rustpython_vm::protocol::PyIterReturn;
use rustpython_vm::types::{IterNext, SelfIter};
use rustpython_vm::{
    AsObject, Py, PyObjectRef, PyPayload, PyResult, Traverse, VirtualMachine, pyclass, warn,
};

use crate::future::Future;

/// The iterator of a future: yields it once, and returns its result.
#[pyclass(module = "_asyncio", name = "FutureIter", traverse)]
#[derive(Debug, PyPayload)]
pub(crate) struct FutureIter {
    future: PyMutex<Option<PyObjectRef>>,
}

impl FutureIter {
    pub(crate) fn new(future: PyObjectRef) -> Self {
        Self { future: PyMutex::new(Some(future)) }
    }

    fn forget(&self) {
        let future = self.future.lock().take();
        drop(future);
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(IterNext))]
impl FutureIter {
    /// Continues; `value` is not used.
    #[pymethod]
    fn send(zelf: &Py<Self>, _value: PyObjectRef, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        Self::next(zelf, vm)
    }

    /// Ends the iteration with the given exception.
    #[pymethod]
    fn throw(
        zelf: &Py<Self>,
        exc_type: PyObjectRef,
        exc_val: OptionalArg,
        exc_tb: OptionalArg,
        vm: &VirtualMachine,
    ) -> PyResult {
        if exc_val.is_present() || exc_tb.is_present() {
            let message = "the (type, val, tb) signature of throw() is deprecated, \
                           use throw(val) instead";
            let category = vm.ctx.exceptions.deprecation_warning.to_owned();
            warn::warn(vm.ctx.new_str(message).into(), Some(category), 1, None, vm)?;
        }
        zelf.forget();
        let (value, traceback) = (exc_val.unwrap_or_none(vm), exc_tb.unwrap_or_none(vm));
        if !vm.is_none(&traceback) && !traceback.fast_isinstance(vm.ctx.types.traceback_type) {
            return Err(vm.new_type_error("throw() third argument must be a traceback"));
        }
        if exc_type.fast_isinstance(vm.ctx.exceptions.base_exception_type) && !vm.is_none(&value) {
            return Err(vm.new_type_error("instance exception may not have a separate value"));
        }
        if let Some(class) = exc_type.downcast_ref::<rustpython_vm::builtins::PyType>()
            && !class.fast_issubclass(vm.ctx.exceptions.base_exception_type)
        {
            return Err(vm.new_type_error(
                "exceptions must be classes or instances deriving from BaseException, not type",
            ));
        }
        // An instance passes through as it is.
        match exc_type.downcast::<PyBaseException>() {
            Ok(error) => Err(error),
            Err(class) => Err(vm.normalize_exception(class, value, traceback)?),
        }
    }

    /// Ends the iteration.
    #[pymethod]
    fn close(zelf: &Py<Self>) {
        zelf.forget();
    }
}

impl SelfIter for FutureIter {}

impl IterNext for FutureIter {
    fn next(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        let Some(object) = zelf.future.lock().clone() else {
            return Ok(PyIterReturn::StopIteration(None));
        };
        let Some(future) = object.downcast_ref::<Future>() else {
            return Err(vm.new_system_error("the iterator of a future lost it"));
        };
        if let Some(outcome) = future.outcome(vm) {
            zelf.forget();
            return Ok(PyIterReturn::StopIteration(Some(outcome?)));
        }
        if future.is_blocking() {
            return Err(vm.new_runtime_error("await wasn't used with future"));
        }
        future.set_blocking(true);
        Ok(PyIterReturn::Return(object))
    }
}
