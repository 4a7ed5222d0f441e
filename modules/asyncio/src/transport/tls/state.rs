//! What a [`TlsTransport`] consists of.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicUsize, Ordering::Relaxed};

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::common::lock::PyMutex;
use rustpython_vm::object::{Traverse, TraverseFn};
use rustpython_vm::{
    AsObject, Py, PyObject, PyObjectRef, PyPayload, PyRef, PyResult, VirtualMachine, pyclass,
};
use tauraro_engine::tls::Session;

use super::super::attribute_cache::AttributeCacheKey;
use super::super::protocol_slot::ProtocolSlot;
use super::super::write_buffer::WriteBuffer;
use crate::event_loop::LoopCore;
use crate::handle::Call;
use crate::timers::TimerHandle;

/// From this many waiting bytes on the protocol is asked to pause writing.
pub(super) const HIGH_WATER_WRITE: usize = 512 * 1024;
/// From this many bytes on that the protocol does not take, no more are received.
pub(super) const HIGH_WATER_READ: usize = 256 * 1024;

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// There is no transport below yet.
    Unconnected,
    Handshaking,
    Open,
    /// Closed by this side; what waits is still to be sent.
    Flushing,
    /// Both sides say that they send no more.
    ShuttingDown,
    Closed,
}

/// What the protocol was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AppStage {
    Unconnected,
    /// `connection_made`
    Connected,
    /// `eof_received`
    Eof,
    /// `connection_lost`
    Lost,
}

/// The objects a transport works with.
#[derive(Default)]
pub(super) struct Objects {
    pub(super) event_loop: Option<PyRef<LoopCore>>,
    /// The transport below.
    pub(super) lower: Option<PyObjectRef>,
    /// A future that waits for the end of the handshake.
    pub(super) waiter: Option<PyObjectRef>,
    pub(super) context: Option<PyObjectRef>,
    /// Made when a script asks for it.
    pub(super) ssl_object: Option<PyObjectRef>,
    pub(super) peer_certificate: Option<PyObjectRef>,
    /// Limits the time of the handshake, later of the shutdown.
    pub(super) timer: Option<PyRef<TimerHandle>>,
}

impl Objects {
    fn iter(&self) -> impl Iterator<Item = &PyObject> {
        let event_loop = self.event_loop.as_ref().map(AsObject::as_object);
        let timer = self.timer.as_ref().map(AsObject::as_object);
        let others = [&self.lower, &self.waiter, &self.context, &self.ssl_object, &self.peer_certificate];
        event_loop.into_iter().chain(timer).chain(others.into_iter().flatten().map(AsRef::as_ref))
    }
}

/// How a connection is made.
#[derive(Debug, Default)]
pub(super) struct Options {
    pub(super) server_side: bool,
    pub(super) server_hostname: Option<String>,
    /// In seconds.
    pub(super) handshake_timeout: f64,
    pub(super) shutdown_timeout: f64,
    /// When the handshake began, in the loop's time; debug mode shows how long it took.
    pub(super) handshake_start: Option<f64>,
}

/// The native half of the transport that a protocol is given for a TLS connection. Made by the event loop.
#[pyclass(module = "_asyncio", name = "TlsTransport", traverse = "manual")]
#[derive(PyPayload)]
pub struct TlsTransport {
    pub(super) objects: PyMutex<Objects>,
    pub(super) protocol: ProtocolSlot,
    /// `None` in an object that was not initialized.
    pub(super) session: PyMutex<Option<Session>>,
    /// What waits to be encrypted.
    pub(super) out: PyMutex<WriteBuffer>,
    /// What was decrypted and waits for the protocol to take it.
    pub(super) unread: PyMutex<Vec<u8>>,
    pub(super) options: PyMutex<Options>,
    stage: AtomicU8,
    app_stage: AtomicU8,
    /// Whether the transport was closed.
    pub(super) closed: AtomicBool,
    /// Whether the transport below has received the end of the stream.
    pub(super) eof: AtomicBool,
    pub(super) reading_paused: AtomicBool,
    pub(super) writing_paused: AtomicBool,
    pub(super) lower_reading_paused: AtomicBool,
    pub(super) lower_writing_paused: AtomicBool,
    /// Counts the loss of the connection and writes after it.
    pub(super) lost: AtomicU32,
    pub(super) write_high: AtomicUsize,
    pub(super) write_low: AtomicUsize,
    pub(super) read_high: AtomicUsize,
    pub(super) read_low: AtomicUsize,
    /// Of the transport, when its `write` was found to be the native one.
    pub(super) cache_key: AttributeCacheKey,
}

impl fmt::Debug for TlsTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsTransport").field("stage", &self.stage()).finish_non_exhaustive()
    }
}

impl Default for TlsTransport {
    fn default() -> Self {
        Self {
            objects: PyMutex::default(),
            protocol: ProtocolSlot::default(),
            session: PyMutex::default(),
            out: PyMutex::default(),
            unread: PyMutex::default(),
            options: PyMutex::default(),
            stage: 0.into(),
            app_stage: 0.into(),
            closed: false.into(),
            eof: false.into(),
            reading_paused: false.into(),
            writing_paused: false.into(),
            lower_reading_paused: false.into(),
            lower_writing_paused: false.into(),
            lost: 0.into(),
            write_high: HIGH_WATER_WRITE.into(),
            write_low: (HIGH_WATER_WRITE / 4).into(),
            read_high: HIGH_WATER_READ.into(),
            read_low: (HIGH_WATER_READ / 4).into(),
            cache_key: AttributeCacheKey::default(),
        }
    }
}

