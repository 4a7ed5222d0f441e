//! What is known about the message being read, and what follows from its fields.

use super::error::{ErrorKind, Fault};
use super::{Body, Leniencies, Method};

/// Which of the two kinds of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// What a server reads.
    Request,
    /// What a client reads.
    Response,
}

/// A version of the protocol: `1.1` is `Version { major: 1, minor: 1 }`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// Before the dot.
    pub major: u8,
    /// After the dot.
    pub minor: u8,
}

impl Version {
    /// HTTP/1.0.
    pub const HTTP_10: Self = Self { major: 1, minor: 0 };
    /// HTTP/1.1.
    pub const HTTP_11: Self = Self { major: 1, minor: 1 };
}

/// The fields that decide how a message is read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Special {
    Connection,
    ContentLength,
    TransferEncoding,
    Upgrade,
    Host,
}

impl Special {
    pub(super) fn of(name: &[u8]) -> Option<Self> {
        let (expected, special) = match name.len() {
            4 => ("host", Self::Host),
            7 => ("upgrade", Self::Upgrade),
            10 => ("connection", Self::Connection),
            14 => ("content-length", Self::ContentLength),
            16 => ("proxy-connection", Self::Connection),
            17 => ("transfer-encoding", Self::TransferEncoding),
            _ => return None,
        };
        name.eq_ignore_ascii_case(expected.as_bytes()).then_some(special)
    }

    /// Whether it is the name of a field that decides about the message's end.
    pub(super) fn frames(name: &[u8]) -> bool {
        Self::of(name).is_some_and(|special| special != Self::Host)
    }
}

/// How the end of a body is found (RFC 9112 section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// There is none.
    None,
    /// By its length, which is not zero.
    Length(u64),
    /// By the last chunk.
    Chunked,
    /// By the end of the connection.
    UntilClose,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
struct Facts {
    keep_alive: bool,
    close: bool,
    connection_upgrade: bool,
    upgrade_field: bool,
    transfer_encoding: bool,
    chunked: bool,
    bodiless: bool,
}

/// The message being read: what its start line said and what its fields mean.
#[derive(Clone, Debug)]
pub struct Message {
    kind: Kind,
    pub(super) method: Method,
    pub(super) version: Version,
    pub(super) status: u16,
    pub(super) upgrade: bool,
    content_length: Option<u64>,
    hosts: u32,
    facts: Facts,
    /// Rules not enforced from here on. A receiver may change them.
    pub leniencies: Leniencies,
}

impl Message {
    pub(super) fn new(kind: Kind) -> Self {
        Self {
            kind,
            // What llhttp's zeroes mean; nobody may rely on them.
            method: Method::Delete,
            version: Version::default(),
            status: 0,
            upgrade: false,
            content_length: None,
            hosts: 0,
            facts: Facts::default(),
            leniencies: Leniencies::NONE,
        }
    }

    /// Request or response.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The method of a request.
    pub fn method(&self) -> Method {
        self.method
    }

    /// The version of the protocol, zeroes before it was read.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The status of a response, 0 before it was read.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Whether what follows the message is another protocol; known from the end of the head on.
    pub fn upgrade(&self) -> bool {
        self.upgrade
    }

    /// `Content-Length`, once it was read.
    pub fn content_length(&self) -> Option<u64> {
        self.content_length
    }

    /// Whether the body comes in chunks; final at the end of the head.
    pub fn is_chunked(&self) -> bool {
        self.facts.chunked
    }

    /// How many `Host` fields the head has so far. A request of HTTP/1.1 must have one (RFC 9112
    /// section 3.2); to answer others with 400 is up to the receiver.
    pub fn host_count(&self) -> u32 {
        self.hosts
    }

    /// Whether another message can follow on the connection (RFC 9112 section 9.3), by what was read so far.
    pub fn keep_alive(&self) -> bool {
        let wanted = if self.version.major > 0 && self.version.minor > 0 {
            !self.facts.close
        } else {
            self.facts.keep_alive
        };
        wanted && !self.ends_with_connection()
    }

    /// Forgets what the fields said.
    pub(super) fn forget_fields(&mut self) {
        self.facts = Facts::default();
        self.content_length = None;
        self.hosts = 0;
    }

    /// Whether the body is all that the connection still brings.
    fn ends_with_connection(&self) -> bool {
        if self.kind == Kind::Request || self.status / 100 == 1 || matches!(self.status, 204 | 304) {
            return false;
        }
        let facts = self.facts;
        if facts.bodiless {
            return false;
        }
        !facts.chunked && (facts.transfer_encoding || self.content_length.is_none())
    }

