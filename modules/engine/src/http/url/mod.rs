//! URLs and query strings as httpx 0.28 reads and writes them (RFC 3986, IDNA hosts).
//!
//! | file | what it does |
//! |---|---|
//! | `parse` | splits text into components, checks them, removes dot segments |
//! | `parts` | components given by name |
//! | `encode` | percent-encoding, a set for each component |
//! | `host` | addresses and internationalised names |
//! | `join` | resolves references |
//! | `query` | [`QueryParams`] |

mod encode;
mod host;
mod join;
mod parse;
mod parts;
mod query;
#[cfg(test)]
mod tests;

pub use parts::UrlParts;
pub use query::QueryParams;

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;

use percent_encoding::PercentEncode;

use crate::error::Result;
use parse::Raw;

/// A URL, split, percent-encoded and normalised; immutable, cheap to clone.
///
/// The whole text is built once and every component is a part of it, all ASCII. `Display` and
/// `Debug` mask the password; [`Url::as_str`] does not.
#[derive(Clone)]
pub struct Url {
    text: Arc<str>,
    scheme: Range<usize>,
    userinfo: Range<usize>,
    host: Range<usize>,
    port: Option<u64>,
    path: Range<usize>,
    query: Option<Range<usize>>,
    fragment: Option<Range<usize>>,
}

impl Url {
    /// Reads a URL or a relative reference.
    ///
    /// # Errors
    /// `InvalidUrl` with httpx's message.
    pub fn parse(text: &str) -> Result<Self> {
        Self::with_parts(text, UrlParts::default())
    }

    /// Reads a URL and replaces some of its components.
    ///
    /// # Errors
    /// `InvalidUrl` with httpx's message.
    pub fn with_parts(text: &str, parts: UrlParts) -> Result<Self> {
        parse::build(parse::split(text)?, parts)
    }

    /// A copy with some components replaced.
    ///
    /// # Errors
    /// `InvalidUrl` with httpx's message.
    pub fn copy_with(&self, parts: UrlParts) -> Result<Self> {
        if parts.is_empty() {
            return Ok(self.clone());
        }
        let raw = Raw {
            scheme: self.scheme(),
            authority: self.authority(),
            path: self.raw_path_only(),
            query: self.query(),
            fragment: self.raw_fragment(),
        };
        parse::build(raw, parts)
    }

    /// Resolves a reference against this URL (RFC 3986 section 5).
    ///
    /// # Errors
    /// `InvalidUrl` with httpx's message.
    pub fn join(&self, reference: &str) -> Result<Self> {
        let reference = Self::parse(reference)?;
        Self::parse(&join::join(self.as_str(), reference.as_str()))
    }

    /// The whole URL, secrets included.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Lower case, without the colon; empty for a relative reference.
    pub fn scheme(&self) -> &str {
        self.slice(&self.scheme)
    }

    /// Percent-encoded `user:password`, or empty.
    pub fn userinfo(&self) -> &str {
        self.slice(&self.userinfo)
    }

