//! Reading the messages of the handshake from any split of the stream.

use super::error::{Error, Part};
use super::lines::{self, RequestLine, StatusLine};

/// How large a message may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A line, with its end, in bytes.
    pub line: usize,
    /// How many header fields.
    pub fields: usize,
    /// The body of a response, in bytes.
    pub body: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { line: 8192, fields: 128, body: 1 << 20 }
    }
}

/// Names and values of header fields, in order.
pub type Fields = Vec<(String, String)>;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its first line.
    pub line: RequestLine,
    /// Its header fields.
    pub fields: Fields,
}

/// A response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Its first line.
    pub line: StatusLine,
    /// Its header fields.
    pub fields: Fields,
    /// Its body, chunks put together.
    pub body: Vec<u8>,
}

/// Reads a request.
///
/// ```
/// use tauraro_engine::websocket::handshake::{Limits, RequestReader};
///
/// let mut reader = RequestReader::new(Limits::default());
/// reader.feed(b"GET /chat HTTP/1.1\r\nHost: exa");
/// assert_eq!(reader.read(), Ok(None));
/// reader.feed(b"mple.org\r\n\r\nmore");
/// let request = reader.read().unwrap().unwrap();
/// assert_eq!(request.line.target, "/chat");
/// assert_eq!(reader.into_rest(), b"more");
/// ```
#[derive(Debug)]
pub struct RequestReader {
    input: Input,
    line: Option<RequestLine>,
    fields: Fields,
}

impl RequestReader {
    /// A reader at the start of a stream.
    pub fn new(limits: Limits) -> Self {
        Self { input: Input::new(limits), line: None, fields: Vec::new() }
    }

    /// Appends what arrived.
    pub fn feed(&mut self, data: &[u8]) {
        self.input.buffer.extend_from_slice(data);
    }

    /// Nothing more will arrive.
    pub fn feed_eof(&mut self) {
        self.input.is_ended = true;
    }

    /// The request, once it is complete. It must not have a body.
    ///
    /// # Errors
    /// [`Error`]; the reader cannot be used afterwards.
    pub fn read(&mut self) -> Result<Option<Request>, Error> {
        let line = if let Some(line) = &self.line {
            line
        } else {
            let line = self.input.line(Part::RequestLine).map_err(|it| it.while_reading("request line"))?;
            let Some(line) = line else { return Ok(None) };
            self.line.insert(lines::request_line(&line)?)
        };
        if !self.input.fields(&mut self.fields)? {
            return Ok(None);
        }
        if values(&self.fields, "Transfer-Encoding").next().is_some() {
            return Err(Error::Unsupported("transfer codings aren't supported".to_owned()));
        }
        // Some clients state that there is no body.
        if values(&self.fields, "Content-Length").any(|length| length != "0") {
            return Err(Error::Malformed("unsupported request body".to_owned()));
        }
        let line = line.clone();
        Ok(Some(Request { line, fields: std::mem::take(&mut self.fields) }))
    }

    /// What arrived after the request.
    pub fn into_rest(self) -> Vec<u8> {
        self.input.into_rest()
    }
}

/// Reads a response.
#[derive(Debug)]
pub struct ResponseReader {
    input: Input,
    line: Option<StatusLine>,
    fields: Fields,
    body: Vec<u8>,
    state: Body,
}

/// What comes next after the first line.
#[derive(Clone, Copy, Debug)]
enum Body {
    Fields,
    Exactly(usize),
    UntilEnd,
    ChunkSize,
    Chunk(usize),
    Trailer,
    Complete,
}

impl ResponseReader {
    /// A reader at the start of a stream.
    pub fn new(limits: Limits) -> Self {
        let input = Input::new(limits);
        Self { input, line: None, fields: Vec::new(), body: Vec::new(), state: Body::Fields }
    }

    /// Appends what arrived.
    pub fn feed(&mut self, data: &[u8]) {
        self.input.buffer.extend_from_slice(data);
    }

    /// Nothing more will arrive.
    pub fn feed_eof(&mut self) {
        self.input.is_ended = true;
    }

    /// The response, once it is complete.
    ///
    /// # Errors
    /// [`Error`]; the reader cannot be used afterwards.
    pub fn read(&mut self) -> Result<Option<Response>, Error> {
        if self.line.is_none() {
            let line = self.input.line(Part::StatusLine).map_err(|it| it.while_reading("status line"))?;
            let Some(line) = line else { return Ok(None) };
            self.line = Some(lines::status_line(&line, false)?);
        }
        loop {
            if let Body::Complete = self.state {
                let (fields, body) = (std::mem::take(&mut self.fields), std::mem::take(&mut self.body));
                return Ok(self.line.take().map(|line| Response { line, fields, body }));
            }
            let Some(next) = self.step()? else { return Ok(None) };
            self.state = next;
        }
    }

    /// What arrived after the response.
    pub fn into_rest(self) -> Vec<u8> {
        self.input.into_rest()
    }

