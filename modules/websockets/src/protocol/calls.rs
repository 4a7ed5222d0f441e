//! What connections and handshakes call a protocol for.

use rustpython_vm::builtins::{PyList, PyTuple};
use rustpython_vm::{Py, PyRef, PyResult, VirtualMachine};
use tauraro_engine::websocket::{Error, Extension, Opcode, Output, Protocol, Side, State};

use super::native::Methods;
use super::protocol::Inner;
use super::{Event, PyProtocol, failure, masks};
use crate::extensions::PyPerMessageDeflate;

/// How an operation runs.
pub(super) enum Way {
    /// In one go, without extensions.
    Plain,
    /// In one go, with compression.
    Deflate(PyRef<PyPerMessageDeflate>),
    /// Step by step, because Python code is to be called.
    StateMachine,
}

fn way_of(extensions: &[rustpython_vm::PyObjectRef], vm: &VirtualMachine) -> Way {
    match extensions {
        [] => Way::Plain,
        [one] => match PyPerMessageDeflate::native(one, vm) {
            Some(deflate) => Way::Deflate(deflate),
            None => Way::StateMachine,
        },
        _ => Way::StateMachine,
    }
}

impl Inner {
    /// How an operation runs, as far as the extensions decide it.
    fn way(&self, vm: &VirtualMachine) -> Way {
        let Some(extensions) = &self.extensions else { return Way::Plain };
        if let Some(list) = extensions.downcast_ref_if_exact::<PyList>(vm) {
            way_of(&list.borrow_vec(), vm)
        } else if let Some(tuple) = extensions.downcast_ref_if_exact::<PyTuple>(vm) {
            way_of(tuple.as_slice(), vm)
        } else {
            Way::StateMachine
        }
    }
}

impl PyProtocol {
    /// Runs an operation that may send; whether it also receives decides what may be overridden.
    fn run<T>(
        zelf: &Py<Self>,
        receives: bool,
        vm: &VirtualMachine,
        operation: impl FnOnce(&mut Protocol, &mut dyn Extension) -> Result<T, Error>,
    ) -> PyResult<T> {
        Self::run_by(zelf, Self::methods(zelf, vm), receives, vm, operation)
    }

    fn run_by<T>(
        zelf: &Py<Self>,
        methods: Methods,
        receives: bool,
        vm: &VirtualMachine,
        operation: impl FnOnce(&mut Protocol, &mut dyn Extension) -> Result<T, Error>,
    ) -> PyResult<T> {
        let steps = methods.overrides_send_frame() || (receives && methods.overrides_recv_frame());
        let mut inner = zelf.lock();
        let steps = steps || (inner.machine.side() == Side::Client && masks::are_replaced(vm));
        let way = if steps { Way::StateMachine } else { inner.way(vm) };
        let machine = &mut inner.machine;
        machine.set_deferring(matches!(way, Way::StateMachine));
        let result = match &way {
            Way::Plain | Way::StateMachine => operation(machine, &mut ()),
            Way::Deflate(deflate) => operation(machine, &mut *deflate.lock()),
        };
        let unsettled = machine.has_notices() || machine.has_deferred();
        drop(inner);
        if unsettled {
            Self::settle(zelf, vm)?;
        }
        result.map_err(|error| failure::exception(vm, &error))
    }

    /// Whether frames that arrive are to be processed step by step.
    fn receives_in_steps(zelf: &Py<Self>, methods: Methods, vm: &VirtualMachine) -> bool {
        if methods.overrides_recv_frame() || methods.overrides_send_frame() {
            return true;
        }
        let inner = zelf.lock();
        matches!(inner.way(vm), Way::StateMachine)
            || (inner.machine.side() == Side::Client && masks::are_replaced(vm))
    }

    /// Processes bytes that arrived.
    ///
    /// # Errors
    /// `EOFError` after the end of the stream.
    pub(crate) fn receive_data(zelf: &Py<Self>, data: &[u8], vm: &VirtualMachine) -> PyResult<()> {
        let mut rest = data;
        let (handshake, ended) = {
            let inner = zelf.lock();
            (inner.handshake.clone(), inner.machine.eof_received())
        };
        if let (Some(handshake), false) = (handshake, ended) {
            let over = handshake.receive_data(zelf, &mut rest, vm)?;
            if !over {
                return Ok(());
            }
            let handshake = zelf.lock().handshake.take();
            drop(handshake);
            if rest.is_empty() {
                return Ok(());
            }
        }
        let methods = Self::methods(zelf, vm);
        if !ended && Self::receives_in_steps(zelf, methods, vm) {
            return Self::receive_in_steps(zelf, rest, vm);
        }
        Self::run_by(zelf, methods, true, vm, |machine, extension| machine.receive_data(rest, extension))
    }

