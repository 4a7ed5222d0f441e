//! The cookie jar: RFC 6265 with public suffixes, and httpx's mapping view of it.

use crate::error::Result;
use crate::{Headers, Url};

/// One cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cookie {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
    /// The host or domain it belongs to; empty for a cookie that is sent everywhere (set by hand
    /// without a domain).
    pub domain: String,
    /// Whether subdomains get it too (a `Domain` attribute was given).
    pub domain_specified: bool,
    /// The path it belongs to.
    pub path: String,
    /// Only over https.
    pub secure: bool,
    /// Not for scripts; kept for whoever asks.
    pub http_only: bool,
    /// Seconds since the epoch; `None` for a session cookie.
    pub expires: Option<i64>,
}

/// A jar of cookies.
#[derive(Clone, Debug, Default)]
pub struct CookieJar {
    cookies: Vec<Cookie>,
}

impl CookieJar {
    /// The cookies that are not expired, in order of creation.
    pub fn iter(&self) -> impl Iterator<Item = &Cookie> {
        self.cookies.iter()
    }
    /// Adds a cookie, in place of one of the same name, domain and path.
    pub fn set(&mut self, _cookie: Cookie) {
        todo!()
    }
    /// The value of the only cookie that matches; domain and path narrow the search.
    ///
    /// # Errors
    /// `CookieConflict` when several match.
    pub fn get(&self, _name: &str, _domain: Option<&str>, _path: Option<&str>) -> Result<Option<&str>> {
        todo!()
    }
    /// Removes the cookies that match; the number removed.
    pub fn remove(&mut self, _name: &str, _domain: Option<&str>, _path: Option<&str>) -> usize {
        todo!()
    }
    /// Removes every cookie, or those of a domain, or of a path in it.
    pub fn clear(&mut self, _domain: Option<&str>, _path: Option<&str>) {
        todo!()
    }
    /// Takes the `Set-Cookie` fields of a response from `url`: malformed, foreign-domain and
    /// public-suffix cookies are refused, expired ones remove what they name.
    pub fn extract(&mut self, _url: &Url, _response: &Headers) {
        todo!()
    }
    /// The `Cookie` header for a request to `url`, longest paths first; `None` when no cookie matches.
    pub fn header_for(&self, _url: &Url) -> Option<String> {
        todo!()
    }
}
