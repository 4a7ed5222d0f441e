//! A request line with its fields.

use super::authority;
use super::refusal::Refusal;
use crate::http1::{Method, Version};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Field {
    start: usize,
    name: usize,
    value: usize,
}

/// The head of a request. Target, names and values are in one buffer, as they were sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct RequestHead {
    pub(super) method: Method,
    pub(super) version: Version,
    bytes: Vec<u8>,
    target: usize,
    fields: Vec<Field>,
    pub(super) content_length: Option<u64>,
    pub(super) chunked: bool,
    pub(super) keep_alive: bool,
    pub(super) upgrade: bool,
    pub(super) expects_continue: bool,
}

impl Default for RequestHead {
    fn default() -> Self {
        Self {
            method: Method::Get,
            version: Version::HTTP_11,
            bytes: Vec::new(),
            target: 0,
            fields: Vec::new(),
            content_length: None,
            chunked: false,
            keep_alive: false,
            upgrade: false,
            expects_continue: false,
        }
    }
}

impl RequestHead {
    pub(super) fn set_target(&mut self, target: &[u8]) {
        self.bytes.clear();
        self.bytes.reserve(target.len() + 256);
        self.bytes.extend_from_slice(target);
        self.target = target.len();
    }

    /// Adds a field; whitespace after the value is left out.
    pub(super) fn add_field(&mut self, name: &[u8], value: &[u8]) {
        let value = value.trim_ascii_end();
        self.fields.push(Field { start: self.bytes.len(), name: name.len(), value: value.len() });
        self.bytes.extend_from_slice(name);
        self.bytes.extend_from_slice(value);
    }

    /// The method.
    pub fn method(&self) -> Method {
        self.method
    }

    /// The version of the protocol: 1.0 or 1.1.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The request target as it was sent: `/path?query`, `http://host/path`, or `*`.
    pub fn target(&self) -> &[u8] {
        self.bytes.get(..self.target).unwrap_or_default()
    }

    /// The authority of a target in absolute form, which takes precedence over `Host` (RFC 9112 section 3.2.2).
    pub fn target_authority(&self) -> Option<&[u8]> {
        Some(self.absolute()?.0)
    }

    /// Authority and rest of an absolute target.
    fn absolute(&self) -> Option<(&[u8], &[u8])> {
        let target = self.target();
        if target.first().is_some_and(|first| matches!(first, b'/' | b'*')) {
            return None;
        }
        let colon = target.iter().position(|&byte| byte == b':')?;
        let rest = target.get(colon..)?.strip_prefix(b"://")?;
        let end = rest.iter().position(|byte| b"/?#".contains(byte)).unwrap_or(rest.len());
        Some(rest.split_at(end))
    }

    /// Path and query together, without the scheme and authority of an absolute target.
    fn path_and_query(&self) -> &[u8] {
        self.absolute().map_or_else(|| self.target(), |(_, rest)| rest)
    }

    /// The path as it was sent, not decoded; `/` for an absolute target without one, `*` for `OPTIONS *`.
    pub fn path(&self) -> &[u8] {
        let whole = self.path_and_query();
        let end = memchr::memchr(b'?', whole).unwrap_or(whole.len());
        match whole.get(..end) {
            Some(path) if !path.is_empty() => path,
            _ => b"/",
        }
    }

    /// The query as it was sent, without the question mark; empty if there is none.
    pub fn query(&self) -> &[u8] {
        let whole = self.path_and_query();
        memchr::memchr(b'?', whole).and_then(|at| whole.get(at + 1..)).unwrap_or_default()
    }

    /// Names and values of the fields, in the order they came in.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> {
        self.fields.iter().map(|field| {
            let middle = field.start + field.name;
            let name = self.bytes.get(field.start..middle).unwrap_or_default();
            (name, self.bytes.get(middle..middle + field.value).unwrap_or_default())
        })
    }

    /// The value of the first field of this name, which is compared without case.
    pub fn field(&self, name: &str) -> Option<&[u8]> {
        self.fields().find(|(known, _)| known.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value)
    }

    /// The host that the request is for, with its port if it was sent.
    pub fn host(&self) -> Option<&[u8]> {
        self.target_authority().or_else(|| self.field("host"))
    }

    /// The length of the body, if the head says it.
    pub fn content_length(&self) -> Option<u64> {
        self.content_length
    }

    /// Whether a body follows, even an empty one.
    pub fn has_body(&self) -> bool {
        self.chunked || self.content_length.is_some_and(|length| length > 0)
    }

    /// Whether the body comes in chunks.
    pub fn is_chunked(&self) -> bool {
        self.chunked
    }

    /// Whether the client asks to change the protocol (RFC 9110 section 7.8).
    pub fn asks_for_upgrade(&self) -> bool {
        self.upgrade
    }

    /// Whether the client waits for `100 Continue` before it sends the body (RFC 9110 section 10.1.1).
    pub fn expects_continue(&self) -> bool {
        self.expects_continue
    }

    /// Checks what the parser leaves to the server.
    pub(super) fn check(&mut self, hosts: u32) -> Result<(), Refusal> {
        if !(Version::HTTP_10..=Version::HTTP_11).contains(&self.version) {
            return Err(Refusal::new(505, "Only HTTP/1.0 and HTTP/1.1 are spoken"));
        }
        if hosts > 1 {
            return Err(Refusal::new(400, "Several Host fields"));
        }
        if self.method == Method::Connect {
            return Err(Refusal::new(501, "This is not a proxy"));
        }
        self.check_target()?;
        let mut expectation = Ok(false);
        let mut host = None;
        for (name, value) in self.fields() {
            match name.len() {
                4 if name.eq_ignore_ascii_case(b"host") => host = Some(value),
                6 if name.eq_ignore_ascii_case(b"expect") => {
                    expectation = if value.eq_ignore_ascii_case(b"100-continue") {
                        Ok(true)
                    } else {
                        Err(Refusal::new(417, "Only 100-continue can be expected"))
                    };
                }
                17 if name.eq_ignore_ascii_case(b"transfer-encoding")
                    && !value.eq_ignore_ascii_case(b"chunked") =>
                {
                    return Err(Refusal::new(501, "Only the transfer coding chunked is known"));
                }
                _ => {}
            }
        }
        match host {
            Some(host) if !authority::is_valid(host) => {
                return Err(Refusal::new(400, "Invalid Host field"));
            }
            None if self.version == Version::HTTP_11 => return Err(Refusal::new(400, "No Host field")),
            _ => {}
        }
        // HTTP/1.0 does not know it (RFC 9110 section 10.1.1).
        self.expects_continue = expectation? && self.version == Version::HTTP_11 && self.has_body();
        Ok(())
    }

    fn check_target(&self) -> Result<(), Refusal> {
        let target = self.target();
        if target.contains(&b'#') {
            return Err(Refusal::new(400, "A target must not have a fragment"));
        }
        match target.first() {
            Some(b'/') => Ok(()),
            Some(b'*') if target.len() == 1 && self.method == Method::Options => Ok(()),
            Some(b'*') => Err(Refusal::new(400, "Only OPTIONS can have the target *")),
            _ => match self.absolute() {
                Some((host, _)) if authority::is_valid(host) => {
                    let scheme = target.split(|&byte| byte == b':').next().unwrap_or_default();
                    if scheme.eq_ignore_ascii_case(b"http") || scheme.eq_ignore_ascii_case(b"https") {
                        Ok(())
                    } else {
                        Err(Refusal::new(400, "Invalid scheme of a target"))
                    }
                }
                _ => Err(Refusal::new(400, "Invalid target")),
            },
        }
    }
}
