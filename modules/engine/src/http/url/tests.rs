//! The expectations are what httpx 0.28.1 answers.

use super::*;
use crate::ErrorKind;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn message(result: Result<Url>) -> String {
    let error = result.expect_err("an error");
    assert_eq!(error.kind(), ErrorKind::InvalidUrl);
    error.to_string()
}

#[expect(clippy::option_option, clippy::unnecessary_wraps, reason = "how `UrlParts` spells a replacement")]
fn some(text: &str) -> Option<Option<String>> {
    Some(Some(text.to_owned()))
}

#[test]
fn components() {
    let url = url("HTTPS://jo%40email.com:a%20secret@Müller.de:1234/pa%20th?search=ab#anchor link");
    assert_eq!(url.scheme(), "https");
    assert_eq!(url.userinfo(), "jo%40email.com:a%20secret");
    assert_eq!((url.username().as_ref(), url.password().as_ref()), ("jo@email.com", "a secret"));
    assert_eq!((url.host().as_ref(), url.raw_host()), ("müller.de", "xn--mller-kva.de"));
    assert_eq!((url.port(), url.port_or_default()), (Some(1234), Some(1234)));
    assert_eq!(url.netloc(), "xn--mller-kva.de:1234");
    assert_eq!((url.path().as_ref(), url.raw_path_only()), ("/pa th", "/pa%20th"));
    assert_eq!((url.query(), url.raw_path().as_str()), (Some("search=ab"), "/pa%20th?search=ab"));
    assert_eq!((url.fragment().as_ref(), url.raw_fragment()), ("anchor link", Some("anchor%20link")));
    assert!(url.is_absolute());
    assert_eq!(
        url.redacted(),
        "https://jo%40email.com:[secure]@xn--mller-kva.de:1234/pa%20th?search=ab#anchor%20link"
    );
    assert!(!format!("{url} {url:?}").contains("secret"));
}

#[test]
fn normalization() {
    for (given, expected) in [
        ("", ""),
        ("https://Example.COM:443", "https://example.com"),
        ("http://example.com:0080/", "http://example.com/"),
        ("HTTP://example.com:80", "http://example.com:80"),
        ("ws://a:80/", "ws://a/"),
        ("wss://a:80/", "wss://a:80/"),
        ("http://a:/", "http://a/"),
        ("http://a/?", "http://a/?"),
        ("http://a/#", "http://a/#"),
        ("http://a?b?c#d#e", "http://a?b?c#d#e"),
        ("http://a/b/../c/./d/..", "http://a/c"),
        ("http://a/../../b", "http://a/b"),
        ("http://a/..//b", "http://a//b"),
        ("/a/../b", "/a/../b"),
        ("http://a/ä b/%e4%zz", "http://a/%C3%A4%20b/%e4%zz"),
        ("http://a/{x}|`\"<>", "http://a/%7Bx%7D|%60%22%3C%3E"),
        ("http://a/?{x}|`\"<> ä", "http://a/?{x}|`%22%3C%3E%20%C3%A4"),
        ("http://a/#{x}|`\"<> ä", "http://a/#{x}|%60%22%3C%3E%20%C3%A4"),
        ("http://u;=[]^|:p:q@a", "http://u%3B%3D%5B%5D%5E%7C:p:q@a"),
        ("http://u@v@a", "http://u%40v@a"),
        ("http://a b<c/", "http://a%20b%3Cc/"),
        ("http://[::1]:80/", "http://[::1]/"),
        ("http://[::1]8080/", "http://[::1]:8080/"),
        ("http://[fe80::1%eth0]/", "http://[fe80::1%eth0]/"),
        ("http://1.2.3.4/", "http://1.2.3.4/"),
        ("http://1.2.3/", "http://1.2.3/"),
        ("file:///etc/passwd", "file:/etc/passwd"),
        ("mailto:jo@example.com", "mailto:jo@example.com"),
        (":foo", "foo"),
        ("1http://a", "1http://a"),
        ("//a/b", "//a/b"),
        ("//[foo", "//%5Bfoo"),
        ("http://中国.icom.museum:80/", "http://xn--fiqs8s.icom.museum/"),
        ("http://中国。com", "http://xn--fiqs8s.com"),
        ("https://Königsgäßchen.de", "https://xn--knigsgchen-b4a3dun.de"),
        ("https://l·l.de", "https://xn--ll-0ea.de"),
    ] {
        assert_eq!(url(given).as_str(), expected, "{given}");
    }
}

