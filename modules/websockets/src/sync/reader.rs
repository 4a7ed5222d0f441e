//! The background thread of a connection.

use std::sync::Arc;

use rustpython_vm::types::Callable;
use rustpython_vm::{AsObject, Py, PyPayload, PyResult, PyWeakRef, VirtualMachine, pyclass};

use super::connection::{Connection, Core, WaitArgs, run};
use super::waiting::Deadline;

/// Called without arguments, it reads a connection until its end.
///
/// It does not keep the connection alive: one without references is closed.
#[pyclass(module = "websockets.sync.connection", name = "Reader")]
#[derive(PyPayload)]
pub(crate) struct Reader {
    core: Arc<Core>,
    connection: PyWeakRef<Connection>,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("core", &self.core).finish_non_exhaustive()
    }
}

impl Reader {
    /// The reader of a connection.
    ///
    /// # Errors
    /// `TypeError` if there can be no weak reference to the connection, which does not happen.
    pub(super) fn new(connection: &Py<Connection>, vm: &VirtualMachine) -> PyResult<Self> {
        Ok(Self { core: connection.core.clone(), connection: connection.downgrade(None, vm)? })
    }
}

/// Wakes the threads that wait for the end of reading, however it ends.
struct Ending<'a>(&'a Core);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.ended.set();
    }
}

impl Callable for Reader {
    type Args = ();

    fn call(zelf: &Py<Self>, _args: (), vm: &VirtualMachine) -> PyResult {
        let ending = Ending(&zelf.core);
        let overridden = zelf
            .connection
            .upgrade()
            .filter(|connection| Connection::overrides(connection, "recv_events", vm));
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
impl Reader {
    /// Waits until reading has ended, for `timeout` seconds at most. Returns whether it has.
    #[pymethod]
    fn wait(zelf: &Py<Self>, args: WaitArgs, vm: &VirtualMachine) -> PyResult<bool> {
        zelf.core.ended.wait(Deadline::after(args.timeout.map(Into::into)), vm)
    }
}
