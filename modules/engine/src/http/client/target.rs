//! From our URL to the one that reqwest takes, byte for byte.

use serde_json::json;

use crate::Url;
use crate::error::{Error, ErrorKind, Result};

/// Where a request goes.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) url: reqwest::Url,
    pub(super) port: u16,
    pub(super) secure: bool,
}

impl Target {
    /// Reads an absolute `http` or `https` URL; its userinfo and fragment are left behind.
    ///
    /// # Errors
    /// `UnsupportedProtocol` for another scheme, `InvalidUrl` for one without a usable host,
    /// `ConnectError` for a port that does not exist.
    pub(super) fn of(url: &Url) -> Result<Self> {
        let scheme = url.scheme();
        let (secure, default) = match scheme {
            "http" => (false, 80),
            "https" => (true, 443),
            "" => {
                return Err(unsupported(
                    "Request URL is missing an 'http://' or 'https://' protocol.".into(),
                ));
            }
            _ => return Err(unsupported(format!("Request URL has an unsupported protocol '{scheme}://'."))),
        };
        let netloc = url.netloc();
        if url.raw_host().is_empty() {
            return Err(Error::new(ErrorKind::InvalidUrl, "Request URL has no host."));
        }
        let text = format!("{scheme}://{netloc}{}", url.raw_path());
        let port = match url.written_port() {
            None => default,
            Some(written) => u16::try_from(written).map_err(|_| {
                Error::new(ErrorKind::ConnectError, format!("there is no port {written} to connect to"))
            })?,
        };
        let parsed = match reqwest::Url::parse(&text) {
            Ok(parsed) if parsed.as_str() == text => parsed,
            normalised => match (verbatim(&text, scheme, &netloc, url.port()), normalised) {
                (Some(url), _) | (None, Ok(url)) => url,
                (None, Err(error)) => {
                    return Err(Error::new(ErrorKind::InvalidUrl, error.to_string()).with_source(error));
                }
            },
        };
        Ok(Self { url: parsed, port, secure })
    }
}

fn unsupported(message: String) -> Error {
    Error::new(ErrorKind::UnsupportedProtocol, message)
}

/// A URL that is taken as it stands.
///
/// The `url` crate follows the WHATWG, which rewrites `'` in queries, `\` and `%2e` in paths and
/// unusual spellings of addresses. httpx follows RFC 3986 and sends them, and signatures are made
/// over what is sent. The pool only looks at the text, so its own spelling of the host will do.
fn verbatim(text: &str, scheme: &str, netloc: &str, port: Option<u16>) -> Option<reqwest::Url> {
    let host_start = scheme.len() + "://".len();
    let path_start = host_start + netloc.len();
    let port_length = port.map_or(0, |port| format!(":{port}").len());
    let host_end = path_start.checked_sub(port_length)?;
    let query_start = text.find('?');
    let parts = json!([
        text,
        scheme.len(),
        host_start,
        host_start,
        host_end,
        "Domain",
        port,
        path_start,
        query_start,
        null
    ]);
    reqwest::Url::deserialize_internal(parts).ok()
}
