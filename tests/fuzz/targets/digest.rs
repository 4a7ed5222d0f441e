//! Digest challenges: the `Authorization` value is a single header field.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tauraro_engine::http::auth::digest::{Challenge, Credentials};
use tauraro_fuzz::Input;

fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let count = u32::from(input.byte());
    let Some(text) = input.text() else { return };
    let Ok(Some(challenge)) = Challenge::parse(text) else { return };
    let credentials = Credentials { username: b"user", password: b"pass" };
    let answer = challenge.authorization(credentials, "GET", "/a?b", count);
    assert!(answer.starts_with("Digest username=\"user\", "), "{answer:?}");
    // Only a challenge with a line break could add another field.
    assert!(text.contains(['\r', '\n', '\0']) || !answer.contains(['\r', '\n', '\0']), "{answer:?}");
});
