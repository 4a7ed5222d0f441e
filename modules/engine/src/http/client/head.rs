//! The request head: what may be sent, and how the body is framed by it (RFC 9112 section 6).

use std::fmt::Write as _;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::uri::{Authority, PathAndQuery, Scheme, Uri};

use super::target::Target;
use super::upload::{too_little, too_much};
use crate::Headers;
use crate::error::{Error, ErrorKind, Result};

/// How the end of the request body is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// There is no body, and no header says otherwise.
    None,
    /// By its declared length.
    Length(u64),
    /// By a last chunk.
    Chunked,
}

impl Framing {
    /// Checks a body whose length is known beforehand against its declared length.
    pub(super) fn check(self, length: usize) -> Result<()> {
        match self {
            Self::Length(declared) if (length as u64) < declared => Err(too_little()),
            Self::Length(declared) if (length as u64) > declared => Err(too_much()),
            _ => Ok(()),
        }
    }
}

/// Turns header fields into what is sent over HTTP/1.1: `Host` first, derived from the URL where it
/// is missing, and `Accept: */*` where there is no `Accept`, which means the same.
///
/// # Errors
/// `LocalProtocolError` for a name that is not a token, a value with control characters or
/// surrounding white space, or framing that contradicts itself.
pub(super) fn prepare(headers: &Headers, target: &Target) -> Result<(HeaderMap, Framing)> {
    let mut map = HeaderMap::with_capacity(headers.len() + 2);
    let mut hosts = headers.get_all(b"host");
    let host = match hosts.next() {
        Some(host) => value(b"Host", host)?,
        None => value(b"Host", target.authority.as_bytes())?,
    };
    if hosts.next().is_some() {
        return Err(local("Found multiple Host: headers"));
    }
    map.insert(header::HOST, host);

    for field in headers {
        let Ok(name) = HeaderName::from_bytes(&field.name) else {
            return Err(local(format!("Illegal header name {}", Repr(&field.name))));
        };
        if name == header::HOST {
            continue;
        }
        let value = value(&field.name, &field.value)?;
        map.try_append(name, value).map_err(|_| local("Too many header fields"))?;
    }
    map.entry(header::ACCEPT).or_insert(HeaderValue::from_static("*/*"));
    let framing = framing(&map)?;
    Ok((map, framing))
}

/// Fields that are about an HTTP/1 connection and do not exist in HTTP/2 (RFC 9113 section 8.2.2).
const CONNECTION_SPECIFIC: [&str; 6] =
    ["connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade", "http2-settings"];

/// Turns what is sent over HTTP/1.1 into what is sent over HTTP/2: `Host` becomes `:authority`
/// (RFC 9113 section 8.3.1), and what is about the connection is left out.
///
/// # Errors
/// `LocalProtocolError` for a `Host`, or a path, that cannot be sent so.
pub(super) fn for_http2(
    headers: &HeaderMap,
    target: &Target,
    path: PathAndQuery,
) -> Result<(Uri, HeaderMap)> {
    let host = headers.get(header::HOST).map_or(b"".as_slice(), HeaderValue::as_bytes);
    let authority = Authority::try_from(host).ok().filter(|authority| !authority.as_str().contains('@'));
    let Some(authority) = authority else {
        return Err(local(format!("Illegal header value {}", Repr(host))));
    };
    let scheme = if target.secure { Scheme::HTTPS } else { Scheme::HTTP };
    let uri = Uri::builder().scheme(scheme).authority(authority).path_and_query(path).build();
    let uri = uri.map_err(|error| local("Illegal target").with_source(error))?;

    let named: Vec<&[u8]> = list(headers, &header::CONNECTION).collect();
    let is_of_connection = |name: &HeaderName| {
        name == header::HOST
            || CONNECTION_SPECIFIC.contains(&name.as_str())
            || named.iter().any(|named| named.eq_ignore_ascii_case(name.as_str().as_bytes()))
    };
    let mut kept = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        if name != header::TE && !is_of_connection(name) {
            kept.append(name, value.clone());
        }
    }
    // The only thing that it may say.
    if list(headers, &header::TE).any(|coding| coding.eq_ignore_ascii_case(b"trailers")) {
        kept.insert(header::TE, HeaderValue::from_static("trailers"));
    }
    Ok((uri, kept))
}

/// The members of a field that is a list (RFC 9110 section 5.6.1).
fn list<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a [u8]> {
    let lines = headers.get_all(name).into_iter().map(HeaderValue::as_bytes);
    lines.flat_map(|line| line.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii)
}

/// Whether a connection ends with the message that has these fields (RFC 9112 section 9.6).
pub(super) fn closes(headers: &HeaderMap) -> bool {
    list(headers, &header::CONNECTION).any(|option| option.eq_ignore_ascii_case(b"close"))
}

/// The target of a request in origin form: a path, or `*`.
///
/// # Errors
/// `LocalProtocolError` for what is no such target.
pub(super) fn origin_form(target: &Bytes) -> Result<PathAndQuery> {
    PathAndQuery::from_maybe_shared(target.clone())
        .map_err(|error| local(format!("Illegal target {}", Repr(target))).with_source(error))
}

/// Fields whose values are not shown in errors.
const SECRET: [&[u8]; 4] = [b"authorization", b"proxy-authorization", b"cookie", b"set-cookie"];

fn value(name: &[u8], value: &[u8]) -> Result<HeaderValue> {
    let is_space = |byte: Option<&u8>| byte.is_some_and(|byte| matches!(byte, b' ' | b'\t'));
    if !is_space(value.first())
        && !is_space(value.last())
        && let Ok(value) = HeaderValue::from_bytes(value)
    {
        return Ok(value);
    }
    let secret = SECRET.iter().any(|secret| secret.eq_ignore_ascii_case(name));
    let shown = if secret { b"[secure]" } else { value };
    Err(local(format!("Illegal header value {}", Repr(shown))))
}

fn framing(headers: &HeaderMap) -> Result<Framing> {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    if let Some(coding) = codings.next() {
        if codings.next().is_some() {
            return Err(local("multiple Transfer-Encoding headers"));
        }
        if !coding.as_bytes().eq_ignore_ascii_case(b"chunked") {
            return Err(local("Only Transfer-Encoding: chunked is supported"));
        }
        // It overrides a length (RFC 9112 section 6.3), which is then not sent.
        return Ok(Framing::Chunked);
    }
    let mut lengths = headers.get_all(header::CONTENT_LENGTH).iter();
    let Some(first) = lengths.next() else { return Ok(Framing::None) };
    if lengths.any(|length| length != first) {
        return Err(local("conflicting Content-Length headers"));
    }
    let digits = first.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let length = digits.and_then(|digits| digits.parse().ok());
    length.map(Framing::Length).ok_or_else(|| local("bad Content-Length"))
}

fn local(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::LocalProtocolError, message)
}

/// Bytes as Python writes them: `b'a\r\n'`.
pub(super) struct Repr<'a>(pub(super) &'a [u8]);

impl std::fmt::Display for Repr<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let quote = if self.0.contains(&b'\'') && !self.0.contains(&b'"') { '"' } else { '\'' };
        write!(f, "b{quote}")?;
        for &byte in self.0 {
            match char::from(byte) {
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                '\\' => f.write_str("\\\\")?,
                char if char == quote => write!(f, "\\{char}")?,
                char if char == ' ' || char.is_ascii_graphic() => f.write_char(char)?,
                _ => write!(f, "\\x{byte:02x}")?,
            }
        }
        f.write_char(quote)
    }
}
