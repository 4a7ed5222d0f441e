//! The parts of a URL or request target, where they stand in its bytes.
//!
//! Nothing is decoded or normalised: what a server routes by is what the client sent. Use
//! [`crate::http::url`] for URLs to connect to.

use super::chars::{Class, HOST, URL, USER_INFO, ZONE};

/// The longest URL that is split, in bytes.
pub const MAX_LENGTH: usize = 0xffff;

/// Where a part is: `url[start..end]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    start: u16,
    end: u16,
}

impl Span {
    fn new(start: usize, end: usize) -> Option<Self> {
        Some(Self { start: u16::try_from(start).ok()?, end: u16::try_from(end).ok()? })
    }

    fn unless_empty(start: usize, end: usize) -> Option<Self> {
        if start < end { Self::new(start, end) } else { None }
    }

    /// The part, given the URL that was split.
    pub fn of(self, url: &[u8]) -> &[u8] {
        url.get(usize::from(self.start)..usize::from(self.end)).unwrap_or_default()
    }
}

/// The parts that a URL has; an empty query or fragment counts as none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// Before `://`.
    pub scheme: Option<Span>,
    /// Before the `@`.
    pub userinfo: Option<Span>,
    /// The host, of an IPv6 address without its brackets.
    pub host: Option<Span>,
    /// The port as a number.
    pub port: Option<u16>,
    /// From the first slash after the host on, or `*`.
    pub path: Option<Span>,
    /// After the `?`.
    pub query: Option<Span>,
    /// After the `#`.
    pub fragment: Option<Span>,
}

/// Why a URL cannot be split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It breaks the syntax.
    #[error("invalid url")]
    Invalid,
    /// It is longer than [`MAX_LENGTH`].
    #[error("url is too long: url length of {0} bytes exceeds the maximum of {MAX_LENGTH} bytes")]
    TooLong(usize),
}

/// A cursor; every method gives `None` where the syntax is broken.
struct Cursor<'a> {
    url: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.url.get(self.at).copied()
    }

    fn run(&mut self, class: &Class) -> (usize, usize) {
        let start = self.at;
        self.at += class.run(self.url.get(start..).unwrap_or_default());
        (start, self.at)
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.peek() == Some(byte)).then(|| self.at += 1)
    }

    fn scheme(&mut self) -> Option<Span> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_alphabetic()) {
            self.at += 1;
        }
        let scheme = Span::unless_empty(start, self.at)?;
        self.expect(b':')?;
        self.expect(b'/')?;
        self.expect(b'/')?;
        Some(scheme)
    }

    fn authority(&mut self, parts: &mut Parts) -> Option<()> {
        let rest = self.url.get(self.at..)?;
        let length = rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
        if memchr::memchr(b'@', rest.get(..length)?).is_some() {
            let (start, end) = self.run(&USER_INFO);
            parts.userinfo = Span::unless_empty(start, end);
            self.expect(b'@')?;
        }
        parts.host = Some(if self.expect(b'[').is_some() { self.ipv6()? } else { self.name()? });
        if self.expect(b':').is_some() {
            parts.port = Some(self.port()?);
        }
        Some(())
    }

    fn name(&mut self) -> Option<Span> {
        let (start, end) = self.run(&HOST);
        Span::unless_empty(start, end)
    }

    fn ipv6(&mut self) -> Option<Span> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.')) {
            self.at += 1;
        }
        let address = Span::unless_empty(start, self.at)?;
        let mut end = usize::from(address.end);
        if self.expect(b'%').is_some() {
            let (zone, zone_end) = self.run(&ZONE);
            Span::unless_empty(zone, zone_end)?;
            end = zone_end;
        }
        self.expect(b']')?;
        Span::new(start, end)
    }

    fn port(&mut self) -> Option<u16> {
        let start = self.at;
        let mut port = 0_u16;
        while let Some(digit) = self.peek().filter(u8::is_ascii_digit) {
            port = port.checked_mul(10)?.checked_add(u16::from(digit - b'0'))?;
            self.at += 1;
        }
        (self.at > start).then_some(port)
    }

    /// What comes after the host, up to the end.
    fn path(&mut self, parts: &mut Parts) -> Option<()> {
        let (start, end) = self.run(&URL);
        parts.path = Span::unless_empty(start, end);
        let queried = self.expect(b'?').is_some();
        if queried {
            let start = self.at;
            while self.run(&URL).1 < self.url.len() && self.peek() == Some(b'?') {
                self.at += 1;
            }
            parts.query = Span::unless_empty(start, self.at);
        }
        // A fragment needs something before it: it cannot follow the host at once.
        if (parts.path.is_some() || queried) && self.peek() == Some(b'#') {
            while self.peek() == Some(b'#') {
                self.at += 1;
            }
            let start = self.at;
            while self.run(&URL).1 < self.url.len() && matches!(self.peek(), Some(b'?' | b'#')) {
                self.at += 1;
            }
            parts.fragment = Span::unless_empty(start, self.at);
        }
        (self.at == self.url.len()).then_some(())
    }

    fn split(&mut self) -> Option<Parts> {
        let mut parts = Parts::default();
        if !matches!(self.peek()?, b'/' | b'*') {
            parts.scheme = Some(self.scheme()?);
            self.authority(&mut parts)?;
            if !matches!(self.peek(), None | Some(b'/' | b'?')) {
                return None;
            }
        }
        self.path(&mut parts)?;
        Some(parts)
    }
}

/// Splits a URL (`http://user@host:80/path?query#fragment`), a path, or `*`, as nodejs's `http_parser`
/// does.
pub fn split(url: &[u8]) -> Result<Parts, Error> {
    if url.len() > MAX_LENGTH {
        return Err(Error::TooLong(url.len()));
    }
    Cursor { url, at: 0 }.split().ok_or(Error::Invalid)
}

#[cfg(test)]
#[path = "tests/url.rs"]
mod tests;
