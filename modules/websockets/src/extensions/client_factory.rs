//! `websockets.extensions.permessage_deflate.ClientPerMessageDeflateFactory`.

use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::function::{ArgIntoBool, OptionalArg};
use rustpython_vm::object::{Traverse, TraverseFn};
use rustpython_vm::types::{Constructor, DefaultConstructor, Initializer};
use rustpython_vm::{FromArgs, Py, PyObjectRef, PyResult, VirtualMachine, pyclass};
use tauraro_engine::websocket::negotiate::{self, Parameters, WindowBits};

use super::base::PyClientExtensionFactory;
use super::permessage_deflate::PyPerMessageDeflate;
use super::{has_deflate, parameters};
use crate::errors;
use crate::frames::members::or_none;

/// `ClientPerMessageDeflateFactory(server_no_context_takeover=False, client_no_context_takeover=False,
/// server_max_window_bits=None, client_max_window_bits=True, compress_settings=None)`
///
/// Negotiates compression for a client. Whether each side is to begin each message with an empty window, and the
/// size of its window in bits: the server's from 8 to 15, the client's from 9 to 15 or True, which leaves it to
/// the server. The settings are a dict for the compressor.
#[pyclass(
    module = "websockets.extensions.permessage_deflate",
    name = "ClientPerMessageDeflateFactory",
    base = PyClientExtensionFactory,
    traverse = "manual"
)]
#[derive(Debug, Default)]
#[repr(C)]
pub(crate) struct PyClientPerMessageDeflateFactory {
    base: PyClientExtensionFactory,
    inner: PyMutex<Inner>,
}

#[derive(Clone, Debug, Default)]
struct Inner {
    parameters: Parameters,
    compress_settings: Option<PyObjectRef>,
}

// SAFETY: the reference is visited once, unless another thread holds the lock, when it is to be kept.
#[expect(unsafe_code, reason = "a collector can only be told by an unsafe trait")]
unsafe impl Traverse for PyClientPerMessageDeflateFactory {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        if let Some(inner) = self.inner.try_lock() {
            inner.compress_settings.traverse(visit);
        }
    }
}

/// The arguments of the factory.
#[derive(FromArgs)]
pub(crate) struct FactoryArgs {
    #[pyarg(any, default = ArgIntoBool::FALSE)]
    server_no_context_takeover: ArgIntoBool,
    #[pyarg(any, default = ArgIntoBool::FALSE)]
    client_no_context_takeover: ArgIntoBool,
    #[pyarg(any, default)]
    server_max_window_bits: Option<PyObjectRef>,
    #[pyarg(any, optional)]
    client_max_window_bits: OptionalArg<Option<PyObjectRef>>,
    #[pyarg(any, default)]
    compress_settings: Option<PyObjectRef>,
}

impl PyClientPerMessageDeflateFactory {
    /// Sets what is offered.
    pub(super) fn configure(&self, parameters: Parameters, compress_settings: Option<PyObjectRef>) {
        let old = std::mem::replace(&mut *self.inner.lock(), Inner { parameters, compress_settings });
        drop(old);
    }

    fn parameters(&self) -> Parameters {
        self.inner.lock().parameters
    }
}

impl DefaultConstructor for PyClientPerMessageDeflateFactory {}

impl Initializer for PyClientPerMessageDeflateFactory {
    type Args = FactoryArgs;

    fn init(zelf: &Py<Self>, args: FactoryArgs, vm: &VirtualMachine) -> PyResult<()> {
        let server = args.server_max_window_bits.as_deref();
        let server_max_window_bits = parameters::bits("server_max_window_bits", server, 8, vm)?;
        let client_max_window_bits = match args.client_max_window_bits {
            OptionalArg::Missing => Some(WindowBits::Supported),
            OptionalArg::Present(bits) => parameters::client_bits(bits.as_deref(), vm)?,
        };
        let settings = args.compress_settings.as_deref();
        parameters::refuse_window_bits(settings, "client_max_window_bits", vm)?;
        parameters::settings(settings, vm)?;
        let offered = Parameters {
            server_no_context_takeover: args.server_no_context_takeover.into_bool(),
            client_no_context_takeover: args.client_no_context_takeover.into_bool(),
            server_max_window_bits,
            client_max_window_bits,
        };
        zelf.configure(offered, args.compress_settings);
        Ok(())
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer))]
impl PyClientPerMessageDeflateFactory {
    /// The name in headers.
    #[pyattr]
    fn name(ctx: &rustpython_vm::Context) -> PyObjectRef {
        ctx.new_str(negotiate::NAME).into()
    }

    /// `get_request_params()`
    ///
    /// The parameters to offer.
    #[pymethod]
    fn get_request_params(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        parameters::build(zelf.parameters(), vm)
    }

    /// `process_response_params(params, accepted_extensions)`
    ///
    /// The extension that the server's answer makes. Raises `NegotiationError` for an answer that does not
    /// follow the offer.
    #[pymethod]
    fn process_response_params(
        zelf: &Py<Self>,
        params: PyObjectRef,
        accepted_extensions: PyObjectRef,
        vm: &VirtualMachine,
    ) -> PyResult {
        if has_deflate(&accepted_extensions.try_to_value::<Vec<_>>(vm)?, vm)? {
            return Err(errors::negotiation_error(vm, format!("received duplicate {}", negotiate::NAME)));
        }
        let answer = parameters::parse(&params, false, vm)?;
        let Inner { parameters: offer, compress_settings } = zelf.inner.lock().clone();
        let agreement =
            negotiate::accept_answer(&offer, &answer).map_err(|error| parameters::refusal(vm, error))?;
        PyPerMessageDeflate::agreed(agreement, compress_settings, vm)
    }

    /// Whether the server is to begin each message with an empty window.
    #[pygetset]
    fn server_no_context_takeover(zelf: &Py<Self>) -> bool {
        zelf.parameters().server_no_context_takeover
    }

    /// Whether the client is to begin each message with an empty window.
    #[pygetset]
    fn client_no_context_takeover(zelf: &Py<Self>) -> bool {
        zelf.parameters().client_no_context_takeover
    }

    /// The limit of the server's window, in bits, or None.
    #[pygetset]
    fn server_max_window_bits(zelf: &Py<Self>) -> Option<u8> {
        zelf.parameters().server_max_window_bits
    }

    /// The limit of the client's window, in bits; True leaves it to the server; or None.
    #[pygetset]
    fn client_max_window_bits(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        parameters::from_client_bits(zelf.parameters().client_max_window_bits, vm)
    }

    /// How messages are compressed, a dict or None.
    #[pygetset]
    fn compress_settings(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        let settings = zelf.inner.lock().compress_settings.clone();
        or_none(vm, settings)
    }
}
