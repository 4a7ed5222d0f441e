//! `httpx.Client`.
//!
//! | file | what it does |
//! |---|---|
//! | `base` | what `Client` and `AsyncClient` have in common: settings and their properties |
//! | `args` | the arguments of the request methods |
//! | `config` | the arguments of `Client()` and the settings they become |
//! | `build` | one call's arguments merged with the settings: a request |
//! | `call` | what the methods do, for both surfaces |
//! | `route` | which transport a URL is for: mounts, proxies, the environment |
//! | `send` | authentication, redirects, and one hop after the other |
//! | `hop` | one request over its transport |
//! | `log` | a line for each hop, where a program listens |
//! | `wire` | one request over the engine's connections |
//! | `upload` | the same for a body that Python code yields |

mod args;
mod base;
mod build;
mod call;
mod config;
mod dispatch;
mod hop;
mod log;
mod route;
mod send;
mod stream_context;
mod upload;
mod use_client_default;
mod wire;

use rustpython_vm::builtins::PyTypeRef;
use rustpython_vm::class::PyClassImpl;
use rustpython_vm::function::FuncArgs;
use rustpython_vm::types::{Constructor, DefaultConstructor, Initializer};
use rustpython_vm::{Py, PyPayload, PyRef, PyResult, VirtualMachine, pyclass};
use tauraro_bridge::{Surface, complete};

pub(crate) use args::{BodyArgs, HeadArgs, PlainArgs, RequestArgs, SendArgs, SendCall, TransportArgs};
pub(crate) use base::PyBaseClient;
pub(crate) use call::Call;
use config::Settings;
pub(crate) use config::{ClientArgs, DEFAULT_MAX_DECODED_SIZE};
pub(crate) use route::{pattern_from, variables};
pub(crate) use stream_context::PyStreamContext;
pub(crate) use use_client_default::use_client_default;
pub(crate) use wire::{Answer, exchange};

/// An HTTP client: a pool of connections, and what its requests have in common. It can be shared
/// between threads. `Session` is another name for it.
///
/// `max_decoded_size`, which is Tauraro's own, bounds in bytes what a compressed body may decode to
/// in memory; `None` lifts the bound.
#[pyclass(module = "httpx", name = "Client", base = PyBaseClient, traverse)]
#[derive(Debug, Default)]
#[repr(transparent)]
pub(crate) struct PyClient(PyBaseClient);

/// The classes that are not exported.
pub(crate) fn hidden_classes() -> Vec<PyTypeRef> {
    vec![
        // The base of the next, which must be there first.
        crate::sync_byte_stream::PySyncByteStream::make_static_type(),
        PyBaseClient::make_static_type(),
        PyStreamContext::make_static_type(),
        crate::async_stream_context::PyAsyncStreamContext::make_static_type(),
        use_client_default::PyUseClientDefault::make_static_type(),
    ]
}

impl PyClient {
    /// A client made from Rust.
    ///
    /// # Errors
    /// As `Client()`.
    pub(crate) fn create(vm: &VirtualMachine, args: ClientArgs) -> PyResult<PyRef<Self>> {
        let client = Self(PyBaseClient::new(Settings::new(vm, args, false)?));
        Ok(client.into_ref(&vm.ctx))
    }

    /// Closes the client.
    ///
    /// # Errors
    /// What closing a transport raises.
    pub(crate) fn shut(&self, vm: &VirtualMachine) -> PyResult<()> {
        complete(vm, self.0.shut(&Surface::Blocking))
    }

    /// `self.request(...)`, by whatever name resolution finds. `with_body` says whether the calling
    /// method's signature has the arguments of a body.
    ///
    /// # Errors
    /// As `request`.
    pub(crate) fn call_request(
        zelf: PyRef<Self>,
        args: RequestArgs,
        with_body: bool,
        vm: &VirtualMachine,
    ) -> PyResult {
        complete(vm, Call::of(zelf.into_base(), Surface::Blocking).request(args, with_body))
    }
}

