//! `SocketTransport`: the native half of the transport of a stream socket, and its Python interface.

use std::fmt;
use std::io;
use std::os::fd::RawFd;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicUsize, Ordering::Relaxed};

use rustpython_vm::builtins::{PyBytes, PyStrInterned, PyType};
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::convert::ToPyException;
use rustpython_vm::function::{ArgBytesLike, FuncArgs, OptionalArg};
use rustpython_vm::object::{Traverse, TraverseFn};
use rustpython_vm::types::{Constructor, Destructor, Initializer, Representable};
use rustpython_vm::{
    AsObject, FromArgs, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, TryFromBorrowedObject,
    VirtualMachine, pyclass,
};

use super::outgoing::Outgoing;
use super::receiver::DataReceived;
use super::shape::Shape;
use crate::loop_core::LoopCore;

/// How much one read takes at most, in bytes.
const MAX_SIZE: usize = 256 * 1024;
/// Above this many waiting bytes the protocol is asked to pause writing.
const HIGH_WATER: usize = 64 * 1024;

/// The objects a transport works with. Most are given up when the connection is lost.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) event_loop: Option<PyRef<LoopCore>>,
    pub(super) sock: Option<PyObjectRef>,
    pub(super) protocol: Option<PyObjectRef>,
    /// What takes data for the protocol, at the shape that is remembered of it.
    pub(super) data_received: Option<DataReceived>,
    pub(super) server: Option<PyObjectRef>,
    pub(super) extra: Option<PyObjectRef>,
    /// What `sendfile` waits with until everything is sent.
    pub(super) empty_waiter: Option<PyObjectRef>,
    /// The `contextvars.Context` that the protocol's methods run in when something arrives.
    pub(super) context: Option<PyObjectRef>,
}

impl Parts {
    fn objects(&self) -> impl Iterator<Item = &PyObject> {
        let event_loop = self.event_loop.as_ref().map(AsObject::as_object);
        let others =
            [&self.sock, &self.protocol, &self.server, &self.extra, &self.empty_waiter, &self.context];
        event_loop.into_iter().chain(others.into_iter().flatten().map(AsRef::as_ref))
    }
}

/// The native half of the transport that a protocol is given for a stream socket.
///
/// `loop, sock, protocol, waiter=None, extra=None, server=None`; made by the event loop.
#[pyclass(module = "_asyncio", name = "SocketTransport", traverse = "manual")]
#[derive(Default, PyPayload)]
pub struct SocketTransport {
    pub(super) parts: PyMutex<Parts>,
    pub(super) out: PyMutex<Outgoing>,
    pub(super) fd: AtomicI32,
    /// What the loop's epoll watches the socket for.
    pub(super) armed: AtomicU32,
    /// Whether the transport wants to know that it can read...
    pub(super) reading: AtomicBool,
    /// ...or write.
    pub(super) writing: AtomicBool,
    /// Not zero once `connection_lost` is scheduled; then counts vain writes.
    pub(super) lost: AtomicU32,
    pub(super) closing: AtomicBool,
    pub(super) paused: AtomicBool,
    /// Whether `write_eof` was called.
    pub(super) ended: AtomicBool,
    /// Whether the protocol is a `BufferedProtocol`.
    pub(super) fills_buffers: AtomicBool,
    /// Of the transport, when its `write` was seen to be ours.
    shape: Shape,
    /// Of the protocol, when it was seen who takes its data.
    pub(super) protocol_shape: Shape,
    pub(super) protocol_paused: AtomicBool,
    pub(super) has_empty_waiter: AtomicBool,
    high: AtomicUsize,
    low: AtomicUsize,
    pub(super) max_size: AtomicUsize,
}

impl fmt::Debug for SocketTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketTransport").field("fd", &self.fd).finish_non_exhaustive()
    }
}

// SAFETY: each object is visited once, and `clear` gives away those that can be part of a cycle; `bytes`
// that wait to be sent refer to nothing.
#[expect(unsafe_code, reason = "the garbage collector's interface")]
unsafe impl Traverse for SocketTransport {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        if let Some(parts) = self.parts.try_lock() {
            parts.objects().for_each(visit);
        }
    }

    fn clear(&mut self, out: &mut Vec<PyObjectRef>) {
        let mut parts = self.parts.lock();
        out.extend(parts.protocol.take());
        out.extend(parts.server.take());
        out.extend(parts.extra.take());
        out.extend(parts.empty_waiter.take());
    }
}

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
        Self::take_protocol(zelf, args.protocol, vm)?;
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

