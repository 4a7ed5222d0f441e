//! Which requests carry a cookie: domains (RFC 6265 section 5.1.3), public suffixes, and paths (5.1.4).

use std::net::IpAddr;

use super::Cookie;
use crate::Url;

/// The domain of a cookie from `host`, and whether subdomains get it; `None` where the host may not
/// set a cookie for the domain it names.
pub(super) fn domain(attribute: Option<&str>, host: &str) -> Option<(String, bool)> {
    let host_only = || Some((host.to_owned(), false));
    let Some(attribute) = attribute else { return host_only() };
    let domain = attribute.strip_prefix('.').unwrap_or(attribute);
    let domain = idna::domain_to_ascii(domain).ok().filter(|domain| !domain.is_empty())?;
    if domain == host && (is_address(host) || is_public_suffix(host)) {
        return host_only();
    }
    (is_within(host, &domain) && !is_public_suffix(&domain)).then(|| (format!(".{domain}"), true))
}

/// The path of a cookie that names none: the directory of the request's path.
pub(super) fn default_path(request_path: &str) -> &str {
    match request_path.rfind('/') {
        Some(end) if end > 0 && request_path.starts_with('/') => request_path.get(..end).unwrap_or("/"),
        _ => "/",
    }
}

/// Whether a request to `url` carries the cookie.
pub(super) fn is_for(cookie: &Cookie, url: &Url) -> bool {
    let host = url.raw_host();
    let domain = cookie.domain.strip_prefix('.').unwrap_or(&cookie.domain);
    let domain_fits = domain.is_empty()
        || host.eq_ignore_ascii_case(domain)
        || (cookie.domain_specified && is_within(host, &domain.to_ascii_lowercase()));
    let path = Some(url.raw_path_only()).filter(|path| !path.is_empty()).unwrap_or("/");
    domain_fits
        && path_fits(path, &cookie.path)
        && (!cookie.secure || matches!(url.scheme(), "https" | "wss"))
}

/// Whether `host` is `domain` or a name below it.
fn is_within(host: &str, domain: &str) -> bool {
    host == domain || (!is_address(host) && host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')))
}

fn is_address(host: &str) -> bool {
    host.parse::<IpAddr>().is_ok()
}

/// Whether everybody can have names below `domain`, so that nobody can have cookies for it.
fn is_public_suffix(domain: &str) -> bool {
    !is_address(domain) && psl::suffix_str(domain) == Some(domain)
}

fn path_fits(request: &str, cookie: &str) -> bool {
    request
        .strip_prefix(cookie)
        .is_some_and(|rest| rest.is_empty() || cookie.ends_with('/') || rest.starts_with('/'))
}
