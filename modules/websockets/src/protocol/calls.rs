//! The operations of a protocol that connections and handshakes call.

use rustpython_vm::builtins::{PyList, PyTuple};
use rustpython_vm::common::lock::PyMutexGuard;
use rustpython_vm::{Py, PyObjectRef, PyRef, PyResult, VirtualMachine};
use tauraro_engine::websocket as engine;

use super::object::Inner;
use super::overrides::Overrides;
use super::{Event, Protocol, failure, masks};
use crate::extensions::PerMessageDeflate;

/// How an operation runs.
enum Strategy {
    /// In one step, without extensions.
    Plain,
    /// In one step, with compression.
    Deflate(PyRef<PerMessageDeflate>),
    /// Step by step, because Python code is to be called in between.
    Stepwise,
}

impl Strategy {
    fn for_extensions(extensions: &[PyObjectRef], vm: &VirtualMachine) -> Self {
        match extensions {
            [] => Self::Plain,
            [one] => PerMessageDeflate::native(one, vm).map_or(Self::Stepwise, Self::Deflate),
            _ => Self::Stepwise,
        }
    }
}

impl Inner {
    /// How an operation runs; `is_overridden` says whether it calls methods that are overridden.
    fn strategy(&self, is_overridden: bool, vm: &VirtualMachine) -> Strategy {
        if is_overridden || (self.machine.side() == engine::Side::Client && masks::are_replaced(vm)) {
            return Strategy::Stepwise;
        }
        let Some(extensions) = &self.extensions else { return Strategy::Plain };
        if let Some(list) = extensions.downcast_ref_if_exact::<PyList>(vm) {
            Strategy::for_extensions(&list.borrow_vec(), vm)
        } else if let Some(tuple) = extensions.downcast_ref_if_exact::<PyTuple>(vm) {
            Strategy::for_extensions(tuple.as_slice(), vm)
        } else {
            Strategy::Stepwise
        }
    }
}

/// Whether an operation that receives frames, and answers them, calls overridden methods.
const fn overrides_receiving(overrides: Overrides) -> bool {
    overrides.recv_frame() || overrides.send_frame()
}

impl Protocol {
    /// Runs an operation that sends.
    fn run<T>(
        zelf: &Py<Self>,
        vm: &VirtualMachine,
        operation: impl FnOnce(&mut engine::Protocol, &mut dyn engine::Extension) -> Result<T, engine::Error>,
    ) -> PyResult<T> {
        let is_overridden = Self::overrides(zelf, vm).send_frame();
        let inner = zelf.lock();
        let strategy = inner.strategy(is_overridden, vm);
        Self::run_locked(zelf, inner, &strategy, vm, operation)
    }

    fn run_locked<T>(
        zelf: &Py<Self>,
        mut inner: PyMutexGuard<'_, Inner>,
        strategy: &Strategy,
        vm: &VirtualMachine,
        operation: impl FnOnce(&mut engine::Protocol, &mut dyn engine::Extension) -> Result<T, engine::Error>,
    ) -> PyResult<T> {
        let machine = &mut inner.machine;
        machine.set_deferring(matches!(strategy, Strategy::Stepwise));
        let result = match strategy {
            Strategy::Plain | Strategy::Stepwise => operation(machine, &mut ()),
            Strategy::Deflate(deflate) => operation(machine, &mut *deflate.lock()),
        };
        let is_pending = machine.has_notices() || machine.has_deferred();
        drop(inner);
        if is_pending {
            Self::flush_pending(zelf, vm)?;
        }
        result.map_err(|error| failure::exception(vm, &error))
    }

    /// Processes bytes that arrived.
    ///
    /// # Errors
    /// `EOFError` after the end of the stream.
    pub(crate) fn receive_data(zelf: &Py<Self>, data: &[u8], vm: &VirtualMachine) -> PyResult<()> {
        let is_overridden = overrides_receiving(Self::overrides(zelf, vm));
        let inner = zelf.lock();
        if inner.machine.eof_received() {
            return Self::run_locked(zelf, inner, &Strategy::Plain, vm, |machine, extension| {
                machine.receive_data(data, extension)
            });
        }
        if inner.handshake.is_some() {
            drop(inner);
            return Self::receive_handshake(zelf, data, vm);
        }
        let strategy = inner.strategy(is_overridden, vm);
        if matches!(strategy, Strategy::Stepwise) {
            drop(inner);
            return Self::receive_stepwise(zelf, data, vm);
        }
        Self::run_locked(zelf, inner, &strategy, vm, |machine, extension| {
            machine.receive_data(data, extension)
        })
    }