/// A limit in bytes, `None` if it is negative; what is larger than an address space is as good as none.
fn limit(limit: &PyObject, vm: &VirtualMachine) -> PyResult<Option<usize>> {
    let number = limit.try_index(vm)?;
    let number = number.as_bigint();
    Ok(match usize::try_from(number) {
        Ok(number) => Some(number),
        Err(_) if number.to_string().starts_with('-') => None,
        Err(_) => Some(usize::MAX),
    })
}

impl SocketTransport {
    /// The native transport that `transport` is, unless its `write` was replaced by something else.
    pub fn of<'a>(transport: &'a PyObject, vm: &VirtualMachine) -> Option<&'a Py<Self>> {
        let native = transport.downcast_ref::<Self>()?;
        if native.shape.is_of(transport) {
            return Some(native);
        }
        let name = vm.ctx.intern_str("write");
        let ours = <Self as rustpython_vm::class::StaticType>::static_type().get_attr(name)?;
        let replaced = !transport.class().get_attr(name)?.is(&ours)
            || transport.dict().is_some_and(|dict| dict.contains_key(name, vm));
        if replaced {
            return None;
        }
        native.shape.remember(transport);
        Some(native)
    }

    /// Whether the transport is closed or about to be, as `is_closing()`.
    pub fn closing(&self) -> bool {
        self.closing.load(Relaxed)
    }

    /// How many bytes wait to be sent, as `get_write_buffer_size()`.
    pub fn buffered(&self) -> usize {
        self.out.lock().len()
    }

    pub(super) fn is_lost(&self) -> bool {
        self.lost.load(Relaxed) > 0
    }

    pub(super) fn wants_reading(&self) -> bool {
        !self.closing() && !self.paused.load(Relaxed)
    }

    pub(super) fn high_water(&self) -> usize {
        self.high.load(Relaxed)
    }

    pub(super) fn low_water(&self) -> usize {
        self.low.load(Relaxed)
    }

    pub(super) fn event_loop(&self, vm: &VirtualMachine) -> PyResult<PyRef<LoopCore>> {
        let event_loop = self.parts.lock().event_loop.clone();
        event_loop.ok_or_else(|| vm.new_runtime_error("the transport is closed"))
    }

    pub(super) fn protocol(&self) -> Option<PyObjectRef> {
        self.parts.lock().protocol.clone()
    }

    pub(super) fn context(&self) -> Option<PyObjectRef> {
        self.parts.lock().context.clone()
    }

    /// The descriptor, if the socket still has it: a script may have closed or detached the socket, and
    /// the number may be another file's by now.
    pub(super) fn descriptor(&self, vm: &VirtualMachine) -> PyResult<RawFd> {
        static CLOSED: OnceLock<&'static PyStrInterned> = OnceLock::new();

        let sock = self.parts.lock().sock.clone();
        if let Some(sock) = sock
            && sock
                .get_attr(*CLOSED.get_or_init(|| vm.ctx.intern_str("_closed")), vm)?
                .is(&vm.ctx.false_value)
        {
            return Ok(self.fd.load(Relaxed));
        }
        Err(io::Error::from_raw_os_error(libc::EBADF).to_pyexception(vm))
    }

    fn set_limits(
        &self,
        high: Option<PyObjectRef>,
        low: Option<PyObjectRef>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let given = |object: Option<PyObjectRef>| object.filter(|object| !vm.is_none(object));
        let (high, low) = (given(high), given(low));
        let parse = |value: &Option<PyObjectRef>| match value {
            Some(value) => limit(value, vm).map(Some),
            None => Ok(None),
        };
        let (high_given, low_given) = (parse(&high)?, parse(&low)?);
        let new_high = match (high_given, low_given) {
            (Some(high), _) => high,
            (None, Some(low)) => low.map(|low| low.saturating_mul(4)),
            (None, None) => Some(HIGH_WATER),
        };
        let new_low = low_given.unwrap_or(new_high.map(|high| high / 4));
        match (new_high, new_low) {
            (Some(high), Some(low)) if high >= low => {
                self.high.store(high, Relaxed);
                self.low.store(low, Relaxed);
                Ok(())
            }
            _ => {
                let shown = |value: Option<PyObjectRef>, number: Option<usize>| match value {
                    Some(value) => value.repr(vm).map(|repr| repr.to_string()),
                    None => Ok(number.map_or_else(|| "-1".to_owned(), |number| number.to_string())),
                };
                Err(vm.new_value_error(format!(
                    "high ({}) must be >= low ({}) must be >= 0",
                    shown(high, new_high)?,
                    shown(low, new_low)?
                )))
            }
        }
    }
}

