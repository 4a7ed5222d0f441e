//! The `websockets` module: websockets 17's API, natively.
//!
//! One folder or file per Python module, one file per class. The protocol is that of [`tauraro_engine::websocket`].
//! What runs once per connection rather than once per message (connecting, retrying, routing) is frozen Python in
//! `python/`.

mod asyncio;
mod data;
mod datastructures;
mod errors;
mod extensions;
mod frames;
mod frozen;
mod handshake;
mod module;
mod payload;
mod protocol;
mod sync;

pub use frozen::frozen_modules;
pub use module::module_defs;
