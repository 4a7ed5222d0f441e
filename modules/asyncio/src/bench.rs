//! `_tauraro_bench`: the smallest operations of the shared runtime, for benchmarks and tests of how
//! Python awaits them. Compiled only with the feature `test-support`, which tests enable and releases do not.

use rustpython_vm::Context;
use rustpython_vm::builtins::PyModuleDef;

/// The definition to register with an interpreter.
pub(crate) fn module_def(ctx: &Context) -> &'static PyModuleDef {
    _tauraro_bench::module_def(ctx)
}

/// Operations that do nothing but be awaited: benchmarks measure with them, tests look at them.
#[rustpython_vm::pymodule]
mod _tauraro_bench {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::time::Duration;

    use rustpython_vm::builtins::PyModule;
    use rustpython_vm::class::StaticType;
    use rustpython_vm::common::lock::PyMutex;
    use rustpython_vm::function::{ArgBytesLike, ArgIntoFloat};
    use rustpython_vm::types::{Constructor, DefaultConstructor, PyTypeFlags};
    use rustpython_vm::{
        Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, Traverse, VirtualMachine, pyclass,
    };
    use tauraro_bridge as bridge;

    use crate::transport::{Receiver, SocketTransport, register_receiver};

    #[expect(clippy::unnecessary_wraps, reason = "the signature the module is executed by")]
    pub(crate) fn module_exec(vm: &VirtualMachine, module: &Py<PyModule>) -> PyResult<()> {
        __module_exec(vm, module);
        let class = EchoProtocol::static_type();
        // As if written in Python: tests patch it.
        class.slots.flags.remove_masked(PyTypeFlags::from_slice(&[PyTypeFlags::IMMUTABLETYPE]));
        let receiver =
            Receiver { data_received: EchoProtocol::receive, eof_received: |_protocol, _vm| Ok(false) };
        register_receiver(class, receiver, vm);
        Ok(())
    }

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

    /// A protocol in native code that sends back what it receives, with a native transport or another.
    #[pyattr]
    #[pyclass(module = "_tauraro_bench", name = "EchoProtocol", traverse)]
    #[derive(Debug, Default, PyPayload)]
    struct EchoProtocol {
        transport: PyMutex<Option<PyObjectRef>>,
        #[pytraverse(skip)]
        native: AtomicUsize,
    }

    impl DefaultConstructor for EchoProtocol {}

    impl EchoProtocol {
        fn receive(protocol: &PyObject, data: &[u8], vm: &VirtualMachine) -> PyResult<()> {
            let Some(zelf) = protocol.downcast_ref::<Self>() else {
                return Err(vm.new_type_error("not an EchoProtocol"));
            };
            zelf.native.fetch_add(1, SeqCst);
            zelf.send(data, vm)
        }

        fn send(&self, data: &[u8], vm: &VirtualMachine) -> PyResult<()> {
            let Some(transport) = self.transport.lock().clone() else {
                return Ok(());
            };
            if let Some(native) = SocketTransport::of(&transport, vm) {
                return SocketTransport::write_native(native, data, vm);
            }
            vm.call_method(&transport, "write", (vm.ctx.new_bytes(data.to_vec()),)).map(drop)
        }
    }

    #[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor))]
    impl EchoProtocol {
        /// How many times data came without a Python call.
        #[pygetset]
        fn native(zelf: &Py<Self>) -> usize {
            zelf.native.load(SeqCst)
        }

        #[pymethod]
        fn connection_made(zelf: &Py<Self>, transport: PyObjectRef) {
            *zelf.transport.lock() = Some(transport);
        }

        #[pymethod]
        fn data_received(zelf: &Py<Self>, data: ArgBytesLike, vm: &VirtualMachine) -> PyResult<()> {
            let data = data.borrow_buf().to_vec();
            zelf.send(&data, vm)
        }

        #[pymethod]
        fn eof_received(_zelf: &Py<Self>) {}

        #[pymethod]
        fn pause_writing(_zelf: &Py<Self>) {}

        #[pymethod]
        fn resume_writing(_zelf: &Py<Self>) {}

        #[pymethod]
        fn connection_lost(zelf: &Py<Self>, _exc: PyObjectRef) {
            *zelf.transport.lock() = None;
        }
    }
}
