//! Taking bodies.

use flate2::Crc;
use http_body_util::BodyExt;
use serde_json::json;
use tokio::time::sleep;

use super::{Call, Outcome, Problem, json};

pub(super) async fn upload(call: Call) -> Outcome {
    let delay = call.query.milliseconds("delay-ms", 0)?;
    let mut body = call.body;
    let (mut size, mut chunks, mut crc) = (0, 0, Crc::new());
    loop {
        if !delay.is_zero() {
            sleep(delay).await;
        }
        let Some(frame) = body.frame().await else { break };
        let frame = frame.map_err(|error| Problem(format!("the body broke off: {error}")))?;
        if let Ok(data) = frame.into_data() {
            size += data.len();
            chunks += 1;
            crc.update(&data);
        }
    }
    Ok(json(&json!({ "size": size, "crc32": crc.sum(), "chunks": chunks })))
}
