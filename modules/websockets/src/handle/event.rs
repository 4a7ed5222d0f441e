//! What a protocol says the peer sent.

use bytes::Bytes;
use rustpython_vm::builtins::PyBytes;
use rustpython_vm::function::ArgBytesLike;
use rustpython_vm::{PyObject, PyObjectRef, PyResult, TryFromBorrowedObject, VirtualMachine};

use tauraro_engine::websocket::Frame;

use crate::{errors, protocol};

/// The kinds of frames that applications send and receive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opcode {
    Continuation,
    Text,
    Binary,
    Ping,
    Pong,
}

impl Opcode {
    fn from_number(number: i32) -> Option<Self> {
        Some(match number {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            9 => Self::Ping,
            10 => Self::Pong,
            _ => return None,
        })
    }

    /// The engine's name for it.
    pub(super) fn native(self) -> tauraro_engine::websocket::Opcode {
        use tauraro_engine::websocket::Opcode;

        match self {
            Self::Continuation => Opcode::Continuation,
            Self::Text => Opcode::Text,
            Self::Binary => Opcode::Binary,
            Self::Ping => Opcode::Ping,
            Self::Pong => Opcode::Pong,
        }
    }

    /// Its number on the wire.
    fn number(self) -> u8 {
        match self {
            Self::Continuation => 0,
            Self::Text => 1,
            Self::Binary => 2,
            Self::Ping => 9,
            Self::Pong => 10,
        }
    }

    /// Whether such frames carry messages.
    pub(crate) fn is_data(self) -> bool {
        matches!(self, Self::Continuation | Self::Text | Self::Binary)
    }
}

/// One event.
#[derive(Debug)]
pub(crate) enum Event {
    /// A frame other than a close frame, of a native protocol.
    Frame(Part),
    /// A `Frame`, `Request` or `Response`.
    Object(PyObjectRef),
}

/// A frame as an application sees it: without what only matters on the wire.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) opcode: Opcode,
    pub(crate) fin: bool,
    pub(crate) data: Bytes,
}

impl Event {
    /// The event of a native protocol; nothing for a close frame, which the protocol has answered.
    pub(super) fn from_native(event: protocol::Event) -> Option<Self> {
        match event {
            protocol::Event::Handshake(head) => Some(Self::Object(head)),
            protocol::Event::Frame(Frame { opcode, fin, data, .. }) => {
                let opcode = Opcode::from_number(opcode.value().into())?;
                Some(Self::Frame(Part { opcode, fin, data: data.into() }))
            }
        }
    }
}

impl Part {
    /// The Python `Frame` of the same contents.
    ///
    /// # Errors
    /// What importing `websockets.frames` raises.
    pub(crate) fn into_object(self, vm: &VirtualMachine) -> PyResult {
        let opcode =
            errors::attribute(vm, "websockets.frames", "Opcode")?.call((self.opcode.number(),), vm)?;
        let data = vm.ctx.new_bytes(self.data.into());
        errors::attribute(vm, "websockets.frames", "Frame")?.call((opcode, data, self.fin), vm)
    }

    /// What a Python `Frame` says; nothing for a close frame.
    ///
    /// # Errors
    /// `AttributeError` or `TypeError` for an object that is no frame.
    pub(crate) fn from_object(frame: &PyObject, vm: &VirtualMachine) -> PyResult<Option<Self>> {
        let opcode: i32 = frame.get_attr(vm.ctx.intern_str("opcode"), vm)?.try_to_value(vm)?;
        let Some(opcode) = Opcode::from_number(opcode) else { return Ok(None) };
        let fin = frame.get_attr(vm.ctx.intern_str("fin"), vm)?.try_to_bool(vm)?;
        let data = frame.get_attr(vm.ctx.intern_str("data"), vm)?;
        let data = match data.downcast_ref::<PyBytes>() {
            Some(bytes) => Bytes::copy_from_slice(bytes.as_bytes()),
            None => Bytes::copy_from_slice(&ArgBytesLike::try_from_borrowed_object(vm, &data)?.borrow_buf()),
        };
        Ok(Some(Self { opcode, fin, data }))
    }
}
