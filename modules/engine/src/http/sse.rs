//! Server-Sent Events: a `text/event-stream` that arrives in pieces (WHATWG HTML, section 9.2.6).

use std::borrow::Cow;
use std::mem;

use bytes::{Buf, Bytes};
use memchr::memchr2;

/// How large one event may become by default, in bytes.
pub const DEFAULT_LIMIT: usize = 64 << 20;

/// May precede the first line of a stream, and is not part of it.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// One event of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// Its type; empty where the stream names none, which means `message`.
    pub event: String,
    /// Its data: the `data` lines, joined by line feeds.
    pub data: String,
    /// The last event ID of the stream: of this event, or of the latest one before it that had one.
    pub id: String,
    /// The time to wait before connecting again, in milliseconds.
    pub retry: Option<u64>,
}

/// An event that is larger than allowed. The rest of the stream cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server sent an event of more than {limit} bytes")]
pub struct EventTooLarge {
    /// How large one may be, in bytes.
    pub limit: usize,
}

/// Reads events over any split of a stream, each as soon as its blank line has begun.
///
/// The stream is UTF-8 whatever its headers say; what is not becomes U+FFFD. An event that no blank
/// line ends is never given: the stream was cut there.
///
/// The standard leaves it to the user agent what happens to an event without data. Browsers drop it;
/// here it is given if it has anything else, as `event: ping` and `retry: 5000` alone mean something
/// to programs.
#[derive(Debug)]
pub struct EventDecoder {
    limit: usize,
    /// What was fed and not yet looked at.
    rest: Bytes,
    /// The beginning of a line whose end has not come.
    line: Vec<u8>,
    /// The line before `rest` ended in CR: a LF that follows belongs to it.
    after_cr: bool,
    /// Whether the first line has passed.
    begun: bool,
    /// The event so far, its data with a line feed after each line; its `id` outlives it.
    next: Event,
    /// Whether `next` has anything to tell.
    filled: bool,
}

impl Default for EventDecoder {
    fn default() -> Self {
        Self::new(DEFAULT_LIMIT)
    }
}

