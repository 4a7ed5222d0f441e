//! `httpx.AsyncHTTPTransport`.

use rustpython_vm::class::StaticType;
use rustpython_vm::types::{Constructor, DefaultConstructor, Initializer};
use rustpython_vm::{AsObject, Py, PyObjectRef, PyRef, PyResult, VirtualMachine, pyclass};
use tauraro_bridge::{NativeMethods, OverrideCache, coroutine, with_vm};

use super::args::HTTPTransportArgs;
use super::async_base::AsyncBaseTransport;
use super::pool::{Pool, PoolCell};
use super::respond;
use crate::request::Request;

/// The transport of `AsyncClient`: connections over the network, kept in a pool. Takes the arguments
/// of `HTTPTransport`.
#[pyclass(module = "httpx", name = "AsyncHTTPTransport", base = AsyncBaseTransport)]
#[derive(Debug, Default)]
#[repr(C)]
pub(crate) struct AsyncHTTPTransport {
    base: AsyncBaseTransport,
    pool: PoolCell,
    overrides: OverrideCache,
}

static METHODS: NativeMethods<1> =
    NativeMethods::new(AsyncHTTPTransport::static_type, ["handle_async_request"]);

impl AsyncHTTPTransport {
    /// Whether requests are handled by this class, and not by a method of a subclass or of a test.
    pub(crate) fn is_native(zelf: &Py<Self>, vm: &VirtualMachine) -> bool {
        zelf.overrides.overrides(zelf.as_object(), &METHODS, vm).is_empty()
    }

    /// A transport over `pool`.
    pub(crate) fn new(pool: Pool) -> Self {
        Self { base: AsyncBaseTransport, pool: pool.into(), overrides: OverrideCache::default() }
    }

    /// The connections.
    ///
    /// # Errors
    /// `RuntimeError` on an object whose `__init__` did not run.
    pub(crate) fn pool(&self, vm: &VirtualMachine) -> PyResult<Pool> {
        self.pool.get(vm)
    }
}

impl DefaultConstructor for AsyncHTTPTransport {}

impl Initializer for AsyncHTTPTransport {
    type Args = HTTPTransportArgs;

    fn init(zelf: &Py<Self>, args: HTTPTransportArgs, vm: &VirtualMachine) -> PyResult<()> {
        zelf.pool.set_up(vm, args)
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer))]
impl AsyncHTTPTransport {
    /// Sends one request over the network and returns its response, whose body is still to be read.
    #[pymethod]
    fn handle_async_request(zelf: PyRef<Self>, request: PyRef<Request>, vm: &VirtualMachine) -> PyObjectRef {
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
