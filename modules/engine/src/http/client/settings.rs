//! How connections behave, whoever makes them: one place for reqwest, hyper and h2.

use std::net::IpAddr;
use std::time::Duration;

use hyper::client::conn::http1;

use super::config::TransportConfig;

/// Header fields of a response, at most, over either version. Room for them is made for every
/// HTTP/1 response.
pub(super) const MAX_FIELDS: usize = 256;

/// The largest response head in bytes: what hyper reads of an HTTP/1 head, and what an HTTP/2 peer is
/// told as `SETTINGS_MAX_HEADER_LIST_SIZE`.
pub(super) const MAX_HEAD: u32 = 8 * 1024 + 100 * 4 * 1024;

/// A peer may be slow for as long as the timeouts say. What this one ends is an upload that a response
/// made pointless, to a peer that neither reads it nor hangs up.
pub(super) const USER_TIMEOUT: Duration = Duration::from_mins(10);

/// What an HTTP/2 peer may send of one response before it is read.
const STREAM_WINDOW: u32 = 2 << 20;

/// The same for all responses of a connection: so much that one that is not read never holds up others.
const CONNECTION_WINDOW: u32 = 1 << 30;

/// How many streams a peer allows until its SETTINGS say so: a number that they cannot say.
pub(super) const UNKNOWN_LIMIT: usize = usize::MAX - 1;

/// Streams that were canceled and are remembered, so that what their peer had sent by then is ignored.
const MAX_REMEMBERED_RESETS: usize = 16 * 1024;

/// How long they are remembered.
const REMEMBER_RESETS: Duration = Duration::from_secs(30);

/// After so many canceled streams a connection takes no further ones.
pub(super) const MAX_CANCELED_STREAMS: usize = 64 * 1024;

/// What HTTP/1 connections have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct HttpSettings {
    local_address: Option<IpAddr>,
}

impl HttpSettings {
    pub(super) fn of(config: &TransportConfig) -> Self {
        Self { local_address: config.local_address }
    }

    /// For a reqwest client.
    pub(super) fn apply(self, builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
        builder
            .http1_only()
            .http1_title_case_headers()
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .http1_max_headers(MAX_FIELDS)
            .tcp_nodelay(true)
            .tcp_user_timeout(USER_TIMEOUT)
            .tcp_keepalive(None)
            .local_address(self.local_address)
    }
}

/// The same for a connection that hyper is given.
pub(super) fn http1() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .title_case_headers(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .max_headers(MAX_FIELDS);
    builder
}

/// For an HTTP/2 connection.
pub(super) fn http2() -> h2::client::Builder {
    let mut builder = h2::client::Builder::new();
    builder
        .enable_push(false)
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(MAX_HEAD)
        .initial_max_send_streams(UNKNOWN_LIMIT)
        .max_concurrent_reset_streams(MAX_REMEMBERED_RESETS)
        .reset_stream_duration(REMEMBER_RESETS)
        // Twice what a connection is used for: canceling never ends it for others.
        .max_local_error_reset_streams(Some(2 * MAX_CANCELED_STREAMS));
    builder
}
