//! `websockets.extensions.permessage_deflate.PerMessageDeflate`.

use std::borrow::Cow;
use std::sync::OnceLock;

use rustpython_vm::builtins::PyType;
use rustpython_vm::common::lock::{PyMutex, PyMutexGuard};
use rustpython_vm::function::{ArgIntoBool, OptionalArg};
use rustpython_vm::object::{Traverse, TraverseFn};
use rustpython_vm::types::{Constructor, DefaultConstructor, Initializer, Representable};
use rustpython_vm::{
    AsObject, Context, FromArgs, Py, PyObject, PyObjectRef, PyPayload as _, PyRef, PyResult, VirtualMachine,
    pyclass,
};
use tauraro_engine::websocket as engine;
use tauraro_engine::websocket::Extension as _;
use tauraro_engine::websocket::deflate::Agreement;

use super::base::Extension;
use super::parameters;
use crate::frames::Frame;
use crate::protocol::failure;

/// `PerMessageDeflate(remote_no_context_takeover, local_no_context_takeover, remote_max_window_bits,
/// local_max_window_bits, compress_settings=None)`
///
/// Compresses the messages of one connection. Whether a side begins each message with an empty window, how many
/// bits a window has (8 to 15, ours 9 to 15), and how to compress: a dict that may have `level`, `memLevel`
/// and `strategy`, as `zlib.compressobj` takes them.
#[pyclass(
    module = "websockets.extensions.permessage_deflate",
    name = "PerMessageDeflate",
    base = Extension,
    traverse = "manual"
)]
#[derive(Debug, Default)]
#[repr(C)]
pub(crate) struct PerMessageDeflate {
    base: Extension,
    inner: PyMutex<engine::PerMessageDeflate>,
    compress_settings: PyMutex<Option<PyObjectRef>>,
}

// SAFETY: the reference is visited once, unless another thread holds the lock, when it is in use.
#[expect(unsafe_code, reason = "the garbage collector's interface")]
unsafe impl Traverse for PerMessageDeflate {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        if let Some(settings) = self.compress_settings.try_lock() {
            settings.traverse(visit);
        }
    }
}

/// The arguments of `PerMessageDeflate`.
#[derive(FromArgs)]
pub(crate) struct DeflateArgs {
    #[pyarg(any)]
    remote_no_context_takeover: ArgIntoBool,
    #[pyarg(any)]
    local_no_context_takeover: ArgIntoBool,
    #[pyarg(any)]
    remote_max_window_bits: PyObjectRef,
    #[pyarg(any)]
    local_max_window_bits: PyObjectRef,
    #[pyarg(any, default)]
    compress_settings: Option<PyObjectRef>,
}

/// The arguments of `decode`.
#[derive(FromArgs)]
pub(crate) struct DecodeArgs {
    #[pyarg(any)]
    frame: PyRef<Frame>,
    #[pyarg(named, optional, py_default = "None")]
    max_size: OptionalArg<PyObjectRef>,
}

/// The addresses of `encode` and `decode` when the class was created, which happens once in a process.
static BUILTIN: OnceLock<[usize; 2]> = OnceLock::new();

fn methods(class: &Py<PyType>, ctx: &Context) -> Option<[usize; 2]> {
    let address = |name| Some(class.get_attr(ctx.intern_str(name))?.get_id());
    Some([address("encode")?, address("decode")?])
}

/// Records the methods of the class, before anything can change them.
pub(super) fn record_builtin(class: &Py<PyType>, ctx: &Context) {
    if let Some(methods) = methods(class, ctx) {
        BUILTIN.get_or_init(|| methods);
    }
}

impl PerMessageDeflate {
    /// An extension that was negotiated.
    ///
    /// # Errors
    /// `TypeError` and `ValueError` for settings that there are not.
    pub(super) fn agreed(
        agreement: Agreement,
        compress_settings: Option<PyObjectRef>,
        vm: &VirtualMachine,
    ) -> PyResult {
        let made = Self::default();
        made.configure(agreement, compress_settings, vm)?;
        Ok(made.into_pyobject(vm))
    }

    fn configure(
        &self,
        agreement: Agreement,
        compress_settings: Option<PyObjectRef>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let settings: engine::Settings = parameters::settings(compress_settings.as_deref(), vm)?;
        let new = engine::PerMessageDeflate::new(agreement, settings)
            .ok_or_else(|| vm.new_value_error("invalid window size"))?;
        *self.inner.lock() = new;
        let old = std::mem::replace(&mut *self.compress_settings.lock(), compress_settings);
        drop(old);
        Ok(())
    }

    /// The object as a native extension, if its class is exactly this one and was not patched.
    pub(crate) fn native(extension: &PyObject, vm: &VirtualMachine) -> Option<PyRef<Self>> {
        let deflate = extension.downcast_ref_if_exact::<Self>(vm)?;
        (methods(deflate.class(), &vm.ctx) == BUILTIN.get().copied()).then(|| deflate.to_owned())
    }

