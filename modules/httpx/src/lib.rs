//! The `httpx` module: httpx 0.28's API, natively.
//!
//! One file a class. Values (`URL`, `Headers`...) wrap the engine's types; `client` builds requests
//! and drives exchanges through [`tauraro_engine::client::Transport`].

mod exceptions;
mod json;
mod module;

pub use module::module_def;
