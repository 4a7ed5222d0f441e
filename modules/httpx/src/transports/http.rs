//! `httpx.HTTPTransport`.

use rustpython_vm::class::StaticType;
use rustpython_vm::function::FuncArgs;
use rustpython_vm::types::{Constructor, DefaultConstructor, Initializer};
use rustpython_vm::{AsObject, Py, PyObjectRef, PyRef, PyResult, VirtualMachine, pyclass};
use tauraro_bridge::{ExecutionMode, NativeMethods, OverrideCache, poll_to_completion};

use super::args::HTTPTransportArgs;
use super::base::BaseTransport;
use super::pool::{Pool, PoolCell};
use super::respond;
use crate::request::Request;

/// The transport of `Client`: connections over the network, kept in a pool. Make one to set what the
/// client's own arguments do not, or to wrap it in a transport of your own.
///
/// Arguments: `verify`, `cert`, `trust_env`, `http1`, `http2`, `limits` and `proxy` as for `Client`;
/// `uds` the path of a Unix socket to connect to, whatever the URL's host; `local_address` the IP
/// address to connect from; `retries` how often a failed attempt to connect is repeated, at once,
/// after half a second, after one second and so on; `socket_options` a list of
/// `(level, name, value)`, as for `socket.setsockopt`.
///
/// Raises `TypeError`, `ValueError` or `OSError` for an argument that makes no sense.
#[pyclass(module = "httpx", name = "HTTPTransport", base = BaseTransport)]
#[derive(Debug, Default)]
#[repr(C)]
pub(crate) struct HTTPTransport {
    base: BaseTransport,
    pool: PoolCell,
    overrides: OverrideCache,
}

static METHODS: NativeMethods<1> = NativeMethods::new(HTTPTransport::static_type, ["handle_request"]);

impl HTTPTransport {
    /// Whether requests are handled by this class, and not by a method of a subclass or of a test.
    pub(crate) fn is_native(zelf: &Py<Self>, vm: &VirtualMachine) -> bool {
        zelf.overrides.overrides(zelf.as_object(), &METHODS, vm).is_empty()
    }

    /// A transport over `pool`.
    pub(crate) fn new(pool: Pool) -> Self {
        Self { base: BaseTransport, pool: pool.into(), overrides: OverrideCache::default() }
    }

    /// The connections.
    ///
    /// # Errors
    /// `RuntimeError` on an object whose `__init__` did not run.
    pub(crate) fn pool(&self, vm: &VirtualMachine) -> PyResult<Pool> {
        self.pool.get(vm)
    }
}

impl DefaultConstructor for HTTPTransport {}

impl Initializer for HTTPTransport {
    type Args = HTTPTransportArgs;

    fn init(zelf: &Py<Self>, args: HTTPTransportArgs, vm: &VirtualMachine) -> PyResult<()> {
        zelf.pool.set_up(vm, args)
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer))]
impl HTTPTransport {
    /// Sends one request over the network and returns its response, whose body is still to be read.
    #[pymethod]
    fn handle_request(zelf: &Py<Self>, request: PyRef<Request>, vm: &VirtualMachine) -> PyResult {
        let pool = zelf.pool(vm)?;
        poll_to_completion(vm, respond(pool, request, ExecutionMode::Blocking))
    }

    /// The connections as an object of `httpcore`, where test doubles look for the proxy.
    #[pygetset]
    fn _pool(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult {
        zelf.pool(vm)?.as_httpcore(vm, zelf.into())
    }

    /// Ends the idle connections.
    #[pymethod]
    fn close(zelf: &Py<Self>) {
        zelf.pool.close();
    }

    #[pymethod]
    fn __enter__(zelf: PyRef<Self>) -> PyRef<Self> {
        zelf
    }

    #[pymethod]
    fn __exit__(zelf: PyRef<Self>, _exception: FuncArgs, vm: &VirtualMachine) -> PyResult<()> {
        let zelf: PyObjectRef = zelf.into();
        vm.call_method(&zelf, "close", ()).map(drop)
    }
}
