//! What a URL must look like for a route to be taken.

use std::cmp::Reverse;
use std::fmt;

use crate::Url;
use crate::error::Error;

/// A pattern that URLs match or not: `all://`, `https://`, `all://example.com`, `http://*.example.com`,
/// `all://*example.com`, `https://example.com:8443`.
///
/// The scheme `all` stands for any. A host `*.` goes with every subdomain, a host `*` without the dot
/// with the domain as well. Ports are compared as [`Url::written_port`] gives them.
#[derive(Clone)]
pub struct Pattern {
    text: String,
    /// Empty for any.
    scheme: String,
    /// The host as written; empty for any.
    host: String,
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
        let url = Url::parse(text).map_err(PatternError::Url)?;
        let (scheme, host) = (url.scheme(), url.host());
        Ok(Self {
            text: text.to_owned(),
            scheme: if scheme == "all" { String::new() } else { scheme.to_owned() },
            host: if host == "*" { String::new() } else { host.into_owned() },
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
            && (self.port.is_none() || self.port == url.written_port())
            && self.matches_host(&url.host())
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
            ("all://[::1]", "http://[::1]:8000"),
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
            ("all://example.com:80", "http://example.com"),
            ("all://[::1]", "http://[::2]"),
        ];
        for (pattern, url) in cases {
            assert!(!matches(pattern, url), "{pattern} {url}");
        }
    }

    #[test]
    fn a_plain_scheme_is_no_pattern() {
        for scheme in ["http", "https", "all"] {
            let error = Pattern::parse(scheme).expect_err(scheme);
            assert!(error.to_string().contains(&format!("use \"{scheme}://\"")), "{error}");
        }
        assert!(matches!(Pattern::parse("http://exa mple.com:x"), Err(PatternError::Url(_))));
    }
}
