//! Tauraro's own Python modules: the one table where they are registered.

use rustpython_vm::{Context, builtins::PyModuleDef};

/// A Python module that Tauraro adds to the standard library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Module {
    /// `httptools`: HTTP/1 parsing, API of httptools 0.9.
    Httptools,
    /// `httpx`: the HTTP client, API of httpx 0.28.
    Httpx,
    /// `httpx_sse`: Server-Sent Events, API of httpx-sse 0.4. It imports `httpx`.
    HttpxSse,
    /// `tauraro`: the HTTP server. It imports `httpx` for headers and URLs, and `websockets` for upgrades.
    Server,
    /// `websockets`: WebSocket clients and servers, API of websockets 17.
    Websockets,
}

impl Module {
    /// Every module, in the order of their names.
    pub const ALL: &[Self] = &[Self::Httptools, Self::Httpx, Self::HttpxSse, Self::Server, Self::Websockets];

    /// The name to import it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Httptools => "httptools",
            Self::Httpx => "httpx",
            Self::HttpxSse => "httpx_sse",
            Self::Server => "tauraro",
            Self::Websockets => "websockets",
        }
    }

    /// Its definitions for an interpreter that shares `context`, its submodules' among them.
    pub(crate) fn definitions(self, context: &Context) -> Vec<&'static PyModuleDef> {
        match self {
            Self::Httptools => vec![tauraro_httptools::module_def(context)],
            Self::Httpx => vec![tauraro_httpx::module_def(context)],
            Self::HttpxSse => tauraro_httpx_sse::module_defs(context),
            Self::Server => vec![tauraro_server::module_def(context)],
            Self::Websockets => tauraro_websockets::module_defs(context),
        }
    }
}
