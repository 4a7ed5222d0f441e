//! Documents of known content and size.

use std::sync::LazyLock;

use bytes::Bytes;
use hyper::header::{CONTENT_LENGTH, HeaderValue};
use serde_json::json;

use super::{Call, Outcome, Reply, number, typed};
use crate::body::{BLOCK, Body, send_pattern};

const BINARY: &str = "application/octet-stream";

pub(super) fn json() -> Reply {
    static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| {
        let document = |padding: usize| {
            let document = json!({
                "id": 1,
                "name": "Tauraro",
                "ratio": 0.5,
                "active": true,
                "parent": null,
                "tags": ["http", "json", "zażółć"],
                "padding": "x".repeat(padding),
            });
            document.to_string()
        };
        let padding = 1024 - document(0).len();
        document(padding).into()
    });
    typed("application/json", DOCUMENT.clone())
}

pub(super) fn bytes(n: &str) -> Outcome {
    let n = number("bytes", n)?;
    Ok(sized(n))
}

/// `n` bytes of the pattern, with their length.
pub(super) fn sized(n: u64) -> Reply {
    let body = Body::stream(move |sender| async move { send_pattern(&sender, n, BLOCK).await });
    let mut answer = typed(BINARY, body);
    answer.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(n));
    answer
}

pub(super) fn chunked(call: &Call, n: &str) -> Outcome {
    let n = number("chunked", n)?;
    let size = usize::try_from(call.query.number("size", 1000)?).unwrap_or(BLOCK).clamp(1, BLOCK);
    Ok(typed(BINARY, Body::stream(move |sender| async move { send_pattern(&sender, n, size).await })))
}
