//! The Python interface of [`SocketTransport`].

use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use rustpython_vm::builtins::{PyBytes, PyStrRef, PyType};
use rustpython_vm::function::{ArgBytesLike, FuncArgs, OptionalArg};
use rustpython_vm::types::{Constructor, Destructor, Initializer, Representable};
use rustpython_vm::{
    AsObject, FromArgs, Py, PyObject, PyObjectRef, PyResult, TryFromBorrowedObject, VirtualMachine, pyclass,
};

use super::SocketTransport;
use super::limits::Limits;
use super::state::{HIGH_WATER, MAX_SIZE};
use crate::event_loop::LoopCore;

/// The arguments of the constructor.
#[derive(FromArgs)]
struct TransportArgs {
    #[pyarg(any, name = "loop")]
    event_loop: PyObjectRef,
    #[pyarg(any)]
    sock: PyObjectRef,
    #[pyarg(any)]
    protocol: PyObjectRef,
    #[pyarg(any, optional)]
    waiter: Option<PyObjectRef>,
    #[pyarg(any, optional)]
    extra: Option<PyObjectRef>,
    #[pyarg(any, optional)]
    server: Option<PyObjectRef>,
}

impl Constructor for SocketTransport {
    type Args = FuncArgs;

    fn py_new(_class: &Py<PyType>, _args: FuncArgs, _vm: &VirtualMachine) -> PyResult<Self> {
        Ok(Self {
            fd: (-1).into(),
            high: HIGH_WATER.into(),
            low: (HIGH_WATER / 4).into(),
            max_size: MAX_SIZE.into(),
            ..Self::default()
        })
    }
}

impl Initializer for SocketTransport {
    type Args = FuncArgs;

    fn init(zelf: &Py<Self>, args: FuncArgs, vm: &VirtualMachine) -> PyResult<()> {
        let args: TransportArgs = args.bind(vm)?;
        let given = |object: Option<PyObjectRef>| object.filter(|object| !vm.is_none(object));
        let Ok(event_loop) = args.event_loop.downcast::<LoopCore>() else {
            return Err(vm.new_type_error("a native event loop is required"));
        };
        let extra = given(args.extra).unwrap_or_else(|| vm.ctx.new_dict().into());
        zelf.open(event_loop, args.sock, extra, vm)?;
        zelf.protocol.set(args.protocol, vm)?;
        Self::attach(zelf, given(args.server), vm)?;
        Self::begin(zelf, given(args.waiter), vm)
    }
}

/// Where data to write is looked at: one of the types that `write` takes.
fn writable_data(data: &PyObject, vm: &VirtualMachine) -> PyResult<ArgBytesLike> {
    let types = [vm.ctx.types.bytearray_type, vm.ctx.types.memoryview_type];
    if !types.into_iter().any(|class| data.fast_isinstance(class)) {
        return Err(vm.new_type_error(format!(
            "data argument must be a bytes, bytearray, or memoryview object, not '{}'",
            data.class().name()
        )));
    }
    ArgBytesLike::try_from_borrowed_object(vm, data)
}

#[pyclass(flags(BASETYPE, HAS_DICT, HAS_WEAKREF), with(Constructor, Initializer, Destructor, Representable))]
impl SocketTransport {
    /// Sends bytes, at once as far as the system takes them; the rest waits for its turn.
    ///
    /// Raises `TypeError` for what is not `bytes`, `bytearray` or `memoryview`, and `RuntimeError` after
    /// `write_eof()`. On a lost connection this does nothing.
    #[pymethod]
    fn write(zelf: &Py<Self>, data: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        if let Some(bytes) = data.downcast_ref::<PyBytes>() {
            return Self::send_parts(zelf, &[bytes.as_bytes()], &[Some(bytes)], "write", vm);
        }
        let data = writable_data(&data, vm)?;
        // The buffer is not locked while the script's own code may run.
        let bytes = data.borrow_buf().to_vec();
        Self::send_parts(zelf, &[&bytes], &[], "write", vm)
    }

