//! What a URL must look like for a route to be taken.

use std::cmp::Reverse;
use std::fmt;
use std::net::IpAddr;

use crate::Url;
use crate::error::{Error, ErrorKind};

/// A pattern that URLs match or not: `all://`, `https://`, `all://example.com`, `http://*.example.com`,
/// `all://*example.com`, `https://example.com:8443`, `all://10.0.0.0/8`, `all://[fe80::/10]`.
///
/// The scheme `all` stands for any. A host `*.` goes with every subdomain, a host `*` without the dot
/// with the domain as well, an address with any spelling of it, and an address with a prefix length with
/// the addresses that begin so. Ports are compared as [`Url::written_port`] gives them; with the scheme `all`,
/// the port of a URL without one is that of its scheme.
#[derive(Clone)]
pub struct Pattern {
    text: String,
    /// Empty for any.
    scheme: String,
    /// The host as written; empty for any.
    host: String,
    /// What the host stands for, if it is an address.
    network: Option<Network>,
    port: Option<u64>,
}

/// Why a text is not a pattern.
#[derive(Debug)]
pub enum PatternError {
    /// It is the name of a scheme, such as `http` for `http://`.
    PlainScheme(String),
    /// It is not a URL either.
    Url(Error),
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PlainScheme(text) => write!(
                f,
                "Proxy keys should use proper URL forms rather than plain scheme strings. \
                 Instead of \"{text}\", use \"{text}://\""
            ),
            Self::Url(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for PatternError {}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// [`PatternError`] for the bare name of a scheme, and for what is not a URL.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        if !text.is_empty() && !text.contains(':') {
            return Err(PatternError::PlainScheme(text.to_owned()));
        }
        let (url, prefix_length) = match split_ipv6_prefix(text) {
            Some((without, length)) => (Url::parse(&without), Some(length)),
            None => (Url::parse(text), None),
        };
        let url = url.map_err(PatternError::Url)?;
        let (scheme, host) = (url.scheme(), url.host());
        let network = match host.parse::<IpAddr>() {
            Ok(address) => {
                // Any other path is ignored.
                let is_length = |text: &&str| {
                    address.is_ipv4() && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
                };
                let path = || url.raw_path_only().strip_prefix('/').filter(is_length);
                let length = prefix_length.as_deref().or_else(path);
                Some(Network::new(address, length).map_err(PatternError::Url)?)
            }
            Err(_) => None,
        };
        Ok(Self {
            text: text.to_owned(),
            scheme: if scheme == "all" { String::new() } else { scheme.to_owned() },
            host: if host == "*" { String::new() } else { host.into_owned() },
            network,
            port: url.written_port(),
        })
    }

    /// The text it was read from.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the pattern goes with `url`.
    pub fn matches(&self, url: &Url) -> bool {
        (self.scheme.is_empty() || self.scheme == url.scheme())
            && (self.port.is_none() || self.port == self.port_of(url))
            && match &self.network {
                Some(network) => address_of(url).is_some_and(|address| network.contains(address)),
                None => self.matches_host(&url.host()),
            }
    }

    fn port_of(&self, url: &Url) -> Option<u64> {
        let default = || url.port_or_default().filter(|_| self.scheme.is_empty()).map(u64::from);
        url.written_port().or_else(default)
    }

    fn matches_host(&self, host: &str) -> bool {
        let is_below = |domain: &str| {
            let subdomain = host.strip_suffix(domain).and_then(|above| above.strip_suffix('.'));
            subdomain.is_some_and(|subdomain| !subdomain.is_empty())
        };
        if self.host.is_empty() {
            true
        } else if let Some(domain) = self.host.strip_prefix("*.") {
            is_below(domain)
        } else if let Some(domain) = self.host.strip_prefix('*') {
            host == domain || is_below(domain)
        } else {
            host == self.host
        }
    }

    /// Whether it is more specific than `other`.
    pub fn goes_before(&self, other: &Self) -> bool {
        self.priority() < other.priority()
    }

    /// Smaller for a more specific pattern: one with a port goes before one without, then the longer
    /// host, then the longer scheme.
    pub(super) fn priority(&self) -> impl Ord + use<> {
        (self.port.is_none(), Reverse(self.host.chars().count()), Reverse(self.scheme.len()))
    }
}

/// The addresses that begin with the same bits.
#[derive(Clone, Copy)]
struct Network {
    address: IpAddr,
    prefix_length: u8,
}

impl Network {
    /// The network of `address` whose prefix has this length in bits; without one, the address alone.
    fn new(address: IpAddr, prefix_length: Option<&str>) -> Result<Self, Error> {
        let longest: u8 = if address.is_ipv4() { 32 } else { 128 };
        let Some(written) = prefix_length else { return Ok(Self { address, prefix_length: longest }) };
        let prefix_length = Some(written)
            .filter(|written| written.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|written| written.parse().ok())
            .filter(|&length| length <= longest);
        let Some(prefix_length) = prefix_length else {
            let message = format!("Invalid prefix length of {address}: '{written}'");
            return Err(Error::new(ErrorKind::InvalidUrl, message));
        };
        Ok(Self { address, prefix_length })
    }

