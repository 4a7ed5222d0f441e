//! Parameters of `Content-Type`.

use percent_encoding::percent_decode_str;

/// The `charset` parameter of a `Content-Type` value, in lower case.
///
/// This is the reading of Python's `email.message.Message.get_content_charset`, which httpx uses:
/// names in any case, values in double quotes or angle brackets, white space around both, and the
/// form `charset*=` of RFC 2231 (without its continuations). A value that is not ASCII counts as
/// missing; an empty one does not.
pub fn charset(content_type: &str) -> Option<String> {
    let mut extended = None;
    for parameter in parameters(content_type) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let (name, value) = (name.trim(), unquote(value.trim()));
        if name.eq_ignore_ascii_case("charset") {
            return ascii_lowercase(&value);
        }
        if name.eq_ignore_ascii_case("charset*") && extended.is_none() {
            extended = Some(percent_decode_str(&value).map(char::from).collect::<String>());
        }
    }
    let extended = extended?;
    // charset'language'value
    let value = extended.splitn(3, '\'').nth(2).unwrap_or(&extended);
    ascii_lowercase(value)
}

fn ascii_lowercase(value: &str) -> Option<String> {
    value.is_ascii().then(|| value.to_ascii_lowercase())
}

/// The parts between the semicolons that are not within quotes.
fn parameters(value: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut quoted, mut escaped) = (0, false, false);
    for (at, byte) in value.bytes().enumerate() {
        match byte {
            b'"' if !escaped => quoted = !quoted,
            b';' if !quoted => {
                parts.extend(value.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
        escaped = byte == b'\\';
    }
    parts.extend(value.get(start..));
    parts
}

fn unquote(value: &str) -> String {
    let inner = |open, close| value.strip_prefix(open).and_then(|value| value.strip_suffix(close));
    if let Some(inner) = inner('"', '"') {
        return inner.replace("\\\\", "\\").replace("\\\"", "\"");
    }
    inner('<', '>').unwrap_or(value).to_owned()
}

/// The `boundary` parameter of a `Content-Type` value that is `multipart/form-data`, for a body whose
/// framing the caller chose.
///
/// Read as httpx reads it: the media type in lower case only, parameters at each semicolon.
pub fn multipart_boundary(content_type: &[u8]) -> Option<Vec<u8>> {
    if !content_type.starts_with(b"multipart/form-data") {
        return None;
    }
    let sections = content_type.split(|&byte| byte == b';').skip(1).map(<[u8]>::trim_ascii);
    let mut boundaries = sections.filter_map(|section| {
        let (name, value) = section.split_at_checked(b"boundary=".len())?;
        name.eq_ignore_ascii_case(b"boundary=").then_some(value)
    });
    boundaries.next().map(|value| trim_quotes(value).to_vec())
}

fn trim_quotes(mut value: &[u8]) -> &[u8] {
    while let [b'"', rest @ ..] | [rest @ .., b'"'] = value {
        value = rest;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::{charset, multipart_boundary};

    #[test]
    fn charsets() {
        // The expectations were printed by Python's email package.
        let cases: &[(&str, Option<&str>)] = &[
            ("text/html", None),
            ("text/html; charset=utf-8", Some("utf-8")),
            ("text/html;charset=UTF-8", Some("utf-8")),
            ("text/html ; CharSet = \"Latin-1\" ; x=y", Some("latin-1")),
            ("text/html; charset='utf-8'", Some("'utf-8'")),
            ("text/html; charset=<utf-8>", Some("utf-8")),
            ("text/html; charset=", Some("")),
            ("text/html; charset", Some("")),
            ("text/html; charset=\"\"", Some("")),
            ("text/html; charset=żółw", None),
            ("text/html; charset=a; charset=b", Some("a")),
            ("text/html; title=\"a;charset=no\"; charset=yes", Some("yes")),
            ("text/html; title=\"a\\\";charset=no\"; charset=yes", Some("yes")),
            ("text/html; title=\"open; charset=utf-8", None),
            ("charset=utf-8", Some("utf-8")),
            ("charset", Some("")),
            ("; charset=utf-8", Some("utf-8")),
            ("", None),
            ("text/html; charset*=us-ascii'en'KOI8-R", Some("koi8-r")),
            ("text/html; charset*=utf%2D8", Some("utf-8")),
            ("text/html; charset*=x'utf-8; charset=b", Some("b")),
            ("text/html; xcharset=a", None),
            ("text/html; charset=a=b", Some("a=b")),
            ("text/html; charset=utf-8,text/plain", Some("utf-8,text/plain")),
            ("text/html; charset=\"utf\\-8\"", Some("utf\\-8")),
            ("text/html;;charset=utf-8;", Some("utf-8")),
            ("text/html; charset = utf-8 ", Some("utf-8")),
            ("text/html; charset=\"utf-8", Some("\"utf-8")),
            ("text/html; charset=utf-8\"", Some("utf-8\"")),
            ("text/html; x=\"; charset=a; y=\"; charset=b", Some("b")),
        ];
        for (content_type, expected) in cases {
            assert_eq!(charset(content_type).as_deref(), *expected, "{content_type:?}");
        }
    }

    #[test]
    fn boundaries() {
        let cases: &[(&[u8], Option<&[u8]>)] = &[
            (b"multipart/form-data; boundary=abc", Some(b"abc")),
            (b"multipart/form-data;boundary=\"abc\"", Some(b"abc")),
            (b"multipart/form-data; charset=utf-8; BOUNDARY=+++ ; x=y", Some(b"+++")),
            (b"multipart/form-data; boundary=\"\"a\"", Some(b"a")),
            (b"multipart/form-data; boundary=", Some(b"")),
            (b"multipart/form-data; boundary", None),
            (b"multipart/form-data", None),
            (b"boundary=abc; multipart/form-data", None),
            (b"multipart/mixed; boundary=abc", None),
            (b"", None),
        ];
        for (content_type, expected) in cases {
            assert_eq!(multipart_boundary(content_type).as_deref(), *expected, "{content_type:?}");
        }
    }
}
