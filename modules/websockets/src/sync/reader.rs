//! What a connection's background thread runs.

use std::sync::Arc;

use rustpython_vm::types::Callable;
use rustpython_vm::{AsObject, Py, PyPayload, PyResult, PyWeakRef, VirtualMachine, pyclass};

use super::connection::{Core, PyConnection, WaitArgs, run};
use super::waiting::Deadline;

/// Called without arguments, it reads a connection until its end.
///
/// It does not keep the connection alive: one that nobody has any more is closed.
#[pyclass(module = "websockets.sync.connection", name = "Reader")]
#[derive(PyPayload)]
pub(crate) struct PyReader {
    core: Arc<Core>,
    connection: PyWeakRef<PyConnection>,
}

impl std::fmt::Debug for PyReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PyReader").field("core", &self.core).finish_non_exhaustive()
    }
}

impl PyReader {
    /// The reader of a connection.
    ///
    /// # Errors
    /// `TypeError` for an object that cannot be referred to weakly, of which there are none.
    pub(super) fn new(connection: &Py<PyConnection>, vm: &VirtualMachine) -> PyResult<Self> {
        Ok(Self { core: connection.core.clone(), connection: connection.downgrade(None, vm)? })
    }
}

/// Tells everybody when reading has ended, however it has.
struct Ending<'a>(&'a Core);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.ended.set();
    }
}

impl Callable for PyReader {
    type Args = ();

    fn call(zelf: &Py<Self>, _args: (), vm: &VirtualMachine) -> PyResult {
        let ending = Ending(&zelf.core);
        let overridden = zelf
            .connection
            .upgrade()
            .filter(|connection| PyConnection::overrides(connection, "recv_events", vm));
        let result = if let Some(connection) = overridden {
            vm.call_method(connection.as_object(), "recv_events", ())
        } else {
            run(&zelf.core, || zelf.connection.upgrade(), vm);
            Ok(vm.ctx.none())
        };
        drop(ending);
        if let Some(connection) = zelf.connection.upgrade() {
            vm.call_method(connection.as_object(), "_reading_ended", ())?;
        }
        result
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(Callable))]
impl PyReader {
    /// Waits until nothing is read any more, for `timeout` seconds at most. Returns whether it is so.
    #[pymethod]
    fn wait(zelf: &Py<Self>, args: WaitArgs, vm: &VirtualMachine) -> PyResult<bool> {
        zelf.core.ended.wait(Deadline::after(args.timeout.map(Into::into)), vm)
    }
}
