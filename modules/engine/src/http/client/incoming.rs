//! A response body as the layers below give it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::RecvStream;
use http_body::Body as _;
use hyper::body::Incoming;

use super::failure::{self, BodyState};
use crate::error::Error;

/// A response body on its way.
pub(super) enum IncomingBody {
    /// Through reqwest.
    Reqwest(reqwest::Body),
    /// Over an HTTP/1 connection of the pool.
    Http1(Incoming),
    /// Over a stream of an HTTP/2 connection.
    Http2(RecvStream),
}

/// Why a body broke off, before it is known how much of it had arrived.
pub(super) enum BodyError {
    Reqwest(reqwest::Error),
    Http1(hyper::Error),
    Http2(h2::Error),
}

impl BodyError {
    pub(super) fn classify(self, state: BodyState) -> Error {
        match self {
            Self::Reqwest(error) => failure::of_body(error.without_url(), state),
            Self::Http1(error) => failure::of_body(error, state),
            Self::Http2(error) => failure::of_http2_body(error, state),
        }
    }
}

impl IncomingBody {
    /// How long it is, where its head says so.
    pub(super) fn expected_length(&self) -> Option<u64> {
        match self {
            Self::Reqwest(body) => body.size_hint().exact(),
            Self::Http1(body) => body.size_hint().exact(),
            Self::Http2(stream) => stream.is_end_stream().then_some(0),
        }
    }

    /// The next piece that is not empty; `None` at the end, which the peer has marked as one.
    pub(super) fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        loop {
            let frame = match self {
                Self::Reqwest(body) => {
                    ready!(Pin::new(body).poll_frame(cx)).map(|frame| frame.map_err(BodyError::Reqwest))
                }
                Self::Http1(body) => {
                    ready!(Pin::new(body).poll_frame(cx)).map(|frame| frame.map_err(BodyError::Http1))
                }
                Self::Http2(stream) => {
                    let data = ready!(stream.poll_data(cx));
                    if let Some(Ok(data)) = &data {
                        // It cannot be more than what is in flight.
                        let _ = stream.flow_control().release_capacity(data.len());
                    }
                    match data {
                        Some(Ok(data)) if data.is_empty() => continue,
                        data => return Poll::Ready(data.map(|data| data.map_err(BodyError::Http2))),
                    }
                }
            };
            match frame {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) if !data.is_empty() => return Poll::Ready(Some(Ok(data))),
                    // Trailers, which nobody asks for.
                    _ => {}
                },
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}
