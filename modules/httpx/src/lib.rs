//! The `httpx` module: httpx 0.28's API, natively.
//!
//! One file a class. Values (`URL`, `Headers`...) wrap the engine's types; `client` builds requests
//! and drives exchanges through [`tauraro_engine::client::Transport`].

mod cookies;
mod exceptions;
mod headers;
mod limits;
mod mapping;
mod module;
mod query_params;
mod status_codes;
mod timeout;
mod url;

pub use module::module_def;
