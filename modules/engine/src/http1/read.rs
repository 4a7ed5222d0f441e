//! Reading one message that is there as a whole.

use std::ops::Range;

use super::{Body, Error, ErrorKind, Events, Failure, Kind, Limits, Message, Method, Parser, Version};

/// The fields of a message in their order, as they were sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldLines {
    text: Vec<u8>,
    /// Where a field starts in `text`, where its name ends, where its value ends.
    lines: Vec<(usize, usize, usize)>,
}

impl FieldLines {
    fn push(&mut self, name: &[u8], value: &[u8]) {
        let start = self.text.len();
        self.text.extend_from_slice(name);
        self.text.extend_from_slice(value.trim_ascii_end());
        self.lines.push((start, start + name.len(), self.text.len()));
    }

    /// Name and value of each field, without whitespace around the value.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&[u8], &[u8])> + ExactSizeIterator {
        let part = |range: Range<usize>| self.text.get(range).unwrap_or_default();
        self.lines.iter().map(move |&(start, middle, end)| (part(start..middle), part(middle..end)))
    }

    /// The values of every field of this name, in whatever case.
    pub fn get_all<'a>(&'a self, name: &'a [u8]) -> impl DoubleEndedIterator<Item = &'a [u8]> {
        self.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its method.
    pub method: Method,
    /// Its target, as it was sent: usually a path with a query.
    pub target: Vec<u8>,
    /// The version of its protocol.
    pub version: Version,
    /// The fields of its head.
    pub fields: FieldLines,
    /// Its body, without the chunks that it came in.
    pub body: Vec<u8>,
    /// The fields after its last chunk.
    pub trailers: FieldLines,
    /// Whether another request can follow.
    pub keep_alive: bool,
    /// Whether what follows is another protocol.
    pub upgrade: bool,
    /// Where in the input the message ends.
    pub end: usize,
}

/// A response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Its status.
    pub status: u16,
    /// The text after the status.
    pub reason: Vec<u8>,
    /// The version of its protocol.
    pub version: Version,
    /// The fields of its head.
    pub fields: FieldLines,
    /// Its body, without the chunks that it came in.
    pub body: Vec<u8>,
    /// The fields after its last chunk.
    pub trailers: FieldLines,
    /// Whether another response can follow.
    pub keep_alive: bool,
    /// Whether what follows is another protocol.
    pub upgrade: bool,
    /// Where in the input the message ends.
    pub end: usize,
}

/// What the events of one message tell.
struct Collected {
    /// The method of the request that a response answers.
    request: Method,
    text: Vec<u8>,
    head: FieldLines,
    trailers: FieldLines,
    in_trailers: bool,
    body: Vec<u8>,
    /// What was known at the end of the message.
    message: Option<Message>,
}

/// Ends the parsing after the first message.
struct Done;

impl Events for Collected {
    type Error = Done;

    fn target(&mut self, _: &mut Message, target: &[u8]) -> Result<(), Done> {
        self.text = target.to_vec();
        Ok(())
    }

    fn reason(&mut self, _: &mut Message, reason: &[u8]) -> Result<(), Done> {
        self.text = reason.to_vec();
        Ok(())
    }

    fn field(&mut self, _: &mut Message, name: &[u8], value: &[u8]) -> Result<(), Done> {
        let fields = if self.in_trailers { &mut self.trailers } else { &mut self.head };
        fields.push(name, value);
        Ok(())
    }

    fn head_complete(&mut self, message: &mut Message) -> Result<Body, Done> {
        self.in_trailers = true;
        Ok(match message.kind() {
            Kind::Request => Body::AsFramed,
            Kind::Response => Body::of_response(self.request, message.status()),
        })
    }

    fn body(&mut self, _: &mut Message, piece: &[u8]) -> Result<(), Done> {
        self.body.extend_from_slice(piece);
        Ok(())
    }

    fn message_complete(&mut self, message: &mut Message) -> Result<(), Done> {
        self.message = Some(message.clone());
        Err(Done)
    }
}

/// Reads a request from the start of `data`; what comes after it is left.
pub fn read_request(data: &[u8], limits: Limits) -> Result<Request, Error> {
    let (read, message, end) = read(Kind::Request, Method::Get, data, limits)?;
    Ok(Request {
        method: message.method(),
        target: read.text,
        version: message.version(),
        fields: read.head,
        body: read.body,
        trailers: read.trailers,
        keep_alive: message.keep_alive(),
        upgrade: message.upgrade(),
        end,
    })
}

/// Reads a response from the start of `data`, given the method of the request that it answers; what comes
/// after it is left. A body whose length is not told goes on to the end of `data`.
pub fn read_response(data: &[u8], request: Method, limits: Limits) -> Result<Response, Error> {
    let (read, message, end) = read(Kind::Response, request, data, limits)?;
    Ok(Response {
        status: message.status(),
        reason: read.text,
        version: message.version(),
        fields: read.head,
        body: read.body,
        trailers: read.trailers,
        keep_alive: message.keep_alive(),
        upgrade: message.upgrade(),
        end,
    })
}

fn read(
    kind: Kind,
    request: Method,
    data: &[u8],
    limits: Limits,
) -> Result<(Collected, Message, usize), Error> {
    let mut parser = Parser::new(kind, limits);
    let mut events = Collected {
        request,
        text: Vec::new(),
        head: FieldLines::default(),
        trailers: FieldLines::default(),
        in_trailers: false,
        body: Vec::new(),
        message: None,
    };
    let outcome = parser.feed(data, &mut events).and_then(|_| parser.finish(&mut events));
    let end = usize::try_from(parser.position()).unwrap_or(usize::MAX);
    match (outcome, events.message.take()) {
        (Err(Failure::Protocol(error)), _) => Err(error),
        (_, Some(message)) => Ok((events, message, end)),
        (_, None) => Err(Error { kind: ErrorKind::Eof, reason: "No message", offset: parser.position() }),
    }
}

#[cfg(test)]
#[path = "tests/read.rs"]
mod tests;
