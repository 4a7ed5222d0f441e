//! Messages of the handshake, whole, in parts, and wrong.

mod requests;
mod responses;

use super::check::{self, Problem};
use super::error::Error;

#[test]
fn the_key_of_rfc_6455_is_accepted_as_it_says() {
    assert_eq!(super::accept_key(b"dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

#[test]
fn fields_have_to_ask_for_a_websocket() {
    assert_eq!(check::upgrade(&["keep-alive", "upgrade"], &["WebSocket"]), Ok(()));
    assert_eq!(check::upgrade(&[], &["websocket"]), Err(Problem::Upgrade("Connection", None)));
    let close = Some("close, x".to_owned());
    assert_eq!(check::upgrade(&["close", "x"], &["websocket"]), Err(Problem::Upgrade("Connection", close)));
    assert_eq!(check::upgrade(&["Upgrade"], &[]), Err(Problem::Upgrade("Upgrade", None)));
    let two = Some("websocket, h2c".to_owned());
    assert_eq!(check::upgrade(&["Upgrade"], &["websocket, h2c"]), Err(Problem::Upgrade("Upgrade", two)));
    let wrong = check::upgrade(&["?"], &["websocket"]).map_err(|problem| problem.to_string());
    assert_eq!(wrong, Err("invalid Connection header: expected token at 0 in ?".to_owned()));
}

#[test]
fn keys_versions_and_answers_are_exact() {
    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
    assert_eq!(check::key(&[KEY]), Ok(KEY));
    assert_eq!(check::key::<&str>(&[]), Err(Problem::Missing("Sec-WebSocket-Key")));
    assert_eq!(check::key(&[KEY, KEY]), Err(Problem::Several("Sec-WebSocket-Key")));
    for wrong in ["", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25j", "é"] {
        assert_eq!(check::key(&[wrong]), Err(Problem::Value("Sec-WebSocket-Key", wrong.to_owned())));
    }
    assert_eq!(check::version(&["13"]), Ok(()));
    assert_eq!(check::version(&["8"]), Err(Problem::Value("Sec-WebSocket-Version", "8".to_owned())));
    assert_eq!(check::accept(&["s3pPLMBiTxaQ9kYGzzhZRbK+xOo="], KEY), Ok(()));
    let wrong = Problem::Value("Sec-WebSocket-Accept", "no".to_owned());
    assert_eq!(check::accept(&["no"], KEY), Err(wrong));
}

/// The kind of an error: which one does not depend on how the input was split, its figures may.
fn kind(error: &Error) -> String {
    match error {
        Error::Closed { reading, .. } => format!("closed {reading:?}"),
        Error::TooLong(part, _) => format!("too long {part:?}"),
        Error::Body(_) => "body".to_owned(),
        other => other.to_string(),
    }
}

/// A few thousand inputs: mutations of `seeds`, the same ones each time.
fn mutations(seeds: &[&[u8]], mut each: impl FnMut(&[u8])) {
    let mut random = fastrand::Rng::with_seed(6455);
    let pieces: [&[u8]; 12] = [
        b"\r\n",
        b"\n",
        b"\r",
        b":",
        b" ",
        b"\0",
        b"\xff",
        b"Content-Length: 2\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"\r\n\r\n",
        b"0\r\n",
        b"99999999999999999999",
    ];
    for _ in 0..4000 {
        let mut input = random.choice(seeds).copied().unwrap_or_default().to_vec();
        for _ in 0..random.usize(0..4) {
            let at = random.usize(0..=input.len());
            match random.u8(0..3) {
                0 => drop(input.splice(at..at, random.choice(pieces).unwrap_or_default().iter().copied())),
                1 => input.truncate(at),
                _ => {
                    if let Some(byte) = input.get_mut(at) {
                        *byte = random.u8(..);
                    }
                }
            }
        }
        each(&input);
    }
}