#[test]
fn refused() {
    for (given, expected) in [
        ("https://u:p@a:abc", "Invalid port: 'abc'"),
        ("https://a:99999999999999999999", "Invalid port: '99999999999999999999'"),
        ("https://a:-1", "Invalid port: '-1'"),
        ("https://999.1.1.1/", "Invalid IPv4 address: '999.1.1.1'"),
        ("https://1.2.3.04/", "Invalid IPv4 address: '1.2.3.04'"),
        ("https://[2001]/", "Invalid IPv6 address: '[2001]'"),
        ("https://[::1%]/", "Invalid IPv6 address: '[::1%]'"),
        ("https://☃.com/", "Invalid IDNA hostname: '☃.com'"),
        ("https://😀/", "Invalid IDNA hostname: '😀'"),
        ("https://xn--fiqs8s１/", "Invalid IDNA hostname: 'xn--fiqs8s１'"),
        ("https://ａ.com/", "Invalid IDNA hostname: 'ａ.com'"),
        ("https://_ä.com/", "Invalid IDNA hostname: '_ä.com'"),
        ("https://a·ä.com/", "Invalid IDNA hostname: 'a·ä.com'"),
        ("////x", "Relative URLs cannot have a path starting with '//'"),
        ("::x", "Relative URLs cannot have a path starting with ':'"),
        ("https://a/\n", "Invalid non-printable ASCII character in URL, '\\n' at position 10."),
        ("é\u{7f}", "Invalid non-printable ASCII character in URL, '\\x7f' at position 1."),
    ] {
        assert_eq!(message(Url::parse(given)), expected, "{given}");
    }
    assert_eq!(message(Url::parse(&"a".repeat(65_537))), "URL too long");
    assert_eq!(url(&"ä".repeat(65_536)).as_str().len(), 6 * 65_536);
}

#[test]
fn parts() {
    let base = url("https://user:pw@example.org:8443/path?q#f");
    let with = |parts: UrlParts| base.copy_with(parts).map(|url| url.as_str().to_owned());
    let changed = |parts: UrlParts| with(parts).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(changed(UrlParts::default()), base.as_str());
    assert_eq!(
        changed(UrlParts { username: some("jo@x"), password: some("a:b/"), ..UrlParts::default() }),
        "https://jo%40x:a%3Ab%2F@example.org:8443/path?q#f"
    );
    assert_eq!(
        changed(UrlParts { username: some("jo"), ..UrlParts::default() }),
        "https://jo@example.org:8443/path?q#f"
    );
    assert_eq!(
        changed(UrlParts { userinfo: Some(None), ..UrlParts::default() }),
        "https://example.org:8443/path?q#f"
    );
    assert_eq!(
        changed(UrlParts { host: some("::1"), port: Some(None), ..UrlParts::default() }),
        "https://user:pw@[::1]/path?q#f"
    );
    assert_eq!(
        changed(UrlParts { netloc: some("a:81"), ..UrlParts::default() }),
        "https://user:pw@a:81/path?q#f"
    );
    assert_eq!(
        changed(UrlParts { netloc: some("[::1]:81"), ..UrlParts::default() }),
        "https://user:pw@[::1]:81/path?q#f"
    );
    assert_eq!(
        changed(UrlParts { netloc: some("[::1]"), ..UrlParts::default() }),
        "https://user:pw@[::1]/path?q#f"
    );
    assert_eq!(
        changed(UrlParts { raw_path: some("/a?b?c"), ..UrlParts::default() }),
        "https://user:pw@example.org:8443/a?b?c#f"
    );
    assert_eq!(
        changed(UrlParts { raw_path: some("/a"), ..UrlParts::default() }),
        "https://user:pw@example.org:8443/a#f"
    );
    assert_eq!(
        changed(UrlParts { query: Some(None), fragment: Some(None), ..UrlParts::default() }),
        "https://user:pw@example.org:8443/path"
    );
    assert_eq!(
        changed(UrlParts { scheme: some("HTTP"), ..UrlParts::default() }),
        "http://user:pw@example.org:8443/path?q#f"
    );

    for (parts, expected) in [
        (UrlParts { scheme: some("1"), ..UrlParts::default() }, "Invalid URL component 'scheme'"),
        (UrlParts { path: some("/?"), ..UrlParts::default() }, "Invalid URL component 'path'"),
        (UrlParts { query: some("#"), ..UrlParts::default() }, "Invalid URL component 'query'"),
        (UrlParts { userinfo: some("@"), ..UrlParts::default() }, "Invalid URL component 'userinfo'"),
        (UrlParts { port: some("x"), ..UrlParts::default() }, "Invalid port: 'x'"),
        (
            UrlParts { path: some("a"), ..UrlParts::default() },
            "For absolute URLs, path must be empty or begin with '/'",
        ),
        (
            UrlParts { fragment: some("a\0"), ..UrlParts::default() },
            "Invalid non-printable ASCII character in URL fragment component, '\\x00' at position 1.",
        ),
        (
            UrlParts { path: some(&"/".repeat(65_537)), ..UrlParts::default() },
            "URL component 'path' too long",
        ),
    ] {
        assert_eq!(message(base.copy_with(parts)), expected);
    }
}

