//! One connection from its first byte to its end.

use super::deadlines::{Deadlines, Overdue, Waiting};
use super::head::RequestHead;
use super::limits::{Limits, Timeouts};
use super::receiving::Receiving;
use super::refusal::Refusal;
use super::response::{self, Framed, Framing, Given, ResponseError};
use crate::http1::{Failure, Kind, Method, Parser, Version};

/// What has arrived.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// A request begins. Its body follows, as [`Event::Body`]s, and then [`Event::End`].
    Request(Box<RequestHead>),
    /// A piece of the body, never empty.
    Body(Vec<u8>),
    /// The request is complete.
    End,
    /// What came breaks the protocol or a limit, in a request that was not given as an event yet or, between
    /// [`Event::Request`] and [`Event::End`], in its body. Nothing follows; [`Connection::refuse`] answers it.
    Refused(Refusal),
}

/// What comes after a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Another request, which may have arrived already.
    KeepAlive,
    /// The end: close the connection once everything is sent.
    Close,
    /// The end, but the peer may still be sending: send everything, end the sending direction, and discard what
    /// arrives for a moment before closing. Otherwise the response may be lost by a reset.
    Linger,
}

/// A request that is not yet answered.
#[derive(Clone, Copy, Debug)]
struct Exchange {
    method: Method,
    version: Version,
    keep_alive: bool,
    /// `100 Continue` is due when somebody reads the body.
    continue_due: bool,
    length: Option<u64>,
    framing: Option<Framing>,
    /// Whether bytes were written that are a part of its response.
    started: bool,
}

/// The machine. See [the module](super) for how it is driven. `now` is in milliseconds, of any clock that does not go
/// back.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Connection {
    parser: Parser,
    receiving: Receiving,
    deadlines: Deadlines,
    exchange: Option<Exchange>,
    /// What arrived behind a request that is not answered yet.
    pending: Vec<u8>,
    /// The whole request was read.
    complete: bool,
    /// Nothing is read any more.
    stopped: bool,
    /// No further request is taken: the server is stopping.
    closing: bool,
    eof: bool,
    requests: u32,
    limits: Limits,
    /// A protocol that follows the request has been agreed on.
    upgraded: bool,
    /// Whether somebody waits for the body.
    reading_body: bool,
}

impl Connection {
    /// A connection that was accepted `now`.
    pub fn new(limits: Limits, timeouts: Timeouts, now: u64) -> Self {
        let mut parser = Parser::new(Kind::Request, limits.of_parser());
        parser.stop_after_each_message();
        Self {
            parser,
            receiving: Receiving::new(limits),
            deadlines: Deadlines::new(timeouts, now),
            exchange: None,
            pending: Vec::new(),
            complete: false,
            stopped: false,
            closing: false,
            eof: false,
            requests: 0,
            limits,
            upgraded: false,
            reading_body: false,
        }
    }

    /// Takes bytes that have arrived.
    pub fn receive(&mut self, data: &[u8], now: u64) {
        if self.stopped || data.is_empty() {
            return;
        }
        if self.complete || !self.pending.is_empty() || self.upgraded {
            self.pending.extend_from_slice(data);
            return;
        }
        let consumed = self.feed(data, now);
        if let Some(rest) = data.get(consumed..).filter(|_| !self.stopped) {
            self.pending.extend_from_slice(rest);
        }
    }

    /// The peer sends no more. What is complete is still answered.
    pub fn receive_eof(&mut self) {
        self.eof = true;
    }

    /// Whether the peer has said that it sends no more.
    pub fn is_at_eof(&self) -> bool {
        self.eof
    }

    /// Whether the end of the stream is within a request.
    pub fn is_cut(&self) -> bool {
        self.eof && !self.complete && self.exchange.is_some() && self.pending.is_empty()
    }

    /// The next event.
    pub fn next_event(&mut self) -> Option<Event> {
        self.receiving.events.pop_front()
    }