    /// Processes the end of the stream; again, it does nothing.
    ///
    /// # Errors
    /// What the logger raises.
    pub(crate) fn receive_eof(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        let handshake = {
            let mut inner = zelf.lock();
            if inner.machine.eof_received() {
                return Ok(());
            }
            let handshake = if inner.machine.discards() { None } else { inner.handshake.take() };
            if handshake.is_some() {
                inner.machine.note_eof();
            }
            handshake
        };
        match handshake {
            Some(handshake) => handshake.receive_eof(zelf, vm),
            None => Self::run(zelf, true, vm, |machine, extension| {
                machine.receive_eof(extension);
                Ok(())
            }),
        }
    }

    /// Sends text, bytes or another fragment of them.
    ///
    /// # Errors
    /// `ProtocolError` for a fragment that does not belong there, `InvalidState` unless the connection is open,
    /// and what extensions raise.
    pub(crate) fn send_data(
        zelf: &Py<Self>,
        opcode: Opcode,
        data: &[u8],
        fin: bool,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        Self::run(zelf, false, vm, |machine, extension| machine.send_data(opcode, data, fin, extension))
    }

    /// Sends a ping or a pong.
    ///
    /// # Errors
    /// `ProtocolError` for more than 125 bytes, `InvalidState` unless the connection is open or closing.
    pub(crate) fn send_control(
        zelf: &Py<Self>,
        opcode: Opcode,
        data: &[u8],
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        Self::run(zelf, false, vm, |machine, extension| {
            if opcode == Opcode::Ping {
                machine.send_ping(data, extension)
            } else {
                machine.send_pong(data, extension)
            }
        })
    }

    /// Begins the closing handshake.
    ///
    /// # Errors
    /// `ProtocolError` for a code that must not be sent, or a reason that has no code or is too long;
    /// `InvalidState` unless the connection is open.
    pub(crate) fn send_close(
        zelf: &Py<Self>,
        code: Option<u16>,
        reason: &str,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        Self::run(zelf, false, vm, |machine, extension| machine.send_close(code, reason, extension))
    }

    /// Fails the connection.
    ///
    /// # Errors
    /// `ProtocolError` for a code that must not be sent.
    pub(crate) fn fail(zelf: &Py<Self>, code: u16, reason: &str, vm: &VirtualMachine) -> PyResult<()> {
        Self::run(zelf, false, vm, |machine, extension| machine.fail(code, reason, extension))
    }

    /// Ends our stream, once.
    ///
    /// # Errors
    /// What the logger raises.
    pub(crate) fn send_eof(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::run(zelf, false, vm, |machine, _| {
            machine.send_eof();
            Ok(())
        })
    }

    /// Looks at nothing that arrives any more.
    ///
    /// # Errors
    /// What the logger raises.
    pub(crate) fn discard(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<()> {
        Self::run(zelf, false, vm, |machine, _| {
            machine.discard();
            Ok(())
        })
    }

    /// Changes the state.
    ///
    /// # Errors
    /// What the logger raises.
    pub(crate) fn set_state(zelf: &Py<Self>, state: State, vm: &VirtualMachine) -> PyResult<()> {
        Self::run(zelf, false, vm, |machine, _| {
            machine.set_state(state);
            Ok(())
        })
    }

    /// What has happened since the last call.
    pub(crate) fn take_events(&self) -> Vec<Event> {
        let mut inner = self.lock();
        if inner.heads.is_empty() && !inner.machine.has_events() {
            return Vec::new();
        }
        let heads = std::mem::take(&mut inner.heads);
        let frames = inner.machine.take_events();
        drop(inner);
        heads.into_iter().map(Event::Handshake).chain(frames.into_iter().map(Event::Frame)).collect()
    }

    /// What is to be sent since the last call.
    pub(crate) fn take_output(&self) -> Output {
        self.lock().machine.take_output()
    }
}
