//! The `Link` header (RFC 8288), as httpx's `Response.links` reads it.

/// One link: its target and parameters in order, `url` first.
pub type Link = Vec<(String, String)>;

/// Reads a `Link` value.
///
/// This is httpx's reading, which is looser than the RFC's: links end where a comma comes before
/// `<`, parameters at each semicolon, and the first parameter that is not `name=value` ends its link.
/// A parameter given twice has its last value. Other than in httpx, delimiters within `<...>` and within
/// quoted strings are part of the target or value.
pub fn parse(value: &str) -> Vec<Link> {
    let value = trim(value);
    if value.is_empty() {
        return Vec::new();
    }
    split(value).into_iter().map(link).collect()
}

/// Splits at each `,` that is followed by spaces and `<`.
fn split(value: &str) -> Vec<&str> {
    let mut links = Vec::new();
    let mut start = 0;
    for comma in delimiters(value, ',') {
        let after = value.get(comma + 1..).unwrap_or_default().trim_start_matches(' ');
        if after.starts_with('<') {
            links.extend(value.get(start..comma));
            start = value.len() - after.len();
        }
    }
    links.extend(value.get(start..));
    links
}

/// Where `delimiter` stands outside of `<...>` and `"..."`. What is opened and not closed is ordinary text.
fn delimiters(text: &str, delimiter: char) -> Vec<usize> {
    let mut found = Vec::new();
    let mut resume = 0;
    for (at, c) in text.char_indices() {
        if at < resume {
            continue;
        }
        let after = text.get(at + 1..).unwrap_or_default();
        let closing = match c {
            '<' => after.find('>'),
            '"' => end_of_quoted(after),
            _ => None,
        };
        if let Some(closing) = closing {
            resume = at + closing + 2;
        } else if c == delimiter {
            found.push(at);
        }
    }
    found
}

/// Where the quoted string that begins before `text` ends (RFC 9110 section 5.6.4).
fn end_of_quoted(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })
}

fn link(text: &str) -> Link {
    let mut parts = Vec::new();
    let mut start = 0;
    for semicolon in delimiters(text, ';') {
        parts.extend(text.get(start..semicolon));
        start = semicolon + 1;
    }
    parts.extend(text.get(start..));
    let mut parts = parts.into_iter();
    let url = parts.next().unwrap_or_default();
    let url = url.trim_matches(|c| matches!(c, '<' | '>' | ' ' | '\'' | '"'));
    let mut link = vec![("url".to_owned(), url.to_owned())];
    for parameter in parts {
        let Some((name, value)) = parameter.split_once('=').filter(|(_, value)| is_value(value)) else {
            break;
        };
        let (name, value) = (trim(name), trim(value).to_owned());
        match link.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value,
            None => link.push((name.to_owned(), value)),
        }
    }
    link
}

/// Whether it is the value of a parameter: an `=` in it must be quoted.
fn is_value(value: &str) -> bool {
    let value = value.trim_matches(' ');
    let is_quoted = value.strip_prefix('"').and_then(end_of_quoted).is_some_and(|end| end + 2 == value.len());
    is_quoted || !value.contains('=')
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\'', '"'])
}

#[cfg(test)]
mod tests {
    use super::parse;

    type Pairs<'a> = &'a [(&'a str, &'a str)];

    #[test]
    fn table() {
        // The expectations were printed by httpx 0.28.1.
        let cases: &[(&str, &[Pairs<'_>])] = &[
            ("", &[]),
            (" '\" ", &[]),
            ("<http://a/b>", &[&[("url", "http://a/b")]]),
            (
                "<http://a/1>; rel=next; type=\"text/html\", <http://a/2>;rel='last'",
                &[
                    &[("url", "http://a/1"), ("rel", "next"), ("type", "text/html")],
                    &[("url", "http://a/2"), ("rel", "last")],
                ],
            ),
            ("<http://a/?x=1,2>; rel=next", &[&[("url", "http://a/?x=1,2"), ("rel", "next")]]),
            ("<a>,<b>,   <c>", &[&[("url", "a")], &[("url", "b")], &[("url", "c")]]),
            ("<a>;", &[&[("url", "a")]]),
            ("<a>; rel; type=x", &[&[("url", "a")]]),
            ("<a>; rel=a=b; type=x", &[&[("url", "a")]]),
            ("<a>; rel=x; rel=y", &[&[("url", "a"), ("rel", "y")]]),
            ("<a>; url=x; rel=y", &[&[("url", "x"), ("rel", "y")]]),
            ("no brackets; rel=x", &[&[("url", "no brackets"), ("rel", "x")]]),
            ("<a>; title=\"one, two\"", &[&[("url", "a"), ("title", "one, two")]]),
            ("<a>, , <b>", &[&[("url", "a>,")], &[("url", "b")]]),
            (", <a>", &[&[("url", "")], &[("url", "a")]]),
            ("<ż>; rel=ź,", &[&[("url", "ż"), ("rel", "ź,")]]),
            // From here on httpx would split within targets and quoted strings.
            ("<http://a/x;y=1?z;w>; rel=next", &[&[("url", "http://a/x;y=1?z;w"), ("rel", "next")]]),
            (
                "<http://a/;v=1>;rel=next,<http://b/;v=2>;rel=prev",
                &[&[("url", "http://a/;v=1"), ("rel", "next")], &[("url", "http://b/;v=2"), ("rel", "prev")]],
            ),
            ("<http://a/,<b>; rel=x", &[&[("url", "http://a/,<b"), ("rel", "x")]]),
            (
                "<a>; title=\"x; y=z, <q>\"; rel=next",
                &[&[("url", "a"), ("title", "x; y=z, <q>"), ("rel", "next")]],
            ),
            ("<a>; title=\"x\\\"; y\"; rel=n", &[&[("url", "a"), ("title", "x\\\"; y"), ("rel", "n")]]),
            ("<a>; title=\"open; rel=n", &[&[("url", "a"), ("title", "open"), ("rel", "n")]]),
            ("<a; rel=n", &[&[("url", "a"), ("rel", "n")]]),
            ("a>; b<; rel=n", &[&[("url", "a")]]),
        ];
        for (value, expected) in cases {
            let links = parse(value);
            let links: Vec<Vec<(&str, &str)>> = links
                .iter()
                .map(|link| link.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect())
                .collect();
            assert_eq!(links, *expected, "{value:?}");
        }
    }
}
