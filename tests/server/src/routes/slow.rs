//! Answers that take their time.

use hyper::StatusCode;
use hyper::header::{CONTENT_LENGTH, HeaderValue};
use tokio::time::sleep;

use super::{Call, Outcome, plain, typed};
use crate::body::{Body, pattern};

pub(super) async fn head(call: &Call) -> Outcome {
    sleep(call.query.milliseconds("ms", 1000)?).await;
    Ok(plain(StatusCode::OK, "at last"))
}

pub(super) fn body(call: &Call) -> Outcome {
    let pause = call.query.milliseconds("ms", 1000)?;
    let chunks = call.query.number("chunks", 2)?;
    let body = Body::stream(move |sender| async move {
        for chunk in 0..chunks {
            if chunk > 0 {
                sleep(pause).await;
            }
            sender.send(format!("chunk {chunk}\n")).await?;
        }
        Ok(())
    });
    Ok(typed("text/plain; charset=utf-8", body))
}

pub(super) fn drip(call: &Call) -> Outcome {
    let pause = call.query.milliseconds("ms", 10)?;
    let bytes = call.query.number("bytes", 10)?;
    let body = Body::stream(move |sender| async move {
        for offset in 0..bytes {
            sleep(pause).await;
            sender.send(pattern(offset, 1)).await?;
        }
        Ok(())
    });
    let mut answer = typed("application/octet-stream", body);
    answer.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(bytes));
    Ok(answer)
}
