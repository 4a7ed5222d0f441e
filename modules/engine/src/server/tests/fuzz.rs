//! Deterministic fuzzing: mutated requests, given as a whole and in random pieces, must lead to the same events and
//! output. `TAURARO_FUZZ_EXECUTIONS` and `TAURARO_FUZZ_SEED` set how much and from where.

use fastrand::Rng;

use super::run;
use crate::server::{Limits, Match, Parameter, Router};

const REQUESTS: &[&[u8]] = &[
    b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n",
    b"GET /a?b=c HTTP/1.1\r\nHost: h\r\nCookie: a=b; c=d \r\nX:\r\n\r\nGET /2 HTTP/1.0\r\n\r\n",
    b"POST /form HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\nhello worldPUT / HTTP/1.1\r\nHost: b\r\n\r\n",
    b"POST /up HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nVary: *\r\n\r\n",
    b"GET /chat HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x05hello",
    b"OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\n\r\nHEAD http://a:1/x HTTP/1.1\r\nHost: b\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
];

const TOKENS: &[&[u8]] = &[
    b"\r\n",
    b"\r",
    b"\n",
    b"\r\n\r\n",
    b" ",
    b":",
    b",",
    b"\0",
    b"\x7f",
    b"\xff",
    b"0",
    b"5",
    b"/",
    b"?",
    b"#",
    b"@",
    b"*",
    b"GET / ",
    b"HTTP/1.1",
    b"HTTP/1.0",
    b"Host: a\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Length: 5\r\n",
    b"Connection: close\r\n",
    b"Expect: 100-continue\r\n",
    b"0\r\n\r\n",
    b"http://",
];

fn setting(name: &str, default: u64) -> u64 {
    let Ok(text) = std::env::var(name) else { return default };
    text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}"))
}

/// Runs a target so many times, each with its own seed, which is shown when it fails.
fn fuzz(target: fn(&mut Rng)) {
    let seed = setting("TAURARO_FUZZ_SEED", 1);
    for execution in 0..setting("TAURARO_FUZZ_EXECUTIONS", 20_000) {
        let seed = seed.wrapping_add(execution);
        let outcome = std::panic::catch_unwind(|| target(&mut Rng::with_seed(seed)));
        assert!(outcome.is_ok(), "failed with TAURARO_FUZZ_SEED={seed} TAURARO_FUZZ_EXECUTIONS=1");
    }
}

fn mutate(rng: &mut Rng) -> Vec<u8> {
    let mut data = Vec::new();
    for _ in 0..rng.usize(1..=3) {
        data.extend_from_slice(rng.choice(REQUESTS.iter()).expect("a corpus"));
    }
    for _ in 0..rng.usize(..=4) {
        let at = rng.usize(..=data.len());
        let end = (at + rng.usize(1..=6)).min(data.len());
        let token = rng.choice(TOKENS.iter()).expect("tokens").iter().copied();
        match rng.u8(..4) {
            0 => drop(data.splice(at..at, token)),
            1 => drop(data.splice(at..end, token)),
            2 => drop(data.splice(at..end, [])),
            _ => drop(data.splice(at..end, [rng.u8(..)])),
        }
    }
    data
}

fn cut<'a>(rng: &mut Rng, mut data: &'a [u8]) -> Vec<&'a [u8]> {
    let longest = *rng.choice([1, 2, 7, 40, 400].iter()).expect("lengths");
    let mut pieces = Vec::new();
    while !data.is_empty() {
        let (piece, rest) = data.split_at(rng.usize(1..=longest).min(data.len()));
        pieces.push(piece);
        data = rest;
    }
    pieces
}

/// The output without `100 Continue`, which is left out when the body has come already.
fn final_responses(out: &[u8]) -> String {
    String::from_utf8_lossy(out).replace("HTTP/1.1 100 Continue\r\n\r\n", "")
}

#[test]
fn connections() {
    fuzz(|rng| {
        let data = mutate(rng);
        let mut limits = Limits::DEFAULT;
        if rng.u8(..8) == 0 {
            limits = Limits {
                request_line: rng.usize(..60),
                head: rng.usize(..200),
                fields: rng.usize(..4),
                drain: rng.u64(..10),
                requests: rng.u32(..3),
            };
        }
        let (log, out) = run(limits, [data.as_slice()]);
        let (log_of_pieces, out_of_pieces) = run(limits, cut(rng, &data));
        assert_eq!(log_of_pieces, log, "{limits:?} {}", data.escape_ascii());
        assert_eq!(final_responses(&out_of_pieces), final_responses(&out), "{}", data.escape_ascii());
    });
}

#[test]
fn routes() {
    const PATTERNS: &[&str] = &["/", "/a", "/a/{x}", "/a/{n:int}", "/a/{x}/b", "/{y...}", "/b/{y...}"];
    let mut router = Router::default();
    for pattern in PATTERNS {
        router.add(pattern, Some("GET"), *pattern).expect("a route");
    }
    for seed in 0..2000 {
        let mut rng = Rng::with_seed(seed);
        let length = rng.usize(..6);
        let path: Vec<u8> = std::iter::repeat_with(|| *rng.choice(b"/ab1%2F\xff".iter()).expect("a byte"))
            .take(length)
            .collect();
        let path = [b"/", path.as_slice()].concat();
        // The last pattern takes everything; with a rest of no segments, and names for every brace.
        let Match::Found(pattern, parameters) = router.find(&path, "GET") else {
            panic!("not found: {}", path.escape_ascii());
        };
        assert_eq!(parameters.len(), pattern.matches('{').count(), "{}", path.escape_ascii());
        for (name, value) in parameters {
            assert_eq!(matches!(value, Parameter::Int(_)), name == "n");
        }
    }
}
