//! Deterministic fuzzing: mutated messages, read as a whole and in random pieces, must give the same
//! events and never panic.

use std::convert::Infallible;

use fastrand::Rng;

use crate::fuzzing::{cut, fuzz};
use crate::http1::target::Target;
use crate::http1::url::{Span, split};
use crate::http1::{
    Body, Error, Events, Failure, Kind, Leniencies, Limits, Message, Method, Parser, read_request,
    read_response,
};

const REQUESTS: &[&[u8]] = &[
    b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n",
    b"GET /a?b=c#d HTTP/1.1\r\nHost: h\r\nAccept: */*\r\nCookie: a=b; c=d \r\nX:\r\n\r\nGET /2 HTTP/1.0\r\n\r\n",
    b"POST /form HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\nhello worldPUT / HTTP/1.1\r\n\r\n",
    b"POST /up HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;a=b;c=\"d\\\"e\"\r\n world\r\n0\r\nVary: *\r\n\r\n",
    b"GET /chat HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x05hello",
    b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n\x16\x03\x01",
    b"OPTIONS * HTTP/1.1\r\nProxy-Connection: close\r\n\r\n",
    b"GET http://u:p@[::1]:80/p?q HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"SET_PARAMETER /r RTSP/1.0\r\nFolded: a\r\n b\r\n\tc\r\n\r\n",
    b"GET /old\r\n\r\n",
];

const RESPONSES: &[&[u8]] = &[
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nServer: s\r\n\r\nhelloHTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: 1\r\n\r\nHTTP/1.1 304 Not Modified\r\n\r\n",
    b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\nuntil the end",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 \r\nConnection: close\r\nContent-Length: 0\r\n\r\nmore",
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\x00",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nabc",
    b"ICE/1.0 404 \xe4\xf6\r\nicy-name: x\r\nX-Fold: a\r\n b\r\n\r\n",
    b"\r\n\nHTTP/1.1 503 Service Unavailable\r\nContent-Length: 18446744073709551615\r\n\r\nab",
];

const URLS: &[&[u8]] = &[
    b"https://user:pass@example.com:8080/path/to?query=value&a[]=b#fragment",
    b"/path?query#fragment",
    b"http://[fe80::1%25eth0]:65535",
    b"*",
    b"//a//b??c##d",
];

/// What a mutation puts in: what decides something, or almost.
const TOKENS: &[&[u8]] = &[
    b"\r\n",
    b"\r",
    b"\n",
    b"\r\n\r\n",
    b" ",
    b"\t",
    b":",
    b";",
    b",",
    b"=",
    b"\"",
    b"\\",
    b"\0",
    b"\x7f",
    b"\xff",
    b"0",
    b"5",
    b"a",
    b"-1",
    b"0x",
    b"/",
    b"?",
    b"#",
    b"@",
    b"[",
    b"]",
    b"%",
    b"chunked",
    b"GET ",
    b"HTTP/1.1",
    b"HTTP/1.0",
    b"Transfer-Encoding: chunked\r\n",
    b"Content-Length: 5\r\n",
    b"Connection: close\r\n",
    b"Connection: upgrade\r\nUpgrade: x\r\n",
    b"0\r\n\r\n",
    b"1;x=y\r\n",
    b"ffffffffffffffff",
    b"184467440737095516",
];

/// What happened, as bytes: the events with their arguments, bodies joined.
#[derive(Default)]
struct Trace {
    events: Vec<u8>,
    body: Vec<u8>,
    bodiless: bool,
}

impl Trace {
    fn add(&mut self, tag: u8, parts: &[&[u8]]) {
        for part in [&[tag][..]].iter().chain(parts) {
            self.events.extend_from_slice(&(part.len() as u64).to_le_bytes());
            self.events.extend_from_slice(part);
        }
    }

