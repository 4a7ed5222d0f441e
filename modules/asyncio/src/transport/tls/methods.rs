//! The Python interface of [`TlsTransport`].

use std::sync::atomic::Ordering::Relaxed;

use rustpython_vm::builtins::{PyBytes, PyStrRef, PyType};
use rustpython_vm::function::{ArgBytesLike, FuncArgs};
use rustpython_vm::types::{Constructor, Destructor, Initializer, Representable};
use rustpython_vm::{
    AsObject, FromArgs, Py, PyObjectRef, PyPayload, PyRef, PyResult, TryFromBorrowedObject, VirtualMachine,
    pyclass,
};

use super::super::limits::{Limits, parse_limits};
use super::state::{HIGH_WATER_READ, HIGH_WATER_WRITE};
use super::{TlsProtocol, TlsSession, TlsTransport, config};
use crate::event_loop::LoopCore;
use crate::interpreter_state;

/// The arguments of the constructor.
#[derive(FromArgs)]
struct TransportArgs {
    #[pyarg(any, name = "loop")]
    event_loop: PyObjectRef,
    #[pyarg(any)]
    protocol: PyObjectRef,
    #[pyarg(any)]
    sslcontext: PyObjectRef,
    #[pyarg(any, optional)]
    waiter: Option<PyObjectRef>,
    #[pyarg(any, default = false)]
    server_side: bool,
    #[pyarg(any, optional)]
    server_hostname: Option<PyObjectRef>,
    #[pyarg(any, default = true)]
    call_connection_made: bool,
    #[pyarg(any, optional)]
    ssl_handshake_timeout: Option<PyObjectRef>,
    #[pyarg(any, optional)]
    ssl_shutdown_timeout: Option<PyObjectRef>,
}

impl Constructor for TlsTransport {
    type Args = FuncArgs;

    fn py_new(_class: &Py<PyType>, _args: FuncArgs, _vm: &VirtualMachine) -> PyResult<Self> {
        Ok(Self::default())
    }
}

impl Initializer for TlsTransport {
    type Args = FuncArgs;

    fn init(zelf: &Py<Self>, args: FuncArgs, vm: &VirtualMachine) -> PyResult<()> {
        let args: TransportArgs = args.bind(vm)?;
        let given = |object: Option<PyObjectRef>| object.filter(|object| !vm.is_none(object));
        let Ok(event_loop) = args.event_loop.downcast::<LoopCore>() else {
            return Err(vm.new_type_error("a native event loop is required"));
        };
        let handshake_timeout =
            timeout(args.ssl_handshake_timeout, "ssl_handshake_timeout", "SSL_HANDSHAKE_TIMEOUT", vm)?;
        let shutdown_timeout =
            timeout(args.ssl_shutdown_timeout, "ssl_shutdown_timeout", "SSL_SHUTDOWN_TIMEOUT", vm)?;
        let hostname = match given(args.server_hostname) {
            Some(name) if !args.server_side => {
                Some(name.str_utf8(vm)?.as_str().to_owned()).filter(|name| !name.is_empty())
            }
            _ => None,
        };
        let session = config::session(&args.sslcontext, args.server_side, hostname.as_deref(), vm)?;
        *zelf.session.lock() = Some(session);
        {
            let mut options = zelf.options.lock();
            options.server_side = args.server_side;
            options.server_hostname = hostname;
            options.handshake_timeout = handshake_timeout;
            options.shutdown_timeout = shutdown_timeout;
        }
        zelf.protocol.set(args.protocol, vm)?;
        if !args.call_connection_made {
            zelf.set_app_stage(super::state::AppStage::Connected);
        }
        let mut objects = zelf.objects.lock();
        objects.event_loop = Some(event_loop);
        objects.waiter = given(args.waiter);
        objects.context = Some(args.sslcontext);
        Ok(())
    }
}

/// A time limit in seconds; `constant` of `asyncio.constants` by default.
fn timeout(
    value: Option<PyObjectRef>,
    name: &'static str,
    constant: &'static str,
    vm: &VirtualMachine,
) -> PyResult<f64> {
    let Some(value) = value.filter(|value| !vm.is_none(value)) else {
        return Ok(interpreter_state::asyncio("constants", constant, vm)?.try_float(vm)?.to_f64());
    };
    let seconds = value.try_float(vm)?.to_f64();
    if seconds <= 0.0 || seconds.is_nan() {
        return Err(vm.new_value_error(format!("{name} should be a positive number, got {}", value.str(vm)?)));
    }
    Ok(seconds)
}

#[derive(FromArgs)]
struct ExtraInfoArgs {
    #[pyarg(any)]
    name: PyStrRef,
    #[pyarg(any, optional)]
    default: Option<PyObjectRef>,
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer, Destructor, Representable))]
impl TlsTransport {
    /// Why connections with this context, for this host, need asyncio's own implementation; `None` if they do not.
    #[pystaticmethod]
    fn _unsupported(
        context: PyObjectRef,
        server_side: bool,
        server_hostname: PyObjectRef,
        vm: &VirtualMachine,
    ) -> PyResult<Option<String>> {
        config::unsupported(&context, server_side, &server_hostname, vm)
    }