/// The arguments of `set_write_buffer_limits`.
#[derive(FromArgs)]
struct Limits {
    #[pyarg(any, optional)]
    high: Option<PyObjectRef>,
    #[pyarg(any, optional)]
    low: Option<PyObjectRef>,
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
        Self::take_protocol(zelf, protocol, vm)
    }

    /// The protocol; `None` once the connection is lost.
    #[pymethod]
    fn get_protocol(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.protocol()
    }

    /// Says above how many waiting bytes (`high`) the protocol's `pause_writing` is called, and at how
    /// many (`low`) its `resume_writing`. Without `low` it is a quarter of `high`, without `high` four
    /// times `low`. Raises `ValueError` unless `high >= low >= 0`.
    #[pymethod]
    fn set_write_buffer_limits(zelf: &Py<Self>, limits: Limits, vm: &VirtualMachine) -> PyResult<()> {
        zelf.set_limits(limits.high, limits.low, vm)?;
        Self::maybe_pause_protocol(zelf, vm)
    }

    #[pymethod]
    fn _set_write_buffer_limits(zelf: &Py<Self>, limits: Limits, vm: &VirtualMachine) -> PyResult<()> {
        zelf.set_limits(limits.high, limits.low, vm)
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
        message: OptionalArg<rustpython_vm::builtins::PyStrRef>,
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
        let waiter = zelf.parts.lock().empty_waiter.take();
        drop(waiter);
    }

    #[pygetset]
    fn _extra(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.parts.lock().extra.clone()
    }

    #[pygetset(setter)]
    fn set__extra(zelf: &Py<Self>, extra: PyObjectRef) {
        let replaced = zelf.parts.lock().extra.replace(extra);
        drop(replaced);
    }

    #[pygetset]
    fn _loop(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.parts.lock().event_loop.clone().map(Into::into)
    }

    #[pygetset]
    fn _sock(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.parts.lock().sock.clone()
    }

    #[pygetset]
    fn _sock_fd(zelf: &Py<Self>) -> RawFd {
        zelf.fd.load(Relaxed)
    }

    #[pygetset]
    fn _protocol(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.protocol()
    }

    #[pygetset]
    fn _protocol_connected(zelf: &Py<Self>) -> bool {
        zelf.parts.lock().event_loop.is_some()
    }

    #[pygetset]
    fn _protocol_paused(zelf: &Py<Self>) -> bool {
        zelf.protocol_paused.load(Relaxed)
    }

    #[pygetset]
    fn _server(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.parts.lock().server.clone()
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
        zelf.ended.load(Relaxed)
    }

    #[pygetset]
    fn _empty_waiter(zelf: &Py<Self>) -> Option<PyObjectRef> {
        zelf.parts.lock().empty_waiter.clone()
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
            let parts = zelf.parts.lock();
            (parts.event_loop.clone(), parts.sock.is_some())
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
            let mut parts = zelf.parts.lock();
            (parts.sock.take(), parts.server.take())
        };
        let Some(sock) = sock else {
            return Ok(());
        };
        // As it was, for the warning.
        zelf.parts.lock().sock = Some(sock.clone());
        let repr = zelf.as_object().repr(vm)?;
        let mut arguments = FuncArgs::from(vec![
            vm.ctx.new_str(format!("unclosed transport {repr}")).into(),
            vm.ctx.exceptions.resource_warning.to_owned().into(),
        ]);
        arguments.kwargs.insert("source".into(), zelf.to_owned().into());
        let warned = vm.import("warnings", 0)?.get_attr("warn", vm)?.call(arguments, vm);
        let closed = vm.call_method(&sock, "close", ());
        zelf.parts.lock().sock = None;
        if let Some(server) = server {
            vm.call_method(&server, "_detach", (zelf.to_owned(),))?;
        }
        warned.and(closed).map(drop)
    }
}