    fn message(&mut self, tag: u8, message: &Message) {
        if !self.body.is_empty() {
            let body = std::mem::take(&mut self.body);
            self.add(b'b', &[&body]);
        }
        let state = [
            message.method() as u8,
            message.version().major,
            message.version().minor,
            u8::from(message.keep_alive()),
            u8::from(message.upgrade()),
            u8::from(message.is_chunked()),
        ];
        let length = message.content_length().map_or([0xff; 8], u64::to_le_bytes);
        self.add(
            tag,
            &[&state, &message.status().to_le_bytes(), &length, &message.host_count().to_le_bytes()],
        );
    }
}

impl Events for Trace {
    type Error = Infallible;

    fn message_begin(&mut self, message: &mut Message) -> Result<(), Infallible> {
        self.message(b'm', message);
        Ok(())
    }

    fn target(&mut self, message: &mut Message, target: &[u8]) -> Result<(), Infallible> {
        self.message(b't', message);
        self.add(b't', &[target]);
        Ok(())
    }

    fn reason(&mut self, message: &mut Message, reason: &[u8]) -> Result<(), Infallible> {
        self.message(b'r', message);
        self.add(b'r', &[reason]);
        Ok(())
    }

    fn field(&mut self, message: &mut Message, name: &[u8], value: &[u8]) -> Result<(), Infallible> {
        self.message(b'f', message);
        self.add(b'f', &[name, value]);
        Ok(())
    }

    fn head_complete(&mut self, message: &mut Message) -> Result<Body, Infallible> {
        self.message(b'h', message);
        Ok(if self.bodiless { Body::Absent } else { Body::AsFramed })
    }

    fn chunk_begin(&mut self, message: &mut Message, size: u64) -> Result<(), Infallible> {
        self.message(b'c', message);
        self.add(b'c', &[&size.to_le_bytes()]);
        Ok(())
    }

    fn body(&mut self, _: &mut Message, piece: &[u8]) -> Result<(), Infallible> {
        assert!(!piece.is_empty());
        self.body.extend_from_slice(piece);
        Ok(())
    }

    fn chunk_complete(&mut self, message: &mut Message) -> Result<(), Infallible> {
        self.message(b'C', message);
        Ok(())
    }

    fn message_complete(&mut self, message: &mut Message) -> Result<(), Infallible> {
        self.message(b'M', message);
        Ok(())
    }
}

#[derive(Clone, Copy, Debug)]
struct Setting {
    kind: Kind,
    leniencies: Leniencies,
    limits: Limits,
    bodiless: bool,
}

/// How reading ended: upgraded at an offset, in an error, or not at all.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Upgraded(u64),
    Failed(Error),
    Fine { at_end: Result<(), Error> },
}

fn trace<'a>(setting: Setting, pieces: impl IntoIterator<Item = &'a [u8]>) -> (Trace, Outcome) {
    let mut parser = Parser::new(setting.kind, setting.limits);
    *parser.leniencies_mut() = setting.leniencies;
    let mut trace = Trace { bodiless: setting.bodiless, ..Trace::default() };
    for piece in pieces {
        match parser.feed(piece, &mut trace) {
            Ok(fed) if fed.upgraded => return (trace, Outcome::Upgraded(parser.position())),
            Ok(fed) => assert_eq!(fed.consumed, piece.len()),
            Err(Failure::Protocol(error)) => return (trace, Outcome::Failed(error)),
            Err(Failure::Events(never)) => match never {},
        }
    }
    let at_end = match parser.finish(&mut trace) {
        Ok(()) => Ok(()),
        Err(Failure::Protocol(error)) => Err(error),
        Err(Failure::Events(never)) => match never {},
    };
    (trace, Outcome::Fine { at_end })
}

/// A slice of `bytes` of at most `longest`, at random.
fn part<'a>(rng: &mut Rng, bytes: &'a [u8], longest: usize) -> &'a [u8] {
    let start = rng.usize(..=bytes.len());
    let end = (start + rng.usize(..=longest)).min(bytes.len());
    bytes.get(start..end).unwrap_or_default()
}

