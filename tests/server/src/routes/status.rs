//! Status codes, and what happens to the connection.

use std::sync::atomic::Ordering;

use http_body_util::BodyExt;
use hyper::ext::ReasonPhrase;
use hyper::header::{ALLOW, CONNECTION, CONTENT_LENGTH, HeaderValue};
use hyper::{Method, StatusCode};
use serde_json::json;

use super::{Call, Outcome, Problem, Reply, json, plain, reply, status_code};
use crate::body::Body;

pub(super) fn status(call: &Call, code: &str) -> Outcome {
    let status = status_code(code)?;
    let text = status.canonical_reason().unwrap_or_default();
    let mut answer = match status {
        StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED => reply(status, Body::empty()),
        _ => plain(status, text),
    };
    if let Some(reason) = call.query.get("reason") {
        let reason = ReasonPhrase::try_from(reason.as_bytes())
            .map_err(|_| Problem(format!("not a reason phrase: {reason:?}")))?;
        answer.extensions_mut().insert(reason);
    }
    Ok(answer)
}

pub(super) fn head_only(call: &Call) -> Reply {
    let mut answer = reply(StatusCode::OK, Body::empty());
    if call.head.method == Method::HEAD {
        answer.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("42"));
    } else {
        *answer.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        answer.headers_mut().insert(ALLOW, HeaderValue::from_static("HEAD"));
    }
    answer
}

pub(super) fn early(call: Call) -> Reply {
    // Closing with unread data would be a reset, in which the answer can be lost.
    let mut body = call.body;
    tokio::spawn(async move { while let Some(Ok(_)) = body.frame().await {} });
    plain(StatusCode::PAYLOAD_TOO_LARGE, "too large, whatever it is")
}

pub(super) fn close() -> Reply {
    let mut answer = plain(StatusCode::OK, "closing");
    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    answer
}

pub(super) fn connections(call: &Call) -> Reply {
    let connection = &call.connection;
    json(&json!({
        "accepted": connection.accepted.load(Ordering::Relaxed),
        "connection": connection.number,
        "requests": connection.requests.load(Ordering::Relaxed),
    }))
}
