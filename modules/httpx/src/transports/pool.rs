//! The connections of a native transport.

use std::sync::Arc;

use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::{PyObjectRef, PyResult, VirtualMachine};
use tauraro_engine::http::auth::basic;
use tauraro_engine::http::client::{Transport, TransportConfig};

use super::args::HTTPTransportArgs;
use crate::exceptions;

/// The engine's transport, made when first needed, and again when it is needed after being closed.
#[derive(Clone, Debug)]
pub(crate) struct Pool(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: TransportConfig,
    open: PyMutex<Option<Arc<Transport>>>,
}

impl Pool {
    /// Connections made as `config` says; none yet.
    pub(crate) fn new(config: TransportConfig) -> Self {
        Self(Arc::new(Inner { config, open: PyMutex::new(None) }))
    }

    /// The engine's transport.
    ///
    /// # Errors
    /// When the configuration contradicts itself.
    pub(crate) fn transport(&self, vm: &VirtualMachine) -> PyResult<Arc<Transport>> {
        if let Some(transport) = &*self.0.open.lock() {
            return Ok(Arc::clone(transport));
        }
        // Without the lock: what goes wrong becomes an exception of Python.
        let made = Transport::new(self.0.config.clone());
        let made = made.map_err(|error| exceptions::from_engine(vm, error, None))?;
        Ok(Arc::clone(self.0.open.lock().get_or_insert_with(|| Arc::new(made))))
    }

    /// An object of our `httpcore` that stands for the connections of `transport`, whose pool this is.
    ///
    /// # Errors
    /// What importing the module raises.
    pub(super) fn as_httpcore(&self, vm: &VirtualMachine, transport: PyObjectRef) -> PyResult {
        let make = vm.import("httpcore", 0)?.get_attr("_pool_of", vm)?;
        let Some(proxy) = &self.0.config.proxy else {
            return make.call((transport, vm.ctx.none(), vm.ctx.none(), vm.ctx.none()), vm);
        };
        let auth = proxy.auth.as_ref().map(|(username, password)| {
            vm.ctx.new_bytes(basic::credentials(username, password).into_bytes()).into()
        });
        let bytes = |bytes: &[u8]| PyObjectRef::from(vm.ctx.new_bytes(bytes.to_vec()));
        let headers = proxy
            .headers
            .iter()
            .map(|field| vm.ctx.new_tuple(vec![bytes(&field.name), bytes(&field.value)]).into());
        let headers = vm.ctx.new_list(headers.collect());
        make.call((transport, proxy.url.to_string(), vm.unwrap_or_none(auth), headers), vm)
    }

    /// Ends the idle connections; exchanges under way finish.
    pub(crate) fn close(&self) {
        let closed = self.0.open.lock().take();
        drop(closed);
    }
}

/// The connections of a transport object, from its `__init__` on.
#[derive(Debug, Default)]
pub(super) struct PoolCell(PyMutex<Option<Pool>>);

impl From<Pool> for PoolCell {
    fn from(pool: Pool) -> Self {
        Self(PyMutex::new(Some(pool)))
    }
}

impl PoolCell {
    /// `__init__`.
    ///
    /// # Errors
    /// As [`HTTPTransportArgs::config`].
    pub(super) fn set_up(&self, vm: &VirtualMachine, args: HTTPTransportArgs) -> PyResult<()> {
        let replaced = self.0.lock().replace(Pool::new(args.config(vm)?));
        drop(replaced);
        Ok(())
    }

    /// The connections.
    ///
    /// # Errors
    /// `RuntimeError` on an object whose `__init__` did not run.
    pub(super) fn get(&self, vm: &VirtualMachine) -> PyResult<Pool> {
        let uninitialized = || vm.new_runtime_error("the transport's __init__() has not been called");
        self.0.lock().clone().ok_or_else(uninitialized)
    }

    /// Ends the idle connections.
    pub(super) fn close(&self) {
        let pool = self.0.lock().clone();
        if let Some(pool) = pool {
            pool.close();
        }
    }
}
