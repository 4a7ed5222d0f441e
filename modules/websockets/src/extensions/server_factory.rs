//! `websockets.extensions.permessage_deflate.ServerPerMessageDeflateFactory`.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use rustpython_vm::function::ArgIntoBool;
use rustpython_vm::types::{Constructor, DefaultConstructor, Initializer};
use rustpython_vm::{FromArgs, Py, PyObjectRef, PyResult, Traverse, VirtualMachine, pyclass};
use tauraro_engine::websocket::negotiate::{self, Parameters, WindowBits};

use super::base::ServerExtensionFactory;
use super::factory::{Configuration, DeflateFactory, check_duplicate};
use super::parameters;

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
    base = ServerExtensionFactory,
    traverse
)]
#[derive(Debug, Default)]
#[repr(C)]
pub(crate) struct ServerPerMessageDeflateFactory {
    #[pytraverse(skip)]
    base: ServerExtensionFactory,
    configuration: Configuration,
    #[pytraverse(skip)]
    requires: AtomicBool,
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

impl ServerPerMessageDeflateFactory {
    /// Sets what is required.
    pub(super) fn configure(
        &self,
        parameters: Parameters,
        compress_settings: Option<PyObjectRef>,
        requires: bool,
    ) {
        self.configuration.set(parameters, compress_settings);
        self.requires.store(requires, Relaxed);
    }
}

impl DeflateFactory for ServerPerMessageDeflateFactory {
    fn configuration(&self) -> &Configuration {
        &self.configuration
    }
}

impl DefaultConstructor for ServerPerMessageDeflateFactory {}

impl Initializer for ServerPerMessageDeflateFactory {
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

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer, DeflateFactory))]
impl ServerPerMessageDeflateFactory {
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
        check_duplicate(&accepted_extensions, "skipped duplicate", vm)?;
        let offer = parameters::parse(&params, true, vm)?;
        let (wanted, requires) = (zelf.configuration.parameters(), zelf.requires.load(Relaxed));
        let (answer, agreement) = negotiate::answer_offer(&wanted, requires, &offer)
            .map_err(|error| parameters::refusal(vm, error))?;
        let extension = zelf.configuration.extension(agreement, vm)?;
        Ok((parameters::build(answer, vm), extension))
    }

    /// Whether clients that cannot limit their window are not compressed for.
    #[pygetset]
    fn require_client_max_window_bits(zelf: &Py<Self>) -> bool {
        zelf.requires.load(Relaxed)
    }
}
