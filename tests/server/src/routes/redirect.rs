//! Redirects.

use hyper::StatusCode;
use hyper::header::LOCATION;

use super::{Call, Outcome, Problem, header_value, number, plain, status_code};

pub(super) fn redirect(call: &Call, left: &str) -> Outcome {
    let left = number("redirect", left)?;
    let Some(next) = left.checked_sub(1) else {
        return Ok(plain(StatusCode::OK, "arrived"));
    };
    match call.query.get("status") {
        Some(status) => to(status_code(status)?, &format!("/redirect/{next}?status={status}")),
        None => to(StatusCode::FOUND, &format!("/redirect/{next}")),
    }
}

pub(super) fn redirect_to(call: &Call) -> Outcome {
    let url = call.query.get("url").ok_or_else(|| Problem("where to? say ?url=".into()))?;
    to(call.query.get("status").map_or(Ok(StatusCode::FOUND), status_code)?, url)
}

pub(super) fn to(status: StatusCode, location: &str) -> Outcome {
    let mut answer = plain(status, "elsewhere");
    answer.headers_mut().insert(LOCATION, header_value(location)?);
    Ok(answer)
}