    /// Takes in a field; `folded` if its value went over several lines.
    pub(super) fn field(&mut self, special: Special, value: &[u8], folded: bool) -> Result<(), Fault> {
        match special {
            Special::Host => self.hosts = self.hosts.saturating_add(1),
            Special::Upgrade => self.facts.upgrade_field |= !value.is_empty(),
            Special::Connection => self.connection(value),
            Special::ContentLength => self.length(value, folded)?,
            Special::TransferEncoding => self.transfer_encoding(value, folded)?,
        }
        Ok(())
    }

    fn connection(&mut self, value: &[u8]) {
        for option in value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii) {
            let facts = &mut self.facts;
            facts.close |= option.eq_ignore_ascii_case(b"close");
            facts.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
            facts.connection_upgrade |= option.eq_ignore_ascii_case(b"upgrade");
        }
    }

    fn length(&mut self, value: &[u8], folded: bool) -> Result<(), Fault> {
        let fault = |reason| Err(Fault(ErrorKind::ContentLength, reason));
        if self.facts.transfer_encoding && !self.leniencies.contains(Leniencies::CHUNKED_LENGTH) {
            return fault("Content-Length can't be present with Transfer-Encoding");
        }
        let digits = value.trim_ascii_end();
        if digits.is_empty() {
            return fault("Empty Content-Length");
        }
        if folded || self.content_length.is_some() {
            return fault("Duplicate Content-Length");
        }
        let mut length = 0_u64;
        for digit in digits {
            if !digit.is_ascii_digit() {
                return fault("Invalid character in Content-Length");
            }
            let Some(next) =
                length.checked_mul(10).and_then(|length| length.checked_add(u64::from(digit - b'0')))
            else {
                return fault("Content-Length overflow");
            };
            length = next;
        }
        self.content_length = Some(length);
        Ok(())
    }

    fn transfer_encoding(&mut self, value: &[u8], folded: bool) -> Result<(), Fault> {
        let fault = |reason| Err(Fault(ErrorKind::TransferEncoding, reason));
        let strict = !self.leniencies.contains(Leniencies::TRANSFER_ENCODING);
        let strict_request = strict && self.kind == Kind::Request;
        if self.content_length.is_some() && !self.leniencies.contains(Leniencies::CHUNKED_LENGTH) {
            return fault("Transfer-Encoding can't be present with Content-Length");
        }
        if value.is_empty() {
            return fault("Empty Transfer-Encoding");
        }
        // HTTP/1.0 does not know it: what stands between may have read the body otherwise (section 6.1).
        if strict && self.version < Version::HTTP_11 {
            return fault("Transfer-Encoding can't be present with HTTP/1.0");
        }
        if strict_request && self.facts.chunked {
            return fault("Invalid `Transfer-Encoding` header value");
        }
        self.facts.transfer_encoding = true;
        self.facts.chunked = false;
        let mut codings = value.split(|&byte| byte == b',').peekable();
        while let Some(coding) = codings.next() {
            // Only spaces may follow: a tab there has fooled others.
            let coding = coding.trim_ascii_start();
            let end = coding.iter().rposition(|&byte| byte != b' ').map_or(0, |last| last + 1);
            let chunked = coding.get(..end).is_some_and(|coding| coding.eq_ignore_ascii_case(b"chunked"));
            if chunked && codings.peek().is_none() {
                self.facts.chunked = !folded;
            } else if chunked && strict_request {
                return fault("Invalid `Transfer-Encoding` header value");
            }
        }
        Ok(())
    }

    /// Decides whether the message leaves HTTP, before the head's end is told.
    pub(super) fn decide_upgrade(&mut self) {
        self.upgrade = if self.kind == Kind::Response {
            self.status == 101
        } else {
            self.method == Method::Connect || self.facts.upgrade_field && self.facts.connection_upgrade
        };
    }

    /// What follows the head.
    pub(super) fn framing(&mut self, body: Body) -> Result<Framing, Fault> {
        self.facts.bodiless = body != Body::AsFramed;
        self.upgrade |= body == Body::Tunnel;
        let is_request = self.kind == Kind::Request;
        let bodiless = self.facts.bodiless
            || is_request && self.method == Method::Connect
            || !is_request && matches!(self.status, 100..=199 | 204 | 304);
        if bodiless {
            return Ok(Framing::None);
        }
        if self.facts.chunked {
            return Ok(Framing::Chunked);
        }
        if self.facts.transfer_encoding {
            let lenient = self.leniencies.contains(Leniencies::CHUNKED_LENGTH)
                || self.leniencies.contains(Leniencies::TRANSFER_ENCODING);
            if is_request && !lenient {
                return Err(Fault(ErrorKind::TransferEncoding, "Request has invalid `Transfer-Encoding`"));
            }
            return Ok(Framing::UntilClose);
        }
        Ok(match self.content_length {
            Some(0) => Framing::None,
            Some(length) => Framing::Length(length),
            None if self.ends_with_connection() => Framing::UntilClose,
            None => Framing::None,
        })
    }
}
