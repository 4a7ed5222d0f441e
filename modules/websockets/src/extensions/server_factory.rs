//! `websockets.extensions.permessage_deflate.ServerPerMessageDeflateFactory`.

use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::function::ArgIntoBool;
use rustpython_vm::object::{Traverse, TraverseFn};
use rustpython_vm::types::{Constructor, DefaultConstructor, Initializer};
use rustpython_vm::{FromArgs, Py, PyObjectRef, PyResult, VirtualMachine, pyclass};
use tauraro_engine::websocket::negotiate::{self, Parameters, WindowBits};

use super::base::PyServerExtensionFactory;
use super::permessage_deflate::PyPerMessageDeflate;
use super::{has_deflate, parameters};
use crate::errors;
use crate::frames::members::or_none;

/// `ServerPerMessageDeflateFactory(server_no_context_takeover=False, client_no_context_takeover=False,
/// server_max_window_bits=None, client_max_window_bits=None, compress_settings=None,
/// require_client_max_window_bits=False)`
///
/// Negotiates compression for a server. Whether each side is to begin each message with an empty window, and the
/// limit of its window in bits: the server's from 9 to 15, the client's from 8 to 15. The settings are a dict for
/// the compressor. With `require_client_max_window_bits`, clients that cannot limit their window are not
/// compressed for.
#[pyclass(
    module = "websockets.extensions.permessage_deflate",
    name = "ServerPerMessageDeflateFactory",
    base = PyServerExtensionFactory,
    traverse = "manual"
)]
#[derive(Debug, Default)]
#[repr(C)]
pub(crate) struct PyServerPerMessageDeflateFactory {
    base: PyServerExtensionFactory,
    inner: PyMutex<Inner>,
}

#[derive(Clone, Debug, Default)]
struct Inner {
    parameters: Parameters,
    compress_settings: Option<PyObjectRef>,
    requires: bool,
}

// SAFETY: the reference is visited once, unless another thread holds the lock, when it is to be kept.
#[expect(unsafe_code, reason = "a collector can only be told by an unsafe trait")]
unsafe impl Traverse for PyServerPerMessageDeflateFactory {
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
    #[pyarg(any, default)]
    client_max_window_bits: Option<PyObjectRef>,
    #[pyarg(any, default)]
    compress_settings: Option<PyObjectRef>,
    #[pyarg(any, default = ArgIntoBool::FALSE)]
    require_client_max_window_bits: ArgIntoBool,
}

impl PyServerPerMessageDeflateFactory {
    /// Sets what is insisted on.
    pub(super) fn configure(
        &self,
        parameters: Parameters,
        compress_settings: Option<PyObjectRef>,
        requires: bool,
    ) {
        let new = Inner { parameters, compress_settings, requires };
        let old = std::mem::replace(&mut *self.inner.lock(), new);
        drop(old);
    }

    fn parameters(&self) -> Parameters {
        self.inner.lock().parameters
    }
}

impl DefaultConstructor for PyServerPerMessageDeflateFactory {}

impl Initializer for PyServerPerMessageDeflateFactory {
    type Args = FactoryArgs;

    fn init(zelf: &Py<Self>, args: FactoryArgs, vm: &VirtualMachine) -> PyResult<()> {
        let server = args.server_max_window_bits.as_deref();
        let server_max_window_bits = parameters::bits("server_max_window_bits", server, 9, vm)?;
        let client = args.client_max_window_bits.as_deref();
        let client_max_window_bits =
            parameters::bits("client_max_window_bits", client, 8, vm)?.map(WindowBits::Limit);
        let requires = args.require_client_max_window_bits.into_bool();
        let settings = args.compress_settings.as_deref();
        parameters::refuse_window_bits(settings, "server_max_window_bits", vm)?;
        parameters::settings(settings, vm)?;
        if requires && client_max_window_bits.is_none() {
            return Err(vm.new_value_error(
                "require_client_max_window_bits is enabled, but client_max_window_bits isn't configured",
            ));
        }
        let wanted = Parameters {
            server_no_context_takeover: args.server_no_context_takeover.into_bool(),
            client_no_context_takeover: args.client_no_context_takeover.into_bool(),
            server_max_window_bits,
            client_max_window_bits,
        };
        zelf.configure(wanted, args.compress_settings, requires);
        Ok(())
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer))]
impl PyServerPerMessageDeflateFactory {
    /// The name in headers.
    #[pyattr]
    fn name(ctx: &rustpython_vm::Context) -> PyObjectRef {
        ctx.new_str(negotiate::NAME).into()
    }

    /// `process_request_params(params, accepted_extensions)`
    ///
    /// The parameters to answer a client's offer with, and the extension that makes. Raises `NegotiationError`
    /// for an offer that will not do.
    #[pymethod]
    fn process_request_params(
        zelf: &Py<Self>,
        params: PyObjectRef,
        accepted_extensions: PyObjectRef,
        vm: &VirtualMachine,
    ) -> PyResult<(PyObjectRef, PyObjectRef)> {
        if has_deflate(&accepted_extensions.try_to_value::<Vec<_>>(vm)?, vm)? {
            return Err(errors::negotiation_error(vm, format!("skipped duplicate {}", negotiate::NAME)));
        }
        let offer = parameters::parse(&params, true, vm)?;
        let Inner { parameters: wanted, compress_settings, requires } = zelf.inner.lock().clone();
        let (answer, agreement) = negotiate::answer_offer(&wanted, requires, &offer)
            .map_err(|error| parameters::refusal(vm, error))?;
        let extension = PyPerMessageDeflate::agreed(agreement, compress_settings, vm)?;
        Ok((parameters::build(answer, vm), extension))
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

    /// The limit of the client's window, in bits, or None.
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

    /// Whether clients that cannot limit their window are not compressed for.
    #[pygetset]
    fn require_client_max_window_bits(zelf: &Py<Self>) -> bool {
        zelf.inner.lock().requires
    }
}
