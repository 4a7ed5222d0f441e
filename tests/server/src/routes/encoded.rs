//! Compressed bodies.

use hyper::header::{CONTENT_ENCODING, HeaderValue};
use serde_json::json;

use super::{Call, Outcome, Problem, header_value, typed};
use crate::body::{BLOCK, Body, pattern};
use crate::encoding::{Encoder, encode, wire_name};

pub(super) fn encoded(call: &Call, codings: &str) -> Outcome {
    let (body, header) = match call.query.get("size") {
        Some(_) => apply(codings, pattern_of(call.query.number("size", 0)?))?,
        None => document(codings)?,
    };
    let mut answer = typed("application/json", body);
    answer.headers_mut().insert(CONTENT_ENCODING, header);
    Ok(answer)
}

/// The JSON document in `codings`, and their `Content-Encoding`.
pub(super) fn document(codings: &str) -> Result<(Vec<u8>, HeaderValue), Problem> {
    let text = "Zażółć gęślą jaźń. ".repeat(50);
    apply(codings, json!({ "coding": codings, "text": text }).to_string().into_bytes())
}

fn apply(codings: &str, mut body: Vec<u8>) -> Result<(Vec<u8>, HeaderValue), Problem> {
    for coding in codings.split(',') {
        body = encode(coding, &body).ok_or_else(|| unknown(coding))?;
    }
    let names: Vec<&str> = codings.split(',').map(wire_name).collect();
    Ok((body, header_value(&names.join(", "))?))
}

fn pattern_of(size: u64) -> Vec<u8> {
    (0..size).step_by(BLOCK).fold(Vec::new(), |mut all, offset| {
        let left = usize::try_from(size - offset).unwrap_or(BLOCK);
        all.extend_from_slice(&pattern(offset, left));
        all
    })
}

pub(super) fn bomb(call: &Call, coding: &str) -> Outcome {
    let mut left = call.query.number("size", 1 << 30)?;
    let mut encoder = Encoder::new(coding).ok_or_else(|| unknown(coding))?;
    let body = Body::stream(move |sender| async move {
        let zeros = vec![0; BLOCK];
        while left > 0 {
            let size = usize::try_from(left).map_or(BLOCK, |left| left.min(BLOCK));
            // Writing to memory does not fail; should it, the body ends too early and the test tells.
            if encoder.write(&zeros[..size]).is_err() {
                return sender.cut().await;
            }
            left -= size as u64;
            let made = encoder.take();
            if made.is_empty() {
                // Other connections share the thread.
                tokio::task::yield_now().await;
            } else {
                sender.send(made).await?;
            }
        }
        match encoder.finish() {
            Ok(rest) => sender.send(rest).await,
            Err(_) => sender.cut().await,
        }
    });
    let mut answer = typed("application/octet-stream", body);
    answer.headers_mut().insert(CONTENT_ENCODING, header_value(wire_name(coding))?);
    Ok(answer)
}

fn unknown(coding: &str) -> Problem {
    Problem(format!("no such coding: {coding}"))
}
