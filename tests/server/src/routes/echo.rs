//! Saying what was received.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http_body_util::BodyExt;
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::http::uri::PathAndQuery;
use serde_json::json;
use url::form_urlencoded;

use super::{Call, Outcome, Problem, Reply, header_name, header_value, json, latin1, pairs, reply};
use crate::body::Body;

pub(super) async fn echo(call: Call) -> Outcome {
    let Call { head, body, query, connection } = call;
    let body =
        body.collect().await.map_err(|error| Problem(format!("the body broke off: {error}")))?.to_bytes();

    let content_type =
        head.headers.get(CONTENT_TYPE).map(|value| latin1(value.as_bytes())).unwrap_or_default();
    let form = content_type
        .starts_with("application/x-www-form-urlencoded")
        .then(|| form_urlencoded::parse(&body).into_owned().collect::<Vec<_>>());
    let host = head.headers.get(HOST).map(|value| latin1(value.as_bytes()));
    let authority = host.or_else(|| head.uri.authority().map(ToString::to_string));

    Ok(json(&json!({
        "method": head.method.as_str(),
        "target": head.uri.path_and_query().map(PathAndQuery::as_str),
        "path": head.uri.path(),
        "query": query.0,
        "version": format!("{:?}", head.version),
        "scheme": connection.scheme,
        "sni": connection.sni,
        "authority": authority,
        "headers": pairs(&head.headers),
        "size": body.len(),
        "text": std::str::from_utf8(&body).ok(),
        "base64": BASE64_STANDARD.encode(&body),
        "form": form,
    })))
}

pub(super) fn headers(call: &Call) -> Reply {
    json(&json!({ "headers": pairs(&call.head.headers) }))
}

pub(super) fn response_headers(call: &Call) -> Outcome {
    let mut reply = reply(StatusCode::OK, Body::empty());
    for (name, value) in &call.query.0 {
        reply.headers_mut().append(header_name(name)?, header_value(value)?);
    }
    Ok(reply)
}
