//! How a connection talks to its protocol object.
//!
//! A connection owns a `websockets.protocol.Protocol`: usually a native one with nothing overridden, which is
//! called directly; but a script may have subclassed it, patched it or written its own, which is called by its
//! Python methods. [`Protocol`] hides the difference from the connections of `websockets.asyncio` and
//! `websockets.sync`.

mod data;
mod event;

pub(crate) use data::Data;
pub(crate) use event::{Event, Opcode, Part};
pub(crate) use tauraro_engine::websocket::State;

use rustpython_vm::builtins::{PyBaseExceptionRef, PyStr};
use rustpython_vm::function::IntoFuncArgs;
use rustpython_vm::{AsObject, Py, PyObject, PyObjectRef, PyResult, Traverse, VirtualMachine};

use crate::errors;
use crate::protocol::PyProtocol;

/// The state that the value of a Python `State` stands for.
fn state_from_number(number: i32) -> Option<State> {
    Some(match number {
        0 => State::Connecting,
        1 => State::Open,
        2 => State::Closing,
        3 => State::Closed,
        _ => return None,
    })
}

/// One piece of what the protocol wants sent.
#[derive(Debug)]
pub(crate) enum Output {
    /// Bytes of a native protocol.
    Bytes(Vec<u8>),
    /// A bytes-like object of a protocol that is called by its Python methods.
    Object(PyObjectRef),
    /// The end of the stream: the connection is to be half-closed.
    Eof,
}

/// A protocol object, and the way to call it.
#[derive(Debug, Traverse)]
pub(crate) struct ProtocolHandle {
    object: PyObjectRef,
}

impl ProtocolHandle {
    pub(crate) fn new(object: PyObjectRef) -> Self {
        Self { object }
    }

    /// Gives the protocol away.
    pub(crate) fn into_object(self) -> PyObjectRef {
        self.object
    }

    /// The protocol itself.
    pub(crate) fn object(&self) -> &PyObjectRef {
        &self.object
    }

    /// The way to call it, which holds until Python code runs that may change it.
    pub(crate) fn protocol(&self, vm: &VirtualMachine) -> Protocol<'_> {
        match self.object.downcast_ref::<PyProtocol>() {
            Some(native) if PyProtocol::is_native(native, vm) => Protocol::Native(native),
            _ => Protocol::Foreign(&self.object),
        }
    }
}

