//! Resolving a reference against a base (RFC 3986 section 5.2, as `urllib.parse.urljoin` does it).

use super::parse::is_scheme;

/// The schemes whose relative references have a meaning.
const RELATIVE: [&str; 19] = [
    "ftp", "http", "gopher", "nntp", "imap", "wais", "file", "https", "shttp", "mms", "prospero", "rtsp",
    "rtsps", "rtspu", "sftp", "svn", "svn+ssh", "ws", "wss",
];

/// The components of a URL; unlike in [`super::parse`] an absent one differs from an empty one.
struct Split<'a> {
    scheme: Option<&'a str>,
    authority: Option<&'a str>,
    path: &'a str,
    query: Option<&'a str>,
    fragment: Option<&'a str>,
}

/// The text of `reference` resolved against `base`.
pub(super) fn join(base: &str, reference: &str) -> String {
    if base.is_empty() {
        return reference.to_owned();
    }
    if reference.is_empty() {
        return base.to_owned();
    }
    let (base, mut target) = (split(base), split(reference));
    target.scheme = target.scheme.or(base.scheme);
    if target.scheme != base.scheme || target.scheme.is_some_and(|scheme| !RELATIVE.contains(&scheme)) {
        return reference.to_owned();
    }
    if target.authority.is_some_and(|authority| !authority.is_empty()) {
        return unsplit(&target, target.path);
    }
    target.authority = base.authority;
    if target.path.is_empty() {
        if target.query.is_none() {
            target.query = base.query;
            target.fragment = target.fragment.or(base.fragment);
        }
        return unsplit(&target, base.path);
    }
    let merged = merge(base.path, target.path);
    unsplit(&target, &merged)
}

/// The reference's path in the place of the base's last segment, without dot segments.
fn merge(base: &str, path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    if !path.starts_with('/') {
        segments.extend(base.split('/'));
        if segments.last().is_some_and(|last| !last.is_empty()) {
            segments.pop();
        }
    }
    let absolute = path.starts_with('/');
    segments.extend(path.split('/'));
    let last = segments.len() - 1;
    let mut resolved: Vec<&str> = Vec::new();
    for (at, &segment) in segments.iter().enumerate() {
        match segment {
            ".." => {
                resolved.pop();
            }
            "." => {}
            // Empty segments in the middle of a merged path come from the joint.
            "" if !absolute && at != 0 && at != last => {}
            segment => resolved.push(segment),
        }
    }
    if matches!(segments.last(), Some(&("." | ".."))) {
        resolved.push("");
    }
    let path = resolved.join("/");
    if path.is_empty() { "/".to_owned() } else { path }
}

fn split(text: &str) -> Split<'_> {
    let (scheme, rest) = match text.split_once(':') {
        Some((scheme, rest)) if !scheme.is_empty() && is_scheme(scheme) => (Some(scheme), rest),
        _ => (None, text),
    };
    let (rest, fragment) =
        rest.split_once('#').map_or((rest, None), |(rest, fragment)| (rest, Some(fragment)));
    let (rest, query) = rest.split_once('?').map_or((rest, None), |(rest, query)| (rest, Some(query)));
    let (authority, path) = match rest.strip_prefix("//") {
        Some(rest) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            (Some(authority), path)
        }
        None => (None, rest),
    };
    Split { scheme, authority, path, query, fragment }
}

fn unsplit(parts: &Split<'_>, path: &str) -> String {
    let mut text = String::new();
    if let Some(scheme) = parts.scheme {
        text.extend([scheme, ":"]);
    }
    if let Some(authority) = parts.authority {
        text.extend(["//", authority]);
        if !path.is_empty() && !path.starts_with('/') {
            text.push('/');
        }
    } else if path.starts_with("//") {
        text.push_str("//");
    }
    text.push_str(path);
    if let Some(query) = parts.query {
        text.extend(["?", query]);
    }
    if let Some(fragment) = parts.fragment {
        text.extend(["#", fragment]);
    }
    text
}
