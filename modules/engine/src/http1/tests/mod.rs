//! Messages beside their events. Every case is read as a whole, byte by byte, and in two pieces cut at
//! every place: the events must be the same.

mod accepted;
mod body;
mod fuzz;
mod lenient;
mod refused;

use std::convert::Infallible;

use super::{Fed, Parser};
use crate::http1::{Body, Events, Failure, Kind, Leniencies, Limits, Message};

/// The events as text, one after the other; bodies joined.
#[derive(Default)]
struct Log {
    entries: Vec<String>,
    body: Vec<u8>,
    absent_body: bool,
}

impl Log {
    fn add(&mut self, entry: String) {
        if !self.body.is_empty() {
            let body = std::mem::take(&mut self.body);
            self.entries.push(format!("body {}", body.escape_ascii()));
        }
        self.entries.push(entry);
    }
}

impl Events for Log {
    type Error = Infallible;

    fn message_begin(&mut self, _: &mut Message) -> Result<(), Infallible> {
        self.add("begin".to_owned());
        Ok(())
    }

    fn target(&mut self, message: &mut Message, target: &[u8]) -> Result<(), Infallible> {
        self.add(format!("{} {}", message.method().name(), target.escape_ascii()));
        Ok(())
    }

    fn reason(&mut self, message: &mut Message, reason: &[u8]) -> Result<(), Infallible> {
        self.add(format!("{} {}", message.status(), reason.escape_ascii()));
        Ok(())
    }

    fn field(&mut self, _: &mut Message, name: &[u8], value: &[u8]) -> Result<(), Infallible> {
        self.add(format!("{}: {}", name.escape_ascii(), value.escape_ascii()));
        Ok(())
    }

    fn head_complete(&mut self, message: &mut Message) -> Result<Body, Infallible> {
        let version = message.version();
        let keep = if message.keep_alive() { "keep" } else { "close" };
        let upgrade = if message.upgrade() { " upgrade" } else { "" };
        self.add(format!("head {}.{} {keep}{upgrade}", version.major, version.minor));
        Ok(if self.absent_body { Body::Absent } else { Body::AsFramed })
    }

    fn chunk_begin(&mut self, _: &mut Message, size: u64) -> Result<(), Infallible> {
        self.add(format!("chunk {size}"));
        Ok(())
    }

    fn body(&mut self, _: &mut Message, piece: &[u8]) -> Result<(), Infallible> {
        assert!(!piece.is_empty(), "an empty piece of a body");
        self.body.extend_from_slice(piece);
        Ok(())
    }

    fn chunk_complete(&mut self, _: &mut Message) -> Result<(), Infallible> {
        self.add("chunk end".to_owned());
        Ok(())
    }

    fn message_complete(&mut self, _: &mut Message) -> Result<(), Infallible> {
        self.add("end".to_owned());
        Ok(())
    }
}

/// How a case is read.
#[derive(Clone, Copy)]
struct Setting {
    kind: Kind,
    leniencies: Leniencies,
    limits: Limits,
    absent_body: bool,
}

impl Setting {
    const REQUEST: Self = Self {
        kind: Kind::Request,
        leniencies: Leniencies::NONE,
        limits: Limits::DEFAULT,
        absent_body: false,
    };
    const RESPONSE: Self = Self { kind: Kind::Response, ..Self::REQUEST };

    fn lenient(self, leniencies: Leniencies) -> Self {
        Self { leniencies, ..self }
    }
}

/// The events of input that comes in these pieces; then `upgrade OFFSET`, an error, or nothing.
fn events<'a>(setting: Setting, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
    let mut parser = Parser::new(setting.kind, setting.limits);
    *parser.leniencies_mut() = setting.leniencies;
    let mut log = Log { absent_body: setting.absent_body, ..Log::default() };
    for piece in pieces {
        match parser.feed(piece, &mut log) {
            Ok(Fed { upgraded: true, .. }) => {
                log.add(format!("upgrade {}", parser.position()));
                return log.entries;
            }
            Ok(fed) => assert_eq!(fed.consumed, piece.len()),
            Err(Failure::Protocol(error)) => {
                assert_eq!(parser.feed(b"GET", &mut log), Err(Failure::Protocol(error)), "an error stays");
                log.add(format!("error {:?}: {error}", error.kind()));
                return log.entries;
            }
            Err(Failure::Events(never)) => match never {},
        }
    }
    if !log.body.is_empty() {
        log.add("...".to_owned());
    }
    log.entries
}

/// The events of the input, which must not depend on how it is cut.
#[track_caller]
fn read(setting: Setting, input: &[u8]) -> String {
    let whole = events(setting, [input]);
    assert_eq!(events(setting, input.chunks(1)), whole, "byte by byte: {}", input.escape_ascii());
    for cut in 1..input.len() {
        let (first, second) = input.split_at(cut);
        assert_eq!(events(setting, [first, second]), whole, "cut at {cut}: {}", input.escape_ascii());
    }
    whole.join(" | ")
}

/// Reads each input and compares its events.
#[track_caller]
fn check(setting: Setting, cases: &[(&str, &str)]) {
    for (input, expected) in cases {
        assert_eq!(read(setting, input.as_bytes()), *expected, "{input:?}");
    }
}

/// Reads each input, which must end in this error after whatever events.
#[track_caller]
fn check_refused(setting: Setting, cases: &[(&[u8], &str)]) {
    for (input, expected) in cases {
        let events = read(setting, input);
        let error = events.rsplit(" | ").next().unwrap_or_default();
        assert_eq!(error, *expected, "{}", input.escape_ascii());
    }
}
