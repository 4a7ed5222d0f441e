//! From the errors of the layers below to ours.

use std::error::Error as StdError;
use std::io;

use rustls::CertificateError;

use super::progress::Progress;
use crate::error::{Error, ErrorKind, Resend};

/// Why a request that reqwest carried failed before the head of its response. `reused` says whether
/// its connection had served before.
pub(super) fn of_reqwest(error: reqwest::Error, progress: &Progress, reused: bool) -> Error {
    let stage = if error.is_connect() { Stage::Connecting } else { Stage::of(progress) };
    let resend = resend_if_gone(&error, stage, reused);
    classify(&error, stage).with_source(error.without_url()).with_resend(resend)
}

/// The same, over an HTTP/1 connection of the pool. `unsent` says whether nothing of it was sent.
pub(super) fn of_http1(error: hyper::Error, progress: &Progress, reused: bool, unsent: bool) -> Error {
    let stage = Stage::of(progress);
    let resend = if unsent && reused { Resend::Always } else { resend_if_gone(&error, stage, reused) };
    classify(&error, stage).with_source(error).with_resend(resend)
}

/// The same, over a stream of an HTTP/2 connection.
pub(super) fn of_http2(error: h2::Error, progress: &Progress, reused: bool) -> Error {
    let stage = Stage::of(progress);
    // Streams above the last one that a GOAWAY names end with it; they were not processed, and
    // neither was one that was refused (RFC 9113 section 8.7).
    let is_refusal = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
    let resend = if error.is_remote() && (error.is_go_away() || is_refusal) {
        Resend::Always
    } else {
        resend_if_gone(&error, stage, reused)
    };
    classify(&error, stage).with_source(error).with_resend(resend)
}

/// Why a connection that was being set up, or handed over, broke.
pub(super) fn of_exchange(error: impl StdError + Send + Sync + 'static) -> Error {
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
pub(super) fn of_body(error: impl StdError + Send + Sync + 'static, state: BodyState) -> Error {
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
    Error::new(kind, message).with_source(error)
}

/// Why the body of a response over HTTP/2 broke off: its stream was reset, or its connection ended,
/// before the end was marked.
pub(super) fn of_http2_body(error: h2::Error, state: BodyState) -> Error {
    if !is_disconnect(&error) {
        return of_body(error, state);
    }
    let BodyState { received, expected } = state;
    let expected = expected.map_or_else(String::new, |expected| format!(", expected {expected}"));
    let how = format!("received {received} bytes{expected}");
    let message = format!("peer closed connection without sending complete message body ({how})");
    Error::new(ErrorKind::RemoteProtocolError, message).with_source(error)
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
        if let Some(io) = error.downcast_ref::<h2::Error>().and_then(h2::Error::get_io) {
            return Some(io as &(dyn StdError + 'static));
        }
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
        let number = error.raw_os_error().or_else(|| number_of(error))?;
        let error = io::Error::from_raw_os_error(number);
        let text = error.to_string();
        let text = text.split(" (os error").next().unwrap_or(&text);
        Some(format!("[Errno {number}] {text}"))
    })
}

/// The number of an error of which h2 has kept the kind only. Those of its own come with a text.
fn number_of(error: &io::Error) -> Option<i32> {
    if error.get_ref().is_some() {
        return None;
    }
    match error.kind() {
        io::ErrorKind::ConnectionReset => Some(libc::ECONNRESET),
        io::ErrorKind::BrokenPipe => Some(libc::EPIPE),
        io::ErrorKind::ConnectionAborted => Some(libc::ECONNABORTED),
        io::ErrorKind::TimedOut => Some(libc::ETIMEDOUT),
        _ => None,
    }
}

/// Whether the peer went away: properly, or in the middle of something.
fn is_disconnect(error: &(dyn StdError + 'static)) -> bool {
    causes(error).any(|cause| {
        let hyper = cause.downcast_ref::<hyper::Error>();
        let io = cause.downcast_ref::<io::Error>();
        hyper.is_some_and(|e| e.is_incomplete_message() || e.is_canceled() || e.is_closed())
            || io.is_some_and(|e| e.kind() == io::ErrorKind::UnexpectedEof || is_end_of_http2(e))
    })
}

/// How h2 says that a connection ended below one of its streams.
fn is_end_of_http2(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe && error.get_ref().is_some()
}

/// A connection that had served before and was gone when it was to serve again.
fn resend_if_gone(error: &(dyn StdError + 'static), stage: Stage, reused: bool) -> Resend {
    let gone = stage != Stage::Connecting && reused && (is_disconnect(error) || is_reset(error));
    if gone { Resend::IfIdempotent } else { Resend::Never }
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
