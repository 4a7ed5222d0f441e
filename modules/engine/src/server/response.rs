//! Status lines, fields and framing of responses.

use std::fmt;

use super::refusal::is_token_byte;

/// What a handler does wrong with a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResponseError {
    /// The status is not one that a final response can have (200 to 999), or an interim one (102 to 199, without 101).
    Status(u16),
    /// The name of a field is not a token.
    Name(String),
    /// The value of a field holds a control byte, CR and LF among them. With its name.
    Value(String),
    /// A field that frames the message says something that cannot be done. With its name.
    Framing(&'static str),
    /// The response has begun already.
    Started,
    /// There is no request to respond to, or the response has not begun, or it has ended.
    NoResponse,
    /// More body than `Content-Length` announced.
    TooLong {
        /// The announced length.
        declared: u64,
    },
    /// The body ended before it had as many bytes as `Content-Length` announced. The connection is of no further use.
    TooShort {
        /// The announced length.
        declared: u64,
        /// How many bytes of it are missing.
        missing: u64,
    },
}

impl fmt::Display for ResponseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "invalid status of a response: {status}"),
            Self::Name(name) => write!(f, "invalid name of a header: {name:?}"),
            Self::Value(name) => write!(f, "invalid character in the value of the header {name:?}"),
            Self::Framing(name) => write!(f, "the header {name:?} cannot be sent with this value"),
            Self::Started => f.write_str("the response has already started"),
            Self::NoResponse => f.write_str("there is no response in progress"),
            Self::TooLong { declared } => {
                write!(f, "the body is longer than its Content-Length of {declared} bytes")
            }
            Self::TooShort { declared, missing } => {
                write!(f, "the body is {missing} bytes shorter than its Content-Length of {declared} bytes")
            }
        }
    }
}

impl std::error::Error for ResponseError {}

/// How a piece of a body is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framed {
    /// Not at all: the response has no body.
    Omitted,
    /// As it is.
    Plain,
    /// As a chunk: what was appended, the piece, and CRLF.
    Chunk,
}

/// How the end of a response's body is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// There is none to send, whatever the handler gives: `HEAD`, 204, 304.
    Omitted,
    /// By its length.
    Length {
        declared: u64,
        remaining: u64,
    },
    Chunked,
    UntilClose,
}

/// What the fields of a handler say about the connection and the framing.
#[derive(Debug, Default)]
pub(super) struct Given {
    pub(super) content_length: Option<u64>,
    pub(super) close: bool,
    pub(super) date: bool,
}

/// The reason phrase of a status (RFC 9110 section 15 and the IANA registry); `Unknown` for others.
pub fn reason(status: u16) -> &'static str {
    match status {
        102 => "Processing",
        103 => "Early Hints",
        // The registry's name, which `http` still spells `Payload Too Large`.
        413 => "Content Too Large",
        422 => "Unprocessable Content",
        _ => http::StatusCode::from_u16(status)
            .ok()
            .and_then(|status| status.canonical_reason())
            .unwrap_or("Unknown"),
    }
}

/// Appends a status line.
pub(super) fn status_line(status: u16, out: &mut Vec<u8>) {
    out.extend_from_slice(b"HTTP/1.1 ");
    decimal(u64::from(status), out);
    out.push(b' ');
    out.extend_from_slice(reason(status).as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// Appends a field without looking at it.
pub(super) fn raw_field(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// Checks a field of a handler's and appends it, unless it is one that this machine writes itself.
pub(super) fn field(
    name: &[u8],
    value: &[u8],
    given: &mut Given,
    out: &mut Vec<u8>,
) -> Result<(), ResponseError> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if name.is_empty() || !name.iter().all(|&byte| is_token_byte(byte)) {
        return Err(ResponseError::Name(text(name)));
    }
    if value.iter().any(|&byte| byte < b' ' && byte != b'\t' || byte == 0x7f) {
        return Err(ResponseError::Value(text(name)));
    }
    let value = value.trim_ascii();
    match name.len() {
        4 if name.eq_ignore_ascii_case(b"date") => given.date = true,
        10 if name.eq_ignore_ascii_case(b"connection") => {
            for option in value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii) {
                given.close |= option.eq_ignore_ascii_case(b"close");
            }
            return Ok(());
        }
        // Of HTTP/1.0 proxies; what is said about the connection is said by this machine.
        10 if name.eq_ignore_ascii_case(b"keep-alive") => return Ok(()),
        14 if name.eq_ignore_ascii_case(b"content-length") => {
            let length = std::str::from_utf8(value).ok().filter(|text| !text.starts_with('+'));
            let length = length.and_then(|text| text.parse().ok());
            let length = length.ok_or(ResponseError::Framing("Content-Length"))?;
            if given.content_length.is_some_and(|known| known != length) {
                return Err(ResponseError::Framing("Content-Length"));
            }
            given.content_length = Some(length);
            return Ok(());
        }
        17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
            // Bodies of unknown length are sent in chunks anyway.
            return if value.eq_ignore_ascii_case(b"chunked") {
                Ok(())
            } else {
                Err(ResponseError::Framing("Transfer-Encoding"))
            };
        }
        _ => {}
    }
    raw_field(name, value, out);
    Ok(())
}

/// Appends a number.
pub(super) fn decimal(value: u64, out: &mut Vec<u8>) {
    let mut digits = [0_u8; 20];
    let mut rest = value;
    let mut count = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
        count += 1;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(digits.len() - count..).unwrap_or_default());
}

/// Appends the line before a chunk.
pub(super) fn chunk_line(size: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("{size:x}\r\n").as_bytes());
}