/// A protocol, and how it is called.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Protocol<'a> {
    /// A native one of which nothing is overridden that connections call.
    Native(&'a Py<PyProtocol>),
    /// Any other, by its Python methods.
    Foreign(&'a PyObjectRef),
}

impl Protocol<'_> {
    fn object(&self) -> &PyObject {
        match self {
            Self::Native(native) => native.as_object(),
            Self::Foreign(object) => object,
        }
    }

    fn call(&self, method: &str, args: impl IntoFuncArgs, vm: &VirtualMachine) -> PyResult {
        vm.call_method(self.object(), method, args)
    }

    fn attribute(&self, name: &'static str, vm: &VirtualMachine) -> PyResult {
        self.object().get_attr(vm.ctx.intern_str(name), vm)
    }

    /// Where the connection stands.
    ///
    /// # Errors
    /// What a foreign protocol raises.
    pub(crate) fn state(self, vm: &VirtualMachine) -> PyResult<State> {
        if let Self::Native(native) = self {
            return Ok(native.state());
        }
        let number: i32 = self.attribute("state", vm)?.try_to_value(vm)?;
        state_from_number(number).ok_or_else(|| vm.new_value_error(format!("{number} is not a valid State")))
    }

    /// Feeds bytes that arrived. Afterwards there may be [`output`](Self::output) and
    /// [`events`](Self::events).
    ///
    /// # Errors
    /// `EOFError` after the end was fed; what a foreign protocol raises.
    pub(crate) fn receive_data(self, data: &[u8], vm: &VirtualMachine) -> PyResult<()> {
        if let Self::Native(native) = self {
            return PyProtocol::receive_data(native, data, vm);
        }
        self.call("receive_data", (vm.ctx.new_bytes(data.to_vec()),), vm).map(drop)
    }

    /// Feeds the end of the stream; more than once does no harm.
    ///
    /// # Errors
    /// What a foreign protocol raises.
    pub(crate) fn receive_eof(self, vm: &VirtualMachine) -> PyResult<()> {
        if let Self::Native(native) = self {
            return PyProtocol::receive_eof(native, vm);
        }
        self.call("receive_eof", (), vm).map(drop)
    }

    /// What the peer sent, in order; each event is given once.
    ///
    /// # Errors
    /// What a foreign protocol raises.
    pub(crate) fn events(self, vm: &VirtualMachine) -> PyResult<Vec<Event>> {
        if let Self::Native(native) = self {
            return Ok(native.take_events().into_iter().filter_map(Event::from_native).collect());
        }
        let events = self.call("events_received", (), vm)?;
        vm.extract_elements_with(&events, |event| Ok(Event::Object(event)))
    }

    /// What is to be sent, in order; each piece is given once.
    ///
    /// # Errors
    /// What a foreign protocol raises.
    pub(crate) fn output(self, vm: &VirtualMachine) -> PyResult<Vec<Output>> {
        if let Self::Native(native) = self {
            let output = native.take_output();
            let eof = output.has_eof().then_some(Output::Eof);
            let bytes = Some(output.into_bytes()).filter(|bytes| !bytes.is_empty()).map(Output::Bytes);
            return Ok(bytes.into_iter().chain(eof).collect());
        }
        let pieces = self.call("data_to_send", (), vm)?;
        vm.extract_elements_with(&pieces, |piece| {
            Ok(if piece.clone().try_to_bool(vm)? { Output::Object(piece) } else { Output::Eof })
        })
    }

    /// Queues a data frame.
    ///
    /// # Errors
    /// `ProtocolError` where such a frame cannot be sent now, `InvalidState` when the connection is not open,
    /// `UnicodeEncodeError` for text that has surrogates.
    pub(crate) fn send(self, opcode: Opcode, data: &Data, fin: bool, vm: &VirtualMachine) -> PyResult<()> {
        if let Self::Native(native) = self {
            return data.with_bytes(vm, |bytes| match opcode {
                Opcode::Ping | Opcode::Pong => PyProtocol::send_control(native, opcode.native(), bytes, vm),
                _ => PyProtocol::send_data(native, opcode.native(), bytes, fin, vm),
            });
        }
        let data = data.to_bytes_like(vm)?;
        match opcode {
            // As most callers would write it: doubles of the method see what they expect.
            Opcode::Text if fin => self.call("send_text", (data,), vm),
            Opcode::Binary if fin => self.call("send_binary", (data,), vm),
            Opcode::Text => self.call("send_text", (data, fin), vm),
            Opcode::Binary => self.call("send_binary", (data, fin), vm),
            Opcode::Continuation => self.call("send_continuation", (data, fin), vm),
            Opcode::Ping => self.call("send_ping", (data,), vm),
            Opcode::Pong => self.call("send_pong", (data,), vm),
        }
        .map(drop)
    }

    /// Queues a close frame, the first half of the closing handshake.
    ///
    /// # Errors
    /// `ProtocolError` for a code that must not be sent or a reason that is too long, `InvalidState` when the
    /// connection is not open.
    pub(crate) fn send_close(
        self,
        code: PyObjectRef,
        reason: PyObjectRef,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        if let Self::Native(native) = self
            && let Ok(code) = code.try_to_value::<u16>(vm)
            && let Some(reason) = reason.downcast_ref::<PyStr>().and_then(|reason| reason.to_str())
        {
            return PyProtocol::send_close(native, Some(code), reason, vm);
        }
        self.call("send_close", (code, reason), vm).map(drop)
    }

    /// Fails the connection: tells the peer why, and reads no more of what it sends.
    ///
    /// # Errors
    /// `ProtocolError` for a code that must not be sent.
    pub(crate) fn fail(self, code: u16, reason: &str, vm: &VirtualMachine) -> PyResult<()> {
        if let Self::Native(native) = self {
            return PyProtocol::fail(native, code, reason, vm);
        }
        let code = errors::attribute(vm, "websockets.frames", "CloseCode")?.call((code,), vm)?;
        self.call("fail", (code, vm.ctx.new_str(reason)), vm).map(drop)
    }

    /// Whether the peer is to close the TCP connection soon.
    ///
    /// # Errors
    /// What a foreign protocol raises.
    pub(crate) fn close_expected(self, vm: &VirtualMachine) -> PyResult<bool> {
        if let Self::Native(native) = self {
            return Ok(native.close_expected());
        }
        self.call("close_expected", (), vm)?.try_to_bool(vm)
    }

    /// The `ConnectionClosed` exception of a closed connection, a new one each time.
    ///
    /// # Errors
    /// `AssertionError` when it is not closed.
    pub(crate) fn close_exc(self, vm: &VirtualMachine) -> PyResult<PyBaseExceptionRef> {
        if let Self::Native(native) = self {
            return native.closed_exception(vm);
        }
        let error = self.attribute("close_exc", vm)?;
        error.downcast().map_err(|error| {
            vm.new_type_error(format!("close_exc is no exception: {}", error.class().name()))
        })
    }
}