impl DefaultConstructor for PyClient {}

impl Initializer for PyClient {
    type Args = ClientArgs;

    fn init(zelf: &Py<Self>, args: ClientArgs, vm: &VirtualMachine) -> PyResult<()> {
        zelf.0.set_up(vm, args, false)
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer))]
impl PyClient {
    /// Builds and sends a request, and reads the response.
    #[pymethod]
    fn request(zelf: PyRef<Self>, args: RequestArgs, vm: &VirtualMachine) -> PyResult {
        complete(vm, Call::of(zelf.into_base(), Surface::Blocking).run_request(args))
    }

    /// Sends a `GET` request.
    #[pymethod]
    fn get(zelf: PyRef<Self>, args: PlainArgs, vm: &VirtualMachine) -> PyResult {
        Self::call_request(zelf, args.with_method(vm, "GET"), false, vm)
    }

    /// Sends an `OPTIONS` request.
    #[pymethod]
    fn options(zelf: PyRef<Self>, args: PlainArgs, vm: &VirtualMachine) -> PyResult {
        Self::call_request(zelf, args.with_method(vm, "OPTIONS"), false, vm)
    }

    /// Sends a `HEAD` request.
    #[pymethod]
    fn head(zelf: PyRef<Self>, args: PlainArgs, vm: &VirtualMachine) -> PyResult {
        Self::call_request(zelf, args.with_method(vm, "HEAD"), false, vm)
    }

    /// Sends a `POST` request.
    #[pymethod]
    fn post(zelf: PyRef<Self>, args: BodyArgs, vm: &VirtualMachine) -> PyResult {
        Self::call_request(zelf, args.with_method(vm, "POST"), true, vm)
    }

    /// Sends a `PUT` request.
    #[pymethod]
    fn put(zelf: PyRef<Self>, args: BodyArgs, vm: &VirtualMachine) -> PyResult {
        Self::call_request(zelf, args.with_method(vm, "PUT"), true, vm)
    }

    /// Sends a `PATCH` request.
    #[pymethod]
    fn patch(zelf: PyRef<Self>, args: BodyArgs, vm: &VirtualMachine) -> PyResult {
        Self::call_request(zelf, args.with_method(vm, "PATCH"), true, vm)
    }

    /// Sends a `DELETE` request.
    #[pymethod]
    fn delete(zelf: PyRef<Self>, args: PlainArgs, vm: &VirtualMachine) -> PyResult {
        Self::call_request(zelf, args.with_method(vm, "DELETE"), false, vm)
    }

    /// Sends a request and gives its response with the body still to be read, for the time of a
    /// `with` block.
    #[pymethod]
    fn stream(zelf: PyRef<Self>, args: RequestArgs, vm: &VirtualMachine) -> PyRef<PyStreamContext> {
        PyStreamContext::new(zelf, args, false).into_ref(&vm.ctx)
    }

    /// Sends a request as it is. With `stream=True` the response's body is left to be read, and the
    /// response to be closed.
    #[pymethod]
    fn send(zelf: PyRef<Self>, args: SendCall, vm: &VirtualMachine) -> PyResult {
        complete(vm, Call::of(zelf.into_base(), Surface::Blocking).run_send(args))
    }

    /// Ends the connections. The client cannot be used afterwards.
    #[pymethod]
    fn close(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        zelf.shut(vm)
    }

    #[pymethod]
    fn __enter__(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult<PyRef<Self>> {
        complete(vm, zelf.0.enter(&Surface::Blocking))?;
        Ok(zelf)
    }

    #[pymethod]
    fn __exit__(zelf: &Py<Self>, exception: FuncArgs, vm: &VirtualMachine) -> PyResult<()> {
        complete(vm, zelf.0.exit(exception, &Surface::Blocking))
    }
}
