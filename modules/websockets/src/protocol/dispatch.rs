//! How a connection calls its protocol object.
//!
//! The protocol of a connection is usually a native one of which nothing is overridden: it is called directly. A
//! script may have subclassed it, patched it or written its own: it is called through its Python methods.
//! [`ProtocolRef`] hides the difference from the connections of `websockets.asyncio` and `websockets.sync`.

use rustpython_vm::builtins::{PyBaseExceptionRef, PyStr};
use rustpython_vm::function::IntoFuncArgs;
use rustpython_vm::{AsObject, Py, PyObject, PyObjectRef, PyResult, Traverse, VirtualMachine};
use tauraro_engine::websocket as engine;

use super::{Event, Protocol};
use crate::data::Data;
use crate::frames::members;

/// One piece of what the protocol has to send.
#[derive(Debug)]
pub(crate) enum OutputPiece {
    /// Bytes of a native protocol.
    Bytes(Vec<u8>),
    /// A bytes-like object of a protocol that is called through its Python methods.
    Object(PyObjectRef),
    /// The end of the stream: the connection is to be half-closed.
    Eof,
}

/// The protocol object of a connection.
#[derive(Debug, Traverse)]
pub(crate) struct ProtocolObject {
    object: PyObjectRef,
}

impl ProtocolObject {
    pub(crate) fn new(object: PyObjectRef) -> Self {
        Self { object }
    }

    /// The object itself, owned.
    pub(crate) fn into_object(self) -> PyObjectRef {
        self.object
    }

    /// The object itself.
    pub(crate) fn object(&self) -> &PyObjectRef {
        &self.object
    }

    /// How to call it, until Python code runs that may change that.
    pub(crate) fn protocol(&self, vm: &VirtualMachine) -> ProtocolRef<'_> {
        match self.object.downcast_ref::<Protocol>() {
            Some(native) if Protocol::is_native(native, vm) => ProtocolRef::Native(native),
            _ => ProtocolRef::Foreign(&self.object),
        }
    }
}

/// A protocol, by the way it is called.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ProtocolRef<'a> {
    /// A native one that overrides none of the methods that connections call.
    Native(&'a Py<Protocol>),
    /// Any other, which is called through its Python methods.
    Foreign(&'a PyObjectRef),
}

impl ProtocolRef<'_> {
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

    /// The state of the connection.
    ///
    /// # Errors
    /// What a foreign protocol raises.
    pub(crate) fn state(self, vm: &VirtualMachine) -> PyResult<engine::State> {
        if let Self::Native(native) = self {
            return Ok(native.state());
        }
        let number: i32 = self.attribute("state", vm)?.try_to_value(vm)?;
        let state = u8::try_from(number).ok().and_then(members::state_from_value);
        state.ok_or_else(|| vm.new_value_error(format!("{number} is not a valid State")))
    }

    /// Processes bytes that arrived. Afterwards there may be [`output`](Self::output) and
    /// [`events`](Self::events).
    ///
    /// # Errors
    /// `EOFError` after the end of the stream; what a foreign protocol raises.
    pub(crate) fn receive_data(self, data: &[u8], vm: &VirtualMachine) -> PyResult<()> {
        if let Self::Native(native) = self {
            return Protocol::receive_data(native, data, vm);
        }
        self.call("receive_data", (vm.ctx.new_bytes(data.to_vec()),), vm).map(drop)
    }

    /// Processes the end of the stream; calling it again does nothing.
    ///
    /// # Errors
    /// What a foreign protocol raises.
    pub(crate) fn receive_eof(self, vm: &VirtualMachine) -> PyResult<()> {
        if let Self::Native(native) = self {
            return Protocol::receive_eof(native, vm);
        }
        self.call("receive_eof", (), vm).map(drop)
    }

    /// The events since the last call, in order.
    ///
    /// # Errors
    /// What a foreign protocol raises.
    pub(crate) fn events(self, vm: &VirtualMachine) -> PyResult<Vec<Event>> {
        if let Self::Native(native) = self {
            let events = native.take_events().into_iter();
            // The protocol has responded to close frames already.
            let is_close =
                |event: &Event| matches!(event, Event::Frame(it) if it.opcode == engine::opcode::CLOSE);
            return Ok(events.filter(|event| !is_close(event)).collect());
        }
        let events = self.call("events_received", (), vm)?;
        vm.extract_elements_with(&events, |event| Ok(Event::Object(event)))
    }

    /// What is to be sent since the last call, in order.
    ///
    /// # Errors
    /// What a foreign protocol raises.
    pub(crate) fn output(self, vm: &VirtualMachine) -> PyResult<Vec<OutputPiece>> {
        if let Self::Native(native) = self {
            let output = native.take_output();
            let eof = output.has_eof().then_some(OutputPiece::Eof);
            let bytes = Some(output.into_bytes()).filter(|bytes| !bytes.is_empty()).map(OutputPiece::Bytes);
            return Ok(bytes.into_iter().chain(eof).collect());
        }
        let pieces = self.call("data_to_send", (), vm)?;
        vm.extract_elements_with(&pieces, |piece| {
            Ok(if piece.clone().try_to_bool(vm)? { OutputPiece::Object(piece) } else { OutputPiece::Eof })
        })
    }

    /// Queues a frame other than a close frame.
    ///
    /// # Errors
    /// `ProtocolError` where such a frame cannot be sent now, `InvalidState` unless the connection is open,
    /// `UnicodeEncodeError` for text that has surrogates.
    pub(crate) fn send(
        self,
        opcode: engine::OpCode,
        data: &Data,
        fin: bool,
        vm: &VirtualMachine,
    ) -> PyResult<()> {
        if let Self::Native(native) = self {
            return data.with_bytes(vm, |bytes| match opcode {
                engine::opcode::PING => Protocol::send_ping(native, bytes, vm),
                engine::opcode::PONG => Protocol::send_pong(native, bytes, vm),
                _ => Protocol::send_data(native, opcode, bytes, fin, vm),
            });
        }
        let data = data.to_bytes_like(vm)?;
        match opcode {
            // As most callers would write it: doubles of the method see what they expect.
            engine::opcode::TEXT if fin => self.call("send_text", (data,), vm),
            engine::opcode::BINARY if fin => self.call("send_binary", (data,), vm),
            engine::opcode::TEXT => self.call("send_text", (data, fin), vm),
            engine::opcode::BINARY => self.call("send_binary", (data, fin), vm),
            engine::opcode::PING => self.call("send_ping", (data,), vm),
            engine::opcode::PONG => self.call("send_pong", (data,), vm),
            _ => self.call("send_continuation", (data, fin), vm),
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
            return Protocol::send_close(native, Some(code.into()), reason, vm);
        }
        self.call("send_close", (code, reason), vm).map(drop)
    }

    /// Fails the connection: tells the peer why, and ignores what it still sends.
    ///
    /// # Errors
    /// `ProtocolError` for a code that must not be sent.
    pub(crate) fn fail(self, code: engine::CloseCode, reason: &str, vm: &VirtualMachine) -> PyResult<()> {
        if let Self::Native(native) = self {
            return Protocol::fail(native, code, reason, vm);
        }
        let code = members::close_code(vm, code.into())?;
        self.call("fail", (code, vm.ctx.new_str(reason)), vm).map(drop)
    }

    /// Whether the peer should close the TCP connection soon.
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
            vm.new_type_error(format!("close_exc is not an exception: {}", error.class().name()))
        })
    }
}
