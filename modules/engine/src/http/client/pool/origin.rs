//! The connections to one origin.

use std::sync::Arc;

use bytes::Bytes;
use hyper::client::conn::http1::SendRequest;
use tokio::time::Instant;

use super::Shared;
use super::waiter::WaitQueue;
use crate::http::client::connect::Endpoints;
use crate::http::client::progress::Phase;
use crate::http::client::reqwest_client::ReqwestClient;
use crate::http::client::upload::RequestBody;

/// What connections are shared by: those to the same server under the same name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in super::super) struct Origin {
    pub(in super::super) secure: bool,
    pub(in super::super) host: String,
    pub(in super::super) port: u16,
    /// The name asked for in TLS, in place of the host.
    pub(in super::super) sni_hostname: Option<String>,
}

/// An HTTP/1.1 connection, for one exchange at a time.
#[derive(Debug)]
pub(in super::super) enum Http1 {
    Hyper { sender: SendRequest<RequestBody>, endpoints: Endpoints, forwards: bool },
    Reqwest(ReqwestClient),
}

impl Http1 {
    /// Whether it is known to be of no more use.
    pub(super) fn is_closed(&self) -> bool {
        match self {
            Self::Hyper { sender, .. } => sender.is_closed(),
            // It does not say.
            Self::Reqwest(_) => false,
        }
    }

    fn suits(&self, any: bool) -> bool {
        any || matches!(self, Self::Hyper { .. })
    }
}

/// An HTTP/2 connection, for any number of exchanges.
#[derive(Debug)]
pub(in super::super) struct Http2 {
    pub(in super::super) sender: h2::client::SendRequest<Bytes>,
    pub(in super::super) endpoints: Endpoints,
}

/// What is known of an HTTP/2 connection.
#[derive(Debug)]
pub(super) struct Http2Entry {
    pub(super) connection: Arc<Http2>,
    /// Streams in use.
    pub(super) open: usize,
    /// Streams that the peer allows; `None` until its SETTINGS have arrived.
    pub(super) limit: Option<usize>,
    /// Fewer, after it refused some all the same. One more each time that an answer is complete.
    pub(super) refused_limit: Option<usize>,
    /// Streams that were canceled.
    pub(super) canceled: usize,
    /// Whether it takes no further exchanges.
    pub(super) is_closing: bool,
    /// Whether it takes up a slot, as it does while streams are open.
    pub(super) has_slot: bool,
    /// Whether an exchange was answered.
    pub(super) has_served: bool,
    pub(super) idle_since: Instant,
}

impl Http2Entry {
    pub(super) fn has_room(&self) -> bool {
        let allowed = self.limit.unwrap_or(1);
        let limit = self.refused_limit.map_or(allowed, |refused| refused.min(allowed));
        !self.is_closing && self.open < limit
    }
}

/// An HTTP/1.1 connection that nobody uses.
#[derive(Debug)]
pub(super) struct Idle {
    pub(super) connection: Http1,
    pub(super) since: Instant,
}

/// The protocol that an origin speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Protocol {
    /// Known once a connection stands.
    #[default]
    Unknown,
    Http1,
    Http2,
}

/// The connections to one origin, and who waits for one.
#[derive(Debug, Default)]
pub(super) struct Connections {
    pub(super) protocol: Protocol,
    /// The one used last at the end.
    pub(super) idle: Vec<Idle>,
    /// HTTP/1.1 connections in use.
    pub(super) http1_in_use: usize,
    /// Those of reqwest that are on their way back to its client.
    pub(super) returning: usize,
    pub(super) http2: Vec<Http2Entry>,
    /// Connections that are being made.
    pub(super) dialing: usize,
    pub(super) waiters: WaitQueue,
    /// What they were told that they wait for.
    pub(super) waiting_for: Option<Phase>,
    /// Those who make a connection and would take one that becomes idle meanwhile.
    pub(super) dialers: WaitQueue,
}

impl Connections {
    /// Of those to an origin with which HTTP/2 may be spoken or not.
    pub(super) fn new(shared: &Shared, origin: &Origin) -> Self {
        let protocol = match (shared.http2, shared.prior_knowledge, origin.secure) {
            (true, true, _) => Protocol::Http2,
            (true, false, true) => Protocol::Unknown,
            _ => Protocol::Http1,
        };
        Self { protocol, ..Self::default() }
    }

    pub(super) fn is_unused(&mut self) -> bool {
        let has_none = self.idle.is_empty() && self.http2.is_empty();
        let none_comes = self.http1_in_use == 0 && self.returning == 0 && self.dialing == 0;
        has_none && none_comes && self.waiters.is_empty()
    }

    /// Whether a connection may be made beside those that there are.
    pub(super) fn may_dial(&self, max_http2: Option<usize>) -> bool {
        let usable = self.http2.iter().filter(|entry| !entry.is_closing);
        let (usable, all_known) = (usable.clone().count(), usable.clone().all(|entry| entry.limit.is_some()));
        match self.protocol {
            Protocol::Http1 => true,
            // The others wait for what it turns out to speak.
            Protocol::Unknown => self.dialing == 0,
            Protocol::Http2 => {
                self.dialing == 0 && all_known && max_http2.is_none_or(|max| usable < max.max(1))
            }
        }
    }

    /// Whether what comes of a connection that is being made is waited for, rather than an end of what
    /// goes on.
    pub(super) fn awaits_dial(&self) -> bool {
        self.dialing > 0 && self.http2.iter().all(|entry| entry.is_closing)
    }

    pub(super) fn entry(&mut self, connection: &Arc<Http2>) -> Option<&mut Http2Entry> {
        self.http2.iter_mut().find(|entry| Arc::ptr_eq(&entry.connection, connection))
    }

    /// The idle connection used last, if any suits. Those that are found to be of no more use on the
    /// way there are `dropped`.
    pub(super) fn find_idle(
        &mut self,
        any: bool,
        is_over: impl Fn(Instant) -> bool,
        dropped: &mut Vec<Http1>,
    ) -> Option<usize> {
        loop {
            let at = self.idle.iter().rposition(|idle| idle.connection.suits(any))?;
            let idle = self.idle.get(at)?;
            if !idle.connection.is_closed() && !is_over(idle.since) {
                return Some(at);
            }
            dropped.push(self.idle.remove(at).connection);
        }
    }
}
