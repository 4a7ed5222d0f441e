//! What is close to the wire: other protocols, and requests as they came.

use std::fmt::Write;

use hyper::header::{CONNECTION, HeaderValue, UPGRADE};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;

use super::{Call, Reply, latin1, reply, typed};
use crate::body::Body;

/// Leaves HTTP and sends back what it gets, until the client stops sending.
pub(super) fn upgrade(call: Call) -> Reply {
    let request = Request::from_parts(call.head, call.body);
    tokio::spawn(async move {
        if let Ok(connection) = hyper::upgrade::on(request).await {
            let (mut reader, mut writer) = tokio::io::split(TokioIo::new(connection));
            // The client may leave as it likes.
            let _ = tokio::io::copy(&mut reader, &mut writer).await;
        }
    });
    let mut answer = reply(StatusCode::SWITCHING_PROTOCOLS, Body::empty());
    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
    answer.headers_mut().insert(UPGRADE, HeaderValue::from_static("echo"));
    answer
}

/// The head of the request, as `message/http` (RFC 9110 section 9.3.8).
pub(super) fn trace(call: &Call) -> Reply {
    let head = &call.head;
    let mut text = format!("{} {} {:?}\r\n", head.method, head.uri, head.version);
    for (name, value) in &head.headers {
        let _ = write!(text, "{name}: {}\r\n", latin1(value.as_bytes()));
    }
    typed("message/http", text + "\r\n")
}
