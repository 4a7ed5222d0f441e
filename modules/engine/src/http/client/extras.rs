//! What only few requests ask for.

use bytes::Bytes;

use super::trace::Trace;

/// What a request asks for beyond its message; by default nothing.
#[derive(Clone, Debug, Default)]
pub struct Extras {
    /// The request target to send in place of the URL's path and query: `*`, an absolute URL, the
    /// authority of a CONNECT, or a path with an unusual spelling.
    pub target: Option<Bytes>,
    /// The name to ask for in the TLS handshake and to find in the certificate, in place of the
    /// URL's host.
    pub sni_hostname: Option<String>,
    /// Who is told of each step.
    pub trace: Option<Trace>,
}

impl Extras {
    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        self.target.is_none() && self.sni_hostname.is_none() && self.trace.is_none()
    }
}
