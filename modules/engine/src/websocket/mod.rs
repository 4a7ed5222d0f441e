//! WebSocket (RFC 6455) with permessage-deflate (RFC 7692), without I/O.
//!
//! Bytes that arrived go in, events and bytes to send come out; whoever owns the socket moves them.
//!
//! | module | what it is |
//! |---|---|
//! | [`protocol`] | the machine after the opening handshake: [`Protocol`] |
//! | [`frame`] | frames, read from any split of the input, and written |
//! | [`mask`] | the masking of frames that clients send |
//! | [`close`] | what a close frame says |
//! | [`deflate`], [`negotiate`] | permessage-deflate, and agreeing on its parameters |
//! | [`extension`] | what an extension does to frames |
//! | [`handshake`], [`grammar`] | the opening handshake, and the header fields it is made of |
//! | [`output`] | what is to be sent |
//! | [`utf8`] | checking text that arrives in pieces |

pub mod close;
pub mod deflate;
pub mod error;
pub mod extension;
pub mod frame;
pub mod grammar;
pub mod handshake;
pub mod mask;
pub mod negotiate;
pub mod output;
pub mod protocol;
pub mod utf8;

#[cfg(test)]
mod tests;

pub use close::Close;
pub use deflate::{PerMessageDeflate, Settings};
pub use error::{Error, InvalidUtf8};
pub use extension::Extension;
pub use frame::{Frame, FrameReader, Opcode};
pub use output::{Item, Output};
pub use protocol::{Limits, Notice, Protocol, Side, State};
