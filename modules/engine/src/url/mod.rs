//! URLs and query strings as httpx 0.28 reads and writes them (RFC 3986, IDNA hosts).

mod query;

pub use query::QueryParams;

use crate::error::Result;

/// Replacements for the components of a URL, as httpx's `URL(**kwargs)` and `copy_with` take them:
/// the outer `Option` says whether to replace, the inner one the new value.
#[derive(Clone, Debug, Default)]
pub struct UrlParts {
    pub scheme: Option<Option<String>>,
    pub username: Option<Option<String>>,
    pub password: Option<Option<String>>,
    pub userinfo: Option<Option<String>>,
    pub host: Option<Option<String>>,
    pub port: Option<Option<String>>,
    pub netloc: Option<Option<String>>,
    pub path: Option<Option<String>>,
    pub query: Option<Option<String>>,
    pub raw_path: Option<Option<String>>,
    pub fragment: Option<Option<String>>,
}

/// A URL, split, percent-encoded and normalised; immutable.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Url {}

impl Url {
    /// Reads a URL or a relative reference.
    ///
    /// # Errors
    /// `InvalidUrl` with httpx's message.
    pub fn parse(_text: &str) -> Result<Self> {
        todo!()
    }
    /// Reads a URL and replaces some of its components.
    ///
    /// # Errors
    /// `InvalidUrl` with httpx's message.
    pub fn with_parts(_text: &str, _parts: UrlParts) -> Result<Self> {
        todo!()
    }
    /// A copy with some components replaced.
    ///
    /// # Errors
    /// `InvalidUrl` with httpx's message.
    pub fn copy_with(&self, _parts: UrlParts) -> Result<Self> {
        todo!()
    }
    /// Resolves a reference against this URL (RFC 3986 section 5).
    ///
    /// # Errors
    /// `InvalidUrl` with httpx's message.
    pub fn join(&self, _reference: &str) -> Result<Self> {
        todo!()
    }
    /// The whole URL, secrets included.
    pub fn as_str(&self) -> &str {
        todo!()
    }
    /// Lower case, without the colon; empty for a relative reference.
    pub fn scheme(&self) -> &str {
        todo!()
    }
    /// Percent-encoded `user:password`, or empty.
    pub fn userinfo(&self) -> &str {
        todo!()
    }
    /// The host as sent: lower case, IDNA-encoded, without the brackets of an IPv6 literal.
    pub fn raw_host(&self) -> &str {
        todo!()
    }
    /// The port, when given and not the scheme's default.
    pub fn port(&self) -> Option<u16> {
        todo!()
    }
    /// The port to connect to: the given one, or the scheme's default.
    pub fn port_or_default(&self) -> Option<u16> {
        todo!()
    }
    /// `host[:port]` as sent in a `Host` header, IPv6 literals in brackets.
    pub fn netloc(&self) -> String {
        todo!()
    }
    /// The path as sent, percent-encoded.
    pub fn raw_path_only(&self) -> &str {
        todo!()
    }
    /// The query as sent, without the `?`; `None` where there is none.
    pub fn query(&self) -> Option<&str> {
        todo!()
    }
    /// Path and query as sent in a request line.
    pub fn raw_path(&self) -> String {
        todo!()
    }
    /// The percent-encoded fragment, without the `#`; `None` where there is none.
    pub fn raw_fragment(&self) -> Option<&str> {
        todo!()
    }
    /// Whether scheme and host are both there.
    pub fn is_absolute(&self) -> bool {
        todo!()
    }
    /// Whether both have the same scheme, host and port (defaults filled in).
    pub fn same_origin(&self, _other: &Self) -> bool {
        todo!()
    }
    /// The URL with its password replaced by `[secure]`, for reprs, errors and logs.
    pub fn redacted(&self) -> String {
        todo!()
    }
}