    /// Processes bytes that arrived during the opening handshake, and the frames after it.
    fn receive_handshake(zelf: &Py<Self>, data: &[u8], vm: &VirtualMachine) -> PyResult<()> {
        let mut rest = data;
        let Some(handshake) = zelf.lock().handshake.clone() else {
            return Self::receive_data(zelf, data, vm);
        };
        if !handshake.receive_data(zelf, &mut rest, vm)? {
            return Ok(());
        }
        let handshake = zelf.lock().handshake.take();
        drop(handshake);
        if rest.is_empty() { Ok(()) } else { Self::receive_data(zelf, rest, vm) }
    }

    /// Processes the end of the stream; calling it again does nothing.
    ///
    /// # Errors
    /// What the logger raises.
    pub(crate) fn receive_eof(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        let is_overridden = overrides_receiving(Self::overrides(zelf, vm));
        let mut inner = zelf.lock();
        if inner.machine.eof_received() {
            return Ok(());
        }
        if !inner.machine.discards()
            && let Some(handshake) = inner.handshake.take()
        {
            inner.machine.note_eof();
            drop(inner);
            return handshake.receive_eof(zelf, vm);
        }
        let strategy = inner.strategy(is_overridden, vm);
        Self::run_locked(zelf, inner, &strategy, vm, |machine, extension| {
            machine.receive_eof(extension);
            Ok(())
        })
    }

    /// Sends text, bytes or another fragment of them.
    ///
    /// # Errors
    /// `ProtocolError` for a fragment in the wrong place, `InvalidState` unless the connection is open, and what
    /// extensions raise.
    pub(crate) fn send_data(
        zelf: &Py<Self>,
        opcode: engine::OpCode,
        data: &[u8],
        fin: bool,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        Self::run(zelf, vm, |machine, extension| machine.send_data(opcode, data, fin, extension))
    }

    /// Sends a ping.
    ///
    /// # Errors
    /// `ProtocolError` for more than 125 bytes, `InvalidState` unless the connection is open or closing.
    pub(crate) fn send_ping(zelf: &Py<Self>, data: &[u8], vm: &VirtualMachine) -> PyResult<()> {
        Self::run(zelf, vm, |machine, extension| machine.send_ping(data, extension))
    }

    /// Sends a pong.
    ///
    /// # Errors
    /// `ProtocolError` for more than 125 bytes, `InvalidState` unless the connection is open or closing.
    pub(crate) fn send_pong(zelf: &Py<Self>, data: &[u8], vm: &VirtualMachine) -> PyResult<()> {
        Self::run(zelf, vm, |machine, extension| machine.send_pong(data, extension))
    }

    /// Begins the closing handshake.
    ///
    /// # Errors
    /// `ProtocolError` for a code that must not be sent, or a reason that has no code or is too long;
    /// `InvalidState` unless the connection is open.
    pub(crate) fn send_close(
        zelf: &Py<Self>,
        code: Option<engine::CloseCode>,
        reason: &str,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        Self::run(zelf, vm, |machine, extension| machine.send_close(code, reason, extension))
    }

    /// Fails the connection.
    ///
    /// # Errors
    /// `ProtocolError` for a code that must not be sent.
    pub(crate) fn fail(
        zelf: &Py<Self>,
        code: engine::CloseCode,
        reason: &str,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        Self::run(zelf, vm, |machine, extension| machine.fail(code, reason, extension))
    }

    /// Ends our stream, once.
    ///
    /// # Errors
    /// What the logger raises.
    pub(crate) fn send_eof(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::run(zelf, vm, |machine, _| {
            machine.send_eof();
            Ok(())
        })
    }

    /// Ignores everything that still arrives.
    ///
    /// # Errors
    /// What the logger raises.
    pub(crate) fn discard(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::run(zelf, vm, |machine, _| {
            machine.discard();
            Ok(())
        })
    }

    /// Changes the state.
    ///
    /// # Errors
    /// What the logger raises.
    pub(crate) fn set_state(zelf: &Py<Self>, state: engine::State, vm: &VirtualMachine) -> PyResult<()> {
        Self::run(zelf, vm, |machine, _| {
            machine.set_state(state);
            Ok(())
        })
    }

    /// The events since the last call.
    pub(crate) fn take_events(&self) -> Vec<Event> {
        let mut inner = self.lock();
        if inner.heads.is_empty() && !inner.machine.has_events() {
            return Vec::new();
        }
        let heads = std::mem::take(&mut inner.heads);
        let frames = inner.machine.take_events();
        drop(inner);
        heads.into_iter().map(Event::Object).chain(frames.into_iter().map(Event::Frame)).collect()
    }

    /// What is to be sent since the last call.
    pub(crate) fn take_output(&self) -> engine::Output {
        self.lock().machine.take_output()
    }
}
