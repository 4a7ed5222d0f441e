//! Exchanges over an HTTP/2 connection, by h2 (RFC 9113).

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::client::ResponseFuture;
use h2::{RecvStream, SendStream};
use http::{Request, Response};

use super::connect::Connection;
use super::exchange_trace::ExchangeTrace;
use super::failure;
use super::pool::{DialPermit, Http2, Http2Lease, Watch};
use super::progress::Progress;
use super::settings::{self, MAX_FIELDS, UNKNOWN_LIMIT};
use super::upload::{Payload, Upload};
use crate::error::{Error, ErrorKind, Resend, Result};

type Driver = h2::client::Connection<Connection, Bytes>;

/// Speaks HTTP/2 over `connection`, which is served by a task of its own until it ends.
///
/// # Errors
/// h2's.
pub(super) async fn start(connection: Connection, permit: DialPermit) -> Result<Http2Lease> {
    let endpoints = connection.endpoints();
    let (sender, driver) = settings::http2().handshake(connection).await.map_err(failure::of_exchange)?;
    let connection = Arc::new(Http2 { sender, endpoints });
    let task = drive(driver, Arc::downgrade(&connection), permit.watch());
    let lease = permit.into_http2(&connection);
    tokio::spawn(task);
    Ok(lease)
}

/// Serves a connection, and tells the pool what its peer allows.
async fn drive(mut driver: Driver, connection: Weak<Http2>, watch: Watch) {
    let (mut limit, mut is_closing) = (UNKNOWN_LIMIT, false);
    // Its errors are told to the exchanges that they concern.
    let _ = poll_fn(|cx| {
        let end = Pin::new(&mut driver).poll(cx);
        let allowed = driver.max_concurrent_send_streams();
        if let Some(connection) = connection.upgrade().filter(|_| !is_closing) {
            if allowed != limit {
                limit = allowed;
                watch.limit_is(&connection, limit);
            }
            // After a GOAWAY it is ready for nothing.
            if end.is_ready() || matches!(connection.sender.clone().poll_ready(cx), Poll::Ready(Err(_))) {
                is_closing = true;
                watch.is_closing(&connection);
            }
        }
        end
    })
    .await;
}

/// A response, and what is left of its request.
pub(super) struct Answer {
    pub(super) response: Response<RecvStream>,
    /// The way of a request body that the response made pointless.
    pub(super) rest: Option<SendStream<Bytes>>,
}

/// Sends a request and waits for the head of its response; if that is a success, for the end of the
/// request body too.
///
/// # Errors
/// Every kind of the network but those of connecting, and what the source of the body fails with.
pub(super) async fn send(
    lease: &mut Http2Lease,
    request: Request<()>,
    payload: Payload,
    progress: &Arc<Progress>,
    trace: Option<&ExchangeTrace>,
) -> Result<Answer> {
    let reused = lease.reused;
    let opened = {
        let is_empty = matches!(payload, Payload::Empty);
        lease.connection().sender.clone().send_request(request, is_empty)
    };
    let (response, stream) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            lease.is_closing();
            return Err(unopened(error, progress));
        }
    };
    if let Some(trace) = trace {
        trace.sending_body();
    }
    let outcome = exchange(response, stream, payload, progress, trace).await;
    match outcome {
        Ok(Ok(answer)) if answer.response.headers().len() > MAX_FIELDS => {
            let message = format!("the response has more than {MAX_FIELDS} header fields");
            Err(Error::new(ErrorKind::RemoteProtocolError, message))
        }
        Ok(Ok(answer)) => {
            lease.answered();
            Ok(answer)
        }
        Ok(Err(error)) => {
            if error.is_go_away() || error.is_io() {
                lease.is_closing();
            } else if error.reason() == Some(h2::Reason::REFUSED_STREAM) {
                lease.was_refused();
            }
            Err(failure::of_http2(error, progress, reused))
        }
        Err(error) => Err(error),
    }
}

/// A stream was not even opened.
fn unopened(error: h2::Error, progress: &Progress) -> Error {
    if error.is_go_away() || error.is_io() || error.is_reset() {
        return failure::of_http2(error, progress, true).with_resend(Resend::Always);
    }
    let message = format!("the request cannot be sent over HTTP/2: {error}");
    Error::new(ErrorKind::LocalProtocolError, message).with_source(error)
}

async fn exchange(
    response: ResponseFuture,
    mut stream: SendStream<Bytes>,
    payload: Payload,
    progress: &Arc<Progress>,
    trace: Option<&ExchangeTrace>,
) -> Result<Result<Answer, h2::Error>> {
    let mut upload = match payload {
        Payload::Empty => None,
        Payload::Whole(bytes) => {
            // A stream that is closed already says why when its response is asked for.
            let _ = stream.send_data(bytes, true);
            None
        }
        Payload::Pieces(length) => {
            Some(Sending { upload: Upload::new(Arc::clone(progress), length), chunk: Bytes::new() })
        }
    };
    let mut told = trace;
    let mut head = None;
    let mut response = pin!(response);
    let outcome = poll_fn(|cx| {
        if let Some(sending) = &mut upload
            && let Poll::Ready(outcome) = sending.poll(&mut stream, cx)
        {
            upload = None;
            outcome?;
        }
        if upload.is_none()
            && let Some(trace) = told.take()
        {
            trace.awaiting_response();
        }
        if head.is_none() {
            match response.as_mut().poll(cx) {
                Poll::Ready(Ok(response)) => head = Some(response),
                Poll::Ready(Err(error)) => return Poll::Ready(Ok(Err(error))),
                Poll::Pending => {}
            }
        }
        match head.take_if(|head| upload.is_none() || !head.status().is_success()) {
            // Breaking a body off, or not, is left to whoever reads the response.
            Some(response) => Poll::Ready(Ok(Ok(response))),
            None => Poll::Pending,
        }
    })
    .await;
    let rest = upload.is_some().then_some(stream);
    outcome.map(|answered: Result<_, h2::Error>| answered.map(|response| Answer { response, rest }))
}

/// A request body on its way over a stream.
struct Sending {
    upload: Upload,
    /// What the peer has not yet taken of a piece.
    chunk: Bytes,
}

impl Sending {
    /// Sends what the peer takes, until the body is complete or its stream is closed.
    ///
    /// # Errors
    /// What the source of the body fails with.
    fn poll(&mut self, stream: &mut SendStream<Bytes>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        loop {
            if self.chunk.is_empty() {
                match ready!(self.upload.poll_chunk(cx)) {
                    Some(Ok(chunk)) => {
                        stream.reserve_capacity(chunk.len());
                        self.chunk = chunk;
                        self.upload.made_headway();
                    }
                    Some(Err(error)) => {
                        self.upload.report(false);
                        return Poll::Ready(Err(error));
                    }
                    None => {
                        // If it is closed already, its response says why.
                        let _ = stream.send_data(Bytes::new(), true);
                        self.upload.report(true);
                        return Poll::Ready(Ok(()));
                    }
                }
                continue;
            }
            let Some(Ok(room)) = ready!(stream.poll_capacity(cx)) else {
                self.upload.report(false);
                return Poll::Ready(Ok(()));
            };
            if room == 0 {
                continue;
            }
            let piece = self.chunk.split_to(room.min(self.chunk.len()));
            let is_last = self.chunk.is_empty() && self.upload.is_complete();
            self.upload.made_headway();
            if stream.send_data(piece, is_last).is_err() || is_last {
                self.upload.report(is_last);
                return Poll::Ready(Ok(()));
            }
            if !self.chunk.is_empty() {
                stream.reserve_capacity(self.chunk.len());
            }
        }
    }
}
