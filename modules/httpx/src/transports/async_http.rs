//! `httpx.AsyncHTTPTransport`.

use rustpython_vm::types::{Constructor, DefaultConstructor, Initializer};
use rustpython_vm::{Py, PyObjectRef, PyRef, PyResult, VirtualMachine, pyclass};
use tauraro_bridge::{coroutine, with_vm};

use super::args::HTTPTransportArgs;
use super::async_base::PyAsyncBaseTransport;
use super::pool::{Pool, PoolCell};
use super::respond;
use crate::request::PyRequest;

/// The transport of `AsyncClient`: connections over the network, kept in a pool. Takes the arguments
/// of `HTTPTransport`.
#[pyclass(module = "httpx", name = "AsyncHTTPTransport", base = PyAsyncBaseTransport)]
#[derive(Debug, Default)]
#[repr(C)]
pub(crate) struct PyAsyncHTTPTransport {
    base: PyAsyncBaseTransport,
    pool: PoolCell,
}

impl PyAsyncHTTPTransport {
    /// A transport over `pool`.
    pub(crate) fn new(pool: Pool) -> Self {
        Self { base: PyAsyncBaseTransport, pool: pool.into() }
    }

    /// The connections.
    ///
    /// # Errors
    /// `RuntimeError` on an object whose `__init__` did not run.
    pub(crate) fn pool(&self, vm: &VirtualMachine) -> PyResult<Pool> {
        self.pool.get(vm)
    }
}

impl DefaultConstructor for PyAsyncHTTPTransport {}

impl Initializer for PyAsyncHTTPTransport {
    type Args = HTTPTransportArgs;

    fn init(zelf: &Py<Self>, args: HTTPTransportArgs, vm: &VirtualMachine) -> PyResult<()> {
        zelf.pool.set_up(vm, args)
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer))]
impl PyAsyncHTTPTransport {
    /// Sends one request over the network and returns its response, whose body is still to be read.
    #[pymethod]
    fn handle_async_request(
        zelf: PyRef<Self>,
        request: PyRef<PyRequest>,
        vm: &VirtualMachine,
    ) -> PyObjectRef {
        coroutine(vm, "AsyncHTTPTransport.handle_async_request", move |mode| async move {
            let pool = with_vm(|vm| zelf.pool(vm))?;
            respond(pool, request, mode).await
        })
    }

    /// The connections as an object of `httpcore`, where test doubles look for the proxy.
    #[pygetset]
    fn _pool(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult {
        zelf.pool(vm)?.as_httpcore(vm, zelf.into())
    }

    /// Ends the idle connections.
    #[pymethod]
    fn aclose(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "AsyncHTTPTransport.aclose", move |_| async move {
            zelf.pool.close();
            Ok(with_vm(|vm| vm.ctx.none()))
        })
    }
}
