//! `Client`, `AsyncClient`, and how a request is sent.
//!
//! | file | what it does |
//! |---|---|
//! | `client`, `async_client`, `base_client` | the classes, and what they have in common: settings and their properties |
//! | `api` | `httpx.get` and its like |
//! | `args` | the arguments of the request methods |
//! | `settings` | the arguments of `Client()` and the settings that they become |
//! | `build` | one call's arguments merged with the settings: a request |
//! | `call` | what the methods do, for both execution modes |
//! | `map` | many requests at once |
//! | `send` | authentication, redirects, and one request after the other |
//! | `send_single_request` | one request over its transport |
//! | `send_native` | one request over the engine's connections |
//! | `upload` | the same for a body that Python code yields |
//! | `mounts` | which transport a URL is for: mounts, proxies, the environment |
//! | `overrides`, `transport_factory` | subclasses that override what clients do, or make the transports themselves |
//! | `stream_context`, `async_stream_context` | what `stream` returns |
//! | `tracer` | the extension `trace` |
//! | `log` | a log line for each request |

pub(crate) mod api;
mod args;
mod async_client;
mod async_stream_context;
mod base_client;
mod build;
mod call;
mod client;
mod log;
mod map;
mod mounts;
mod overrides;
mod send;
mod send_native;
mod send_single_request;
mod settings;
mod stream_context;
pub(crate) mod tracer;
mod transport_factory;
mod upload;
mod url_pattern;
mod use_client_default;

use rustpython_vm::builtins::PyTypeRef;
use rustpython_vm::class::PyClassImpl;

pub(crate) use async_client::AsyncClient;
pub(crate) use base_client::BaseClient;
pub(crate) use client::Client;
pub(crate) use mounts::variables;
pub(crate) use send_native::{EngineResponse, send_native};
pub(crate) use settings::{ClientArgs, DEFAULT_MAX_DECODED_SIZE};
pub(crate) use stream_context::StreamContext;
pub(crate) use url_pattern::UrlPattern;
pub(crate) use use_client_default::use_client_default;

use crate::streams::sync_byte_stream::SyncByteStream;

/// The classes that are not exported.
pub(crate) fn hidden_classes() -> Vec<PyTypeRef> {
    vec![
        // The base of the next, which must be there first.
        SyncByteStream::make_static_type(),
        BaseClient::make_static_type(),
        StreamContext::make_static_type(),
        async_stream_context::AsyncStreamContext::make_static_type(),
        use_client_default::UseClientDefault::make_static_type(),
        map::MapIterator::make_static_type(),
        map::AsyncMapIterator::make_static_type(),
    ]
}
