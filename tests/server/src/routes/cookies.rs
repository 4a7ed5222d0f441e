//! Cookies.

use hyper::StatusCode;
use hyper::header::{COOKIE, SET_COOKIE};
use serde_json::{Map, json};

use super::{Call, Outcome, Reply, header_value, json, latin1, plain};

pub(super) fn received(call: &Call) -> Reply {
    let mut cookies = Map::new();
    for field in call.head.headers.get_all(COOKIE) {
        for pair in latin1(field.as_bytes()).split(';') {
            if let Some((name, value)) = pair.trim().split_once('=') {
                cookies.insert(name.to_owned(), value.into());
            }
        }
    }
    json(&json!({ "cookies": cookies }))
}

pub(super) fn set(call: &Call) -> Outcome {
    let mut answer = plain(StatusCode::OK, "set");
    for (name, value) in &call.query.0 {
        answer.headers_mut().append(SET_COOKIE, header_value(&format!("{name}={value}; Path=/"))?);
    }
    Ok(answer)
}
