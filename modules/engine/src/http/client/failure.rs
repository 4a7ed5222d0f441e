//! From the errors of the layers below to ours.

use std::error::Error as StdError;
use std::io;

use hyper_util::client::legacy;
use rustls::CertificateError;

use super::direct::Endpoints;
use super::progress::Progress;
use crate::error::{Error, ErrorKind};

/// Why a request failed before the head of its response.
pub(super) fn of_request(error: reqwest::Error, progress: &Progress) -> Error {
    let stage = if error.is_connect() {
        Stage::Connecting
    } else if error.is_builder() {
        Stage::Building
    } else {
        Stage::of(progress)
    };
    let is_old = is_stale(&error, stage, progress);
    if let (Stage::Building, Some(host)) = (stage, error.url().and_then(reqwest::Url::host_str)) {
        let message = format!("Invalid host in the request's URL: '{host}'");
        return Error::new(ErrorKind::InvalidUrl, message).with_source(error.without_url());
    }
    classify(&error, stage).with_source(error.without_url()).on_stale_connection(is_old)
}

/// The same, for a pool of our own making.
pub(super) fn of_client(error: legacy::Error, progress: &Progress) -> Error {
    let stage = if error.is_connect() { Stage::Connecting } else { Stage::of(progress) };
    let is_old = is_stale(&error, stage, progress);
    classify(&error, stage).with_source(error).on_stale_connection(is_old)
}

/// The same, for a connection of its own.
pub(super) fn of_lone(error: hyper::Error, progress: &Progress) -> Error {
    classify(&error, Stage::of(progress)).with_source(error)
}

/// Why a connection that was being set up, or handed over, broke.
pub(super) fn of_exchange(error: hyper::Error) -> Error {
    classify(&error, Stage::Receiving).with_source(error)
}

/// Why a connection could not be made.
pub(super) fn of_connecting(error: impl StdError + Send + Sync + 'static) -> Error {
    classify(&error, Stage::Connecting).with_source(error)
}

/// Why a connection could not be read from, or written to.
pub(super) fn of_io(error: io::Error, kind: ErrorKind) -> Error {
    let message = os_text(&error).unwrap_or_else(|| error.to_string());
    Error::new(kind, message).with_source(error)
}

/// How far a request had come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Building,
    Connecting,
    Sending,
    Receiving,
}

impl Stage {
    fn of(progress: &Progress) -> Self {
        if progress.is_upload_unfinished() { Self::Sending } else { Self::Receiving }
    }
}

fn classify(error: &(dyn StdError + 'static), stage: Stage) -> Error {
    let (kind, message) = if let Some(own) = find::<Error>(error) {
        (own.kind(), own.message().to_owned())
    } else if stage == Stage::Connecting {
        (ErrorKind::ConnectError, of_connection(error))
    } else if stage == Stage::Building {
        (ErrorKind::InvalidUrl, root(error).to_string())
    } else if let Some(message) = os_text(error) {
        (if stage == Stage::Sending { ErrorKind::WriteError } else { ErrorKind::ReadError }, message)
    } else if let Some(tls) = find::<rustls::Error>(error) {
        (ErrorKind::ReadError, tls_text(tls))
    } else if is_disconnect(error) {
        (ErrorKind::RemoteProtocolError, "Server disconnected without sending a response.".to_owned())
    } else {
        (ErrorKind::RemoteProtocolError, detail(error))
    };
    Error::new(kind, message)
}

/// How a response body was cut off.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyState {
    pub(super) expected: Option<u64>,
    pub(super) received: u64,
}

