//! What a [`SocketTransport`] consists of.

use std::fmt;
use std::io;
use std::os::fd::RawFd;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU8, AtomicU32, AtomicUsize, Ordering::Relaxed};

use rustpython_vm::builtins::PyStrInterned;
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::convert::ToPyException;
use rustpython_vm::object::{Traverse, TraverseFn};
use rustpython_vm::{
    AsObject, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass,
};

use super::attribute_cache::AttributeCacheKey;
use super::limits::{Limits, parse_limits};
use super::protocol_slot::ProtocolSlot;
use super::write_buffer::WriteBuffer;
use crate::event_loop::LoopCore;
use crate::event_loop::epoll::Interest;

/// How much one read takes at most, in bytes.
pub(super) const MAX_SIZE: usize = 256 * 1024;
/// Above this many waiting bytes the protocol is asked to pause writing.
pub(super) const HIGH_WATER: usize = 64 * 1024;

/// The objects a transport works with. Most are given up when the connection is lost.
#[derive(Default)]
pub(super) struct Objects {
    pub(super) event_loop: Option<PyRef<LoopCore>>,
    pub(super) sock: Option<PyObjectRef>,
    pub(super) server: Option<PyObjectRef>,
    pub(super) extra: Option<PyObjectRef>,
    /// What `sendfile` waits with until everything is sent.
    pub(super) empty_waiter: Option<PyObjectRef>,
    /// The `contextvars.Context` that the protocol's methods run in when something arrives.
    pub(super) context: Option<PyObjectRef>,
}

impl Objects {
    fn iter(&self) -> impl Iterator<Item = &PyObject> {
        let event_loop = self.event_loop.as_ref().map(AsObject::as_object);
        let others = [&self.sock, &self.server, &self.extra, &self.empty_waiter, &self.context];
        event_loop.into_iter().chain(others.into_iter().flatten().map(AsRef::as_ref))
    }
}

/// The native half of the transport that a protocol is given for a stream socket.
///
/// `loop, sock, protocol, waiter=None, extra=None, server=None`; made by the event loop.
#[pyclass(module = "_asyncio", name = "SocketTransport", traverse = "manual")]
#[derive(Default, PyPayload)]
pub struct SocketTransport {
    pub(super) objects: PyMutex<Objects>,
    pub(super) protocol: ProtocolSlot,
    pub(super) out: PyMutex<WriteBuffer>,
    pub(super) fd: AtomicI32,
    /// What the loop's epoll watches the socket for.
    pub(super) watched: AtomicU8,
    /// Whether the transport wants to know that it can read...
    pub(super) reading: AtomicBool,
    /// ...or write.
    pub(super) writing: AtomicBool,
    /// Not zero once `connection_lost` is scheduled; from then on counts writes.
    pub(super) lost: AtomicU32,
    pub(super) closing: AtomicBool,
    pub(super) paused: AtomicBool,
    /// Whether `write_eof` was called.
    pub(super) eof_written: AtomicBool,
    /// Of the transport, when its `write` was found to be the native one.
    pub(super) cache_key: AttributeCacheKey,
    pub(super) protocol_paused: AtomicBool,
    pub(super) has_empty_waiter: AtomicBool,
    pub(super) high: AtomicUsize,
    pub(super) low: AtomicUsize,
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
        self.protocol.traverse(visit);
        if let Some(objects) = self.objects.try_lock() {
            objects.iter().for_each(visit);
        }
    }

    fn clear(&mut self, out: &mut Vec<PyObjectRef>) {
        let mut objects = self.objects.lock();
        out.extend(self.protocol.take());
        out.extend(objects.server.take());
        out.extend(objects.extra.take());
        out.extend(objects.empty_waiter.take());
    }
}

impl SocketTransport {
    /// The native transport that `transport` is, unless its `write` was replaced by something else.
    pub fn of<'a>(transport: &'a PyObject, vm: &VirtualMachine) -> Option<&'a Py<Self>> {
        let native = transport.downcast_ref::<Self>()?;
        if native.cache_key.matches(transport) {
            return Some(native);
        }
        let name = vm.ctx.intern_str("write");
        let ours = <Self as rustpython_vm::class::StaticType>::static_type().get_attr(name)?;
        let replaced = !transport.class().get_attr(name)?.is(&ours)
            || transport.dict().is_some_and(|dict| dict.contains_key(name, vm));
        if replaced {
            return None;
        }
        native.cache_key.remember(transport);
        Some(native)
    }

    /// What the loop's epoll watches the socket for.
    pub(super) fn watched(&self) -> Interest {
        let bits = self.watched.load(Relaxed);
        Interest { readable: bits & 1 != 0, writable: bits & 2 != 0 }
    }

    pub(super) fn set_watched(&self, interest: Interest) {
        self.watched.store(u8::from(interest.readable) | u8::from(interest.writable) << 1, Relaxed);
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
        let event_loop = self.objects.lock().event_loop.clone();
        event_loop.ok_or_else(|| vm.new_runtime_error("the transport is closed"))
    }

    pub(super) fn context(&self) -> Option<PyObjectRef> {
        self.objects.lock().context.clone()
    }

    /// The descriptor, if the socket still has it: a script may have closed or detached the socket, and
    /// the number may be another file's by now.
    pub(super) fn descriptor(&self, vm: &VirtualMachine) -> PyResult<RawFd> {
        static CLOSED: OnceLock<&'static PyStrInterned> = OnceLock::new();

        let sock = self.objects.lock().sock.clone();
        if let Some(sock) = sock
            && sock
                .get_attr(*CLOSED.get_or_init(|| vm.ctx.intern_str("_closed")), vm)?
                .is(&vm.ctx.false_value)
        {
            return Ok(self.fd.load(Relaxed));
        }
        Err(io::Error::from_raw_os_error(libc::EBADF).to_pyexception(vm))
    }

    pub(super) fn set_limits(&self, limits: Limits, vm: &VirtualMachine) -> PyResult<()> {
        let (high, low) = parse_limits(limits, HIGH_WATER, vm)?;
        self.high.store(high, Relaxed);
        self.low.store(low, Relaxed);
        Ok(())
    }
}
