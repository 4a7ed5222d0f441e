//! `httpx.AsyncClient`.

use rustpython_vm::function::FuncArgs;
use rustpython_vm::types::{Constructor, DefaultConstructor, Initializer};
use rustpython_vm::{Py, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass};
use tauraro_bridge::{coroutine, with_vm};

use crate::async_stream_context::PyAsyncStreamContext;
use crate::client::{BodyArgs, Call, ClientArgs, PlainArgs, PyBaseClient, RequestArgs, SendCall};

/// An HTTP client for `asyncio`: a pool of connections, and what its requests have in common. Its
/// tasks can share it.
///
/// Takes the arguments of `Client`; transports, hooks and authentication schemes are asynchronous.
#[pyclass(module = "httpx", name = "AsyncClient", base = PyBaseClient, traverse)]
#[derive(Debug, Default)]
#[repr(transparent)]
pub(crate) struct PyAsyncClient(PyBaseClient);

impl PyAsyncClient {
    /// The coroutine of `self.request(...)`, by whatever name resolution finds. `with_body` says
    /// whether the calling method's signature has the arguments of a body.
    fn call_request(
        zelf: PyRef<Self>,
        name: &'static str,
        args: RequestArgs,
        with_body: bool,
        vm: &VirtualMachine,
    ) -> PyObjectRef {
        let client = zelf.into_base();
        coroutine(vm, name, move |surface| Call::of(client, surface).request(args, with_body))
    }
}

impl DefaultConstructor for PyAsyncClient {}

impl Initializer for PyAsyncClient {
    type Args = ClientArgs;

    fn init(zelf: &Py<Self>, args: ClientArgs, vm: &VirtualMachine) -> PyResult<()> {
        zelf.0.set_up(vm, args, true)
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer))]
impl PyAsyncClient {
    /// Builds and sends a request, and reads the response.
    #[pymethod]
    fn request(zelf: PyRef<Self>, args: RequestArgs, vm: &VirtualMachine) -> PyObjectRef {
        let client = zelf.into_base();
        coroutine(vm, "AsyncClient.request", move |surface| Call::of(client, surface).run_request(args))
    }

    /// Sends a `GET` request.
    #[pymethod]
    fn get(zelf: PyRef<Self>, args: PlainArgs, vm: &VirtualMachine) -> PyObjectRef {
        Self::call_request(zelf, "AsyncClient.get", args.with_method(vm, "GET"), false, vm)
    }

    /// Sends an `OPTIONS` request.
    #[pymethod]
    fn options(zelf: PyRef<Self>, args: PlainArgs, vm: &VirtualMachine) -> PyObjectRef {
        Self::call_request(zelf, "AsyncClient.options", args.with_method(vm, "OPTIONS"), false, vm)
    }

    /// Sends a `HEAD` request.
    #[pymethod]
    fn head(zelf: PyRef<Self>, args: PlainArgs, vm: &VirtualMachine) -> PyObjectRef {
        Self::call_request(zelf, "AsyncClient.head", args.with_method(vm, "HEAD"), false, vm)
    }

    /// Sends a `POST` request.
    #[pymethod]
    fn post(zelf: PyRef<Self>, args: BodyArgs, vm: &VirtualMachine) -> PyObjectRef {
        Self::call_request(zelf, "AsyncClient.post", args.with_method(vm, "POST"), true, vm)
    }

    /// Sends a `PUT` request.
    #[pymethod]
    fn put(zelf: PyRef<Self>, args: BodyArgs, vm: &VirtualMachine) -> PyObjectRef {
        Self::call_request(zelf, "AsyncClient.put", args.with_method(vm, "PUT"), true, vm)
    }

    /// Sends a `PATCH` request.
    #[pymethod]
    fn patch(zelf: PyRef<Self>, args: BodyArgs, vm: &VirtualMachine) -> PyObjectRef {
        Self::call_request(zelf, "AsyncClient.patch", args.with_method(vm, "PATCH"), true, vm)
    }

    /// Sends a `DELETE` request.
    #[pymethod]
    fn delete(zelf: PyRef<Self>, args: PlainArgs, vm: &VirtualMachine) -> PyObjectRef {
        Self::call_request(zelf, "AsyncClient.delete", args.with_method(vm, "DELETE"), false, vm)
    }

    /// Sends a request and gives its response with the body still to be read, for the time of an
    /// `async with` block.
    #[pymethod]
    fn stream(zelf: PyRef<Self>, args: RequestArgs, vm: &VirtualMachine) -> PyRef<PyAsyncStreamContext> {
        PyAsyncStreamContext::new(zelf.into_base(), args).into_ref(&vm.ctx)
    }

    /// Sends a request as it is. With `stream=True` the response's body is left to be read, and the
    /// response to be closed.
    #[pymethod]
    fn send(zelf: PyRef<Self>, args: SendCall, vm: &VirtualMachine) -> PyObjectRef {
        let client = zelf.into_base();
        coroutine(vm, "AsyncClient.send", move |surface| Call::of(client, surface).run_send(args))
    }

    /// Ends the connections. The client cannot be used afterwards.
    #[pymethod]
    fn aclose(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "AsyncClient.aclose", move |surface| async move {
            zelf.0.shut(&surface).await?;
            Ok(with_vm(|vm| vm.ctx.none()))
        })
    }

    #[pymethod]
    fn __aenter__(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "AsyncClient.__aenter__", move |surface| async move {
            zelf.0.enter(&surface).await?;
            Ok(zelf.into())
        })
    }

    #[pymethod]
    fn __aexit__(zelf: PyRef<Self>, exception: FuncArgs, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "AsyncClient.__aexit__", move |surface| async move {
            zelf.0.exit(exception, &surface).await?;
            Ok(with_vm(|vm| vm.ctx.none()))
        })
    }
}