    /// Sends several pieces together, as `write` does with one.
    #[pymethod]
    fn writelines(zelf: &Py<Self>, list_of_data: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        Self::check_writable(zelf, "writelines", vm)?;
        if !list_of_data.clone().is_true(vm)? {
            return Ok(());
        }
        let pieces: Vec<PyObjectRef> = vm.extract_elements_with(&list_of_data, Ok)?;
        let mut copies = Vec::with_capacity(pieces.len());
        for piece in &pieces {
            copies.push(match piece.downcast_ref::<PyBytes>() {
                Some(_) => Vec::new(),
                None => ArgBytesLike::try_from_borrowed_object(vm, piece)
                    .map_err(|_| {
                        let class = piece.class();
                        vm.new_type_error(format!(
                            "memoryview: a bytes-like object is required, not '{}'",
                            class.name()
                        ))
                    })?
                    .borrow_buf()
                    .to_vec(),
            });
        }
        let owners: Vec<Option<&Py<PyBytes>>> = pieces.iter().map(|piece| piece.downcast_ref()).collect();
        let parts: Vec<&[u8]> = owners
            .iter()
            .zip(&copies)
            .map(|(owner, copy)| owner.map_or(copy.as_slice(), |owner| owner.as_bytes()))
            .collect();
        Self::send_parts(zelf, &parts, &owners, "writelines", vm)
    }

    /// Ends the sending direction once everything is sent; the peer may go on sending.
    #[pymethod]
    fn write_eof(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::write_eof_native(zelf, vm)
    }

    /// `True`: sockets can be closed in one direction.
    #[pymethod]
    fn can_write_eof(_zelf: &Py<Self>) -> bool {
        true
    }

    /// Closes the connection once everything is sent. Nothing is received any more.
    #[pymethod]
    fn close(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::close_native(zelf, vm)
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
        zelf.wants_reading()
    }

    /// Stops to receive until `resume_reading()`.
    #[pymethod]
    fn pause_reading(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::pause_native(zelf, vm)
    }

