use super::*;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn jar(from: &str, fields: &[&str]) -> CookieJar {
    let mut jar = CookieJar::default();
    extract(&mut jar, from, fields);
    jar
}

fn extract(jar: &mut CookieJar, from: &str, fields: &[&str]) {
    let headers = fields.iter().map(|field| ("Set-Cookie", field.as_bytes().to_vec())).collect();
    jar.extract(&url(from), &headers);
}

fn by_hand(name: &str, value: &str, domain: &str, path: &str) -> Cookie {
    Cookie {
        name: name.into(),
        value: value.into(),
        domain: domain.into(),
        domain_specified: !domain.is_empty(),
        path: path.into(),
        secure: false,
        http_only: false,
        expires: None,
    }
}

/// Which URLs get a cookie that a URL has set.
#[test]
fn scopes() {
    for (from, field, to, sent) in [
        ("http://example.org/", "a=1", "http://example.org/x", true),
        ("http://example.org/", "a=1", "http://www.example.org/", false),
        ("http://example.org/", "a=1", "https://example.org:8443/", true),
        ("http://www.example.org/", "a=1; Domain=example.org", "http://example.org/", true),
        ("http://www.example.org/", "a=1; domain=.EXAMPLE.org", "http://x.example.org/", true),
        ("http://www.example.org/", "a=1; Domain=", "http://example.org/", false),
        ("http://www.example.org/", "a=1; Domain=other.org", "http://other.org/", false),
        ("http://example.org/", "a=1; Domain=www.example.org", "http://www.example.org/", false),
        ("http://badexample.org/", "a=1; Domain=example.org", "http://example.org/", false),
        ("http://example.org/", "a=1; Domain=org", "http://other.org/", false),
        ("http://a.co.uk/", "a=1; Domain=co.uk", "http://b.co.uk/", false),
        ("http://jo.github.io/", "a=1; Domain=github.io", "http://eve.github.io/", false),
        ("http://müller.de/", "a=1; Domain=müller.de", "http://www.müller.de/", true),
        ("http://localhost:80/", "a=1", "http://localhost/", true),
        ("http://localhost/", "a=1; Domain=localhost", "http://localhost/", true),
        ("http://localhost/", "a=1; Domain=localhost", "http://x.localhost/", false),
        ("http://127.0.0.1/", "a=1", "http://127.0.0.1:81/", true),
        ("http://127.0.0.1/", "a=1; Domain=127.0.0.1", "http://127.0.0.1/", true),
        ("http://127.0.0.1/", "a=1; Domain=0.0.1", "http://127.0.0.1/", false),
        ("http://[::1]/", "a=1", "http://[::1]/", true),
        ("http://a.org/b/c", "a=1", "http://a.org/b", true),
        ("http://a.org/b/c", "a=1", "http://a.org/b/d/e", true),
        ("http://a.org/b/c", "a=1", "http://a.org/bc", false),
        ("http://a.org/b/c", "a=1", "http://a.org/", false),
        ("http://a.org/b/c", "a=1; Path=/", "http://a.org", true),
        ("http://a.org/b/c", "a=1; Path=x", "http://a.org/", false),
        ("http://a.org/", "a=1; Path=/b/", "http://a.org/b", false),
        ("http://a.org/", "a=1; Path=/b/", "http://a.org/b/c", true),
        ("https://a.org/", "a=1; Secure", "http://a.org/", false),
        ("https://a.org/", "a=1; secure; HttpOnly", "https://a.org/", true),
        ("https://a.org/", "a=1; Secure", "wss://a.org/", true),
    ] {
        let header = jar(from, &[field]).header_for(&url(to));
        assert_eq!(header, sent.then(|| "a=1".to_owned()), "{field} from {from} to {to}");
    }
}

#[test]
fn fields() {
    for (field, expected) in [
        ("a=1", Some("a=1")),
        (" a = 1 ; b=2", Some("a=1")),
        ("a=\"1 2\"", Some("a=\"1 2\"")),
        ("a=", Some("a=")),
        ("a=b=c", Some("a=b=c")),
        ("a=1,b=2", Some("a=1,b=2")),
        ("a", None),
        ("=1", None),
        ("", None),
        ("; a=1", None),
        ("a=1\u{1}", None),
        ("a=ä", Some("a=ä")),
        ("a=1; Max-Age=0", None),
        ("a=1; Max-Age=-1; Expires=Wed, 09 Jun 2100 10:18:14 GMT", None),
        ("a=1; Max-Age=99999999999999999999", Some("a=1")),
        ("a=1; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", Some("a=1")),
        ("a=1; Max-Age=soon", Some("a=1")),
        ("a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", None),
        ("a=1; Expires=\"Thu, 01 Jan 1970 00:00:00 GMT\"", None),
        ("a=1; Expires=never", Some("a=1")),
    ] {
        let header = jar("http://a.org/", &[field]).header_for(&url("http://a.org/"));
        assert_eq!(header.as_deref(), expected, "{field:?}");
    }
    assert_eq!(jar("http://a.org/", &[&format!("a={}", "x".repeat(4095))]).iter().count(), 1);
    assert_eq!(jar("http://a.org/", &[&format!("a={}", "x".repeat(4096))]).iter().count(), 0);
    let mut jar = CookieJar::default();
    jar.extract(&url("http://a.org/"), &[("set-cookie", b"a=\xe4".to_vec())].into_iter().collect());
    assert_eq!(jar.get("a", None, None).unwrap(), Some("ä"));
}