    /// The user name, decoded; empty where there is none.
    pub fn username(&self) -> Cow<'_, str> {
        let userinfo = self.userinfo();
        encode::unquote(userinfo.split_once(':').map_or(userinfo, |(username, _)| username))
    }

    /// The password, decoded; empty where there is none.
    pub fn password(&self) -> Cow<'_, str> {
        encode::unquote(self.userinfo().split_once(':').map_or("", |(_, password)| password))
    }

    /// The host as sent: lower case, IDNA-encoded, without the brackets of an IPv6 literal.
    pub fn raw_host(&self) -> &str {
        self.slice(&self.host)
    }

    /// The host to look up and connect to: [`raw_host`](Self::raw_host), the zone of an IPv6 address written
    /// as the system's resolver takes it (`fe80::1%eth0`).
    pub fn connect_host(&self) -> Cow<'_, str> {
        host::for_resolver(self.raw_host())
    }

    /// The host for display: IDNA labels are decoded.
    pub fn host(&self) -> Cow<'_, str> {
        host::decode(self.raw_host())
    }

    /// The port, when given and not the scheme's default; `None` too for a number that no port has
    /// (see [`Url::written_port`]).
    pub fn port(&self) -> Option<u16> {
        self.port.and_then(|port| u16::try_from(port).ok())
    }

    /// The port as it is written, when it is not the scheme's default: httpx refuses a number that no
    /// port has when it connects, not when it reads the URL.
    pub fn written_port(&self) -> Option<u64> {
        self.port
    }

    /// The port to connect to: the given one, or the scheme's default; `None` where there is neither,
    /// or where no port has the given number.
    pub fn port_or_default(&self) -> Option<u16> {
        if self.port.is_some() { self.port() } else { parse::default_port(self.scheme()) }
    }

    /// `host[:port]` as sent in a `Host` header, IPv6 literals in brackets.
    pub fn netloc(&self) -> String {
        let authority = self.authority();
        let userinfo = self.userinfo();
        let netloc = if userinfo.is_empty() {
            authority
        } else {
            authority.get(userinfo.len() + 1..).unwrap_or_default()
        };
        netloc.to_owned()
    }

    /// [`netloc`](Self::netloc) as the value of a `Host` field. The zone of an IPv6 address means
    /// something on this machine only and is left out (RFC 6874 section 4).
    pub fn host_header(&self) -> String {
        let netloc = self.netloc();
        match (netloc.find('%'), netloc.rfind(']')) {
            (Some(zone), Some(end)) if netloc.starts_with('[') && zone < end => {
                let (address, rest) = (netloc.get(..zone), netloc.get(end..));
                [address.unwrap_or_default(), rest.unwrap_or_default()].concat()
            }
            _ => netloc,
        }
    }

    /// The path as sent, percent-encoded; empty where there is none.
    pub fn raw_path_only(&self) -> &str {
        self.slice(&self.path)
    }

    /// The path, decoded; `/` where there is none.
    pub fn path(&self) -> Cow<'_, str> {
        if self.path.is_empty() { Cow::Borrowed("/") } else { encode::unquote(self.raw_path_only()) }
    }

    /// The query as sent, without the `?`; `None` where there is none.
    pub fn query(&self) -> Option<&str> {
        self.query.as_ref().map(|query| self.slice(query))
    }

    /// Path and query as sent in a request line.
    pub fn raw_path(&self) -> String {
        let path = if self.path.is_empty() { "/" } else { self.raw_path_only() };
        match self.query() {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        }
    }

    /// The percent-encoded fragment, without the `#`; `None` where there is none.
    pub fn raw_fragment(&self) -> Option<&str> {
        self.fragment.as_ref().map(|fragment| self.slice(fragment))
    }

    /// The fragment, decoded; empty where there is none.
    pub fn fragment(&self) -> Cow<'_, str> {
        encode::unquote(self.raw_fragment().unwrap_or_default())
    }

    /// Whether scheme and host are both there.
    pub fn is_absolute(&self) -> bool {
        !self.scheme.is_empty() && !self.host.is_empty()
    }

    /// Whether both have the same scheme, host and port (defaults filled in).
    pub fn same_origin(&self, other: &Self) -> bool {
        self.scheme() == other.scheme()
            && self.raw_host() == other.raw_host()
            && self.port_or_default() == other.port_or_default()
            && (self.port_or_default().is_some() || self.port == other.port)
    }

    /// The URL with its password replaced by `[secure]`, for reprs, errors and logs.
    pub fn redacted(&self) -> String {
        match self.userinfo().find(':') {
            None => self.text.to_string(),
            Some(colon) => {
                let password = self.userinfo.start + colon + 1..self.userinfo.end;
                let before = self.slice(&(0..password.start));
                let after = self.slice(&(password.end..self.text.len()));
                format!("{before}[secure]{after}")
            }
        }
    }

    /// `[userinfo@]host[:port]`.
    fn authority(&self) -> &str {
        let start = if self.scheme.is_empty() { 0 } else { self.scheme.end + 1 };
        let authority = self.slice(&(start..self.path.start));
        if self.has_authority() { authority.get(2..).unwrap_or_default() } else { "" }
    }

    fn has_authority(&self) -> bool {
        !self.userinfo.is_empty() || !self.host.is_empty() || self.port.is_some()
    }

    /// A component; the ranges are made by `assemble` and always fit the text.
    fn slice(&self, range: &Range<usize>) -> &str {
        self.text.get(range.clone()).unwrap_or_default()
    }

    /// Writes the components, all valid and encoded, into one text and remembers where each is.
    fn assemble(
        scheme: &str,
        userinfo: PercentEncode<'_>,
        host: &str,
        port: Option<u64>,
        path: PercentEncode<'_>,
        query: Option<PercentEncode<'_>>,
        fragment: Option<PercentEncode<'_>>,
    ) -> Self {
        let mut text = String::new();
        let scheme = append(&mut text, [scheme]);
        if !scheme.is_empty() {
            text.push(':');
        }
        let authority = text.len();
        text.push_str("//");
        let userinfo = append(&mut text, userinfo);
        if !userinfo.is_empty() {
            text.push('@');
        }
        let is_literal = host.contains(':');
        if is_literal {
            text.push('[');
        }
        let host = append(&mut text, [host]);
        if is_literal {
            text.push(']');
        }
        if let Some(port) = port {
            text.extend([":", &port.to_string()]);
        }
        if userinfo.is_empty() && host.is_empty() && port.is_none() {
            text.truncate(authority);
        }
        let path = append(&mut text, path);
        let query = query.map(|query| {
            text.push('?');
            append(&mut text, query)
        });
        let fragment = fragment.map(|fragment| {
            text.push('#');
            append(&mut text, fragment)
        });
        Self { text: text.into(), scheme, userinfo, host, port, path, query, fragment }
    }
}

fn append<'a>(text: &mut String, pieces: impl IntoIterator<Item = &'a str>) -> Range<usize> {
    let start = text.len();
    text.extend(pieces);
    start..text.len()
}

/// The empty relative reference.
impl Default for Url {
    fn default() -> Self {
        let nothing = encode::quote("", encode::PATH);
        Self::assemble("", nothing.clone(), "", None, nothing, None, None)
    }
}

/// URLs are equal when their texts are.
impl PartialEq for Url {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Url {}

impl Hash for Url {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Url").field(&self.redacted()).finish()
    }
}
