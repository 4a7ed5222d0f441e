//! Reading `Set-Cookie` (RFC 6265 sections 5.2 and 5.3), leniently where servers need it.

use std::borrow::Cow;

use super::{Cookie, MAX_COOKIE_SIZE, date, scope};
use crate::Url;

/// The maximum size of an attribute value, in bytes; longer attributes are ignored (RFC 6265bis section 5.6).
const MAX_ATTRIBUTE_SIZE: usize = 1024;

/// The cookie of one `Set-Cookie` field in a response from `url`; `None` where it is refused.
pub(super) fn set_cookie(field: &[u8], url: &Url, now: i64) -> Option<Cookie> {
    let field = text(field);
    if field.chars().any(|c| c.is_ascii_control() && c != '\t') {
        return None;
    }
    let mut pieces = field.split(';');
    let (name, value) = pieces.next()?.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    if name.is_empty() || name.len() + value.len() > MAX_COOKIE_SIZE {
        return None;
    }
    let attributes = Attributes::read(pieces);
    let (domain, domain_specified) = scope::domain(attributes.domain, url.raw_host())?;
    let path = match attributes.path {
        Some(path) if path.starts_with('/') => path.to_owned(),
        _ => scope::default_path(url.raw_path_only()).to_owned(),
    };
    Some(Cookie {
        name: name.to_owned(),
        value: value.to_owned(),
        domain,
        domain_specified,
        path,
        secure: attributes.secure,
        http_only: attributes.http_only,
        expires: attributes.expires(now),
    })
}

/// The attributes that count; of repeated ones the last.
#[derive(Default)]
struct Attributes<'a> {
    domain: Option<&'a str>,
    path: Option<&'a str>,
    max_age: Option<&'a str>,
    expires: Option<i64>,
    secure: bool,
    http_only: bool,
}

impl<'a> Attributes<'a> {
    fn read(pieces: impl Iterator<Item = &'a str>) -> Self {
        let mut attributes = Self::default();
        for piece in pieces {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            let value = value.trim();
            if value.len() > MAX_ATTRIBUTE_SIZE {
                continue;
            }
            match name.trim().to_ascii_lowercase().as_str() {
                "domain" => attributes.domain = Some(value).filter(|value| !value.is_empty()),
                "path" => attributes.path = Some(value),
                "max-age" if is_integer(value) => attributes.max_age = Some(value),
                "expires" => attributes.expires = date::parse(value.trim_matches('"')).or(attributes.expires),
                "secure" => attributes.secure = true,
                "httponly" => attributes.http_only = true,
                _ => {}
            }
        }
        attributes
    }

    /// When the cookie expires; `Max-Age` goes before `Expires`.
    fn expires(&self, now: i64) -> Option<i64> {
        match self.max_age {
            Some(age) if age.starts_with('-') => Some(0),
            // A number that does not fit in an i64 means never.
            Some(age) => Some(now.saturating_add(age.parse().unwrap_or(i64::MAX))),
            None => self.expires,
        }
    }
}

fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// UTF-8 where it is that, ISO-8859-1 otherwise.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().copied().map(char::from).collect()),
    }
}
