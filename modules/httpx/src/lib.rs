//! The `httpx` module: httpx 0.28's API, natively.
//!
//! One file per class. The values of `models` wrap the engine's types; `client` builds requests and sends
//! them through [`tauraro_engine::http::client::Transport`].
//!
//! | folder | what it holds |
//! |---|---|
//! | `module` | the module definition, its lazily made names, and the Python files frozen into the binary |
//! | `client` | `Client`, `AsyncClient`, `httpx.get` and its like, and how a request is sent |
//! | `request`, `response` | the two messages, and the iterators over a response |
//! | `models` | `URL`, `Headers`, `QueryParams`, `Cookies`, `Timeout`, `Limits`, `Proxy`, status codes |
//! | `streams` | request bodies: byte streams, files, iterables, forms |
//! | `auth`, `transports`, `tls` | what `auth=`, `transport=` and `verify=` take |
//! | `json` | `response.json()` and `json=` |
//! | `pickling` | what `__reduce__` returns |
//! | `exceptions` | the exception tree, and the engine's errors as exceptions |
//! | `python` | what is written in Python: rarely needed, or run by a program's own code |

#[macro_use]
extern crate rustpython_vm;

mod auth;
mod client;
mod exceptions;
mod json;
mod models;
mod module;
mod pickling;
mod request;
mod response;
mod streams;
mod tls;
mod transports;

pub use json::parse as parse_json;
pub use module::{frozen_modules, module_def};
