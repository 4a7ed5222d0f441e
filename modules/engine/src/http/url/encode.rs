//! Percent-encoding: which characters each component may hold as they are.
//!
//! The sets are those of the WHATWG URL standard as httpx 0.28 applies them. `%` is safe
//! everywhere, so that text already encoded stays as it is.

use percent_encoding::{
    AsciiSet, CONTROLS, NON_ALPHANUMERIC, PercentEncode, percent_decode_str, utf8_percent_encode,
};
use std::borrow::Cow;

/// What has to be encoded in a fragment.
pub(super) const FRAGMENT: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'`');
/// What has to be encoded in a query.
pub(super) const QUERY: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'<').add(b'>');
/// What has to be encoded in a path.
pub(super) const PATH: &AsciiSet = &QUERY.add(b'?').add(b'`').add(b'{').add(b'}');
/// What has to be encoded in `user:password`.
pub(super) const USERINFO: &AsciiSet =
    &PATH.add(b'/').add(b';').add(b'=').add(b'@').add(b'[').add(b'\\').add(b']').add(b'^').add(b'|');
/// What has to be encoded in a user name given on its own.
pub(super) const USERNAME: &AsciiSet = &USERINFO.add(b':');
/// What has to be encoded in a password given on its own.
pub(super) const PASSWORD: &AsciiSet = USERNAME;
/// What has to be encoded in a registered name.
pub(super) const HOST: &AsciiSet = &unreserved()
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b'"')
    .remove(b'`')
    .remove(b'{')
    .remove(b'}')
    .remove(b'%')
    .remove(b'|')
    .remove(b'\\');
/// What has to be encoded in a form: all but the unreserved characters (a space becomes `+`).
pub(super) const FORM: &AsciiSet = &unreserved();

/// Everything but letters, digits and `-._~` (RFC 3986 section 2.3).
const fn unreserved() -> AsciiSet {
    NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~')
}

/// Encodes what `set` names, and everything beyond ASCII as UTF-8.
pub(super) fn quote<'a>(text: &'a str, set: &'static AsciiSet) -> PercentEncode<'a> {
    utf8_percent_encode(text, set)
}

/// Decodes percent-encoded UTF-8; what is not UTF-8 becomes U+FFFD.
pub(super) fn unquote(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}
