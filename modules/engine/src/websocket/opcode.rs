//! The opcodes that RFC 6455 defines (section 11.8), as values of [`OpCode`], whose own names are nested.

use super::{Control, Data, OpCode};

/// Another fragment of a message.
pub const CONTINUATION: OpCode = OpCode::Data(Data::Continue);
/// Text, or its first fragment.
pub const TEXT: OpCode = OpCode::Data(Data::Text);
/// Bytes, or their first fragment.
pub const BINARY: OpCode = OpCode::Data(Data::Binary);
/// The start of the closing handshake, or the answer to it.
pub const CLOSE: OpCode = OpCode::Control(Control::Close);
/// A request for a pong.
pub const PING: OpCode = OpCode::Control(Control::Ping);
/// The answer to a ping.
pub const PONG: OpCode = OpCode::Control(Control::Pong);

/// All of them, in the order of their values.
pub const ALL: [OpCode; 6] = [CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG];

/// The opcode with this value on the wire, unless the value is reserved or too large.
pub fn from_value(value: u8) -> Option<OpCode> {
    ALL.into_iter().find(|opcode| u8::from(*opcode) == value)
}

/// Whether frames with this opcode may come between the fragments of a message.
pub const fn is_control(opcode: OpCode) -> bool {
    matches!(opcode, OpCode::Control(_))
}

/// Whether RFC 6455 leaves this opcode undefined; such a frame must not be sent or accepted.
pub const fn is_reserved(opcode: OpCode) -> bool {
    matches!(opcode, OpCode::Data(Data::Reserved(_)) | OpCode::Control(Control::Reserved(_)))
}