fn mutate(rng: &mut Rng, corpus: &[&[u8]]) -> Vec<u8> {
    let mut data = rng.choice(corpus.iter()).expect("a corpus").to_vec();
    for _ in 0..rng.usize(..=4) {
        let at = rng.usize(..=data.len());
        let end = (at + rng.usize(1..=6)).min(data.len());
        match rng.u8(..6) {
            0 => drop(data.splice(at..at, rng.choice(TOKENS.iter()).expect("tokens").iter().copied())),
            1 => drop(data.splice(at..end, rng.choice(TOKENS.iter()).expect("tokens").iter().copied())),
            2 => drop(data.splice(at..end, [])),
            3 => drop(data.splice(at..end, [rng.u8(..)])),
            4 => {
                let other = rng.choice(corpus.iter()).expect("a corpus");
                let piece = part(rng, other, 40).to_vec();
                drop(data.splice(at..at, piece));
            }
            _ => {
                let piece = part(rng, &data, 30).to_vec();
                drop(data.splice(at..at, piece));
            }
        }
    }
    data
}

fn message(rng: &mut Rng, kind: Kind) {
    let data = mutate(rng, if kind == Kind::Request { REQUESTS } else { RESPONSES });
    let leniencies = match rng.u8(..8) {
        0 => Leniencies::from_bits(rng.u16(..)),
        1 => Leniencies::from_bits(1 << rng.u8(..10)),
        _ => Leniencies::NONE,
    };
    let mut limits = Limits::DEFAULT;
    if rng.u8(..8) == 0 {
        limits =
            Limits { head_size: rng.usize(..120), fields: rng.usize(..4), chunk_extensions: rng.usize(..8) };
    }
    let setting = Setting { kind, leniencies, limits, bodiless: rng.u8(..8) == 0 };
    let (whole, outcome) = trace(setting, [data.as_slice()]);
    let (pieces, pieces_outcome) = trace(setting, cut(rng, &data));
    assert_eq!(pieces_outcome, outcome, "{setting:?} {}", data.escape_ascii());
    assert!(
        pieces.events == whole.events && pieces.body == whole.body,
        "{setting:?} {}",
        data.escape_ascii()
    );
    let end = match kind {
        Kind::Request => read_request(&data, limits).map(|request| request.end),
        Kind::Response => {
            read_response(&data, *rng.choice(Method::ALL).expect("methods"), limits).map(|it| it.end)
        }
    };
    assert!(end.is_ok_and(|end| end <= data.len()) || end.is_err());
}

fn url(rng: &mut Rng) {
    let url = mutate(rng, URLS);
    let method = if rng.bool() { Method::Get } else { Method::Connect };
    let mut target = Target::of(method);
    let stepwise =
        url.iter().all(|byte| target.run(&[*byte]) == (1, Ok(()))) && target.run(b" ") == (0, Ok(()));
    assert_eq!(Target::is_valid(method, &url), stepwise, "{method:?} {}", url.escape_ascii());
    let Ok(parts) = split(&url) else { return };
    assert!(Target::is_valid(Method::Get, &url), "{}", url.escape_ascii());
    // The parts are in order, and cover all but the delimiters.
    let mut rest = url.as_slice();
    let mut skip = |part: Option<Span>, delimiters: &[u8]| {
        let Some(part) = part else { return };
        let part = part.of(&url);
        assert!(!part.is_empty(), "{}", url.escape_ascii());
        let at = part.as_ptr().addr() - rest.as_ptr().addr();
        let (before, from) = rest.split_at(at);
        assert!(before.iter().all(|byte| delimiters.contains(byte)), "{}", url.escape_ascii());
        rest = from.strip_prefix(part).expect("the part");
    };
    skip(parts.scheme, b"");
    skip(parts.userinfo, b":/");
    skip(parts.host, b":/@[");
    skip(parts.path, b"]:0123456789");
    skip(parts.query, b"]:0123456789?");
    skip(parts.fragment, b"]:0123456789?#");
    assert!(rest.iter().all(|byte| b"]:0123456789?#".contains(byte)), "{}", url.escape_ascii());
}

#[test]
fn requests() {
    fuzz(|rng| message(rng, Kind::Request));
}

#[test]
fn responses() {
    fuzz(|rng| message(rng, Kind::Response));
}

#[test]
fn urls() {
    fuzz(url);
}
