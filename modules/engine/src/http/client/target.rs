//! Where a request goes.

use std::str::FromStr;

use http::uri::{PathAndQuery, Uri};

use super::connect::Destination;
use crate::Url;
use crate::error::{Error, ErrorKind, Result};

/// Where a request goes.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) secure: bool,
    /// A name, or a literal address without brackets; an IPv6 one may have a zone.
    pub(super) host: String,
    pub(super) port: u16,
    /// What a `Host` field says.
    pub(super) authority: String,
    pub(super) path: PathAndQuery,
}

impl Target {
    /// Reads an absolute `http` or `https` URL; its userinfo and fragment are left behind.
    ///
    /// # Errors
    /// `UnsupportedProtocol` for another scheme, `InvalidUrl` for one without a usable host or path,
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
        let host = url.raw_host();
        if host.is_empty() {
            return Err(Error::new(ErrorKind::InvalidUrl, "Request URL has no host."));
        }
        let port = match url.written_port() {
            None => default,
            Some(written) => u16::try_from(written).map_err(|_| {
                Error::new(ErrorKind::ConnectError, format!("there is no port {written} to connect to"))
            })?,
        };
        let authority = url.host_header();
        if authority.parse::<http::uri::Authority>().is_err() {
            let message = format!("Invalid host in the request's URL: '{host}'");
            return Err(Error::new(ErrorKind::InvalidUrl, message));
        }
        let path = PathAndQuery::from_str(&url.raw_path()).map_err(|error| {
            Error::new(ErrorKind::InvalidUrl, "Invalid path in the request's URL").with_source(error)
        })?;
        Ok(Self { secure, host: url.connect_host().into_owned(), port, authority, path })
    }

    /// Where to connect to.
    pub(super) fn destination(&self) -> Destination<'_> {
        Destination { secure: self.secure, host: &self.host, port: self.port }
    }

    fn text(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}{}", self.authority, self.path)
    }

    /// The same as reqwest takes it, unless that would not be the same.
    ///
    /// Its URLs follow the WHATWG, which rewrites `'` in queries, `\` and `%2e` in paths and unusual
    /// spellings of addresses, and refuses zones. httpx follows RFC 3986 and sends what is written,
    /// and signatures are made over what is sent.
    pub(super) fn url(&self) -> Option<reqwest::Url> {
        if self.host.contains('%') {
            return None;
        }
        let text = self.text();
        reqwest::Url::parse(&text).ok().filter(|url| url.as_str() == text)
    }

    /// The whole URL, as a proxy that forwards is asked for it (RFC 9112 section 3.2.2).
    ///
    /// # Errors
    /// `InvalidUrl`.
    pub(super) fn absolute_form(&self, path: &PathAndQuery) -> Result<Uri> {
        let scheme = if self.secure { "https" } else { "http" };
        let uri =
            Uri::builder().scheme(scheme).authority(self.authority.as_str()).path_and_query(path.clone());
        uri.build().map_err(|error| Error::new(ErrorKind::InvalidUrl, error.to_string()).with_source(error))
    }
}

fn unsupported(message: String) -> Error {
    Error::new(ErrorKind::UnsupportedProtocol, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str) -> Target {
        Target::of(&Url::parse(url).expect("a URL")).expect("a target")
    }

    #[test]
    fn reqwest_takes_what_it_would_not_change() {
        for url in ["http://a/", "https://a.example:8443/b?c=d", "http://127.0.0.1/", "http://[::1]:81/a%20b"]
        {
            assert_eq!(target(url).url().map(String::from).as_deref(), Some(url));
        }
        // A path that is normalized, a quote that is escaped, an address spelled otherwise, a zone, and
        // names that the WHATWG takes for addresses.
        for url in [
            "http://a/%2e%2e/b",
            "http://a/?'",
            "http://127.1/",
            "http://[::1%25lo]/",
            "http://a.1/",
            "http://1.2.3.4.5/",
        ] {
            let Ok(parsed) = Url::parse(url) else { continue };
            assert_eq!(Target::of(&parsed).expect(url).url(), None, "{url}");
        }
    }

    #[test]
    fn a_zone_is_no_part_of_what_is_sent() {
        for url in ["http://[fe80::1%eth0]:8080/a", "http://[fe80::1%25eth0]:8080/a"] {
            let target = target(url);
            assert_eq!((target.host.as_str(), target.authority.as_str()), ("fe80::1%eth0", "[fe80::1]:8080"));
            assert_eq!(target.url(), None);
        }
    }
}
