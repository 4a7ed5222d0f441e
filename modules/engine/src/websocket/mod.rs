//! WebSocket (RFC 6455) with permessage-deflate (RFC 7692), without I/O.
//!
//! Bytes that arrived go in, events and bytes to send come out; the owner of the socket moves them.
//!
//! | module | what it holds |
//! |---|---|
//! | [`protocol`] | the state machine after the opening handshake: [`Protocol`] |
//! | [`frame`], [`opcode`] | frames: reading them from any split of the input, and writing them |
//! | [`mask`] | the masking of the frames that clients send |
//! | [`close`] | the contents of a close frame |
//! | [`deflate`], [`negotiate`] | permessage-deflate, and the negotiation of its parameters |
//! | [`extension`] | what an extension does to frames |
//! | [`handshake`], [`grammar`] | the opening handshake, and the grammar of its header fields |
//! | [`output`] | what is to be sent |
//! | [`utf8`] | the validation of text that arrives in pieces |
//!
//! # tungstenite
//!
//! The opcodes, the close codes, the writing of frame headers and the accept key are tungstenite's. Its connection
//! type is the other end in our tests, but not used otherwise: it owns the socket, has no extensions, and returns
//! messages where `websockets` needs frames.

pub mod close;
pub mod deflate;
pub mod error;
pub mod extension;
pub mod frame;
pub mod grammar;
pub mod handshake;
pub mod mask;
pub mod negotiate;
pub mod opcode;
pub mod output;
pub mod protocol;
pub mod utf8;

#[cfg(test)]
mod tests;

pub use close::Close;
pub use deflate::{PerMessageDeflate, Settings};
pub use error::{Error, InvalidUtf8};
pub use extension::Extension;
pub use frame::{Frame, FrameReader};
pub use output::{Item, Output};
pub use protocol::{Limits, Notice, Protocol, Side, State};
pub use tokio_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};