/// Why a response body broke off.
pub(super) fn of_body(error: reqwest::Error, state: BodyState) -> Error {
    let (kind, message) = if let Some(own) = find::<Error>(&error) {
        (own.kind(), own.message().to_owned())
    } else if let Some(message) = os_text(&error) {
        (ErrorKind::ReadError, message)
    } else if let Some(tls) = find::<rustls::Error>(&error) {
        (ErrorKind::ReadError, tls_text(tls))
    } else if is_disconnect(&error) {
        let how = match state.expected {
            Some(expected) => format!("received {} bytes, expected {expected}", state.received),
            None => "incomplete chunked read".to_owned(),
        };
        let message = format!("peer closed connection without sending complete message body ({how})");
        (ErrorKind::RemoteProtocolError, message)
    } else {
        (ErrorKind::RemoteProtocolError, detail(&error))
    };
    Error::new(kind, message).with_source(error.without_url())
}

fn of_connection(error: &(dyn StdError + 'static)) -> String {
    if let Some(tls) = find::<rustls::Error>(error) {
        return tls_text(tls);
    }
    if let Some(message) = os_text(error) {
        return message;
    }
    if is_disconnect(error) {
        return "the server closed the connection while it was being set up".to_owned();
    }
    root(error).to_string()
}

/// The causes of an error, itself first. Unlike `source()` it also looks into `io::Error`, which
/// passes over the error that it wraps.
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| {
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map(|wrapped| wrapped as &(dyn StdError + 'static)).or_else(|| error.source())
    })
}

fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

fn root<'a>(error: &'a (dyn StdError + 'static)) -> &'a (dyn StdError + 'static) {
    causes(error).last().unwrap_or(error)
}

/// The error of the operating system, as Python writes it.
pub(super) fn os_text(error: &(dyn StdError + 'static)) -> Option<String> {
    causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).find_map(|error| {
        let number = error.raw_os_error()?;
        let text = error.to_string();
        let text = text.split(" (os error").next().unwrap_or(&text);
        Some(format!("[Errno {number}] {text}"))
    })
}

/// Whether the peer went away: properly, or in the middle of something.
fn is_disconnect(error: &(dyn StdError + 'static)) -> bool {
    causes(error).any(|cause| {
        let hyper = cause.downcast_ref::<hyper::Error>();
        let io = cause.downcast_ref::<io::Error>();
        hyper.is_some_and(|e| e.is_incomplete_message() || e.is_canceled() || e.is_closed())
            || io.is_some_and(|e| e.kind() == io::ErrorKind::UnexpectedEof)
    })
}

/// Whether a connection of the pool was closed by the peer before it could serve another request.
fn is_stale(error: &(dyn StdError + 'static), stage: Stage, progress: &Progress) -> bool {
    let is_request = matches!(stage, Stage::Sending | Stage::Receiving);
    let used = find::<legacy::Error>(error).and_then(legacy::Error::connect_info);
    let served_before = used.is_some_and(|used| !progress.has_made(Endpoints::of_connected(used)));
    is_request && served_before && (is_disconnect(error) || is_reset(error))
}

/// Whether the peer, or the system, cut the connection.
fn is_reset(error: &(dyn StdError + 'static)) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected};

    causes(error)
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|error| matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected))
}

/// What a layer below says about a message that it could not read.
fn detail(error: &(dyn StdError + 'static)) -> String {
    let told = causes(error).filter(|cause| cause.downcast_ref::<reqwest::Error>().is_none());
    told.last().unwrap_or(error).to_string()
}

/// A TLS failure in the shape in which Python's `ssl` reports it.
fn tls_text(error: &rustls::Error) -> String {
    let rustls::Error::InvalidCertificate(reason) = error else {
        return format!("[SSL] {error}");
    };
    let reason = match reason {
        CertificateError::UnknownIssuer => "unable to get local issuer certificate".to_owned(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "certificate has expired".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "certificate is not yet valid".to_owned()
        }
        CertificateError::NotValidForName => "Hostname mismatch".to_owned(),
        CertificateError::NotValidForNameContext { expected, .. } => {
            format!("Hostname mismatch, certificate is not valid for '{}'", expected.to_str())
        }
        other => other.to_string(),
    };
    format!("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {reason}")
}