    /// How many bytes wait behind the current request. A driver stops reading at some size.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Whether a request was given as an event and its response is not complete.
    pub fn is_busy(&self) -> bool {
        self.exchange.is_some()
    }

    /// Whether the bytes of the current response have begun.
    pub fn has_started(&self) -> bool {
        self.exchange.is_some_and(|exchange| exchange.started)
    }

    /// Whether the current request has been read to its end.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Parses bytes of one message at most; gives how many were taken.
    fn feed(&mut self, data: &[u8], now: u64) -> usize {
        let body_before = self.receiving.body_size;
        self.receiving.last = self.requests.saturating_add(1) >= self.limits.requests;
        let before = self.parser.position();
        let fed = self.parser.feed(data, &mut self.receiving);
        let consumed = usize::try_from(self.parser.position().saturating_sub(before)).unwrap_or(data.len());
        if self.exchange.is_none()
            && let Some(Event::Request(head)) =
                self.receiving.events.iter().find(|event| matches!(event, Event::Request(_)))
        {
            self.requests = self.requests.saturating_add(1);
            self.exchange = Some(Exchange {
                method: head.method,
                version: head.version,
                keep_alive: head.keep_alive,
                continue_due: head.expects_continue,
                length: if head.chunked { None } else { Some(head.content_length.unwrap_or(0)) },
                framing: None,
                started: false,
            });
            self.complete = false;
        }
        match fed {
            Ok(_) => {}
            Err(Failure::Protocol(error)) => {
                let after_target = self.receiving.after_target || self.exchange.is_some();
                let next = data.get(consumed).copied();
                self.stop(Refusal::of_error(error, after_target, self.requests == 0, next));
            }
            Err(Failure::Events(refusal)) => self.stop(refusal),
        }
        if self.exchange.is_some() {
            self.complete = !self.receiving.in_body;
            let grown = self.receiving.body_size.saturating_sub(body_before);
            self.deadlines.body_bytes(grown);
        }
        self.watch(now);
        consumed
    }

    fn stop(&mut self, refusal: Refusal) {
        self.stopped = true;
        self.pending = Vec::new();
        // The request that is being discarded has had its response.
        let answered = self.receiving.discarding && self.exchange.is_none();
        let refusal = if answered { Refusal::silent(refusal.reason) } else { refusal };
        self.receiving.events.push_back(Event::Refused(refusal));
    }

    /// Notes what the peer is expected to send now.
    fn watch(&mut self, now: u64) {
        let waiting = match self.exchange {
            _ if self.stopped || self.upgraded => Waiting::Nothing,
            Some(_) if self.complete => Waiting::Nothing,
            Some(_) if self.reading_body || self.receiving.discarding => Waiting::Body,
            Some(_) => Waiting::Nothing,
            None if self.receiving.in_body => Waiting::Body,
            None if !self.parser.is_between_messages() => Waiting::Head,
            None if self.parser.position() == 0 => Waiting::FirstByte,
            None => Waiting::Idle,
        };
        self.deadlines.wait_for(waiting, now);
    }

    /// What took too long by now, if anything.
    pub fn overdue(&self, now: u64) -> Option<Overdue> {
        self.deadlines.overdue(now)
    }

    /// Notes how many bytes wait to be sent. To be called now and then, for [`Overdue::Write`].
    pub fn note_unsent(&mut self, unsent: usize, now: u64) {
        self.deadlines.note_unsent(unsent, now);
    }

    /// Somebody waits for the body from now on, so that its rate counts. Appends `100 Continue` if the client waits for
    /// it (RFC 9110 section 10.1.1).
    pub fn read_body(&mut self, now: u64, out: &mut Vec<u8>) {
        if let Some(exchange) = &mut self.exchange {
            if exchange.continue_due && !exchange.started && self.receiving.body_size == 0 && !self.complete {
                out.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
            }
            exchange.continue_due = false;
        }
        self.reading_body = true;
        self.watch(now);
    }