    /// Receives again.
    #[pymethod]
    fn resume_reading(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::resume_native(zelf, vm)
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

    /// Says above how many waiting bytes (`high`) the protocol's `pause_writing` is called, and at how
    /// many (`low`) its `resume_writing`. Without `low` it is a quarter of `high`, without `high` four
    /// times `low`. Raises `ValueError` unless `high >= low >= 0`.
    #[pymethod]
    fn set_write_buffer_limits(zelf: &Py<Self>, limits: Limits, vm: &VirtualMachine) -> PyResult<()> {
        zelf.set_limits(limits, vm)?;
        Self::maybe_pause_protocol(zelf, vm)
    }

    #[pymethod]
    fn _set_write_buffer_limits(zelf: &Py<Self>, limits: Limits, vm: &VirtualMachine) -> PyResult<()> {
        zelf.set_limits(limits, vm)
    }

    /// `(low, high)`, in bytes.
    #[pymethod]
    fn get_write_buffer_limits(zelf: &Py<Self>) -> (usize, usize) {
        (zelf.low_water(), zelf.high_water())
    }

    /// How many bytes wait to be sent.
    #[pymethod]
    fn get_write_buffer_size(zelf: &Py<Self>) -> usize {
        zelf.buffered()
    }

    #[pymethod]
    fn _maybe_pause_protocol(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::maybe_pause_protocol(zelf, vm)
    }

    #[pymethod]
    fn _maybe_resume_protocol(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::maybe_resume_protocol(zelf, vm)
    }

    #[pymethod]
    fn _read_ready(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::read(zelf, vm)
    }

    #[pymethod]
    fn _write_ready(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::flush(zelf, vm)
    }

    #[pymethod]
    fn _fatal_error(
        zelf: &Py<Self>,
        exc: PyObjectRef,
        message: OptionalArg<PyStrRef>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let message = message
            .into_option()
            .map_or_else(|| "Fatal error on transport".to_owned(), |text| text.to_string());
        let Ok(error) = exc.clone().downcast() else {
            return Self::force_close(zelf, exc, vm);
        };
        Self::fatal_error(zelf, error, &message, vm)
    }

    #[pymethod]
    fn _force_close(zelf: &Py<Self>, exc: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        Self::force_close(zelf, exc, vm)
    }

    #[pymethod]
    fn _call_connection_lost(zelf: &Py<Self>, exc: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
        Self::connection_lost(zelf, exc, vm)
    }

    #[pymethod]
    fn _make_empty_waiter(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult {
        Self::make_empty_waiter(zelf, vm)
    }

    #[pymethod]
    fn _reset_empty_waiter(zelf: &Py<Self>) {
        zelf.has_empty_waiter.store(false, Relaxed);
        let waiter = zelf.objects.lock().empty_waiter.take();
        drop(waiter);
    }

    #[pygetset]
    fn _extra(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.objects.lock().extra.clone()
    }

    #[pygetset(setter)]
    fn set__extra(zelf: &Py<Self>, extra: PyObjectRef) {
        let replaced = zelf.objects.lock().extra.replace(extra);
        drop(replaced);
    }

    #[pygetset]
    fn _loop(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.objects.lock().event_loop.clone().map(Into::into)
    }

    #[pygetset]
    fn _sock(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.objects.lock().sock.clone()
    }

    #[pygetset]
    fn _sock_fd(zelf: &Py<Self>) -> RawFd {
        zelf.fd.load(Relaxed)
    }

    #[pygetset]
    fn _protocol(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.protocol.get()
    }

    #[pygetset]
    fn _protocol_connected(zelf: &Py<Self>) -> bool {
        zelf.objects.lock().event_loop.is_some()
    }

    #[pygetset]
    fn _protocol_paused(zelf: &Py<Self>) -> bool {
        zelf.protocol_paused.load(Relaxed)
    }

    #[pygetset]
    fn _server(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.objects.lock().server.clone()
    }

    #[pygetset]
    fn _conn_lost(zelf: &Py<Self>) -> u32 {
        zelf.lost.load(Relaxed)
    }

    #[pygetset]
    fn _closing(zelf: &Py<Self>) -> bool {
        zelf.closing()
    }

    #[pygetset]
    fn _paused(zelf: &Py<Self>) -> bool {
        zelf.paused.load(Relaxed)
    }

    #[pygetset]
    fn _eof(zelf: &Py<Self>) -> bool {
        zelf.eof_written.load(Relaxed)
    }

    #[pygetset]
    fn _empty_waiter(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.objects.lock().empty_waiter.clone()
    }

    #[pygetset]
    fn _low_water(zelf: &Py<Self>) -> usize {
        zelf.low_water()
    }

    #[pygetset]
    fn _high_water(zelf: &Py<Self>) -> usize {
        zelf.high_water()
    }

    /// How many bytes one read takes at most.
    #[pygetset]
    fn max_size(zelf: &Py<Self>) -> usize {
        zelf.max_size.load(Relaxed)
    }

    #[pygetset(setter)]
    fn set_max_size(zelf: &Py<Self>, size: usize, vm: &VirtualMachine) -> PyResult<()> {
        if size == 0 {
            return Err(vm.new_value_error("max_size must be positive"));
        }
        zelf.max_size.store(size, Relaxed);
        Ok(())
    }
}

impl Representable for SocketTransport {
    fn repr_str(zelf: &Py<Self>, _vm: &VirtualMachine) -> PyResult<String> {
        let (event_loop, open) = {
            let objects = zelf.objects.lock();
            (objects.event_loop.clone(), objects.sock.is_some())
        };
        let mut parts = vec![zelf.class().name().to_string()];
        if !open {
            parts.push("closed".to_owned());
        } else if zelf.closing() {
            parts.push("closing".to_owned());
        }
        parts.push(format!("fd={}", zelf.fd.load(Relaxed)));
        if event_loop.is_some_and(|event_loop| !event_loop.closed.load(Relaxed)) {
            let state = |polling: &AtomicBool| if polling.load(Relaxed) { "polling" } else { "idle" };
            parts.push(format!("read={}", state(&zelf.reading)));
            parts.push(format!("write=<{}, bufsize={}>", state(&zelf.writing), zelf.buffered()));
        }
        Ok(format!("<{}>", parts.join(" ")))
    }
}

impl Destructor for SocketTransport {
    fn del(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        let (sock, server) = {
            let mut objects = zelf.objects.lock();
            (objects.sock.take(), objects.server.take())
        };
        let Some(sock) = sock else {
            return Ok(());
        };
        // As it was, for the warning.
        zelf.objects.lock().sock = Some(sock.clone());
        let repr = zelf.as_object().repr(vm)?;
        let mut arguments = FuncArgs::from(vec![
            vm.ctx.new_str(format!("unclosed transport {repr}")).into(),
            vm.ctx.exceptions.resource_warning.to_owned().into(),
        ]);
        arguments.kwargs.insert("source".into(), zelf.to_owned().into());
        let warned = vm.import("warnings", 0)?.get_attr("warn", vm)?.call(arguments, vm);
        let closed = vm.call_method(&sock, "close", ());
        zelf.objects.lock().sock = None;
        if let Some(server) = server {
            vm.call_method(&server, "_detach", (zelf.to_owned(),))?;
        }
        warned.and(closed).map(drop)
    }
}
