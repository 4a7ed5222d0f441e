//! What native code reads and changes of a connection.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use rustpython_vm::builtins::{PyBaseExceptionRef, PyDictRef};
use rustpython_vm::class::StaticType;
use rustpython_vm::function::FuncArgs;
use rustpython_vm::{AsObject, Py, PyObjectRef, PyRef, PyResult, VirtualMachine};
use tauraro_asyncio::futures;
use tauraro_asyncio::transport::NativeTransport;

use super::Connection;
use crate::asyncio::assembler::Assembler;
use crate::protocol::{ProtocolObject, ProtocolRef};

impl Connection {
    fn uninitialized(vm: &VirtualMachine) -> PyBaseExceptionRef {
        vm.new_runtime_error("Connection.__init__() was not called")
    }

    /// The protocol, as it is to be called now.
    ///
    /// # Errors
    /// `RuntimeError` if a subclass did not initialize the connection.
    pub(crate) fn protocol(&self, vm: &VirtualMachine) -> PyResult<ProtocolRef<'_>> {
        Ok(self.handle(vm)?.protocol(vm))
    }

    /// What holds the protocol object.
    ///
    /// # Errors
    /// `RuntimeError` if a subclass did not initialize the connection.
    pub(crate) fn handle(&self, vm: &VirtualMachine) -> PyResult<&ProtocolObject> {
        self.protocol.get().ok_or_else(|| Self::uninitialized(vm))
    }

    /// The event loop that runs the connection.
    ///
    /// # Errors
    /// `RuntimeError` if a subclass did not initialize the connection.
    pub(crate) fn event_loop(&self, vm: &VirtualMachine) -> PyResult<&PyObjectRef> {
        self.event_loop.get().ok_or_else(|| Self::uninitialized(vm))
    }

    /// The transport.
    ///
    /// # Errors
    /// `AttributeError` before `connection_made()`.
    pub(crate) fn transport(&self, vm: &VirtualMachine) -> PyResult {
        let transport = self.inner.lock().transport.clone();
        transport.ok_or_else(|| vm.new_attribute_error("'Connection' object has no attribute 'transport'"))
    }

    pub(crate) fn transport_is_closing(&self, vm: &VirtualMachine) -> PyResult<bool> {
        let transport = self.transport(vm)?;
        match NativeTransport::of(&transport, vm) {
            Some(native) => Ok(native.is_closing()),
            None => vm.call_method(&transport, "is_closing", ())?.try_to_bool(vm),
        }
    }

    /// The assembler of messages.
    ///
    /// # Errors
    /// `AttributeError` before `connection_made()`.
    pub(crate) fn messages(&self, vm: &VirtualMachine) -> PyResult<PyRef<Assembler>> {
        let messages = self.inner.lock().messages.clone();
        messages.ok_or_else(|| vm.new_attribute_error("'Connection' object has no attribute 'recv_messages'"))
    }

    /// Pings without an answer.
    pub(crate) fn pings(&self, vm: &VirtualMachine) -> PyDictRef {
        self.inner.lock().pings.get_or_insert_with(|| vm.ctx.new_dict()).clone()
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.lost.load(Acquire)
    }

    pub(crate) fn set_lost(&self) {
        self.lost.store(true, Release);
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.paused.load(Acquire)
    }

    pub(crate) fn set_paused(&self, paused: bool) {
        self.paused.store(paused, Release);
    }

    /// Whether a fragmented message is being sent.
    pub(crate) fn is_sending(&self) -> bool {
        self.sending.load(Acquire)
    }

    pub(crate) fn set_sending(&self, sending: bool) {
        self.sending.store(sending, Release);
    }

    pub(crate) fn set_latency(&self, latency: f64) {
        self.latency.store(latency.to_bits(), Relaxed);
    }

    /// Remembers why the connection is lost; the first reason counts.
    pub(crate) fn set_connection_exc(&self, error: Option<PyBaseExceptionRef>) {
        let mut inner = self.inner.lock();
        if inner.error.is_none() {
            inner.error = error;
        }
    }

    /// `close_exc`, or what asking for it raises.
    pub(crate) fn closed_exception(&self, vm: &VirtualMachine) -> PyBaseExceptionRef {
        let error = match self.protocol(vm).and_then(|protocol| protocol.close_exc(vm)) {
            Ok(error) => error,
            Err(error) => return error,
        };
        let cause = self.inner.lock().error.clone();
        if let Some(cause) = cause {
            error.set_cause(Some(cause));
        }
        error
    }

    /// Forgets futures of those who do not wait any more.
    pub(crate) fn forget_done_waiters(&self, vm: &VirtualMachine) -> PyResult<()> {
        let waiters = std::mem::take(&mut self.inner.lock().waiters);
        let mut kept = Vec::with_capacity(waiters.len() + 1);
        for waiter in waiters {
            if !futures::is_done(&waiter, vm)? {
                kept.push(waiter);
            }
        }
        let mut inner = self.inner.lock();
        kept.append(&mut inner.waiters);
        inner.waiters = kept;
        Ok(())
    }

    /// Logs a message, with an exception.
    pub(crate) fn log(
        zelf: &Py<Self>,
        level: &'static str,
        message: &'static str,
        error: Option<&PyBaseExceptionRef>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        let logger = zelf.as_object().get_attr(vm.ctx.intern_str("logger"), vm)?;
        let mut args = FuncArgs::from(vec![vm.ctx.new_str(message).into()]);
        if let Some(error) = error {
            args.kwargs.insert("exc_info".into(), error.clone().into());
        }
        vm.call_method(&logger, level, args).map(drop)
    }

    /// Logs a message if the protocol's logger was enabled for such messages.
    pub(crate) fn log_debug(
        zelf: &Py<Self>,
        message: &'static str,
        error: Option<&PyBaseExceptionRef>,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        if zelf.as_object().get_attr(vm.ctx.intern_str("debug"), vm)?.try_to_bool(vm)? {
            Self::log(zelf, "debug", message, error, vm)?;
        }
        Ok(())
    }

    /// Whether no subclass overrides what is done for each message.
    pub(crate) fn is_plain(zelf: &Py<Self>, vm: &VirtualMachine) -> bool {
        let class = zelf.class();
        let version = class.tp_version_tag.load(Acquire);
        if version != 0 && version == zelf.plain_version.load(Relaxed) {
            return true;
        }
        let native = Self::static_type();
        let plain = ["process_event", "recv"].into_iter().all(|name| {
            let name = vm.ctx.intern_str(name);
            let (found, ours) = (class.get_attr(name), native.get_direct_attr(name));
            found.is_some_and(|found| ours.is_some_and(|ours| found.is(&ours)))
        });
        if plain {
            // Changing the class or one of its bases gives it another version.
            zelf.plain_version.store(class.tp_version_tag.load(Acquire), Relaxed);
        }
        plain
    }
}
