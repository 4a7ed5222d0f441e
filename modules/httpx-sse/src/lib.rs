//! The `httpx_sse` module: httpx-sse 0.4's API, on [`tauraro_engine::http::sse`].
//!
//! Events are read and made natively; `python/httpx_sse` holds what happens once per stream.

mod event_decoder;
mod event_iterator;
mod module;
mod server_sent_event;

pub use module::{frozen_modules, module_defs};
