//! `websockets.extensions.permessage_deflate.ClientPerMessageDeflateFactory`.

use rustpython_vm::function::{ArgIntoBool, OptionalArg};
use rustpython_vm::types::{Constructor, DefaultConstructor, Initializer};
use rustpython_vm::{FromArgs, Py, PyObjectRef, PyResult, Traverse, VirtualMachine, pyclass};
use tauraro_engine::websocket::negotiate::{self, Parameters, WindowBits};

use super::base::ClientExtensionFactory;
use super::factory::{Configuration, DeflateFactory, check_duplicate};
use super::parameters;

/// `ClientPerMessageDeflateFactory(server_no_context_takeover=False, client_no_context_takeover=False,
/// server_max_window_bits=None, client_max_window_bits=True, compress_settings=None)`
///
/// Negotiates compression for a client. Whether each side is to begin each message with an empty window, and the
/// size of its window in bits: the server's from 8 to 15, the client's from 9 to 15 or True, which leaves it to
/// the server. The settings are a dict for the compressor.
#[pyclass(
    module = "websockets.extensions.permessage_deflate",
    name = "ClientPerMessageDeflateFactory",
    base = ClientExtensionFactory,
    traverse
)]
#[derive(Debug, Default)]
#[repr(C)]
pub(crate) struct ClientPerMessageDeflateFactory {
    #[pytraverse(skip)]
    base: ClientExtensionFactory,
    configuration: Configuration,
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

impl ClientPerMessageDeflateFactory {
    /// Sets what is offered.
    pub(super) fn configure(&self, parameters: Parameters, compress_settings: Option<PyObjectRef>) {
        self.configuration.set(parameters, compress_settings);
    }
}

impl DeflateFactory for ClientPerMessageDeflateFactory {
    fn configuration(&self) -> &Configuration {
        &self.configuration
    }
}

impl DefaultConstructor for ClientPerMessageDeflateFactory {}

impl Initializer for ClientPerMessageDeflateFactory {
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

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer, DeflateFactory))]
impl ClientPerMessageDeflateFactory {
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
        parameters::build(zelf.configuration.parameters(), vm)
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
        check_duplicate(&accepted_extensions, "received duplicate", vm)?;
        let answer = parameters::parse(&params, false, vm)?;
        let agreement = negotiate::accept_answer(&zelf.configuration.parameters(), &answer)
            .map_err(|error| parameters::refusal(vm, error))?;
        zelf.configuration.extension(agreement, vm)
    }
}
