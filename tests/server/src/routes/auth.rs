//! Authentication.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::StatusCode;
use hyper::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use serde_json::json;

use super::{Call, Reply, json, plain};

pub(super) fn basic(call: &Call, user: &str, password: &str) -> Reply {
    let expected = format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")));
    let given = call.head.headers.get(AUTHORIZATION);
    if given.is_some_and(|given| given.as_bytes() == expected.as_bytes()) {
        return json(&json!({ "user": user }));
    }
    let mut answer = plain(StatusCode::UNAUTHORIZED, "who are you?");
    answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"test\""));
    answer
}