    /// The protocol for the transport below.
    #[pygetset]
    fn _ssl_protocol(zelf: PyRef<Self>) -> TlsProtocol {
        TlsProtocol::new(zelf)
    }

    /// Encrypts and sends bytes.
    ///
    /// Raises `TypeError` for what is not `bytes`, `bytearray` or `memoryview`. On a closed connection this does
    /// nothing.
    #[pymethod]
    fn write(zelf: &Py<Self>, data: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        if let Some(bytes) = data.downcast_ref::<PyBytes>() {
            return Self::send_parts(zelf, &[bytes.as_bytes()], &[Some(bytes)], vm);
        }
        let types = [vm.ctx.types.bytearray_type, vm.ctx.types.memoryview_type];
        if !types.into_iter().any(|class| data.fast_isinstance(class)) {
            let class = data.class().name().to_string();
            return Err(vm.new_type_error(format!("data: expecting a bytes-like instance, got {class}")));
        }
        // The buffer is not locked while the script's own code may run.
        let bytes = ArgBytesLike::try_from_borrowed_object(vm, &data)?.borrow_buf().to_vec();
        Self::send_parts(zelf, &[&bytes], &[], vm)
    }

    /// Sends several pieces together, as `write` does with one.
    #[pymethod]
    fn writelines(zelf: &Py<Self>, list_of_data: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        let pieces: Vec<PyObjectRef> = vm.extract_elements_with(&list_of_data, Ok)?;
        let mut together = Vec::new();
        for piece in &pieces {
            let piece = ArgBytesLike::try_from_borrowed_object(vm, piece)?;
            together.extend_from_slice(&piece.borrow_buf());
        }
        Self::send_parts(zelf, &[&together], &[], vm)
    }

    /// Raises `NotImplementedError`: TLS connections cannot be closed in one direction.
    #[pymethod]
    fn write_eof(_zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Err(vm.new_not_implemented_error("TLS connections cannot be closed in one direction"))
    }

    /// `False`: TLS connections cannot be closed in one direction.
    #[pymethod]
    fn can_write_eof(_zelf: &Py<Self>) -> bool {
        false
    }

    /// Closes the connection once everything is sent. Nothing is received any more.
    #[pymethod]
    fn close(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::start_shutdown(zelf, vm)
    }

    /// Closes the connection without sending what waits.
    #[pymethod]
    fn abort(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::abort_native(zelf, vm)
    }

    /// Whether the transport is closed or about to be.
    #[pymethod]
    fn is_closing(zelf: &Py<Self>) -> bool {
        zelf.closing()
    }

    /// Whether data is received.
    #[pymethod]
    fn is_reading(zelf: &Py<Self>) -> bool {
        !zelf.reading_paused.load(Relaxed)
    }

    /// Stops to deliver data until `resume_reading()`.
    #[pymethod(name = "pause_reading")]
    fn py_pause_reading(zelf: &Py<Self>) {
        Self::pause_reading(zelf);
    }

    /// Delivers data again.
    #[pymethod(name = "resume_reading")]
    fn py_resume_reading(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::resume_reading(zelf, vm)
    }

    /// Gives the connection to another protocol.
    #[pymethod]
    fn set_protocol(zelf: &Py<Self>, protocol: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        zelf.protocol.set(protocol, vm)
    }

    /// The protocol; `None` once the connection is lost.
    #[pymethod]
    fn get_protocol(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.protocol.get()
    }

    /// What is known about the connection: `ssl_object`, `sslcontext`, `peercert`, `cipher`, `compression`, and what
    /// the transport below knows.
    #[pymethod]
    fn get_extra_info(zelf: &Py<Self>, args: ExtraInfoArgs, vm: &VirtualMachine) -> PyResult {
        let name = Py::try_as_utf8(&args.name, vm)?.as_str().to_owned();
        if let Some(found) = Self::tls_info(zelf, &name, vm)? {
            return Ok(found);
        }
        let default = vm.unwrap_or_none(args.default);
        match zelf.lower() {
            Some(lower) => vm.call_method(&lower, "get_extra_info", (args.name, default)),
            None => Ok(default),
        }
    }

    /// Says from how many waiting bytes on (`high`) the protocol's `pause_writing` is called, and at how many (`low`)
    /// its `resume_writing`. Without `low` it is a quarter of `high`, without `high` four times `low`. Raises
    /// `ValueError` unless `high >= low >= 0`.
    #[pymethod]
    fn set_write_buffer_limits(zelf: &Py<Self>, limits: Limits, vm: &VirtualMachine) -> PyResult<()> {
        let (high, low) = parse_limits(limits, HIGH_WATER_WRITE, vm)?;
        zelf.write_high.store(high, Relaxed);
        zelf.write_low.store(low, Relaxed);
        Self::control_protocol(zelf, vm)
    }

