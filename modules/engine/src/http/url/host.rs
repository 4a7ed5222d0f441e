//! Hosts: IPv4 and IPv6 literals, plain names, and internationalised names (IDNA 2008).

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

use icu_properties::props::{GeneralCategory, Script};
use icu_properties::{CodePointMapData, CodePointMapDataBorrowed};
use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

use super::encode::{self, HOST};
use crate::error::{Error, ErrorKind, Result};
use crate::http::url::parse::python_repr;

/// The host as it is sent, without the brackets of an IPv6 literal.
pub(super) fn encode(host: &str) -> Result<Cow<'_, str>> {
    let invalid =
        |what: &str| Error::new(ErrorKind::InvalidUrl, format!("Invalid {what}: {}", python_repr(host)));
    if looks_like_ipv4(host) {
        return match host.parse::<Ipv4Addr>() {
            Ok(_) => Ok(Cow::Borrowed(host)),
            Err(_) => Err(invalid("IPv4 address")),
        };
    }
    if let Some(literal) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return if is_ipv6(literal) { Ok(Cow::Borrowed(literal)) } else { Err(invalid("IPv6 address")) };
    }
    if host.is_ascii() {
        let lower = if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Some(host.to_ascii_lowercase())
        } else {
            None
        };
        return Ok(match lower {
            Some(lower) => Cow::Owned(encode::quote(&lower, HOST).to_string()),
            None => encode::quote(host, HOST).into(),
        });
    }
    idna_encode(&host.to_lowercase()).map(Cow::Owned).ok_or_else(|| invalid("IDNA hostname"))
}

/// The host for display: each IDNA label is decoded; one that does not decode stays as it is.
pub(super) fn decode(host: &str) -> Cow<'_, str> {
    let is_encoded = |label: &str| label.starts_with("xn--");
    if !host.split('.').any(is_encoded) {
        return Cow::Borrowed(host);
    }
    let labels = host.split('.').map(|label| {
        if !is_encoded(label) {
            return Cow::Borrowed(label);
        }
        match Uts46::new().to_unicode(label.as_bytes(), AsciiDenyList::STD3, Hyphens::Check) {
            (decoded, Ok(())) if is_idna2008_label(&decoded) => decoded,
            _ => Cow::Borrowed(label),
        }
    });
    Cow::Owned(labels.collect::<Vec<_>>().join("."))
}

/// A host as the system's resolver takes it: the `%25` that introduces the zone of an IPv6 address in a URL
/// (RFC 6874 section 2) is a `%` there. A zone is also accepted after a bare `%`, as it is in Python.
pub(super) fn for_resolver(host: &str) -> Cow<'_, str> {
    match host.split_once("%25") {
        Some((address, zone)) if host.contains(':') && !zone.is_empty() => {
            Cow::Owned(format!("{address}%{zone}"))
        }
        _ => Cow::Borrowed(host),
    }
}

/// Four dotted runs of digits, whatever their values.
fn looks_like_ipv4(host: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    host.split('.').count() == 4 && host.split('.').all(is_number)
}

/// An IPv6 address, with a zone (RFC 4007 section 11) or without.
fn is_ipv6(literal: &str) -> bool {
    let is_zone = |zone: &str| {
        !zone.is_empty() && zone.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
    };
    let (address, zone) = match literal.split_once('%') {
        Some((address, zone)) => (address, Some(zone)),
        None => (literal, None),
    };
    address.parse::<Ipv6Addr>().is_ok() && zone.is_none_or(is_zone)
}

/// The ASCII form of a lower-case internationalised name by IDNA 2008 (RFC 5891).
///
/// UTS 46 processing does the work; where it would map a character to another one, or let a symbol
/// pass, IDNA 2008 refuses, and so does this.
fn idna_encode(host: &str) -> Option<String> {
    let host = host.replace(['\u{3002}', '\u{ff0e}', '\u{ff61}'], ".");
    let uts46 = Uts46::new();
    let (decoded, outcome) = uts46.to_unicode(host.as_bytes(), AsciiDenyList::STD3, Hyphens::Check);
    outcome.ok()?;
    let unmapped = host.split('.').count() == decoded.split('.').count()
        && host
            .split('.')
            .zip(decoded.split('.'))
            .all(|(given, decoded)| given == decoded || (given.is_ascii() && given.starts_with("xn--")))
        && decoded.split('.').all(is_idna2008_label);
    if !unmapped {
        return None;
    }
    let ascii =
        uts46.to_ascii(host.as_bytes(), AsciiDenyList::STD3, Hyphens::Check, DnsLength::VerifyAllowRootDot);
    ascii.ok().map(Cow::into_owned)
}

/// Whether every character of a decoded label is one that RFC 5892 permits there; stability under
/// normalisation and case folding has been checked by the mapping.
fn is_idna2008_label(label: &str) -> bool {
    let categories = CodePointMapData::<GeneralCategory>::new();
    label.is_ascii()
        || label.char_indices().all(|(at, c)| c.is_ascii() || is_permitted(label, at, c, categories))
}

#[expect(clippy::match_same_arms, reason = "each arm is a section of RFC 5892")]
fn is_permitted(
    label: &str,
    at: usize,
    c: char,
    categories: CodePointMapDataBorrowed<'_, GeneralCategory>,
) -> bool {
    let (before, rest) = label.split_at(at);
    let previous = before.chars().next_back();
    let next = rest.chars().nth(1);
    match c {
        // Exceptions, section 2.6.
        '\u{df}' | '\u{3c2}' | '\u{6fd}' | '\u{6fe}' | '\u{f0b}' | '\u{3007}' => true,
        '\u{640}' | '\u{7fa}' | '\u{302e}' | '\u{302f}' | '\u{3031}'..='\u{3035}' | '\u{303b}' => false,
        // Contextual rules, appendix A; the joiners have been checked already.
        '\u{200c}' | '\u{200d}' => true,
        '\u{b7}' => previous == Some('l') && next == Some('l'),
        '\u{375}' => next.is_some_and(|next| script(next) == Script::Greek),
        '\u{5f3}' | '\u{5f4}' => previous.is_some_and(|previous| script(previous) == Script::Hebrew),
        '\u{30fb}' => {
            label.chars().any(|c| matches!(script(c), Script::Hiragana | Script::Katakana | Script::Han))
        }
        '\u{660}'..='\u{669}' => !label.contains(|c| matches!(c, '\u{6f0}'..='\u{6f9}')),
        '\u{6f0}'..='\u{6f9}' => !label.contains(|c| matches!(c, '\u{660}'..='\u{669}')),
        // Old Hangul jamo, section 2.9.
        '\u{1100}'..='\u{11ff}' | '\u{a960}'..='\u{a97f}' | '\u{d7b0}'..='\u{d7ff}' => false,
        // Letters and digits, section 2.1.
        _ => matches!(
            categories.get(c),
            GeneralCategory::LowercaseLetter
                | GeneralCategory::UppercaseLetter
                | GeneralCategory::OtherLetter
                | GeneralCategory::ModifierLetter
                | GeneralCategory::NonspacingMark
                | GeneralCategory::SpacingMark
                | GeneralCategory::DecimalNumber
        ),
    }
}

fn script(c: char) -> Script {
    CodePointMapData::<Script>::new().get(c)
}