// SAFETY: each object is visited once, and `clear` gives away those that can be part of a cycle; `bytes` that wait to
// be sent refer to nothing.
#[expect(unsafe_code, reason = "the garbage collector's interface")]
unsafe impl Traverse for TlsTransport {
    fn traverse(&self, visit: &mut TraverseFn<'_>) {
        self.protocol.traverse(visit);
        if let Some(objects) = self.objects.try_lock() {
            objects.iter().for_each(visit);
        }
    }

    fn clear(&mut self, out: &mut Vec<PyObjectRef>) {
        out.extend(self.protocol.take());
        let mut objects = self.objects.lock();
        out.extend(objects.lower.take());
        out.extend(objects.waiter.take());
        out.extend(objects.ssl_object.take());
    }
}

impl TlsTransport {
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

    pub(super) fn stage(&self) -> Stage {
        match self.stage.load(Relaxed) {
            0 => Stage::Unconnected,
            1 => Stage::Handshaking,
            2 => Stage::Open,
            3 => Stage::Flushing,
            4 => Stage::ShuttingDown,
            _ => Stage::Closed,
        }
    }

    pub(super) fn set_stage(&self, stage: Stage) {
        self.stage.store(stage as u8, Relaxed);
    }

    pub(super) fn app_stage(&self) -> AppStage {
        match self.app_stage.load(Relaxed) {
            0 => AppStage::Unconnected,
            1 => AppStage::Connected,
            2 => AppStage::Eof,
            _ => AppStage::Lost,
        }
    }

    pub(super) fn set_app_stage(&self, stage: AppStage) {
        self.app_stage.store(stage as u8, Relaxed);
    }

    /// Whether the transport is closed or about to be, as `is_closing()`.
    pub fn closing(&self) -> bool {
        self.closed.load(Relaxed)
            || matches!(self.stage(), Stage::Flushing | Stage::ShuttingDown | Stage::Closed)
    }

    /// How many bytes wait to be sent, as `get_write_buffer_size()`.
    pub fn buffered(&self) -> usize {
        self.out.lock().len()
    }

    pub(super) fn event_loop(&self, vm: &VirtualMachine) -> PyResult<PyRef<LoopCore>> {
        let event_loop = self.objects.lock().event_loop.clone();
        event_loop.ok_or_else(|| vm.new_runtime_error("the transport is not initialized"))
    }

    pub(super) fn lower(&self) -> Option<PyObjectRef> {
        self.objects.lock().lower.clone()
    }

    /// Replaces the timer; the one before is cancelled.
    pub(super) fn set_timer(&self, timer: Option<PyRef<TimerHandle>>, vm: &VirtualMachine) -> PyResult<()> {
        let replaced = std::mem::replace(&mut self.objects.lock().timer, timer);
        match replaced {
            Some(timer) => TimerHandle::cancel_timer(&timer, vm),
            None => Ok(()),
        }
    }

    /// Calls a method of the transport after so many seconds, unless the timer is replaced before.
    pub(super) fn start_timer(
        zelf: &Py<Self>,
        seconds: f64,
        method: &'static str,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let event_loop = zelf.event_loop(vm)?;
        let function = zelf.as_object().get_attr(method, vm)?;
        let timer = LoopCore::call_after(&event_loop, seconds, Call::of(function), vm)?;
        zelf.set_timer(Some(timer), vm)
    }

    /// Calls a method of the transport in the next iteration of the loop.
    pub(super) fn call_soon(
        zelf: &Py<Self>,
        method: &'static str,
        args: Vec<PyObjectRef>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let function = zelf.as_object().get_attr(method, vm)?;
        let event_loop = zelf.event_loop(vm)?;
        event_loop.check_open(vm)?;
        LoopCore::queue(&event_loop, Call { function, args }, None, vm)
    }

    /// Ends the connection because of `error`, which is reported if it is not the network's.
    ///
    /// # Errors
    /// `error` itself when it is one that ends the loop; what the loop's exception handler raises.
    pub(super) fn fatal_error(
        zelf: &Py<Self>,
        error: PyBaseExceptionRef,
        message: &'static str,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        if crate::interpreter_state::ends_the_loop(&error, vm) {
            return Err(error);
        }
        Self::abort_lower(zelf, error.clone().into(), vm)?;
        if error.fast_isinstance(vm.ctx.exceptions.os_error) {
            if zelf.event_loop(vm)?.debug() {
                let text = vm.ctx.new_str(message).into();
                let args = vec![zelf.to_owned().into(), text];
                super::super::log_with(vm, "%r: %s", args, Some(&error))?;
            }
            return Ok(());
        }
        if crate::interpreter_state::InterpreterState::get(vm)?.is_cancelled(&error) {
            return Ok(());
        }
        Self::report(zelf, message, error, vm)
    }

    /// Tells the loop's exception handler.
    pub(super) fn report(
        zelf: &Py<Self>,
        message: &str,
        error: PyBaseExceptionRef,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        if crate::interpreter_state::ends_the_loop(&error, vm) {
            return Err(error);
        }
        let context = vm.ctx.new_dict();
        context.set_item("message", vm.ctx.new_str(message).into(), vm)?;
        context.set_item("exception", error.into(), vm)?;
        context.set_item("transport", zelf.to_owned().into(), vm)?;
        context.set_item("protocol", vm.unwrap_or_none(zelf.protocol.get()), vm)?;
        vm.call_method(zelf.event_loop(vm)?.as_object(), "call_exception_handler", (context,)).map(drop)
    }
}
