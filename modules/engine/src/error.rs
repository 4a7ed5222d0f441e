//! The error type of the HTTP client.
//!
//! [`ErrorKind`] names each failure as httpx names its exception, so that a binding maps a kind to
//! a class and nothing else.

/// What went wrong, named as httpx names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No connection within the connect timeout (DNS, TCP and TLS together).
    ConnectTimeout,
    /// Nothing arrived within the read timeout.
    ReadTimeout,
    /// The peer accepted nothing within the write timeout.
    WriteTimeout,
    /// No connection slot became free within the pool timeout.
    PoolTimeout,
    /// The connection could not be established (DNS, TCP or TLS).
    ConnectError,
    /// The connection broke while reading.
    ReadError,
    /// The connection broke while writing.
    WriteError,
    /// The proxy refused, or answered nonsense.
    ProxyError,
    /// The URL's scheme is missing or not one that can be sent.
    UnsupportedProtocol,
    /// The request would break the protocol; nothing was sent.
    LocalProtocolError,
    /// The server broke the protocol.
    RemoteProtocolError,
    /// The body does not decode as its `Content-Encoding` says, or decodes to too much.
    DecodingError,
    /// The text is not a URL.
    InvalidUrl,
    /// Several cookies have the name.
    CookieConflict,
    /// What the server requires is part of the protocol, but not supported.
    NotImplemented,
    /// The policy does not allow the connection; nothing was sent.
    Denied,
    /// The source of the request's body failed; the caller holds the reason.
    BodyAborted,
}

/// A failure: its kind, a message of one line, and its cause.
///
/// `Display` shows this level only; walk [`std::error::Error::source`] for the causes.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
    resend: Resend,
}

/// Whether a request that failed may be sent again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Resend {
    /// No.
    #[default]
    Never,
    /// If doing it twice makes no difference (RFC 9110 section 9.2.2): a connection that had served
    /// before was gone, perhaps after the server had acted.
    IfIdempotent,
    /// Whatever its method: the server has not processed it (RFC 9113 section 8.7).
    Always,
}

/// The engine's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error without a cause.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None, resend: Resend::Never }
    }

    /// The same error, with `source` as its cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The same error, of a request that may be sent again.
    #[must_use]
    pub(crate) fn with_resend(self, resend: Resend) -> Self {
        Self { resend, ..self }
    }

    /// Whether the request may be sent again.
    pub(crate) fn resend(&self) -> Resend {
        self.resend
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// A message of one line.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl From<tauraro_permissions::Denial> for Error {
    fn from(denial: tauraro_permissions::Denial) -> Self {
        Self::new(ErrorKind::Denied, denial.to_string())
    }
}