impl EventDecoder {
    /// A decoder that refuses events of more than `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            rest: Bytes::new(),
            line: Vec::new(),
            after_cr: false,
            begun: false,
            next: Event::default(),
            filled: false,
        }
    }

    /// Takes the next piece of the stream.
    pub fn feed(&mut self, piece: Bytes) {
        self.rest =
            if self.rest.is_empty() { piece } else { [mem::take(&mut self.rest), piece].concat().into() };
    }

    /// The next event; `None` when another piece is needed.
    ///
    /// # Errors
    /// [`EventTooLarge`]; the decoder cannot be used afterwards.
    pub fn next_event(&mut self) -> Result<Option<Event>, EventTooLarge> {
        while let Some(line) = self.next_line()? {
            if !line.is_empty() {
                self.field(&line);
            } else if let Some(event) = self.dispatch() {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    /// The next complete line, without what ends it.
    fn next_line(&mut self) -> Result<Option<Bytes>, EventTooLarge> {
        if self.after_cr && self.rest.has_remaining() {
            self.after_cr = false;
            if self.rest.first() == Some(&b'\n') {
                self.rest.advance(1);
            }
        }
        let end = memchr2(b'\n', b'\r', &self.rest);
        let part = self.rest.split_to(end.unwrap_or(self.rest.len()));
        let size = [self.next.data.len(), self.line.len(), part.len()].iter().sum::<usize>();
        if size > self.limit {
            return Err(EventTooLarge { limit: self.limit });
        }
        if end.is_none() {
            self.line.extend_from_slice(&part);
            return Ok(None);
        }
        self.after_cr = self.rest.first() == Some(&b'\r');
        self.rest.advance(1);
        let mut line = if self.line.is_empty() {
            part
        } else {
            self.line.extend_from_slice(&part);
            mem::take(&mut self.line).into()
        };
        if !mem::replace(&mut self.begun, true) && line.starts_with(BYTE_ORDER_MARK) {
            line.advance(BYTE_ORDER_MARK.len());
        }
        Ok(Some(line))
    }

    /// Processes a line that is not empty.
    fn field(&mut self, line: &[u8]) {
        let colon = memchr::memchr(b':', line);
        let (name, value) = match colon.and_then(|at| line.split_at_checked(at)) {
            Some((name, value)) => (name, value.strip_prefix(b":").unwrap_or(value)),
            None => (line, &b""[..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"data" => {
                self.next.data.push_str(&text(value));
                self.next.data.push('\n');
                self.filled = true;
            }
            b"event" => {
                self.next.event = text(value).into_owned();
                self.filled |= !value.is_empty();
            }
            b"id" if !value.contains(&b'\0') => {
                self.next.id = text(value).into_owned();
                self.filled |= !value.is_empty();
            }
            b"retry" if !value.is_empty() && value.iter().all(u8::is_ascii_digit) => {
                // What does not fit is far beyond any wait.
                self.next.retry = Some(text(value).parse().unwrap_or(u64::MAX));
                self.filled = true;
            }
            // Comments, which have an empty name, and what the standard does not know.
            _ => {}
        }
    }

    /// What a blank line completes.
    fn dispatch(&mut self) -> Option<Event> {
        // The line feed of the last line.
        self.next.data.pop();
        if !mem::take(&mut self.filled) {
            self.next.event.clear();
            return None;
        }
        let next = Event { id: self.next.id.clone(), ..Event::default() };
        Some(mem::replace(&mut self.next, next))
    }
}

fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(event: &str, data: &str, id: &str, retry: Option<u64>) -> Event {
        Event { event: event.into(), data: data.into(), id: id.into(), retry }
    }

    fn message(data: &str) -> Event {
        event("", data, "", None)
    }

    fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Event> {
        let mut decoder = EventDecoder::default();
        let mut events = Vec::new();
        for piece in pieces {
            decoder.feed(Bytes::copy_from_slice(piece));
            while let Some(event) = decoder.next_event().expect("events of any size") {
                events.push(event);
            }
        }
        events
    }

    /// Streams, and the events in them.
    fn cases() -> Vec<(&'static [u8], Vec<Event>)> {
        vec![
            (b"", vec![]),
            (b"\n\n\r\n\r\r", vec![]),
            // The examples of the standard.
            (b"data: YH00\ndata: +2\ndata: 10\n\n", vec![message("YH00\n+2\n10")]),
            (
                b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
                vec![event("", "first event", "1", None), message("second event"), message(" third event")],
            ),
            (b"data\n\ndata\ndata\n\ndata:\n", vec![message(""), message("\n")]),
            (b"data:test\n\ndata: test\n\n", vec![message("test"), message("test")]),
            // Line ends, mixed.
            (b"data: a\r\n\r\ndata: b\r\rdata: c\n\n", vec![message("a"), message("b"), message("c")]),
            (b"data: a\ndata: b\r\ndata: c\rdata: d\r\n\n", vec![message("a\nb\nc\nd")]),
            (b"data: a\r\n\r", vec![message("a")]),
            ("data: a\u{2028}b\u{85}c\x0bd\n\n".as_bytes(), vec![message("a\u{2028}b\u{85}c\x0bd")]),
            // A byte order mark counts once, at the beginning.
            (b"\xef\xbb\xbfdata: a\n\n\xef\xbb\xbfdata: b\n\ndata: c\n\n", vec![message("a"), message("c")]),
            (b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\n", vec![]),
            (b"\xef\xbb\xbf\ndata: a\n\n", vec![message("a")]),
            // Colons and spaces.
            (b"data: a: b:\n\ndata : no\ndata:\tc\n\n", vec![message("a: b:"), message("\tc")]),
            (b":\n::\n: data: a\n\n", vec![]),
            (b"Data: a\n data: b\nother: c\nothe\n\n", vec![]),
            // The ID stays until another one comes; one with NUL does not count.
            (
                b"id: 1\ndata: a\n\ndata: b\nid: 2\0\n\nid: 3\n\nid:\ndata: c\n\n",
                vec![
                    event("", "a", "1", None),
                    event("", "b", "1", None),
                    event("", "", "3", None),
                    message("c"),
                ],
            ),
            (b"id: 1\ndata: a\n\n: still here\n\n\n", vec![event("", "a", "1", None)]),
            // The time to wait is digits only.
            (b"retry: 10000\n\n", vec![event("", "", "", Some(10_000))]),
            (
                "retry: 1667a\nretry: -1\nretry: +1\nretry:  1\nretry: 1_0\nretry: ١\nretry\nretry: \n\n".as_bytes(),
                vec![],
            ),
            (b"retry: 007\nretry: x\ndata\n\ndata\n\n", vec![event("", "", "", Some(7)), message("")]),
            (b"retry: 18446744073709551616\n\n", vec![event("", "", "", Some(u64::MAX))]),
            // Types belong to one event.
            (b"event: a\nevent: b\ndata: 1\n\ndata: 2\n\n", vec![event("b", "1", "", None), message("2")]),
            (b"event: ping\n\nevent\n\nevent: lost", vec![event("ping", "", "", None)]),
            // What is not UTF-8.
            (b"data: \xff\xe2\x82\ndata: \xe2\x82\xac\n\n", vec![message("\u{fffd}\u{fffd}\n\u{20ac}")]),
            (b"event: \xc3\ndata\n\n", vec![event("\u{fffd}", "", "", None)]),
            // Cut before the blank line.
            (b"data: a\n\ndata: b\n", vec![message("a")]),
            (b"data: a\n\ndata: b", vec![message("a")]),
        ]
    }

    #[test]
    fn every_split_gives_the_same() {
        for (stream, expected) in cases() {
            let text = String::from_utf8_lossy(stream);
            assert_eq!(decode([stream]), expected, "{text:?}");
            assert_eq!(decode(stream.chunks(1)), expected, "{text:?} by bytes");
            for at in 0..=stream.len() {
                let (head, tail) = stream.split_at(at);
                assert_eq!(decode([head, tail]), expected, "{text:?} at {at}");
                assert_eq!(decode([head, b"", tail]), expected, "{text:?} at {at}, with nothing between");
            }
        }
    }

    #[test]
    fn pieces_may_come_before_events_are_taken() {
        let mut decoder = EventDecoder::default();
        for piece in [&b"data: a\n"[..], b"\nda", b"ta: b\n\n"] {
            decoder.feed(Bytes::from_static(piece));
        }
        assert_eq!(decoder.next_event(), Ok(Some(message("a"))));
        decoder.feed(Bytes::from_static(b"data: c\n\n"));
        assert_eq!(decoder.next_event(), Ok(Some(message("b"))));
        assert_eq!(decoder.next_event(), Ok(Some(message("c"))));
        assert_eq!(decoder.next_event(), Ok(None));
    }

    #[test]
    fn an_event_does_not_wait_for_the_line_feed_after_its_carriage_return() {
        let mut decoder = EventDecoder::default();
        decoder.feed(Bytes::from_static(b"data: a\r\n\r"));
        assert_eq!(decoder.next_event(), Ok(Some(message("a"))));
        decoder.feed(Bytes::from_static(b"\ndata: b\n\n"));
        assert_eq!(decoder.next_event(), Ok(Some(message("b"))));
    }

    #[test]
    fn size_is_limited() {
        let too_large = Err(EventTooLarge { limit: 10 });
        let run = |pieces: &[&'static [u8]]| {
            let mut decoder = EventDecoder::new(10);
            let mut last = Ok(None);
            for piece in pieces {
                decoder.feed(Bytes::from_static(piece));
                last = decoder.next_event();
                if last.is_err() {
                    break;
                }
            }
            last
        };
        assert_eq!(run(&[b"data: 1234\n\n"]), Ok(Some(message("1234"))));
        assert_eq!(run(&[b"data: 12345\n\n"]), too_large);
        assert_eq!(run(&[b"data: 1", b"2345"]), too_large, "a line without end");
        assert_eq!(run(&[b"data: 12\n", b"data: 345\n", b"\n"]), too_large, "many lines");
        assert_eq!(run(&[b"data: 12\n", b"data:34\n", b"\n"]), Ok(Some(message("12\n34"))));
        assert_eq!(run(&[b":comments..", b"."]), too_large);
        assert_eq!(run(&[b"data: 1\n\n", b"data: 1\n\n", b"data: 2\n\n"]), Ok(Some(message("2"))));

        let mut decoder = EventDecoder::new(10);
        decoder.feed(Bytes::from_static(b"data: a\n\ndata: much too long\n\n"));
        assert_eq!(decoder.next_event(), Ok(Some(message("a"))), "what came before is good");
        assert_eq!(decoder.next_event(), too_large);
    }
}
