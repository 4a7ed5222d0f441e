//! What is split, and what is refused.

use super::{Error, MAX_LENGTH, Parts, split};

/// Scheme, user information, host, port, path, query and fragment, `-` for what is not there.
fn show(url: &str) -> String {
    let Ok(parts) = split(url.as_bytes()) else { return "invalid".to_owned() };
    let text = |part: Option<super::Span>| {
        part.map_or("-".to_owned(), |part| {
            String::from_utf8(part.of(url.as_bytes()).to_vec()).expect("ASCII")
        })
    };
    let Parts { scheme, userinfo, host, port, path, query, fragment } = parts;
    let port = port.map_or("-".to_owned(), |port| port.to_string());
    [text(scheme), text(userinfo), text(host), port, text(path), text(query), text(fragment)].join(" ")
}

#[test]
fn parts() {
    for (url, expected) in [
        (
            "https://example.com:8080/path?query=value#fragment",
            "https - example.com 8080 /path query=value fragment",
        ),
        ("http://h", "http - h - - - -"),
        ("http://h?q", "http - h - - q -"),
        ("http://h/?", "http - h - / - -"),
        ("http://h/#", "http - h - / - -"),
        ("HTTP://h:0/", "HTTP - h 0 / - -"),
        ("http://h:00080/", "http - h 80 / - -"),
        ("http://h:65535/", "http - h 65535 / - -"),
        ("http://u:p@h/", "http u:p h - / - -"),
        ("http://@h/", "http - h - / - -"),
        ("http://u@[::1]:8/", "http u ::1 8 / - -"),
        ("http://[fe80::1%25en-0]/", "http - fe80::1%25en-0 - / - -"),
        ("*", "- - - - * - -"),
        ("//h/p", "- - - - //h/p - -"),
        ("/p?a?b#c?d#e", "- - - - /p a?b c?d#e"),
        ("/p##x", "- - - - /p - x"),
        ("/p?#x", "- - - - /p - x"),
        ("/{}|\\^`\"<>[]", "- - - - /{}|\\^`\"<>[] - -"),
        ("http://h?q#", "http - h - - q -"),
        ("http://h?#f", "http - h - - - f"),
    ] {
        assert_eq!(show(url), expected, "{url}");
    }
}

#[test]
fn refused() {
    for url in [
        "",
        " ",
        "path",
        "http",
        "http:",
        "http:/",
        "http:/h",
        "http://",
        "http:///p",
        "http://?q",
        "1http://h/",
        "h2://h/",
        ":///1",
        "http://h:/",
        "http://h:65536/",
        "http://h:99999999999999999999/",
        "http://h:8x/",
        "http://:80/",
        "http://h_h/",
        "http://h#f",
        "http://a@b@c/",
        "http://a@@c/",
        "http://[]/",
        "http://[::1/",
        "http://[::1]x/",
        "http://[g]/",
        "http://[%1]/",
        "http://[::1%]/",
        "http://u[@h/",
        "http://u@/",
        "/a b",
        "/a\tb",
        "/a\0b",
        "/a\r",
        "/a\n",
        "/\u{7f}",
        "/é",
        "/?é",
        "/#é",
        "http://é/",
        "http://h/ ",
        "http://h ?q",
    ] {
        assert_eq!(split(url.as_bytes()), Err(Error::Invalid), "{url:?}");
    }
}

#[test]
fn length() {
    let longest = [b"/".as_slice(), &vec![b'a'; MAX_LENGTH - 1]].concat();
    assert!(split(&longest).is_ok());
    let longer = [longest.as_slice(), b"a"].concat();
    assert_eq!(split(&longer), Err(Error::TooLong(MAX_LENGTH + 1)));
}
