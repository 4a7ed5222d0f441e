//! `httpx.MockTransport`.

use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::types::{Constructor, DefaultConstructor, Initializer};
use rustpython_vm::{AsObject, FromArgs, Py, PyObjectRef, PyRef, PyResult, VirtualMachine, pyclass};
use tauraro_bridge::{coroutine, with_vm};

use super::base::BaseTransport;
use crate::request::Request;
use crate::response::Response;

/// A transport that asks a function: it takes the request, whose body has been read, and returns the
/// response. For both clients; with `AsyncClient` the function may be an `async` one.
#[pyclass(module = "httpx", name = "MockTransport", base = BaseTransport, traverse)]
#[derive(Debug, Default)]
#[repr(C)]
pub(crate) struct MockTransport {
    #[pytraverse(skip)]
    base: BaseTransport,
    handler: PyMutex<Option<PyObjectRef>>,
}

/// The arguments of `MockTransport(handler)`.
#[derive(FromArgs)]
pub(crate) struct MockTransportArgs {
    #[pyarg(any)]
    handler: PyObjectRef,
}

impl MockTransport {
    fn ask(&self, request: PyRef<Request>, vm: &VirtualMachine) -> PyResult {
        let handler = self.handler.lock().clone();
        match handler {
            Some(handler) => handler.call((request,), vm),
            None => Err(vm.new_runtime_error("MockTransport.__init__() has not been called")),
        }
    }
}

impl DefaultConstructor for MockTransport {}

impl Initializer for MockTransport {
    type Args = MockTransportArgs;

    fn init(zelf: &Py<Self>, args: MockTransportArgs, _vm: &VirtualMachine) -> PyResult<()> {
        let replaced = zelf.handler.lock().replace(args.handler);
        drop(replaced);
        Ok(())
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer))]
impl MockTransport {
    /// The function that answers.
    #[pygetset]
    fn handler(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        vm.unwrap_or_none(zelf.handler.lock().clone())
    }

    /// Asks the function.
    #[pymethod]
    fn handle_request(zelf: &Py<Self>, request: PyRef<Request>, vm: &VirtualMachine) -> PyResult {
        vm.call_method(request.as_object(), "read", ())?;
        zelf.ask(request, vm)
    }

    /// Asks the function, which may be an `async` one.
    #[pymethod]
    fn handle_async_request(zelf: PyRef<Self>, request: PyRef<Request>, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "MockTransport.handle_async_request", move |mode| async move {
            mode.wait(with_vm(|vm| vm.call_method(request.as_object(), "aread", ()))?).await?;
            let answer = with_vm(|vm| zelf.ask(request, vm))?;
            if answer.downcastable::<Response>() { Ok(answer) } else { mode.wait(answer).await }
        })
    }
}
