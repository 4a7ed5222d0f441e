//! From text to components: splitting (RFC 3986 appendix B) and the checks httpx makes.

use crate::error::{Error, ErrorKind, Result};

use super::encode::{self, FRAGMENT, PATH, QUERY, USERINFO};
use super::{Url, UrlParts, host};

/// Most characters of a URL, or of one component given on its own.
const MAX_LENGTH: usize = 65_536;

/// The components as they were written; nothing is decoded or checked.
#[derive(Clone, Copy, Default)]
pub(super) struct Raw<'a> {
    pub(super) scheme: &'a str,
    pub(super) authority: &'a str,
    pub(super) path: &'a str,
    pub(super) query: Option<&'a str>,
    pub(super) fragment: Option<&'a str>,
}

/// Splits a URL, after the checks of the text as a whole.
pub(super) fn split(text: &str) -> Result<Raw<'_>> {
    if count_exceeds_limit(text) {
        return Err(invalid("URL too long"));
    }
    check_printable(text, "")?;
    let (scheme, rest) = split_scheme(text);
    let (rest, fragment) = split_optional(rest, '#');
    let (rest, query) = split_optional(rest, '?');
    let (authority, path) = match rest.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
        None => ("", rest),
    };
    Ok(Raw { scheme, authority, path, query, fragment })
}

/// Replaces components, encodes each and puts the URL together.
pub(super) fn build(raw: Raw<'_>, parts: UrlParts) -> Result<Url> {
    let parts = parts.resolve()?;
    let (userinfo, host, port) = split_authority(raw.authority);
    let scheme = replaced(parts.scheme.as_ref(), Some(raw.scheme)).unwrap_or_default();
    let userinfo = replaced(parts.userinfo.as_ref(), userinfo).unwrap_or_default();
    let host = replaced(parts.host.as_ref(), Some(host)).unwrap_or_default();
    let port = replaced(parts.port.as_ref(), Some(port)).unwrap_or_default();
    let path = replaced(parts.path.as_ref(), Some(raw.path)).unwrap_or_default();
    let query = replaced(parts.query.as_ref(), raw.query);
    let fragment = replaced(parts.fragment.as_ref(), raw.fragment);

    let host = host::encode(host)?;
    let port = parse_port(port, scheme)?;
    let has_authority = !userinfo.is_empty() || !host.is_empty() || port.is_some();
    check_path(path, !scheme.is_empty(), has_authority)?;
    let normalized;
    let path = if (has_authority || !scheme.is_empty()) && has_dot_segment(path) {
        normalized = remove_dot_segments(path);
        normalized.as_str()
    } else {
        path
    };
    Ok(Url::assemble(
        &scheme.to_ascii_lowercase(),
        encode::quote(userinfo, USERINFO),
        &host,
        port,
        encode::quote(path, PATH),
        query.map(|query| encode::quote(query, QUERY)),
        fragment.map(|fragment| encode::quote(fragment, FRAGMENT)),
    ))
}

/// The port a scheme implies.
pub(super) fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "ftp" => Some(21),
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    }
}

/// Empty, or a letter followed by letters, digits, `+`, `-` and `.`.
pub(super) fn is_scheme(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_none_or(|first| first.is_ascii_alphabetic())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

/// Whether text has more characters than a URL may have.
pub(super) fn count_exceeds_limit(text: &str) -> bool {
    text.len() > MAX_LENGTH && text.chars().count() > MAX_LENGTH
}

/// Refuses ASCII control characters; `of` names the component.
pub(super) fn check_printable(text: &str, of: &str) -> Result<()> {
    match text.chars().enumerate().find(|(_, c)| c.is_ascii_control()) {
        None => Ok(()),
        Some((position, c)) => {
            let c = python_repr(c.encode_utf8(&mut [0; 4]));
            let message =
                format!("Invalid non-printable ASCII character in URL{of}, {c} at position {position}.");
            Err(invalid(message))
        }
    }
}

/// Text in quotes, as Python's `repr` writes it, for messages.
pub(super) fn python_repr(text: &str) -> String {
    use std::fmt::Write as _;

    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut repr = String::from(quote);
    for c in text.chars() {
        match c {
            '\n' => repr.push_str("\\n"),
            '\r' => repr.push_str("\\r"),
            '\t' => repr.push_str("\\t"),
            c if c == quote || c == '\\' => repr.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(repr, "\\x{:02x}", u32::from(c));
            }
            c => repr.push(c),
        }
    }
    repr.push(quote);
    repr
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidUrl, message)
}

fn replaced<'a>(part: Option<&'a Option<String>>, original: Option<&'a str>) -> Option<&'a str> {
    part.map_or(original, |part| part.as_deref())
}

/// A scheme ends at the first colon, may be empty, and begins with a letter where it is not.
fn split_scheme(text: &str) -> (&str, &str) {
    text.split_once(':').filter(|&(scheme, _)| is_scheme(scheme)).unwrap_or(("", text))
}

fn split_optional(text: &str, delimiter: char) -> (&str, Option<&str>) {
    match text.split_once(delimiter) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

/// `[userinfo@]host[:port]`: the userinfo ends at the last `@`, an IPv6 literal at the last `]`.
fn split_authority(authority: &str) -> (Option<&str>, &str, &str) {
    let (userinfo, rest) = match authority.rsplit_once('@') {
        Some((userinfo, rest)) => (Some(userinfo), rest),
        None => (None, authority),
    };
    let literal_end = if rest.starts_with('[') { rest.rfind(']') } else { None };
    let host_end = literal_end.map_or_else(|| rest.find(':').unwrap_or(rest.len()), |end| end + 1);
    let (host, port) = rest.split_at(host_end);
    (userinfo, host, port.strip_prefix(':').unwrap_or(port))
}

/// The port, unless it is the scheme's default. The scheme is compared as it was written.
fn parse_port(port: &str, scheme: &str) -> Result<Option<u64>> {
    if port.is_empty() {
        return Ok(None);
    }
    let number = port.bytes().all(|byte| byte.is_ascii_digit()).then(|| port.parse::<u64>().ok()).flatten();
    let number = number.ok_or_else(|| invalid(format!("Invalid port: {}", python_repr(port))))?;
    Ok(Some(number).filter(|_| default_port(scheme).map(u64::from) != Some(number)))
}

/// RFC 3986 section 3.3: what a path may begin with, so that it is not read as something else.
fn check_path(path: &str, has_scheme: bool, has_authority: bool) -> Result<()> {
    if has_authority && !path.is_empty() && !path.starts_with('/') {
        return Err(invalid("For absolute URLs, path must be empty or begin with '/'"));
    }
    if !has_scheme && !has_authority {
        if path.starts_with("//") {
            return Err(invalid("Relative URLs cannot have a path starting with '//'"));
        }
        if path.starts_with(':') {
            return Err(invalid("Relative URLs cannot have a path starting with ':'"));
        }
    }
    Ok(())
}

fn has_dot_segment(path: &str) -> bool {
    path.contains('.') && path.split('/').any(|segment| segment == "." || segment == "..")
}

/// Drops `.` and `..` segments (RFC 3986 section 5.2.4, with httpx's reading of the trailing slash:
/// `/a/b/..` is `/a`).
fn remove_dot_segments(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "." => {}
            ".." => {
                if kept != [""] {
                    kept.pop();
                }
            }
            segment => kept.push(segment),
        }
    }
    kept.join("/")
}