    fn contains(self, other: IpAddr) -> bool {
        let (length, difference, bits) = match (self.address, other) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                (self.prefix_length, u128::from(own.to_bits() ^ other.to_bits()), 32)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                (self.prefix_length, own.to_bits() ^ other.to_bits(), 128)
            }
            _ => return false,
        };
        // Nothing is left of the difference in the bits of the prefix.
        difference.checked_shr(bits - u32::from(length)).unwrap_or_default() == 0
    }
}

/// `all://[fe80::/10]` as `all://[fe80::]` and `10`.
fn split_ipv6_prefix(text: &str) -> Option<(String, String)> {
    let (scheme, rest) = text.split_once("://[")?;
    let (literal, rest) = rest.split_once(']')?;
    let (address, length) = literal.split_once('/')?;
    Some((format!("{scheme}://[{address}]{rest}"), length.to_owned()))
}

/// The address that is the host of a URL, without its zone.
fn address_of(url: &Url) -> Option<IpAddr> {
    let host = url.raw_host();
    host.split_once('%').map_or(host, |(address, _zone)| address).parse().ok()
}

/// Patterns are equal when their texts are.
impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Pattern");
        debug
            .field("scheme", &self.scheme)
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, url: &str) -> bool {
        let url = Url::parse(url).expect(url);
        Pattern::parse(pattern).expect(pattern).matches(&url)
    }

    #[test]
    fn a_pattern_goes_with_some_urls() {
        let cases = [
            ("all://", "http://example.com"),
            ("", "http://example.com"),
            ("http://", "http://example.com:81/path"),
            ("http://*", "http://example.com"),
            ("https://example.com", "https://example.com/path?query"),
            ("all://example.com", "https://example.com:8443"),
            ("http://example.com", "http://EXAMPLE.com"),
            ("http://*.example.com", "http://www.example.com"),
            ("http://*.example.com", "http://a.b.example.com"),
            ("all://*example.com", "http://example.com"),
            ("all://*example.com", "http://www.example.com"),
            ("https://example.com:1234", "https://example.com:1234"),
            ("http://example.com:80", "http://example.com"),
            ("all://example.com:80", "http://example.com"),
            ("all://example.com:443", "https://example.com"),
            ("all://[::1]", "http://[::1]:8000"),
            ("all://[0:0:0:0:0:0:0:1]", "http://[::1]"),
            ("all://[::1]:80", "ftp://[::1]:80"),
            ("all://[::1/128]", "http://[::1]:8000"),
            ("all://[fe80::/10]", "http://[fe80::1]"),
            ("all://[fe80::/10]", "http://[febf::1%25eth0]"),
            ("all://[::/0]", "http://[2001:db8::1]"),
            ("all://10.0.0.0/8", "http://10.255.0.1:8000"),
            ("all://192.168.1.77/16", "http://192.168.200.1"),
            ("all://0.0.0.0/0", "http://8.8.8.8"),
            ("all://10.0.0.1/", "http://10.0.0.1"),
            ("all://10.0.0.1/path", "http://10.0.0.1"),
            ("all://[fe80::1%eth0]", "http://[fe80::1%eth0]"),
            ("all://127.0.0.1", "http://127.0.0.1:8000"),
            ("all://münchen.example", "http://xn--mnchen-3ya.example"),
        ];
        for (pattern, url) in cases {
            assert!(matches(pattern, url), "{pattern} {url}");
        }
    }

    #[test]
    fn and_not_with_others() {
        let cases = [
            ("https://", "http://example.com"),
            ("https://*", "http://example.com"),
            ("http://example.com", "https://example.com"),
            ("http://example.com", "http://www.example.com"),
            ("http://example.com", "http://exampleXcom"),
            ("http://*.example.com", "http://example.com"),
            ("http://*.example.com", "http://.example.com"),
            ("all://*example.com", "http://wwwexample.com"),
            ("https://example.com:1234", "https://example.com"),
            ("all://example.com:80", "https://example.com"),
            ("all://example.com:80", "http://example.com:81"),
            ("all://[::1]", "http://[::2]"),
            ("all://[::1/128]", "http://[::2]"),
            ("all://[fe80::/10]", "http://[fec0::1]"),
            ("all://[::/0]", "http://1.2.3.4"),
            ("all://10.0.0.0/8", "http://11.0.0.1"),
            ("all://10.0.0.0/8", "http://10.example.com"),
            ("all://10.0.0.0/32", "http://10.0.0.1"),
            ("all://0.0.0.0/0", "http://[::1]"),
            ("all://10.0.0.1", "http://10.0.0.10"),
            ("all://[fe80::1%eth0]", "http://[fe80::1%eth1]"),
        ];
        for (pattern, url) in cases {
            assert!(!matches(pattern, url), "{pattern} {url}");
        }
    }

    #[test]
    fn a_plain_scheme_is_not_a_pattern() {
        for scheme in ["http", "https", "all"] {
            let error = Pattern::parse(scheme).expect_err(scheme);
            assert!(error.to_string().contains(&format!("use \"{scheme}://\"")), "{error}");
        }
        for text in
            ["http://exa mple.com:x", "all://[::1/129]", "all://[::1/x]", "all://[::1/]", "all://10.0.0.0/33"]
        {
            assert!(matches!(Pattern::parse(text), Err(PatternError::Url(_))), "{text}");
        }
    }
}