    /// `(low, high)`, in bytes.
    #[pymethod]
    fn get_write_buffer_limits(zelf: &Py<Self>) -> (usize, usize) {
        (zelf.write_low.load(Relaxed), zelf.write_high.load(Relaxed))
    }

    /// How many bytes wait to be sent.
    #[pymethod]
    fn get_write_buffer_size(zelf: &Py<Self>) -> usize {
        zelf.buffered()
    }

    /// Says from how many bytes on (`high`) that the protocol does not take no more are received, and at how many
    /// (`low`) receiving goes on.
    #[pymethod]
    fn set_read_buffer_limits(zelf: &Py<Self>, limits: Limits, vm: &VirtualMachine) -> PyResult<()> {
        let (high, low) = parse_limits(limits, HIGH_WATER_READ, vm)?;
        zelf.read_high.store(high, Relaxed);
        zelf.read_low.store(low, Relaxed);
        Self::control_lower_reading(zelf, vm)
    }

    /// `(low, high)`, in bytes.
    #[pymethod]
    fn get_read_buffer_limits(zelf: &Py<Self>) -> (usize, usize) {
        (zelf.read_low.load(Relaxed), zelf.read_high.load(Relaxed))
    }

    /// How many received bytes wait for the protocol.
    #[pymethod]
    fn get_read_buffer_size(zelf: &Py<Self>) -> usize {
        zelf.unread.lock().len()
    }

    #[pymethod]
    fn _force_close(zelf: &Py<Self>, exc: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        Self::abort_with(zelf, exc, vm)
    }

    #[pymethod]
    fn _check_handshake_timeout(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::check_handshake_timeout(zelf, vm)
    }

    #[pymethod]
    fn _check_shutdown_timeout(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::check_shutdown_timeout(zelf, vm)
    }

    #[pymethod]
    fn _close_lower(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::close_lower(zelf, vm)
    }

    #[pymethod]
    fn _resume(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::resume(zelf, vm)
    }

    #[pygetset]
    fn _loop(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.objects.lock().event_loop.clone().map(Into::into)
    }

    #[pygetset]
    fn _protocol_paused(zelf: &Py<Self>) -> bool {
        zelf.writing_paused.load(Relaxed)
    }

    #[pygetset]
    fn _closed(zelf: &Py<Self>) -> bool {
        zelf.closed.load(Relaxed)
    }
}

impl TlsTransport {
    pub(super) fn abort_native(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::abort_with(zelf, vm.ctx.none(), vm)
    }

    /// What `get_extra_info` knows by itself.
    fn tls_info(zelf: &Py<Self>, name: &str, vm: &VirtualMachine) -> PyResult<Option<PyObjectRef>> {
        let context = zelf.objects.lock().context.clone();
        if name == "sslcontext" {
            return Ok(context);
        }
        let connected = zelf.session.lock().as_ref().is_some_and(|session| !session.is_handshaking());
        if !connected {
            return Ok(None);
        }
        match name {
            "ssl_object" => Self::ssl_object(zelf, vm).map(Some),
            "peercert" => {
                let known = zelf.objects.lock().peer_certificate.clone();
                if known.is_some() {
                    return Ok(known);
                }
                let certificate = TlsSession::peer_certificate(zelf, false, vm)?;
                zelf.objects.lock().peer_certificate = Some(certificate.clone());
                Ok(Some(certificate))
            }
            "cipher" => Ok(Some(TlsSession::cipher_of(zelf, vm))),
            "compression" => Ok(Some(vm.ctx.none())),
            _ => Ok(None),
        }
    }

    /// The `ssl.SSLObject` of the connection.
    fn ssl_object(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        let known = zelf.objects.lock().ssl_object.clone();
        if let Some(known) = known {
            return Ok(known);
        }
        let class = vm.import("ssl", 0)?.get_attr("SSLObject", vm)?;
        let object = vm.call_method(&class, "__new__", (class.clone(),))?;
        object.set_attr("_sslobj", TlsSession::new(zelf.to_owned()).into_ref(&vm.ctx), vm)?;
        zelf.objects.lock().ssl_object = Some(object.clone());
        Ok(object)
    }
}

impl Representable for TlsTransport {
    fn repr_str(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<String> {
        let class = zelf.class().name().to_string();
        let lower = match zelf.lower() {
            Some(lower) => format!(" over {}", lower.repr(vm)?),
            None => String::new(),
        };
        Ok(format!("<{class} {:?}{lower}>", zelf.stage()))
    }
}

impl Destructor for TlsTransport {
    fn del(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        if zelf.closed.swap(true, Relaxed) || zelf.lower().is_none() {
            return Ok(());
        }
        let class = zelf.class().name().to_string();
        let mut arguments = FuncArgs::from(vec![
            vm.ctx.new_str(format!("unclosed transport <asyncio.{class} object>")).into(),
            vm.ctx.exceptions.resource_warning.to_owned().into(),
        ]);
        arguments.kwargs.insert("source".into(), zelf.to_owned().into());
        vm.import("warnings", 0)?.get_attr("warn", vm)?.call(arguments, vm).map(drop)
    }
}
