//! `Set-Cookie` fields: a jar stays within its bounds, and its `Cookie` value is a single header field.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tauraro_engine::http::cookies::{CookieJar, MAX_COOKIE_SIZE, MAX_COOKIES};
use tauraro_engine::{Headers, Url};
use tauraro_fuzz::Input;

const URLS: [&str; 4] = [
    "http://example.com/",
    "https://www.example.co.uk/a/b/c?d",
    "http://127.0.0.1:8080/a",
    "http://sub.domain.example.com/path/",
];

fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let first = input.choose(URLS);
    let mut headers = Headers::new();
    for line in input.rest().split(|byte| *byte == b'\n') {
        headers.append(&b"Set-Cookie"[..], line.to_vec());
    }
    let mut jar = CookieJar::default();
    jar.extract(&Url::parse(first).expect("a valid URL"), &headers);
    assert!(jar.iter().count() <= MAX_COOKIES);
    for cookie in jar.iter() {
        assert!(cookie.name.len() + cookie.value.len() <= MAX_COOKIE_SIZE);
        assert!(!cookie.name.contains(['=', ';', '\r', '\n']) && !cookie.value.contains([';', '\r', '\n']));
    }
    for url in URLS {
        let Some(header) = jar.header_for(&Url::parse(url).expect("a valid URL")) else { continue };
        assert!(!header.is_empty() && !header.contains(['\r', '\n', '\0']), "{header:?}");
    }
});
