//! Tauraro's own Python modules: the one table where they are registered.

use rustpython_vm::{Context, builtins::PyModuleDef};

use crate::builder::NativeModule;

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
}

impl Module {
    /// Every module, in the order of their names.
    pub const ALL: &[Self] = &[Self::Httptools, Self::Httpx, Self::HttpxSse];

    /// The name to import it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Httptools => "httptools",
            Self::Httpx => "httpx",
            Self::HttpxSse => "httpx_sse",
        }
    }

    /// What registers it with an interpreter.
    fn native(self) -> NativeModule {
        match self {
            Self::Httptools => tauraro_httptools::module_def,
            Self::Httpx => tauraro_httpx::module_def,
            Self::HttpxSse => tauraro_httpx_sse::module_def,
        }
    }

    /// Its definition for an interpreter that shares `context`.
    pub(crate) fn definition(self, context: &Context) -> &'static PyModuleDef {
        self.native()(context)
    }
}