    /// The body is not read for now: the handler takes it slower than it comes. [`read_body`](Self::read_body)
    /// continues.
    pub fn pause_body(&mut self, now: u64) {
        self.reading_body = false;
        self.watch(now);
    }

    /// Gives a body that was stalled by this side its time again.
    pub fn restart_body_clock(&mut self, now: u64) {
        self.deadlines.restart_body(now);
    }

    /// Takes no request after the current one: its response says `Connection: close`.
    pub fn close_after_response(&mut self) {
        self.closing = true;
    }

    /// Begins the response: appends its head.
    ///
    /// `length` is the length of the body if it is known; a `Content-Length` among the fields counts as well. A body of
    /// unknown length is sent in chunks, to HTTP/1.0 until the connection is closed. `date` is the value of `Date`,
    /// which is left out if the fields have one. `Connection`, `Keep-Alive` and `Transfer-Encoding: chunked` among the
    /// fields are not copied: this machine writes them.
    ///
    /// # Errors
    /// See [`ResponseError`]; nothing was appended then, and another response may be tried.
    pub fn start_response<'a>(
        &mut self,
        status: u16,
        fields: impl IntoIterator<Item = (&'a [u8], &'a [u8])>,
        length: Option<u64>,
        date: Option<&[u8]>,
        out: &mut Vec<u8>,
    ) -> Result<(), ResponseError> {
        let before = out.len();
        let outcome = self.write_head(status, fields, length, date, out);
        if outcome.is_err() {
            out.truncate(before);
        }
        outcome
    }

    fn write_head<'a>(
        &mut self,
        status: u16,
        fields: impl IntoIterator<Item = (&'a [u8], &'a [u8])>,
        length: Option<u64>,
        date: Option<&[u8]>,
        out: &mut Vec<u8>,
    ) -> Result<(), ResponseError> {
        let Some(exchange) = &mut self.exchange else { return Err(ResponseError::NoResponse) };
        if exchange.framing.is_some() {
            return Err(ResponseError::Started);
        }
        if !(200..=999).contains(&status) {
            return Err(ResponseError::Status(status));
        }
        response::status_line(status, out);
        let mut given = Given::default();
        for (name, value) in fields {
            response::field(name, value, &mut given, out)?;
        }
        if let (Some(declared), Some(length)) = (given.content_length, length)
            && declared != length
            && exchange.method != Method::Head
            && status != 304
        {
            return Err(ResponseError::Framing("Content-Length"));
        }
        if let Some(date) = date.filter(|_| !given.date) {
            response::raw_field(b"Date", date, out);
        }
        let is_old = exchange.version < Version::HTTP_11;
        let known = given.content_length.or(length);
        let bodiless = matches!(status, 204 | 304);
        let framing = match known {
            _ if exchange.method == Method::Head || bodiless => Framing::Omitted,
            // RFC 9110 section 15.3.6.
            _ if status == 205 => Framing::Length { declared: 0, remaining: 0 },
            Some(length) => Framing::Length { declared: length, remaining: length },
            None if is_old => Framing::UntilClose,
            None => Framing::Chunked,
        };
        let announced = match framing {
            Framing::Length { declared, .. } => Some(declared),
            // What a GET would say (RFC 9110 section 8.6).
            Framing::Omitted if status == 304 => given.content_length,
            Framing::Omitted if !bodiless => known,
            _ => None,
        };
        if let Some(length) = announced {
            out.extend_from_slice(b"Content-Length: ");
            response::decimal(length, out);
            out.extend_from_slice(b"\r\n");
        } else if framing == Framing::Chunked || framing == Framing::Omitted && !bodiless && !is_old {
            out.extend_from_slice(b"Transfer-Encoding: chunked\r\n");
        }
        // A client that waits for `100 Continue` may or may not send the body after this.
        let undecided = exchange.continue_due && !self.complete;
        exchange.keep_alive &=
            !(given.close || self.closing || self.stopped || undecided || framing == Framing::UntilClose);
        if !exchange.keep_alive {
            out.extend_from_slice(b"Connection: close\r\n");
        } else if is_old {
            out.extend_from_slice(b"Connection: keep-alive\r\n");
        }
        out.extend_from_slice(b"\r\n");
        exchange.framing = Some(framing);
        exchange.started = true;
        Ok(())
    }

    /// Appends an interim response: 102 or 103 with fields. Does nothing for HTTP/1.0, which has none.
    ///
    /// # Errors
    /// See [`ResponseError`]; nothing was appended then.
    pub fn inform<'a>(
        &mut self,
        status: u16,
        fields: impl IntoIterator<Item = (&'a [u8], &'a [u8])>,
        out: &mut Vec<u8>,
    ) -> Result<(), ResponseError> {
        let Some(exchange) = self.exchange else { return Err(ResponseError::NoResponse) };
        if exchange.framing.is_some() {
            return Err(ResponseError::Started);
        }
        if !(102..=199).contains(&status) {
            return Err(ResponseError::Status(status));
        }
        if exchange.version < Version::HTTP_11 {
            return Ok(());
        }
        let before = out.len();
        response::status_line(status, out);
        let mut given = Given::default();
        for (name, value) in fields {
            let outcome = response::field(name, value, &mut given, out);
            if given.content_length.is_some() {
                out.truncate(before);
                return Err(ResponseError::Framing("Content-Length"));
            }
            if outcome.is_err() {
                out.truncate(before);
                return outcome;
            }
        }
        out.extend_from_slice(b"\r\n");
        Ok(())
    }

    /// Prepares a piece of the body of `length` bytes. What is appended goes before it, and after a
    /// [`Framed::Chunk`] goes CRLF.
    ///
    /// # Errors
    /// [`ResponseError::NoResponse`], or [`ResponseError::TooLong`] if the piece is more than was announced: it must
    /// not be sent.
    pub fn frame_body(&mut self, length: usize, out: &mut Vec<u8>) -> Result<Framed, ResponseError> {
        let framing = self.exchange.as_mut().and_then(|exchange| exchange.framing.as_mut());
        match framing.ok_or(ResponseError::NoResponse)? {
            Framing::Omitted => Ok(Framed::Omitted),
            Framing::Length { declared, remaining } => {
                *remaining = remaining
                    .checked_sub(length as u64)
                    .ok_or(ResponseError::TooLong { declared: *declared })?;
                Ok(if length == 0 { Framed::Omitted } else { Framed::Plain })
            }
            // An empty chunk would be the last.
            _ if length == 0 => Ok(Framed::Omitted),
            Framing::Chunked => {
                response::chunk_line(length, out);
                Ok(Framed::Chunk)
            }
            Framing::UntilClose => Ok(Framed::Plain),
        }
    }

    /// Ends the response, and continues with the request that has arrived behind it, if any.
    ///
    /// # Errors
    /// [`ResponseError::NoResponse`], or [`ResponseError::TooShort`]: the connection must be aborted, so that the
    /// client does not take the response for complete.
    pub fn finish_response(&mut self, now: u64, out: &mut Vec<u8>) -> Result<Next, ResponseError> {
        let Some(exchange) = self.exchange else { return Err(ResponseError::NoResponse) };
        match exchange.framing {
            None => return Err(ResponseError::NoResponse),
            Some(Framing::Length { declared, remaining }) if remaining > 0 => {
                return Err(ResponseError::TooShort { declared, missing: remaining });
            }
            Some(Framing::Chunked) => out.extend_from_slice(b"0\r\n\r\n"),
            Some(_) => {}
        }
        self.exchange = None;
        self.reading_body = false;
        let incomplete = !self.complete;
        if !exchange.keep_alive || self.stopped || self.closing {
            self.stop_reading();
            return Ok(if incomplete && !self.eof { Next::Linger } else { Next::Close });
        }
        if incomplete {
            let missing = exchange.length.map(|length| length.saturating_sub(self.receiving.body_size));
            if self.eof || missing.is_some_and(|missing| missing > self.limits.drain) {
                self.stop_reading();
                return Ok(if self.eof { Next::Close } else { Next::Linger });
            }
            self.receiving.discarding = true;
            self.receiving.events.retain(|event| matches!(event, Event::Refused(_)));
            self.receiving.discarded = 0;
            self.watch(now);
            return Ok(Next::KeepAlive);
        }
        self.complete = false;
        // What nobody has taken of the body.
        self.receiving.events.clear();
        Ok(self.continue_with_pending(now))
    }

    /// Reads on behind a request that is answered.
    fn continue_with_pending(&mut self, now: u64) -> Next {
        let pending = std::mem::take(&mut self.pending);
        if !pending.is_empty() {
            let consumed = self.feed(&pending, now);
            if let Some(rest) = pending.get(consumed..).filter(|rest| !rest.is_empty() && !self.stopped) {
                self.pending = rest.to_vec();
            }
        }
        self.watch(now);
        if self.eof && self.exchange.is_none() && self.receiving.events.is_empty() {
            self.stop_reading();
            return Next::Close;
        }
        Next::KeepAlive
    }

    fn stop_reading(&mut self) {
        self.stopped = true;
        self.pending = Vec::new();
        self.receiving.events.clear();
        self.deadlines.wait_for(Waiting::Nothing, 0);
    }

    /// Continues after [`receive`](Self::receive) when no request is in progress: whether the body that is being
    /// discarded is complete, in which case what came behind it is read, or has become too large.
    pub fn after_discarding(&mut self, now: u64) -> Next {
        if !self.receiving.discarding || self.exchange.is_some() {
            return Next::KeepAlive;
        }
        if self.receiving.discarded > self.limits.drain {
            self.stop_reading();
            return Next::Linger;
        }
        if self.receiving.in_body {
            return if self.eof { Next::Close } else { Next::KeepAlive };
        }
        self.receiving.discarding = false;
        self.complete = false;
        self.continue_with_pending(now)
    }

    /// Answers a request that was refused, if its response has not begun: appends a whole response with a short text.
    /// Returns whether something was appended; the connection is then to be closed as with [`Next::Linger`], and
    /// otherwise aborted.
    pub fn refuse(&mut self, refusal: &Refusal, date: Option<&[u8]>, out: &mut Vec<u8>) -> bool {
        let Some(status) = refusal.status else { return false };
        let exchange = self.exchange.take();
        self.stop_reading();
        if exchange.is_some_and(|exchange| exchange.started) {
            return false;
        }
        let text = response::reason(status).as_bytes();
        response::status_line(status, out);
        response::raw_field(b"Content-Type", b"text/plain; charset=utf-8", out);
        if let Some(date) = date {
            response::raw_field(b"Date", date, out);
        }
        out.extend_from_slice(b"Content-Length: ");
        response::decimal(text.len() as u64, out);
        out.extend_from_slice(b"\r\nConnection: close\r\n\r\n");
        if exchange.is_none_or(|exchange| exchange.method != Method::Head) {
            out.extend_from_slice(text);
        }
        true
    }

    /// Leaves HTTP: gives what has arrived behind the request. The driver writes the `101` response, or hands both to
    /// another protocol.
    ///
    /// # Errors
    /// [`ResponseError::Started`] if a response has begun, [`ResponseError::NoResponse`] without a request or if its
    /// body has not been read to its end.
    pub fn upgrade(&mut self) -> Result<Vec<u8>, ResponseError> {
        match self.exchange {
            Some(exchange) if exchange.started => Err(ResponseError::Started),
            Some(_) if self.complete => {
                self.upgraded = true;
                self.exchange = None;
                let pending = std::mem::take(&mut self.pending);
                self.stop_reading();
                Ok(pending)
            }
            _ => Err(ResponseError::NoResponse),
        }
    }
}
