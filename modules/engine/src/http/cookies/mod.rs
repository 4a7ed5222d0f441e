//! The cookie jar: RFC 6265 with public suffixes, and httpx's mapping view of it.
//!
//! | file | what it does |
//! |---|---|
//! | `parse` | reads `Set-Cookie` (section 5.2) |
//! | `date` | reads the dates of `Expires` (section 5.1.1) |
//! | `scope` | which requests carry a cookie: domains, paths, public suffixes (sections 5.1.3 and 5.1.4) |
//!
//! To protect clients from servers that flood them, a jar ignores cookies of responses that are larger than
//! [`MAX_COOKIE_SIZE`], and drops the oldest ones beyond [`MAX_COOKIES_PER_DOMAIN`] and [`MAX_COOKIES`].

mod date;
mod parse;
mod scope;
#[cfg(test)]
mod tests;

use std::time::{SystemTime, UNIX_EPOCH};

use crate::error::{Error, ErrorKind, Result};
use crate::{Headers, Url};

/// The maximum size of a cookie's name and value together in a response, in bytes.
pub const MAX_COOKIE_SIZE: usize = 4096;
/// The maximum number of cookies of one domain; beyond it, responses replace the oldest.
pub const MAX_COOKIES_PER_DOMAIN: usize = 180;
/// The maximum number of cookies in a jar; beyond it, responses replace the oldest.
pub const MAX_COOKIES: usize = 3000;

/// One cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cookie {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
    /// The host or domain it belongs to, with a leading dot where a response said `Domain`; empty for
    /// a cookie that is sent everywhere (set by hand without a domain).
    pub domain: String,
    /// Whether subdomains get it too (a `Domain` attribute was given).
    pub domain_specified: bool,
    /// The path it belongs to.
    pub path: String,
    /// Only over https.
    pub secure: bool,
    /// Not for scripts in browsers; kept for programs that read it.
    pub http_only: bool,
    /// Seconds since the epoch; `None` for a session cookie.
    pub expires: Option<i64>,
}

impl Cookie {
    fn is_expired(&self, now: i64) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    fn has_place_of(&self, other: &Self) -> bool {
        self.name == other.name && self.domain == other.domain && self.path == other.path
    }

    fn matches(&self, name: &str, domain: Option<&str>, path: Option<&str>) -> bool {
        self.name == name
            && domain.is_none_or(|domain| self.domain == domain)
            && path.is_none_or(|path| self.path == path)
    }
}

/// A jar of cookies.
#[derive(Clone, Debug, Default)]
pub struct CookieJar {
    /// Grouped by domain, then by path, each group in order of creation, as `http.cookiejar` lists
    /// them.
    cookies: Vec<Entry>,
    /// The number of cookies ever added: what is older has the lower number.
    added: u64,
}

#[derive(Clone, Debug)]
struct Entry {
    cookie: Cookie,
    added: u64,
}

impl CookieJar {
    /// The cookies that are not expired: by domain, by path, and each in order of creation.
    pub fn iter(&self) -> impl Iterator<Item = &Cookie> {
        let now = now();
        self.cookies.iter().map(|entry| &entry.cookie).filter(move |cookie| !cookie.is_expired(now))
    }

    /// Adds a cookie, in place of one of the same name, domain and path.
    pub fn set(&mut self, cookie: Cookie) {
        if let Some(entry) = self.cookies.iter_mut().find(|entry| entry.cookie.has_place_of(&cookie)) {
            entry.cookie = cookie;
            return;
        }
        let last = |is_near: &dyn Fn(&Cookie) -> bool| {
            self.cookies.iter().rposition(|entry| is_near(&entry.cookie)).map(|at| at + 1)
        };
        let at = last(&|other| other.domain == cookie.domain && other.path == cookie.path)
            .or_else(|| last(&|other| other.domain == cookie.domain))
            .unwrap_or(self.cookies.len());
        self.added += 1;
        self.cookies.insert(at, Entry { cookie, added: self.added });
    }

    /// The value of the only cookie that matches; domain and path narrow the search.
    ///
    /// # Errors
    /// `CookieConflict` when several match.
    pub fn get(&self, name: &str, domain: Option<&str>, path: Option<&str>) -> Result<Option<&str>> {
        let mut matching = self.iter().filter(|cookie| cookie.matches(name, domain, path));
        match (matching.next(), matching.next()) {
            (Some(_), Some(_)) => {
                Err(Error::new(ErrorKind::CookieConflict, format!("Multiple cookies exist with name={name}")))
            }
            (first, _) => Ok(first.map(|cookie| cookie.value.as_str())),
        }
    }

    /// Removes the cookies that match; the number removed.
    pub fn remove(&mut self, name: &str, domain: Option<&str>, path: Option<&str>) -> usize {
        self.remove_if(|cookie| cookie.matches(name, domain, path))
    }

    /// Removes every cookie, or those of a domain, or of a path in it; the number removed.
    pub fn clear(&mut self, domain: Option<&str>, path: Option<&str>) -> usize {
        self.remove_if(|cookie| {
            domain.is_none_or(|domain| cookie.domain == domain) && path.is_none_or(|path| cookie.path == path)
        })
    }

    /// Takes the `Set-Cookie` fields of a response from `url`: malformed, foreign-domain and
    /// public-suffix cookies are refused, expired ones remove what they name.
    pub fn extract(&mut self, url: &Url, response: &Headers) {
        let now = now();
        for field in response.get_all("set-cookie") {
            let Some(cookie) = parse::set_cookie(field, url, now) else { continue };
            if cookie.is_expired(now) {
                self.remove_if(|other| other.has_place_of(&cookie));
            } else {
                self.remove_if(|other| other.is_expired(now));
                let domain = cookie.domain.clone();
                self.set(cookie);
                self.evict(&domain);
            }
        }
    }

    /// The `Cookie` header for a request to `url`, longest paths first; `None` when no cookie matches.
    pub fn header_for(&self, url: &Url) -> Option<String> {
        let mut cookies: Vec<&Cookie> = self.iter().filter(|cookie| scope::is_for(cookie, url)).collect();
        cookies.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let mut header = String::new();
        for cookie in cookies {
            if !header.is_empty() {
                header.push_str("; ");
            }
            header.extend([&cookie.name, "=", &cookie.value]);
        }
        Some(header).filter(|header| !header.is_empty())
    }

    /// Drops the oldest cookies beyond the limits, those of `domain` first.
    fn evict(&mut self, domain: &str) {
        self.evict_beyond(MAX_COOKIES_PER_DOMAIN, |cookie| cookie.domain == domain);
        self.evict_beyond(MAX_COOKIES, |_| true);
    }

    fn evict_beyond(&mut self, limit: usize, counts: impl Fn(&Cookie) -> bool) {
        let counted = || self.cookies.iter().filter(|entry| counts(&entry.cookie)).map(|entry| entry.added);
        if counted().count() > limit
            && let Some(oldest) = counted().min()
        {
            self.cookies.retain(|entry| entry.added != oldest);
        }
    }

    fn remove_if(&mut self, is_removed: impl Fn(&Cookie) -> bool) -> usize {
        let before = self.cookies.len();
        self.cookies.retain(|entry| !is_removed(&entry.cookie));
        before - self.cookies.len()
    }
}

/// Seconds since the epoch.
fn now() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_secs()).unwrap_or(i64::MAX)
}