/// RFC 3986 section 5.4, and what `urllib.parse.urljoin` makes of the rest.
#[test]
fn joining() {
    let base = "http://a/b/c/d;p?q";
    for (reference, expected) in [
        ("g:h", "g:h"),
        ("g", "http://a/b/c/g"),
        ("./g", "http://a/b/c/g"),
        ("g/", "http://a/b/c/g/"),
        ("/g", "http://a/g"),
        ("//g", "http://g"),
        ("?y", "http://a/b/c/d;p?y"),
        ("g?y", "http://a/b/c/g?y"),
        ("#s", "http://a/b/c/d;p?q#s"),
        ("g;x=1/./y", "http://a/b/c/g;x=1/y"),
        ("", base),
        (".", "http://a/b/c/"),
        ("..", "http://a/b/"),
        ("../..", "http://a/"),
        ("../../../g", "http://a/g"),
        ("g/../h", "http://a/b/c/h"),
        ("http://x", "http://x"),
    ] {
        let joined = url(base).join(reference).unwrap_or_else(|error| panic!("{reference}: {error}"));
        assert_eq!(joined.as_str(), expected, "{reference}");
    }
    assert_eq!(url("").join("/x").unwrap().as_str(), "/x");
    assert_eq!(url("http://a").join("b").unwrap().as_str(), "http://a/b");
    assert_eq!(url("/a/b").join("c").unwrap().as_str(), "/a/c");
}

/// Whether a port exists is asked when connecting.
#[test]
fn impossible_ports() {
    let url = url("http://a:65536/");
    assert_eq!(url.as_str(), "http://a:65536/");
    assert_eq!((url.written_port(), url.port(), url.port_or_default()), (Some(65_536), None, None));
    assert_eq!(url.netloc(), "a:65536");
    assert!(!url.same_origin(&self::url("http://a:65537/")));
}

#[test]
fn origins() {
    assert!(url("https://a/x").same_origin(&url("HTTPS://A:443/y")));
    for other in ["http://a/", "https://b/", "https://a:444/"] {
        assert!(!url("https://a/").same_origin(&url(other)), "{other}");
    }
}

#[test]
fn query_params() {
    let params = QueryParams::parse("a=1&b=&c&a=%C3%A4+%ff&&=x");
    let pairs: Vec<_> = params.pairs().iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!(pairs, [("a", "1"), ("a", "ä \u{fffd}"), ("b", ""), ("c", ""), ("", "x")]);
    assert_eq!(params.encode(), "a=1&a=%C3%A4+%EF%BF%BD&b=&c=&=x");
    assert_eq!(params.get("a"), Some("1"));
    assert_eq!(params.keys().collect::<Vec<_>>(), ["a", "b", "c", ""]);

    let params = QueryParams::parse("a=1&a=2&b=3");
    assert_eq!(params.set("a", "x").encode(), "a=x&b=3");
    assert_eq!(params.set("c", "x").encode(), "a=1&a=2&b=3&c=x");
    assert_eq!(params.add("a", "x").encode(), "a=1&a=2&a=x&b=3");
    assert_eq!(params.remove("a").encode(), "b=3");
    assert_eq!(params.merge(&QueryParams::parse("c=4&a=7&a=8")).encode(), "a=7&a=8&b=3&c=4");
    assert_eq!(QueryParams::parse("").encode(), "");
    assert_eq!(
        QueryParams::from_pairs(vec![("~-._ *".into(), "/&=é".into())]).encode(),
        "~-._+%2A=%2F%26%3D%C3%A9"
    );
}

#[test]
fn every_idna_label_is_decoded() {
    for (host, expected) in [
        ("xn--mller-kva.de", "müller.de"),
        ("www.xn--mller-kva.de", "www.müller.de"),
        ("a.xn--fiqs8s.xn--mller-kva.b", "a.中国.müller.b"),
        // A label that does not decode stays, and so does a name that only contains the prefix.
        ("www.xn--a.xn--mller-kva", "www.xn--a.müller"),
        ("axn--mller-kva.de", "axn--mller-kva.de"),
        ("example.com", "example.com"),
    ] {
        let url = url(&format!("http://{host}/"));
        assert_eq!((url.host().as_ref(), url.raw_host()), (expected, host));
    }
}

#[test]
fn zones_are_for_connecting_only() {
    for (authority, connect, host) in [
        ("[fe80::1%25eth0]:81", "fe80::1%eth0", "fe80::1%25eth0"),
        ("[fe80::1%eth0]:81", "fe80::1%eth0", "fe80::1%eth0"),
        ("[fe80::1%252]:81", "fe80::1%2", "fe80::1%252"),
        ("[fe80::1%25]:81", "fe80::1%25", "fe80::1%25"),
        ("[fe80::1]:81", "fe80::1", "fe80::1"),
        ("example.com:81", "example.com", "example.com"),
    ] {
        let url = url(&format!("http://{authority}/"));
        assert_eq!((url.connect_host().as_ref(), url.raw_host()), (connect, host));
        assert_eq!(url.as_str(), format!("http://{authority}/"));
    }
}
