//! The same HTTP/1 messages, read whole and in pieces, must give the same events.
#![no_main]

use std::convert::Infallible;

use libfuzzer_sys::fuzz_target;
use tauraro_engine::http1::{
    Body, Error, Events, Failure, Kind, Leniencies, Limits, Message, Method, Parser, read_request,
    read_response, url,
};
use tauraro_fuzz::{Input, pieces};

/// The events with their arguments, bodies joined.
#[derive(Debug, Default, PartialEq, Eq)]
struct Trace {
    events: Vec<String>,
    body: Vec<u8>,
    bodiless: bool,
}

impl Trace {
    fn add(&mut self, event: &str, message: &Message, arguments: &[&[u8]]) {
        if !self.body.is_empty() {
            let body = std::mem::take(&mut self.body);
            self.events.push(format!("body {}", body.escape_ascii()));
        }
        let arguments: Vec<_> =
            arguments.iter().map(|argument| argument.escape_ascii().to_string()).collect();
        self.events.push(format!(
            "{event} {arguments:?} {:?} {:?} {} {:?} {} {}",
            message.method(),
            message.version(),
            message.status(),
            message.content_length(),
            message.keep_alive(),
            message.upgrade(),
        ));
    }
}

impl Events for Trace {
    type Error = Infallible;

    fn message_begin(&mut self, message: &mut Message) -> Result<(), Infallible> {
        self.add("begin", message, &[]);
        Ok(())
    }

    fn target(&mut self, message: &mut Message, target: &[u8]) -> Result<(), Infallible> {
        self.add("target", message, &[target]);
        Ok(())
    }

    fn reason(&mut self, message: &mut Message, reason: &[u8]) -> Result<(), Infallible> {
        self.add("reason", message, &[reason]);
        Ok(())
    }

    fn field(&mut self, message: &mut Message, name: &[u8], value: &[u8]) -> Result<(), Infallible> {
        self.add("field", message, &[name, value]);
        Ok(())
    }

    fn head_complete(&mut self, message: &mut Message) -> Result<Body, Infallible> {
        self.add("head", message, &[]);
        Ok(if self.bodiless { Body::Absent } else { Body::AsFramed })
    }

    fn chunk_begin(&mut self, message: &mut Message, size: u64) -> Result<(), Infallible> {
        self.add("chunk", message, &[size.to_string().as_bytes()]);
        Ok(())
    }

    fn body(&mut self, _: &mut Message, piece: &[u8]) -> Result<(), Infallible> {
        assert!(!piece.is_empty());
        self.body.extend_from_slice(piece);
        Ok(())
    }

    fn chunk_complete(&mut self, message: &mut Message) -> Result<(), Infallible> {
        self.add("chunk complete", message, &[]);
        Ok(())
    }

    fn message_complete(&mut self, message: &mut Message) -> Result<(), Infallible> {
        self.add("complete", message, &[]);
        Ok(())
    }
}

/// How reading ended.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Upgraded(u64),
    Failed(Error),
    Read { at_end: Option<Error> },
}

fn error(failure: Failure<Infallible>) -> Error {
    match failure {
        Failure::Protocol(error) => error,
        Failure::Events(never) => match never {},
    }
}

fn read<'a>(
    mut parser: Parser,
    bodiless: bool,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Trace, Outcome) {
    let mut trace = Trace { bodiless, ..Trace::default() };
    for piece in pieces {
        match parser.feed(piece, &mut trace) {
            Ok(fed) if fed.upgraded => return (trace, Outcome::Upgraded(parser.position())),
            Ok(fed) => assert_eq!(fed.consumed, piece.len()),
            Err(failure) => return (trace, Outcome::Failed(error(failure))),
        }
    }
    let at_end = parser.finish(&mut trace).err().map(error);
    (trace, Outcome::Read { at_end })
}

fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let kind = input.choose([Kind::Request, Kind::Response]);
    let leniencies = match input.byte() {
        mask @ 128.. => Leniencies::from_bits(u16::from(mask & 127) << (input.byte() % 8)),
        _ => Leniencies::NONE,
    };
    let limits = match input.byte() {
        0 => Limits {
            head_size: usize::from(input.byte()),
            fields: usize::from(input.byte() % 8),
            chunk_extensions: usize::from(input.byte() % 16),
        },
        _ => Limits::DEFAULT,
    };
    let bodiless = input.byte() == 0;
    let seed = input.byte();
    let data = input.rest();

    let parser = || {
        let mut parser = Parser::new(kind, limits);
        *parser.leniencies_mut() = leniencies;
        parser
    };
    let whole = read(parser(), bodiless, [data]);
    let in_pieces = read(parser(), bodiless, pieces(seed, data));
    assert_eq!(in_pieces, whole);

    let end = match kind {
        Kind::Request => read_request(data, limits).map(|request| request.end),
        Kind::Response => read_response(data, Method::Get, limits).map(|response| response.end),
    };
    assert!(end.is_err() || end.is_ok_and(|end| end <= data.len()));

    if let Ok(parts) = url::split(data) {
        for part in [parts.scheme, parts.userinfo, parts.host, parts.path, parts.query, parts.fragment] {
            assert!(part.is_none_or(|part| !part.of(data).is_empty()));
        }
    }
});
