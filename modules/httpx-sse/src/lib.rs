//! The `httpx_sse` module: httpx-sse 0.4's API, on [`tauraro_engine::http::sse`].
//!
//! Events are read and made natively; `httpx_sse.py` holds what happens once a stream.

mod event_decoder;
mod event_iterator;
mod module;
mod server_sent_event;

pub use module::module_def;
