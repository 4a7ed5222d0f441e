//! The `websockets` module: websockets 17's API, natively.
//!
//! One folder or file a Python module, one file a class. The protocol is [`tauraro_engine::websocket`]'s; what
//! happens once a connection rather than once a message (finding the way, retrying, routing) is frozen Python
//! under `python/`.

mod asyncio;
mod datastructures;
mod errors;
mod extensions;
mod frames;
mod frozen;
mod handle;
mod handshake;
mod module;
mod protocol;
mod sync;

pub use frozen::frozen_modules;
pub use module::module_defs;
