//! `Connection.protocol_mutex`.

use std::sync::Arc;

use rustpython_vm::function::{ArgIntoFloat, FuncArgs};
use rustpython_vm::{FromArgs, Py, PyPayload, PyRef, PyResult, VirtualMachine, pyclass};

use super::waiting::{Deadline, InterruptibleMutex};

/// A lock as `threading.Lock` makes them: it serializes the use of a connection's protocol object.
#[pyclass(module = "websockets.sync.connection", name = "ProtocolMutex")]
#[derive(Debug, PyPayload)]
pub(crate) struct ProtocolMutex {
    lock: Arc<InterruptibleMutex>,
}

impl ProtocolMutex {
    pub(super) fn new(lock: Arc<InterruptibleMutex>) -> Self {
        Self { lock }
    }
}

#[derive(FromArgs)]
pub(crate) struct AcquireArgs {
    #[pyarg(any, default = true)]
    blocking: bool,
    #[pyarg(any, default)]
    timeout: Option<ArgIntoFloat>,
}

#[pyclass(flags(DISALLOW_INSTANTIATION))]
impl ProtocolMutex {
    /// Takes the lock, waiting for it `timeout` seconds at most unless that is negative. Returns whether it did.
    #[pymethod]
    fn acquire(zelf: &Py<Self>, args: AcquireArgs, vm: &VirtualMachine) -> PyResult<bool> {
        let timeout = if args.blocking {
            args.timeout.map(f64::from).filter(|timeout| *timeout >= 0.0)
        } else {
            Some(0.0)
        };
        zelf.lock.acquire(Deadline::after(timeout), vm)
    }

    /// Releases the lock. Raises `RuntimeError` if it is not taken.
    #[pymethod]
    fn release(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        if !zelf.lock.is_taken() {
            return Err(vm.new_runtime_error("release unlocked lock"));
        }
        zelf.lock.release();
        Ok(())
    }

    /// Whether it is taken.
    #[pymethod]
    fn locked(zelf: &Py<Self>) -> bool {
        zelf.lock.is_taken()
    }

    #[pymethod]
    fn __enter__(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult<bool> {
        zelf.lock.acquire(Deadline::NEVER, vm)
    }

    #[pymethod]
    fn __exit__(zelf: &Py<Self>, _args: FuncArgs) {
        zelf.lock.release();
    }
}
