//! The `httpx` module: httpx 0.28's API, natively.
//!
//! One file a class. Values (`URL`, `Headers`...) wrap the engine's types; `client` builds requests
//! and drives exchanges through [`tauraro_engine::http::client::Transport`].

#[macro_use]
extern crate rustpython_vm;

mod api;
mod async_byte_stream;
mod async_client;
mod async_stream_context;
mod auth;
mod bases;
mod byte_iterator;
mod byte_stream;
mod client;
mod content;
mod cookies;
mod coroutine_functions;
mod exceptions;
mod frozen;
mod headers;
mod json;
mod lazy;
mod limits;
mod line_iterator;
mod mapping;
mod module;
mod network_stream;
mod proxy;
mod query_params;
mod raw_iterator;
mod request;
mod response;
mod status_codes;
mod sync_byte_stream;
mod text_iterator;
mod timeout;
mod tls;
mod tracer;
mod transports;
mod url;
mod url_pattern;

pub use frozen::frozen_modules;
pub use json::parse as parse_json;
pub use module::module_def;
