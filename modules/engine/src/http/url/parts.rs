//! The components of a URL by name, as given to [`Url::with_parts`](super::Url::with_parts).

use crate::error::{Error, ErrorKind, Result};

use super::encode::{self, PASSWORD, USERNAME};
use super::parse::{check_printable, count_exceeds_limit, is_scheme};

/// Replacements for the components of a URL, as httpx's `URL(**kwargs)` and `copy_with` take them:
/// the outer `Option` says whether to replace, the inner one the new value.
///
/// `netloc` stands for `host` and `port`, `username` and `password` for `userinfo`, `raw_path` for
/// `path` and `query`; where both are given the wider one wins.
#[derive(Clone, Debug, Default)]
pub struct UrlParts {
    /// `http`, `https`...
    pub scheme: Option<Option<String>>,
    /// The user name, not encoded.
    pub username: Option<Option<String>>,
    /// The password, not encoded.
    pub password: Option<Option<String>>,
    /// `user:password`, percent-encoded where it has to be.
    pub userinfo: Option<Option<String>>,
    /// A name or address, with or without the brackets of an IPv6 literal.
    pub host: Option<Option<String>>,
    /// The port's digits.
    pub port: Option<Option<String>>,
    /// `host[:port]`.
    pub netloc: Option<Option<String>>,
    /// The path.
    pub path: Option<Option<String>>,
    /// The query without `?`.
    pub query: Option<Option<String>>,
    /// `path[?query]`.
    pub raw_path: Option<Option<String>>,
    /// The fragment without `#`.
    pub fragment: Option<Option<String>>,
}

impl UrlParts {
    /// Whether nothing is replaced.
    pub fn is_empty(&self) -> bool {
        let Self {
            scheme,
            username,
            password,
            userinfo,
            host,
            port,
            netloc,
            path,
            query,
            raw_path,
            fragment,
        } = self;
        [scheme, username, password, userinfo, host, port, netloc, path, query, raw_path, fragment]
            .iter()
            .all(|part| part.is_none())
    }

    /// Folds the combined components into the plain ones and checks each.
    pub(super) fn resolve(mut self) -> Result<Self> {
        if let Some(netloc) = self.netloc.take() {
            let netloc = netloc.unwrap_or_default();
            let (host, port) = split_netloc(&netloc);
            self.host = Some(Some(host.to_owned()));
            self.port = Some(Some(port.to_owned()));
        }
        if self.username.is_some() || self.password.is_some() {
            let username = self.username.take().flatten().unwrap_or_default();
            let password = self.password.take().flatten().unwrap_or_default();
            let mut userinfo = encode::quote(&username, USERNAME).to_string();
            if !password.is_empty() {
                userinfo.push(':');
                userinfo.extend(encode::quote(&password, PASSWORD));
            }
            self.userinfo = Some(Some(userinfo));
        }
        if let Some(raw_path) = self.raw_path.take() {
            let raw_path = raw_path.unwrap_or_default();
            let (path, query) = match raw_path.split_once('?') {
                Some((path, query)) => (path, Some(query.to_owned())),
                None => (raw_path.as_str(), None),
            };
            self.path = Some(Some(path.to_owned()));
            self.query = Some(query);
        }
        if let Some(Some(host)) = &mut self.host
            && host.contains(':')
            && !(host.starts_with('[') && host.ends_with(']'))
        {
            *host = format!("[{host}]");
        }
        self.check()?;
        Ok(self)
    }

    fn check(&self) -> Result<()> {
        check("scheme", self.scheme.as_ref(), is_scheme)?;
        check("userinfo", self.userinfo.as_ref(), |text| !text.contains('@'))?;
        check("host", self.host.as_ref(), |text| {
            (text.starts_with('[') && text.ends_with(']')) || !text.contains(':')
        })?;
        check("port", self.port.as_ref(), |_| true)?;
        check("path", self.path.as_ref(), |text| !text.contains(['?', '#']))?;
        check("query", self.query.as_ref(), |text| !text.contains('#'))?;
        check("fragment", self.fragment.as_ref(), |_| true)
    }
}

/// A component must be short enough, printable, and free of what would end it.
fn check(name: &str, part: Option<&Option<String>>, is_valid: impl Fn(&str) -> bool) -> Result<()> {
    let Some(Some(text)) = part else { return Ok(()) };
    if count_exceeds_limit(text) {
        return Err(Error::new(ErrorKind::InvalidUrl, format!("URL component '{name}' too long")));
    }
    check_printable(text, &format!(" {name} component"))?;
    if is_valid(text) {
        Ok(())
    } else {
        Err(Error::new(ErrorKind::InvalidUrl, format!("Invalid URL component '{name}'")))
    }
}

/// `host[:port]`; the colons inside the brackets of an IPv6 literal belong to the host.
fn split_netloc(netloc: &str) -> (&str, &str) {
    let literal = if netloc.starts_with('[') { netloc.rfind(']').map_or(0, |end| end + 1) } else { 0 };
    let (literal, rest) = netloc.split_at(literal);
    match rest.split_once(':') {
        Some((name, port)) if literal.is_empty() => (name, port),
        Some(("", port)) => (literal, port),
        _ => (netloc, ""),
    }
}
