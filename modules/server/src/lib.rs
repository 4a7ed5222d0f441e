//! The `tauraro` module: an HTTP server, natively.
//!
//! The protocol is [`tauraro_engine::server`]'s. What happens for every request is here, one file per class; what
//! happens once per server, and what only some requests need, is frozen Python under `python/`.
//!
//! | file | what it holds |
//! |---|---|
//! | `service` | `Service`: routes, limits and the connections of one listener |
//! | `connection` | `Connection`: the asyncio protocol between a transport and the engine's machine |
//! | `dispatch` | from a request to its handler, and from the handler's result to a response |
//! | `request` | `Request`: what handlers are given |
//! | `response` | `Response`: what handlers return |
//! | `pool` | `Pool`: the threads that `def` handlers run on |
//! | `asgi` | `Cycle`: `receive` and `send` of ASGI applications |

mod asgi;
mod connection;
mod dispatch;
mod frozen;
mod module;
mod pool;
mod request;
mod response;
mod service;

pub use frozen::frozen_modules;
pub use module::module_def;
