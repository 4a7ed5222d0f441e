//! `_tauraro_bench`: the smallest operations of the shared runtime, for benchmarks and tests of how
//! Python awaits them. Nothing else uses it.

use rustpython_vm::Context;
use rustpython_vm::builtins::PyModuleDef;

/// The definition to register with an interpreter.
pub fn module_def(ctx: &Context) -> &'static PyModuleDef {
    _tauraro_bench::module_def(ctx)
}

/// Operations that do nothing but be awaited: benchmarks measure with them, tests look at them.
#[rustpython_vm::pymodule]
mod _tauraro_bench {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::time::Duration;

    use rustpython_vm::common::lock::PyMutex;
    use rustpython_vm::function::ArgIntoFloat;
    use rustpython_vm::{Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass};
    use tauraro_bridge as bridge;

    /// How many `hang()`s are under way.
    static HANGING: AtomicUsize = AtomicUsize::new(0);

    struct Hanging;

    impl Hanging {
        fn new() -> Self {
            HANGING.fetch_add(1, SeqCst);
            Self
        }
    }

    impl Drop for Hanging {
        fn drop(&mut self) {
            HANGING.fetch_sub(1, SeqCst);
        }
    }

    /// An awaitable that the runtime completes at once; its result is `value`.
    #[pyfunction]
    fn complete(value: PyObjectRef, vm: &VirtualMachine) -> PyObjectRef {
        bridge::awaitable(vm, async {}, |(), _vm| Ok(value))
    }

    /// An awaitable that is complete already; its result is `value`.
    #[pyfunction]
    fn ready(value: PyObjectRef, vm: &VirtualMachine) -> PyObjectRef {
        bridge::ready(vm, Ok(value))
    }

    /// An awaitable that the runtime completes after so many seconds. Raises `ValueError` for a
    /// negative number.
    #[pyfunction]
    fn sleep(seconds: ArgIntoFloat, vm: &VirtualMachine) -> PyResult<PyObjectRef> {
        let seconds = seconds.into_float();
        let duration = Duration::try_from_secs_f64(seconds)
            .map_err(|error| vm.new_value_error(format!("cannot sleep {seconds} s: {error}")))?;
        let future = async move { tokio::time::sleep(duration).await };
        Ok(bridge::awaitable(vm, future, |(), vm| Ok(vm.ctx.none())))
    }

    /// An awaitable that is never complete.
    #[pyfunction]
    fn hang(vm: &VirtualMachine) -> PyObjectRef {
        let future = async {
            let _hanging = Hanging::new();
            std::future::pending::<()>().await;
        };
        bridge::awaitable(vm, future, |(), vm| Ok(vm.ctx.none()))
    }

    /// How many `hang()`s are under way.
    #[pyfunction]
    fn hanging() -> usize {
        HANGING.load(SeqCst)
    }

    /// An awaitable that raises `error` when the runtime has completed it.
    #[pyfunction]
    fn fail(error: PyObjectRef, vm: &VirtualMachine) -> PyObjectRef {
        bridge::awaitable(vm, async {}, |(), vm| match error.downcast() {
            Ok(error) => Err(error),
            Err(_) => Err(vm.new_type_error("fail() takes an exception")),
        })
    }

    /// An asynchronous iterator over the numbers below `stop`, each from the runtime.
    #[pyfunction]
    fn count(stop: usize) -> Counter {
        Counter { next: PyMutex::new(0), stop }
    }

    /// An asynchronous iterator of numbers, and an asynchronous context manager.
    #[pyattr]
    #[pyclass(module = "_tauraro_bench", name = "Counter")]
    #[derive(Debug, PyPayload)]
    struct Counter {
        next: PyMutex<usize>,
        stop: usize,
    }

    #[pyclass(flags(DISALLOW_INSTANTIATION))]
    impl Counter {
        #[pymethod]
        fn __aiter__(zelf: PyRef<Self>) -> PyRef<Self> {
            zelf
        }

        #[pymethod]
        fn __anext__(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
            let number = {
                let mut next = zelf.next.lock();
                let number = *next;
                *next = number.saturating_add(1);
                Some(number).filter(|number| *number < zelf.stop)
            };
            bridge::awaitable(vm, async move { number }, |number, vm| match number {
                Some(number) => Ok(vm.ctx.new_int(number).into()),
                None => Err(bridge::stop_async_iteration(vm)),
            })
        }

        #[pymethod]
        fn __aenter__(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyObjectRef {
            bridge::ready(vm, Ok(zelf.into()))
        }

        #[pymethod]
        fn __aexit__(
            _zelf: &Py<Self>,
            _exc_type: PyObjectRef,
            _exc: PyObjectRef,
            _traceback: PyObjectRef,
            vm: &VirtualMachine,
        ) -> PyObjectRef {
            bridge::ready(vm, Ok(vm.ctx.none()))
        }
    }
}
