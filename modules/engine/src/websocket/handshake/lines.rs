//! Parsing the lines of a message. Lines are passed without their line ends.

use super::error::Error;
use crate::websocket::grammar::is_token;

/// The first line of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestLine {
    /// The method, in ASCII.
    pub method: String,
    /// The path with its query, in ASCII, as it came.
    pub target: String,
    /// `HTTP/1.1` or `HTTP/1.0`.
    pub version: &'static str,
}

/// The first line of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusLine {
    /// From 100 to 599.
    pub status: u16,
    /// The reason, read as ISO-8859-1.
    pub reason: String,
}

/// Reads the first line of a request.
///
/// # Errors
/// [`Error::Malformed`], [`Error::NotAscii`].
pub fn request_line(line: &[u8]) -> Result<RequestLine, Error> {
    let Some((method, target, version)) = split_in_three(line) else {
        return Err(Error::Malformed(format!("invalid HTTP request line: {}", display(line))));
    };
    let version = version_of(version).ok_or_else(|| {
        let line = display(line);
        Error::Malformed(format!("unsupported protocol; expected HTTP/1.1 or HTTP/1.0: {line}"))
    })?;
    Ok(RequestLine { method: ascii(method)?, target: ascii(target)?, version })
}

/// Reads the first line of a response. Only proxies may respond in HTTP/1.0.
///
/// # Errors
/// [`Error::Malformed`].
pub fn status_line(line: &[u8], is_proxy: bool) -> Result<StatusLine, Error> {
    let Some((version, status, reason)) = split_in_three(line) else {
        return Err(Error::Malformed(format!("invalid HTTP status line: {}", display(line))));
    };
    let is_expected = match version_of(version) {
        Some("HTTP/1.1") => true,
        Some(_) => is_proxy,
        None => false,
    };
    if !is_expected {
        let expected = if is_proxy { "HTTP/1.1 or HTTP/1.0" } else { "HTTP/1.1" };
        let line = display(line);
        return Err(Error::Malformed(format!("unsupported protocol; expected {expected}: {line}")));
    }
    let Some(number) = decimal(status) else {
        let status = display(status);
        return Err(Error::Malformed(format!("invalid status code; expected integer; got {status}")));
    };
    let status =
        u16::try_from(number).ok().filter(|status| (100..600).contains(status)).ok_or_else(|| {
            let status = display(status);
            Error::Malformed(format!("invalid status code; expected 100–599; got {status}"))
        })?;
    if !is_value(reason) {
        return Err(Error::Malformed(format!("invalid HTTP reason phrase: {}", display(reason))));
    }
    Ok(StatusLine { status, reason: latin1(reason) })
}

/// Reads a header field: its name, and its value read as ISO-8859-1.
///
/// # Errors
/// [`Error::Malformed`].
pub fn field(line: &[u8]) -> Result<(String, String), Error> {
    let Some(colon) = memchr::memchr(b':', line) else {
        return Err(Error::Malformed(format!("invalid HTTP header line: {}", display(line))));
    };
    let (name, value) = line.split_at(colon);
    if !is_token(name) {
        return Err(Error::Malformed(format!("invalid HTTP header name: {}", display(name))));
    }
    let value = trim(value.get(1..).unwrap_or_default());
    if !is_value(value) {
        return Err(Error::Malformed(format!("invalid HTTP header value: {}", display(value))));
    }
    Ok((latin1(name), latin1(value)))
}

/// Reads the line before a chunk of a body: the chunk's size, in bytes.
///
/// # Errors
/// [`Error::Body`].
pub fn chunk_size(line: &[u8]) -> Result<u64, Error> {
    let end = memchr::memchr(b';', line).unwrap_or(line.len());
    let size = line.get(..end).unwrap_or_default();
    let is_number = (1..=15).contains(&size.len()) && size.iter().all(u8::is_ascii_hexdigit);
    let number = is_number.then(|| u64::from_str_radix(&latin1(size), 16).ok()).flatten();
    number.ok_or_else(|| Error::Body(format!("invalid chunk size: {}", display(size))))
}

/// Reads the value of `Content-Length`, in bytes.
///
/// # Errors
/// [`Error::Body`].
pub fn content_length(value: &str) -> Result<u64, Error> {
    decimal(value.as_bytes()).ok_or_else(|| Error::Body(format!("invalid content length: {value}")))
}

/// Text of which every byte is a character of ISO-8859-1.
pub fn latin1(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => text.to_owned(),
        _ => bytes.iter().map(|&byte| char::from(byte)).collect(),
    }
}

/// Bytes for an error message: text where they are UTF-8, hexadecimal escapes where they are not.
pub fn display(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str("\\x");
            for nibble in [byte >> 4, byte & 15] {
                text.push(char::from_digit(u32::from(nibble), 16).unwrap_or_default());
            }
        }
    }
    text
}

/// A number of up to 18 digits, which always fits.
fn decimal(digits: &[u8]) -> Option<u64> {
    let is_number = (1..=18).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    is_number.then(|| latin1(digits).parse().ok()).flatten()
}

fn version_of(version: &[u8]) -> Option<&'static str> {
    match version {
        b"HTTP/1.1" => Some("HTTP/1.1"),
        b"HTTP/1.0" => Some("HTTP/1.0"),
        _ => None,
    }
}

/// Splits at the first two spaces.
fn split_in_three(line: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let mut parts = line.splitn(3, |&byte| byte == b' ');
    Some((parts.next()?, parts.next()?, parts.next()?))
}

fn ascii(bytes: &[u8]) -> Result<String, Error> {
    match bytes.iter().position(|byte| !byte.is_ascii()) {
        Some(position) => Err(Error::NotAscii(bytes.to_vec(), position)),
        None => Ok(latin1(bytes)),
    }
}

fn is_value(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~' | 0x80..))
}

fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}
