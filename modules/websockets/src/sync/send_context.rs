//! `Connection.send_context`.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::{
    AsObject, Py, PyObjectRef, PyPayload, PyRef, PyResult, Traverse, VirtualMachine, pyclass,
};
use tauraro_engine::websocket as engine;

use super::connection::Connection;

/// The context in which a connection's protocol may be used.
#[pyclass(module = "websockets.sync.connection", name = "SendContext", traverse)]
#[derive(Debug, PyPayload)]
pub(crate) struct SendContext {
    connection: PyRef<Connection>,
    #[pytraverse(skip)]
    expected: engine::State,
    #[pytraverse(skip)]
    entered: AtomicBool,
}

impl SendContext {
    pub(super) fn new(connection: PyRef<Connection>, expected: engine::State) -> Self {
        Self { connection, expected, entered: AtomicBool::new(false) }
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION))]
impl SendContext {
    #[pymethod]
    fn __enter__(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Connection::enter(&zelf.connection, zelf.expected, vm)?;
        zelf.entered.store(true, Relaxed);
        Ok(())
    }

    #[pymethod]
    fn __exit__(
        zelf: &Py<Self>,
        _class: PyObjectRef,
        error: Option<PyBaseExceptionRef>,
        _traceback: PyObjectRef,
        vm: &VirtualMachine,
    ) -> PyResult<bool> {
        if !zelf.entered.swap(false, Relaxed) {
            return Ok(false);
        }
        let body = error.clone().map_or(Ok(()), Err);
        match Connection::leave(&zelf.connection, body, super::connection::Flush::Unless, vm) {
            // The interpreter raises it again.
            Err(raised) if error.is_some_and(|error| error.is(raised.as_object())) => Ok(false),
            other => other.map(|()| false),
        }
    }
}
