//! Telling a trace how far an exchange has come.
//!
//! hyper does not say when a head has left, but it takes the request body when it writes the head,
//! asks it for data afterwards, and drops it when it has been sent.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{Response, Version};
use hyper::ext::ReasonPhrase;

use super::response::fields;
use super::trace::{Event, Fact, Stage, Trace, failed};
use crate::error::{Error, Result};

/// The steps of an exchange over a connection, in order.
const STEPS: [&str; 3] = ["send_request_headers", "send_request_body", "receive_response_headers"];
const BODY: usize = 1;
const RESPONSE: usize = 2;

/// How far an exchange has come, and who is told.
#[derive(Clone, Debug)]
pub(super) struct ExchangeTrace {
    shared: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    trace: Trace,
    /// The protocol, once there is a connection to speak it on.
    scope: Option<&'static str>,
    /// The step that is being done, and the one that was told last.
    step: usize,
    told: usize,
}

impl State {
    fn push(&self, operation: &'static str, stage: Stage, facts: Vec<(&'static str, Fact)>) {
        if let Some(scope) = self.scope {
            self.trace.push(Event { scope, operation, stage, facts });
        }
    }

    fn tell(&mut self) {
        while self.scope.is_some() && self.told < self.step {
            let [done, begun] = [self.told, self.told + 1].map(|step| STEPS.get(step).copied());
            self.push(done.unwrap_or_default(), Stage::Complete, Vec::new());
            self.push(begun.unwrap_or_default(), Stage::Started, Vec::new());
            self.told += 1;
        }
    }
}

impl ExchangeTrace {
    pub(super) fn new(trace: Trace) -> Self {
        Self { shared: Arc::new(Mutex::new(State { trace, scope: None, step: 0, told: 0 })) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// There is a connection, and the head is on its way.
    pub(super) fn begin(&self, scope: &'static str) {
        let mut state = self.state();
        if state.scope.is_none() {
            state.scope = Some(scope);
            state.push(STEPS[0], Stage::Started, Vec::new());
            state.tell();
        }
    }

    fn reach(&self, step: usize) {
        let mut state = self.state();
        state.step = state.step.max(step);
        state.tell();
    }

    /// The head has left, and the body is being sent.
    pub(super) fn sending_body(&self) {
        self.reach(BODY);
    }

    /// The body has been sent, or given up.
    pub(super) fn awaiting_response(&self) {
        self.reach(RESPONSE);
    }

    /// There is a response, or there will be none.
    pub(super) fn ended<T>(&self, outcome: &Result<Response<T>>) {
        match outcome {
            Ok(response) => self.answered(response),
            Err(error) => self.failed(error),
        }
    }

    /// There is a response.
    pub(super) fn answered<T>(&self, response: &Response<T>) {
        self.reach(RESPONSE);
        let mut facts = Vec::new();
        if response.version() != Version::HTTP_2 {
            let version = if response.version() == Version::HTTP_10 { "HTTP/1.0" } else { "HTTP/1.1" };
            let reason = response.extensions().get::<ReasonPhrase>().map(ReasonPhrase::as_bytes);
            let reason = reason.or_else(|| response.status().canonical_reason().map(str::as_bytes));
            facts.push(("http_version", Fact::Bytes(version.into())));
            facts.push(("reason_phrase", Fact::Bytes(Bytes::copy_from_slice(reason.unwrap_or_default()))));
        }
        facts.push(("status", Fact::Integer(response.status().as_u16().into())));
        facts.push(("headers", Fact::Headers(fields(response.headers()))));
        self.state().push(STEPS[RESPONSE], Stage::Complete, facts);
    }

    /// There will be no response.
    pub(super) fn failed(&self, error: &Error) {
        let state = self.state();
        let (Some(scope), Some(step)) = (state.scope, STEPS.get(state.told)) else { return };
        state.trace.push(failed(scope, step, error));
        state.push("response_closed", Stage::Started, Vec::new());
        state.push("response_closed", Stage::Complete, Vec::new());
    }
}