#[test]
fn dates() {
    for (text, expected) in [
        ("Wed, 09 Jun 2021 10:18:14 GMT", Some(1_623_233_894)),
        ("Wednesday, 09-Jun-21 10:18:14 GMT", Some(1_623_233_894)),
        ("Wed Jun  9 10:18:14 2021", Some(1_623_233_894)),
        ("9 june 21 10:18:14", Some(1_623_233_894)),
        ("Thu, 01-Jan-70 00:00:01 GMT", Some(1)),
        ("Thu, 01 Jan 1970 00:00:00", Some(0)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", Some(253_402_300_799)),
        ("31 Feb 2021 00:00:00", None),
        ("1 Jan 1600 00:00:00", None),
        ("1 Jan 2021 24:00:00", None),
        ("1 Jan 2021", None),
        ("", None),
        ("ä 1 Jän 2021 00:00:00", None),
    ] {
        assert_eq!(date::parse(text), expected, "{text:?}");
    }
}

#[test]
fn order_and_replacement() {
    let mut jar =
        jar("http://a.org/x/y/z", &["b=1; Path=/", "c=2; Path=/x/y", "d=3; Path=/x", "e=4; Path=/"]);
    assert_eq!(jar.header_for(&url("http://a.org/x/y/z")).unwrap(), "c=2; d=3; b=1; e=4");
    extract(&mut jar, "http://a.org/", &["b=5; Path=/"]);
    assert_eq!(jar.header_for(&url("http://a.org/")).unwrap(), "b=5; e=4");
    extract(&mut jar, "http://a.org/", &["b=; Path=/; Max-Age=0"]);
    assert_eq!(jar.header_for(&url("http://a.org/")).unwrap(), "e=4");
}

#[test]
fn by_name() {
    let mut jar = CookieJar::default();
    jar.set(by_hand("a", "1", "", "/"));
    jar.set(by_hand("a", "2", "example.org", "/"));
    jar.set(by_hand("b", "3", "", "/x"));
    let error = jar.get("a", None, None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CookieConflict);
    assert_eq!(error.message(), "Multiple cookies exist with name=a");
    assert_eq!(jar.get("a", Some("example.org"), None).unwrap(), Some("2"));
    assert_eq!(jar.get("a", Some(""), Some("/")).unwrap(), Some("1"));
    assert_eq!(jar.get("c", None, None).unwrap(), None);
    let names: Vec<_> = jar.iter().map(|cookie| cookie.value.as_str()).collect();
    assert_eq!(names, ["1", "3", "2"]);

    assert_eq!(jar.header_for(&url("https://anywhere.test/x")).unwrap(), "b=3; a=1");
    assert_eq!(jar.header_for(&url("https://www.example.org/")).unwrap(), "a=1; a=2");
    assert_eq!(jar.remove("a", Some("nowhere"), None), 0);
    assert_eq!(jar.remove("a", None, None), 2);
    assert_eq!(jar.clear(Some(""), Some("/x")), 1);
    assert_eq!(jar.iter().count(), 0);
}

/// A server that sets cookies without end fills neither the jar nor a request.
#[test]
fn floods() {
    let mut jar = CookieJar::default();
    jar.set(by_hand("mine", "1", "other.org", "/"));
    let fields: Vec<String> = (0..=MAX_COOKIES_PER_DOMAIN).map(|n| format!("c{n}=1")).collect();
    extract(&mut jar, "http://a.org/", &fields.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(jar.iter().count(), MAX_COOKIES_PER_DOMAIN + 1);
    assert_eq!(jar.get("c0", None, None).unwrap(), None);
    assert_eq!(jar.get("mine", None, None).unwrap(), Some("1"));
    for host in 0..20 {
        extract(
            &mut jar,
            &format!("http://h{host}.org/"),
            &fields.iter().map(String::as_str).collect::<Vec<_>>(),
        );
    }
    assert_eq!(jar.iter().count(), MAX_COOKIES);
}
