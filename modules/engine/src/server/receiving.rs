//! What arrives: heads are collected and checked, bodies passed on.

use std::collections::VecDeque;
use std::mem;

use super::connection::Event;
use super::head::RequestHead;
use super::limits::Limits;
use super::refusal::Refusal;
use crate::http1::{Body, Events, Message};

/// The receiver of the parser's events.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Receiving {
    pub(super) limits: Limits,
    pub(super) events: VecDeque<Event>,
    /// The head that is being read.
    head: RequestHead,
    /// Whether its target was read.
    pub(super) after_target: bool,
    /// Whether a head was read, and its message not yet to its end.
    pub(super) in_body: bool,
    /// Whether the current body is discarded.
    pub(super) discarding: bool,
    /// Bytes of the current body so far.
    pub(super) body_size: u64,
    /// Bytes of bodies that were discarded since it began.
    pub(super) discarded: u64,
    /// The limit of requests leaves no other after this one.
    pub(super) last: bool,
}

impl Receiving {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            events: VecDeque::new(),
            head: RequestHead::default(),
            after_target: false,
            in_body: false,
            discarding: false,
            body_size: 0,
            discarded: 0,
            last: false,
        }
    }
}

impl Events for Receiving {
    type Error = Refusal;

    fn message_begin(&mut self, _: &mut Message) -> Result<(), Refusal> {
        self.head = RequestHead::default();
        self.after_target = false;
        Ok(())
    }

    fn target(&mut self, message: &mut Message, target: &[u8]) -> Result<(), Refusal> {
        let line = message.method().name().len() + target.len() + "  HTTP/1.1".len();
        if line > self.limits.request_line {
            return Err(Refusal::new(414, "Request line is too long"));
        }
        self.after_target = true;
        self.head.method = message.method();
        self.head.set_target(target);
        Ok(())
    }

    fn field(&mut self, _: &mut Message, name: &[u8], value: &[u8]) -> Result<(), Refusal> {
        // Trailers are not merged into the head (RFC 9110 section 6.5.1).
        if !self.in_body {
            self.head.add_field(name, value);
        }
        Ok(())
    }

    fn head_complete(&mut self, message: &mut Message) -> Result<Body, Refusal> {
        let mut head = mem::take(&mut self.head);
        head.version = message.version();
        head.content_length = message.content_length();
        head.chunked = message.is_chunked();
        head.keep_alive = message.keep_alive() && !self.last;
        head.upgrade = message.upgrade() && message.version() >= crate::http1::Version::HTTP_11;
        head.check(message.host_count())?;
        self.in_body = true;
        self.discarding = false;
        self.body_size = 0;
        self.events.push_back(Event::Request(Box::new(head)));
        Ok(Body::AsFramed)
    }

    fn body(&mut self, _: &mut Message, piece: &[u8]) -> Result<(), Refusal> {
        self.body_size = self.body_size.saturating_add(piece.len() as u64);
        if self.discarding {
            self.discarded = self.discarded.saturating_add(piece.len() as u64);
        } else if let Some(Event::Body(last)) = self.events.back_mut() {
            last.extend_from_slice(piece);
        } else {
            self.events.push_back(Event::Body(piece.to_vec()));
        }
        Ok(())
    }

    fn message_complete(&mut self, _: &mut Message) -> Result<(), Refusal> {
        self.in_body = false;
        if !self.discarding {
            self.events.push_back(Event::End);
        }
        Ok(())
    }
}
