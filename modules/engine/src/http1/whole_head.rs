//! The short way: a head that has arrived as a whole, read by httparse.
//!
//! httparse is laxer than this module; what it takes is checked for the rest. Whatever fails leaves the
//! input untouched for the byte-by-byte machine, which then finds the same fault at its place, after
//! the same events.

use std::mem::MaybeUninit;

use httparse::{Header, Request, Response, Status};

use super::error::Stop;
use super::input::Input;
use super::message::Special;
use super::parser::{Flow, Step};
use super::target::Target;
use super::{Events, Kind, Method, Parser, Version};

/// A head with more fields takes the long way.
const FIELDS: usize = 64;

type Slots<'a> = [MaybeUninit<Header<'a>>; FIELDS];

impl Parser {
    /// Reads a head if all of it is there and nothing is wrong with its syntax; `None` otherwise.
    pub(super) fn whole_head<E: Events>(
        &mut self,
        input: &mut Input<'_>,
        events: &mut E,
    ) -> Result<Option<Flow>, Stop<E::Error>> {
        match self.message.kind() {
            Kind::Request => self.whole_request_head(input, events),
            Kind::Response => self.whole_response_head(input, events),
        }
    }

    fn whole_request_head<E: Events>(
        &mut self,
        input: &mut Input<'_>,
        events: &mut E,
    ) -> Result<Option<Flow>, Stop<E::Error>> {
        let data = input.rest();
        let mut slots: Slots<'_> = [const { MaybeUninit::uninit() }; FIELDS];
        let mut head = Request::new(&mut []);
        let Ok(Status::Complete(size)) = head.parse_with_uninit_headers(data, &mut slots) else {
            return Ok(None);
        };
        let (Some(name), Some(target), Some(minor)) = (head.method, head.path, head.version) else {
            return Ok(None);
        };
        let method = Method::from_name(name.as_bytes());
        let Some(method) = method.filter(|&method| method.is_http() && method != Method::Pri) else {
            return Ok(None);
        };
        // "GET /target HTTP/1.1"
        let line = name.len() + 1 + target.len() + " HTTP/1.1".len();
        if !Target::is_valid(method, target.as_bytes()) || !self.is_strict(data, line, size, head.headers) {
            return Ok(None);
        }
        events.message_begin(&mut self.message).map_err(Stop::Events)?;
        self.message.method = method;
        events.target(&mut self.message, target.as_bytes()).map_err(Stop::Events)?;
        self.message.version = Version { major: 1, minor };
        self.whole_fields(data, size, head.headers, input, events).map(Some)
    }

    fn whole_response_head<E: Events>(
        &mut self,
        input: &mut Input<'_>,
        events: &mut E,
    ) -> Result<Option<Flow>, Stop<E::Error>> {
        let data = input.rest();
        let mut slots: Slots<'_> = [const { MaybeUninit::uninit() }; FIELDS];
        let mut head = Response::new(&mut []);
        let parsed =
            httparse::ParserConfig::default().parse_response_with_uninit_headers(&mut head, data, &mut slots);
        let (Ok(Status::Complete(size)), Some(minor), Some(status)) = (parsed, head.version, head.code)
        else {
            return Ok(None);
        };
        // "HTTP/1.1 200"; the reason is taken from the data, as httparse hides one that is not ASCII.
        let after_status = "HTTP/1.1 200".len();
        let rest = data.get(after_status..size).unwrap_or_default();
        let Some(length) = memchr::memchr2(b'\r', b'\n', rest) else { return Ok(None) };
        let reason = rest.get(..length).unwrap_or_default().strip_prefix(b" ");
        if !self.is_strict(data, after_status + length, size, head.headers) {
            return Ok(None);
        }
        events.message_begin(&mut self.message).map_err(Stop::Events)?;
        self.message.version = Version { major: 1, minor };
        self.message.status = status;
        if let Some(reason) = reason {
            events.reason(&mut self.message, reason).map_err(Stop::Events)?;
        }
        self.whole_fields(data, size, head.headers, input, events).map(Some)
    }

    /// Whether every line ends in CRLF and the limits are kept. `line` is where the start line ends, `size`
    /// where the head does. Gives the values the whitespace back that httparse takes off their ends.
    fn is_strict<'a>(&self, data: &'a [u8], line: usize, size: usize, headers: &mut [Header<'a>]) -> bool {
        let crlf = |at: usize| data.get(at..).is_some_and(|rest| rest.starts_with(b"\r\n"));
        size <= self.limits.head_size
            && headers.len() <= self.limits.fields
            && crlf(line)
            && crlf(size.saturating_sub(2))
            && headers.iter_mut().all(|header| match raw_value(data, header) {
                Some(value) => {
                    header.value = value;
                    true
                }
                None => false,
            })
    }

    /// Tells the fields and the end of a head of `size` bytes.
    fn whole_fields<E: Events>(
        &mut self,
        data: &[u8],
        size: usize,
        headers: &[Header<'_>],
        input: &mut Input<'_>,
        events: &mut E,
    ) -> Step<E> {
        for header in headers {
            if let Some(special) = Special::of(header.name.as_bytes())
                && let Err(fault) = self.message.field(special, header.value, false)
            {
                // Where the other way notices: at the line's LF.
                input.take(offset(data, header.value) + header.value.len() + 1);
                return Err(fault.into());
            }
            events.field(&mut self.message, header.name.as_bytes(), header.value).map_err(Stop::Events)?;
        }
        input.take(size);
        self.head_complete(events)
    }
}

/// Where in `data` a slice of it starts.
fn offset(data: &[u8], part: &[u8]) -> usize {
    part.as_ptr().addr().wrapping_sub(data.as_ptr().addr())
}

/// The value of a field with the whitespace after it; `None` if its line does not end in CRLF.
fn raw_value<'a>(data: &'a [u8], header: &Header<'_>) -> Option<&'a [u8]> {
    let colon = offset(data, header.name.as_bytes()) + header.name.len();
    let rest = data.get(colon..)?.strip_prefix(b":")?;
    let rest = match rest {
        [b' ', rest @ ..] if !matches!(rest.first(), Some(b' ' | b'\t')) => rest,
        _ => rest.get(rest.iter().position(|byte| !matches!(byte, b' ' | b'\t'))?..)?,
    };
    let mut length = header.value.len();
    loop {
        match rest.get(length..)? {
            [b'\r', b'\n', ..] => return rest.get(..length),
            [b' ' | b'\t', ..] => length += 1,
            _ => return None,
        }
    }
}