    /// Reads one part of the message, if it is there: what comes after it.
    fn step(&mut self) -> Result<Option<Body>, Error> {
        let limit = self.input.limits.body;
        match self.state {
            Body::Fields => {
                if self.input.fields(&mut self.fields)? {
                    self.framing().map(Some)
                } else {
                    Ok(None)
                }
            }
            Body::Exactly(length) => {
                let Some(body) = self.input.exactly(length)? else { return Ok(None) };
                self.body = body;
                Ok(Some(Body::Complete))
            }
            Body::UntilEnd => {
                let length = self.input.available().len();
                if length > limit {
                    let message = format!("read {length} bytes, expected no more than {limit} bytes");
                    return Err(Error::Body(message));
                }
                if !self.input.is_ended {
                    return Ok(None);
                }
                self.body = self.input.take(length);
                Ok(Some(Body::Complete))
            }
            Body::ChunkSize => {
                let Some(line) = self.input.line(Part::Body)? else { return Ok(None) };
                let size = lines::chunk_size(&line)?;
                if size == 0 {
                    self.input.counted = 0;
                    return Ok(Some(Body::Trailer));
                }
                let before = self.body.len();
                let fits = usize::try_from(size).ok().filter(|size| size.saturating_add(before) <= limit);
                fits.map(|size| Some(Body::Chunk(size)))
                    .ok_or_else(|| Error::Body(format!("chunk too large: {size} bytes after {before} bytes")))
            }
            Body::Chunk(size) => {
                let Some(mut chunk) = self.input.exactly(size.saturating_add(2))? else {
                    return Ok(None);
                };
                if chunk.split_off(size) != b"\r\n" {
                    return Err(Error::Malformed("chunk without CRLF".to_owned()));
                }
                self.body.append(&mut chunk);
                Ok(Some(Body::ChunkSize))
            }
            Body::Trailer => {
                // Trailer fields are ignored.
                let is_complete = self.input.fields(&mut Vec::new())?;
                Ok(is_complete.then_some(Body::Complete))
            }
            Body::Complete => Ok(None),
        }
    }

    /// How the end of the body is found (RFC 9112 section 6.3).
    fn framing(&self) -> Result<Body, Error> {
        let status = self.line.as_ref().map_or(0, |line| line.status);
        if matches!(status, 100..200 | 204 | 304) {
            return Ok(Body::Complete);
        }
        if let Some(coding) = only(&self.fields, "Transfer-Encoding")? {
            return match coding {
                "chunked" => Ok(Body::ChunkSize),
                _ => Err(Error::Unsupported(format!("transfer coding {coding} isn't supported"))),
            };
        }
        let Some(length) = only(&self.fields, "Content-Length")? else { return Ok(Body::UntilEnd) };
        let length = lines::content_length(length)?;
        let fits = usize::try_from(length).ok().filter(|length| *length <= self.input.limits.body);
        fits.map(Body::Exactly).ok_or_else(|| Error::Body(format!("body too large: {length} bytes")))
    }
}

fn values<'a>(fields: &'a Fields, name: &'static str) -> impl Iterator<Item = &'a str> {
    fields.iter().filter(move |field| field.0.eq_ignore_ascii_case(name)).map(|field| field.1.as_str())
}

fn only<'a>(fields: &'a Fields, name: &'static str) -> Result<Option<&'a str>, Error> {
    let mut found = values(fields, name);
    let first = found.next();
    if found.next().is_some() { Err(Error::Repeated(name)) } else { Ok(first) }
}

/// What arrived and was not read yet.
#[derive(Debug)]
struct Input {
    buffer: Vec<u8>,
    /// How much of the buffer was read.
    start: usize,
    /// How much of what follows is known to have no line end.
    searched: usize,
    /// How many fields were read.
    counted: usize,
    is_ended: bool,
    limits: Limits,
}

impl Input {
    fn new(limits: Limits) -> Self {
        Self { buffer: Vec::new(), start: 0, searched: 0, counted: 0, is_ended: false, limits }
    }

    fn available(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    fn into_rest(mut self) -> Vec<u8> {
        self.take(self.available().len())
    }

    fn take(&mut self, length: usize) -> Vec<u8> {
        self.searched = 0;
        let taken = self.available().get(..length).unwrap_or_default().to_vec();
        self.start += taken.len();
        if self.start == self.buffer.len() {
            self.buffer.clear();
            self.start = 0;
        }
        taken
    }

    /// The next line, without its end.
    fn line(&mut self, part: Part) -> Result<Option<Vec<u8>>, Error> {
        let limit = self.limits.line;
        let too_long = |length| {
            let message = format!("read {length} bytes, expected no more than {limit} bytes");
            Err(Error::TooLong(part, message))
        };
        let available = self.available();
        let unsearched = available.get(self.searched..).unwrap_or_default();
        let Some(end) = memchr::memchr(b'\n', unsearched) else {
            let length = available.len();
            if length > limit {
                return too_long(length);
            }
            if self.is_ended {
                let how = format!("stream ends after {length} bytes, before end of line");
                return Err(Error::Closed { reading: None, how });
            }
            self.searched = length;
            return Ok(None);
        };
        let length = self.searched + end + 1;
        if length > limit {
            return too_long(length);
        }
        let mut line = self.take(length);
        if !line.ends_with(b"\r\n") {
            return Err(Error::Closed { reading: None, how: "line without CRLF".to_owned() });
        }
        line.truncate(length - 2);
        Ok(Some(line))
    }

    fn exactly(&mut self, length: usize) -> Result<Option<Vec<u8>>, Error> {
        let available = self.available().len();
        if available >= length {
            return Ok(Some(self.take(length)));
        }
        if self.is_ended {
            let how = format!("stream ends after {available} bytes, expected {length} bytes");
            return Err(Error::Closed { reading: None, how });
        }
        Ok(None)
    }

    /// Reads fields; whether the empty line after them was there.
    fn fields(&mut self, fields: &mut Fields) -> Result<bool, Error> {
        while self.counted <= self.limits.fields {
            let line = self.line(Part::Field).map_err(|it| it.while_reading("headers"))?;
            let Some(line) = line else { return Ok(false) };
            if line.is_empty() {
                return Ok(true);
            }
            fields.push(lines::field(&line)?);
            self.counted += 1;
        }
        Err(Error::TooManyFields(self.limits.fields))
    }
}