    /// The engine's extension. The lock must not be held while Python code runs.
    pub(crate) fn lock(&self) -> PyMutexGuard<'_, engine::PerMessageDeflate> {
        self.inner.lock()
    }
}

impl DefaultConstructor for PerMessageDeflate {}

impl Initializer for PerMessageDeflate {
    type Args = DeflateArgs;

    fn init(zelf: &Py<Self>, args: DeflateArgs, vm: &VirtualMachine) -> PyResult<()> {
        let settings = args.compress_settings.as_deref();
        parameters::refuse_window_bits(settings, "local_max_window_bits", vm)?;
        let bits = |name, value: &PyObject, minimum| {
            Ok(parameters::bits(name, Some(value), minimum, vm)?.unwrap_or(15))
        };
        let agreement = Agreement {
            remote_no_context_takeover: args.remote_no_context_takeover.into_bool(),
            local_no_context_takeover: args.local_no_context_takeover.into_bool(),
            remote_max_window_bits: bits("remote_max_window_bits", &args.remote_max_window_bits, 8)?,
            local_max_window_bits: bits("local_max_window_bits", &args.local_max_window_bits, 9)?,
        };
        zelf.configure(agreement, args.compress_settings, vm)
    }
}

impl Representable for PerMessageDeflate {
    fn repr_str(zelf: &Py<Self>, _vm: &VirtualMachine) -> PyResult<String> {
        let it = zelf.inner.lock().agreement();
        let bool = |value| if value { "True" } else { "False" };
        Ok(format!(
            "PerMessageDeflate(remote_no_context_takeover={}, local_no_context_takeover={}, \
             remote_max_window_bits={}, local_max_window_bits={})",
            bool(it.remote_no_context_takeover),
            bool(it.local_no_context_takeover),
            it.remote_max_window_bits,
            it.local_max_window_bits,
        ))
    }
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer, Representable))]
impl PerMessageDeflate {
    /// The name in headers.
    #[pyattr]
    fn name(ctx: &rustpython_vm::Context) -> PyObjectRef {
        ctx.new_str(tauraro_engine::websocket::negotiate::NAME).into()
    }

    /// `decode(frame, *, max_size=None)`
    ///
    /// Inflates a frame of a message that is compressed. Raises `PayloadTooBig` as soon as its payload has more
    /// than `max_size` bytes, and `ProtocolError` for what cannot be inflated.
    #[pymethod]
    fn decode(zelf: &Py<Self>, args: DecodeArgs, vm: &VirtualMachine) -> PyResult<PyRef<Frame>> {
        let limit = match args.max_size {
            OptionalArg::Present(limit) if !vm.is_none(&limit) => {
                Some(u64::try_from(limit.try_index(vm)?.as_bigint()).unwrap_or(0))
            }
            _ => None,
        };
        let frame = args.frame.to_engine(vm)?;
        let decoded = zelf.lock().decode(frame, limit);
        let decoded = decoded.map_err(|error| failure::exception(vm, &error))?;
        Ok(Frame::of(decoded, vm))
    }

    /// `encode(frame)`
    ///
    /// Compresses a frame of a message.
    #[pymethod]
    fn encode(zelf: &Py<Self>, frame: PyRef<Frame>, vm: &VirtualMachine) -> PyResult<PyRef<Frame>> {
        let frame = frame.to_engine(vm)?.map_data(Cow::Owned);
        let encoded = zelf.lock().encode(frame);
        let encoded = encoded.map_err(|error| failure::exception(vm, &error))?;
        Ok(Frame::of(encoded.map_data(Cow::into_owned), vm))
    }

    /// Whether the peer begins each message with an empty window.
    #[pygetset]
    fn remote_no_context_takeover(zelf: &Py<Self>) -> bool {
        zelf.lock().agreement().remote_no_context_takeover
    }

    /// Whether we begin each message with an empty window.
    #[pygetset]
    fn local_no_context_takeover(zelf: &Py<Self>) -> bool {
        zelf.lock().agreement().local_no_context_takeover
    }

    /// The size of the peer's window, in bits.
    #[pygetset]
    fn remote_max_window_bits(zelf: &Py<Self>) -> u8 {
        zelf.lock().agreement().remote_max_window_bits
    }

    /// The size of our window, in bits.
    #[pygetset]
    fn local_max_window_bits(zelf: &Py<Self>) -> u8 {
        zelf.lock().agreement().local_max_window_bits
    }

    /// How messages are compressed, a dict.
    #[pygetset]
    fn compress_settings(zelf: &Py<Self>, vm: &VirtualMachine) -> PyObjectRef {
        let settings = zelf.compress_settings.lock().clone();
        settings.unwrap_or_else(|| vm.ctx.new_dict().into())
    }
}
