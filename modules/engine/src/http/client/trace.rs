//! Events of an exchange as they happen, named as httpcore names them.
//!
//! An event's name is `<scope>.<operation>.<stage>`, the stage one of `started`, `complete` and
//! `failed`. What each tells when it starts:
//!
//! | scope | operation | facts |
//! |---|---|---|
//! | `connection` | `connect_tcp` | `host`, `port`, `local_address`, `timeout` |
//! | | `connect_unix_socket` | `path`, `timeout` |
//! | | `start_tls` | `server_hostname`, `timeout` |
//! | | `retry` | `delay` |
//! | `proxy` | `start_tls` | as above, within the tunnel |
//! | `socks` | `connect_tcp`, `setup_socks5_connection`, `start_tls` | `host`, `port`; as above |
//! | `http11`, `http2` | `send_request_headers`, `send_request_body`, `receive_response_headers`, `receive_response_body`, `response_closed` | none |
//!
//! What fails tells its `exception`, a text. `receive_response_headers` completes with `http_version`
//! (over HTTP/1), `status`, `reason_phrase` (over HTTP/1) and `headers`. A CONNECT to an HTTP proxy
//! is an `http11` exchange of its own.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::Headers;
use crate::error::{Error, Result};

/// One step of an exchange.
#[derive(Clone, Debug)]
pub struct Event {
    /// `http11`, `connection`...
    pub scope: &'static str,
    /// `send_request_headers`, `connect_tcp`...
    pub operation: &'static str,
    /// How far it has come.
    pub stage: Stage,
    /// What is known of it, by name.
    pub facts: Vec<(&'static str, Fact)>,
}

impl Event {
    /// The event's name, such as `connection.connect_tcp.started`.
    pub fn name(&self) -> String {
        format!("{}.{}.{}", self.scope, self.operation, self.stage.name())
    }
}

/// How far a step has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It begins.
    Started,
    /// It succeeded.
    Complete,
    /// It failed.
    Failed,
}

impl Stage {
    fn name(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Complete => "complete",
            Self::Failed => "failed",
        }
    }
}

/// Something known of a step.
#[derive(Clone, Debug)]
pub enum Fact {
    /// Known to be absent, such as a timeout that was not set.
    Nothing,
    /// A text.
    Text(String),
    /// Bytes off the wire.
    Bytes(Bytes),
    /// A number.
    Integer(i64),
    /// A time span.
    Span(Duration),
    /// Header fields.
    Headers(Headers),
}

/// Where the events of an exchange go. They are pushed when they happen, from whichever thread.
#[derive(Clone, Debug)]
pub struct Trace {
    events: mpsc::UnboundedSender<Event>,
}

/// The events of an exchange, in order; `None` after the last one, once the exchange and its
/// response are gone.
pub type Events = mpsc::UnboundedReceiver<Event>;

impl From<Option<Duration>> for Fact {
    fn from(span: Option<Duration>) -> Self {
        span.map_or(Self::Nothing, Self::Span)
    }
}

impl From<&str> for Fact {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl Trace {
    /// A trace and its events.
    pub fn new() -> (Self, Events) {
        let (events, receiver) = mpsc::unbounded_channel();
        (Self { events }, receiver)
    }

    /// Something happened.
    pub(super) fn push(&self, event: Event) {
        // Nobody has to listen.
        let _ = self.events.send(event);
    }
}

/// Does one step of an exchange, telling `trace` of its start and its end.
///
/// # Errors
/// Those of `work`.
pub(super) async fn step<T>(
    trace: Option<&Trace>,
    scope: &'static str,
    operation: &'static str,
    facts: impl FnOnce() -> Vec<(&'static str, Fact)>,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let Some(trace) = trace else { return work.await };
    trace.push(Event { scope, operation, stage: Stage::Started, facts: facts() });
    let outcome = work.await;
    trace.push(match &outcome {
        Ok(_) => Event { scope, operation, stage: Stage::Complete, facts: Vec::new() },
        Err(error) => failed(scope, operation, error),
    });
    outcome
}

/// The event of a step that came to an end with `error`.
pub(super) fn failed(scope: &'static str, operation: &'static str, error: &Error) -> Event {
    let facts = vec![("exception", Fact::Text(error.message().to_owned()))];
    Event { scope, operation, stage: Stage::Failed, facts }
}

/// Tells of a response body, and of the end of its exchange.
#[derive(Debug)]
pub(super) struct BodyTrace {
    trace: Trace,
    scope: &'static str,
    begun: bool,
    ended: bool,
}

impl BodyTrace {
    const OPERATION: &'static str = "receive_response_body";

    pub(super) fn new(trace: Trace, http2: bool) -> Self {
        Self { trace, scope: if http2 { "http2" } else { "http11" }, begun: false, ended: false }
    }

    fn push(&self, operation: &'static str, stage: Stage) {
        self.trace.push(Event { scope: self.scope, operation, stage, facts: Vec::new() });
    }

    /// Somebody reads the body.
    pub(super) fn begin(&mut self) {
        if !self.begun {
            self.begun = true;
            self.push(Self::OPERATION, Stage::Started);
        }
    }

    /// What the reader was given: a piece or not, or an error.
    pub(super) fn handed_out(&mut self, piece: Result<bool, &Error>) {
        self.begin();
        match piece {
            Ok(true) => {}
            _ if self.ended => {}
            Ok(false) => {
                self.push(Self::OPERATION, Stage::Complete);
                self.close();
            }
            Err(error) => {
                self.trace.push(failed(self.scope, Self::OPERATION, error));
                self.close();
            }
        }
    }

    fn close(&mut self) {
        if !self.ended {
            self.ended = true;
            self.push("response_closed", Stage::Started);
            self.push("response_closed", Stage::Complete);
        }
    }
}

impl Drop for BodyTrace {
    fn drop(&mut self) {
        self.close();
    }
}
