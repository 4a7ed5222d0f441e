//! The `httptools` module: httptools 0.9's API, natively, and reading whole messages.
//!
//! One file a class. The protocol is [`tauraro_engine::http1`]'s; here its events become calls of a
//! protocol object's methods, and its messages Python objects.

#[macro_use]
extern crate rustpython_vm;

mod callbacks;
mod exceptions;
mod header_cache;
mod headers;
mod http_parser;
mod http_request_parser;
mod http_response_parser;
mod module;
mod protocol;
mod request;
mod response;
mod url;

pub use module::module_def;
