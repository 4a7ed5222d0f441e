//! Answers that lie or break off.

use hyper::header::{CONTENT_ENCODING, CONTENT_LENGTH, HeaderValue};

use super::{Call, Outcome, encoded, header_value, typed};
use crate::body::{BLOCK, Body, send_pattern};
use crate::encoding::wire_name;

pub(super) fn cut(call: &Call) -> Outcome {
    let length = call.query.number("length", 1000)?;
    let after = call.query.number("after", 10)?.min(length);
    let mut answer = typed("application/octet-stream", cut_after(after));
    answer.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    Ok(answer)
}

pub(super) fn cut_chunked(call: &Call) -> Outcome {
    Ok(typed("application/octet-stream", cut_after(call.query.number("after", 10)?)))
}

fn cut_after(after: u64) -> Body {
    Body::stream(move |sender| async move {
        send_pattern(&sender, after, BLOCK).await?;
        sender.cut().await
    })
}

pub(super) fn cut_encoded(codings: &str) -> Outcome {
    let (mut body, header) = encoded::document(codings)?;
    body.truncate(body.len() / 2);
    let mut answer = typed("application/json", body);
    answer.headers_mut().insert(CONTENT_ENCODING, header);
    Ok(answer)
}

pub(super) fn bad_encoding(call: &Call) -> Outcome {
    let coding = call.query.get("coding").unwrap_or("gzip");
    let mut answer =
        typed("text/plain; charset=utf-8", "this was never compressed, whatever the header says");
    answer.headers_mut().insert(CONTENT_ENCODING, header_value(wire_name(coding))?);
    Ok(answer)
}
