//! The `Link` header (RFC 8288), as httpx's `Response.links` reads it.

/// One link: its target and parameters in order, `url` first.
pub type Link = Vec<(String, String)>;

/// Reads a `Link` value.
///
/// This is httpx's reading, which is looser than the RFC's: links end where a comma comes before
/// `<`, parameters at each semicolon, and the first parameter that is not `name=value` ends its link.
/// A parameter given twice has its last value.
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
    let (mut start, mut from) = (0, 0);
    while let Some(comma) = value.get(from..).and_then(|rest| rest.find(',')).map(|at| from + at) {
        from = comma + 1;
        let after = value.get(from..).unwrap_or_default();
        if let Some(next) = after.trim_start_matches(' ').strip_prefix('<') {
            links.extend(value.get(start..comma));
            start = value.len() - next.len();
            from = start;
        }
    }
    links.extend(value.get(start..));
    links
}

fn link(text: &str) -> Link {
    let (url, parameters) = text.split_once(';').unwrap_or((text, ""));
    let url = url.trim_matches(|c| matches!(c, '<' | '>' | ' ' | '\'' | '"'));
    let mut link = vec![("url".to_owned(), url.to_owned())];
    for parameter in parameters.split(';') {
        let Some((name, value)) = parameter.split_once('=').filter(|(_, value)| !value.contains('=')) else {
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
