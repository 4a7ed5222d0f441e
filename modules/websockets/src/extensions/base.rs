//! The base classes, which scripts derive their own extensions from.

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::function::FuncArgs;
use rustpython_vm::types::{Constructor, DefaultConstructor, Initializer};
use rustpython_vm::{Py, PyPayload, PyResult, VirtualMachine, pyclass};

fn not_implemented(vm: &VirtualMachine) -> PyBaseExceptionRef {
    vm.new_exception_empty(vm.ctx.exceptions.not_implemented_error.to_owned())
}

/// Defines a base class that derived classes may construct as they like.
macro_rules! constructed {
    ($class:ident) => {
        impl DefaultConstructor for $class {}

        impl Initializer for $class {
            type Args = FuncArgs;

            fn init(_zelf: &Py<Self>, _args: FuncArgs, _vm: &VirtualMachine) -> PyResult<()> {
                Ok(())
            }
        }
    };
}

/// Base class of extensions. One has a `name`, and is what one connection has agreed on.
#[pyclass(module = "websockets.extensions.base", name = "Extension")]
#[derive(Debug, Default, PyPayload)]
pub(crate) struct Extension;

constructed!(Extension);

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer))]
impl Extension {
    /// `decode(frame, *, max_size=None)`
    ///
    /// Gives the frame that a frame which arrived stands for. Raises `PayloadTooBig` if its payload would have
    /// more than `max_size` bytes.
    #[pymethod]
    fn decode(_zelf: &Py<Self>, _args: FuncArgs, vm: &VirtualMachine) -> PyResult<()> {
        Err(not_implemented(vm))
    }

    /// `encode(frame)`
    ///
    /// Gives the frame to send instead of a frame.
    #[pymethod]
    fn encode(_zelf: &Py<Self>, _args: FuncArgs, vm: &VirtualMachine) -> PyResult<()> {
        Err(not_implemented(vm))
    }
}

/// Base class of what a client negotiates an extension with. One has a `name`.
#[pyclass(module = "websockets.extensions.base", name = "ClientExtensionFactory")]
#[derive(Debug, Default, PyPayload)]
pub(crate) struct ClientExtensionFactory;

constructed!(ClientExtensionFactory);

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer))]
impl ClientExtensionFactory {
    /// `get_request_params()`
    ///
    /// The parameters to offer: a list of names with values, which may be None.
    #[pymethod]
    fn get_request_params(_zelf: &Py<Self>, _args: FuncArgs, vm: &VirtualMachine) -> PyResult<()> {
        Err(not_implemented(vm))
    }

    /// `process_response_params(params, accepted_extensions)`
    ///
    /// The extension that the server's answer makes, given those that came before it. Raises
    /// `NegotiationError` for an answer that will not do.
    #[pymethod]
    fn process_response_params(_zelf: &Py<Self>, _args: FuncArgs, vm: &VirtualMachine) -> PyResult<()> {
        Err(not_implemented(vm))
    }
}

/// Base class of what a server negotiates an extension with. One has a `name`.
#[pyclass(module = "websockets.extensions.base", name = "ServerExtensionFactory")]
#[derive(Debug, Default, PyPayload)]
pub(crate) struct ServerExtensionFactory;

constructed!(ServerExtensionFactory);

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer))]
impl ServerExtensionFactory {
    /// `process_request_params(params, accepted_extensions)`
    ///
    /// The parameters to answer a client's offer with, and the extension that makes, given those that came
    /// before it. Raises `NegotiationError` for an offer that will not do.
    #[pymethod]
    fn process_request_params(_zelf: &Py<Self>, _args: FuncArgs, vm: &VirtualMachine) -> PyResult<()> {
        Err(not_implemented(vm))
    }
}
