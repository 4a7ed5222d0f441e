//! The routes: one table, and what their handlers share.

mod auth;
mod broken;
mod bytes;
mod cookies;
mod echo;
mod encoded;
mod raw;
mod redirect;
mod slow;
mod status;
mod text;
mod upload;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Request, Response, StatusCode};
use serde_json::Value;
use url::form_urlencoded;

use crate::body::Body;
use crate::listener::Connection;

/// What a handler returns.
pub(crate) type Reply = Response<Body>;

/// A handler's result: an error is told to the client with status 400.
type Outcome = Result<Reply, Problem>;

/// What is wrong with the way a route was called.
#[derive(Debug)]
struct Problem(String);

/// A request on its way to a handler.
struct Call {
    head: Parts,
    body: Incoming,
    query: Query,
    connection: Arc<Connection>,
}

/// Answers one request.
pub(crate) async fn answer(request: Request<Incoming>, connection: Arc<Connection>) -> Reply {
    connection.requests.fetch_add(1, Ordering::Relaxed);
    let (head, body) = request.into_parts();
    let query = Query::parse(head.uri.query().unwrap_or_default());
    let path = head.uri.path().to_owned();
    let call = Call { head, body, query, connection };
    dispatch(&path, call).await.unwrap_or_else(|Problem(problem)| plain(StatusCode::BAD_REQUEST, problem))
}

async fn dispatch(path: &str, call: Call) -> Outcome {
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    match segments.as_slice() {
        ["echo"] => echo::echo(call).await,
        ["headers"] => Ok(echo::headers(&call)),
        ["response-headers"] => echo::response_headers(&call),

        ["status", code] => status::status(&call, code),
        ["no-content"] => Ok(reply(StatusCode::NO_CONTENT, Body::empty())),
        ["head-only"] => Ok(status::head_only(&call)),
        ["early"] => Ok(status::early(call)),
        ["close"] => Ok(status::close()),
        ["connections"] => Ok(status::connections(&call)),

        ["redirect", left] => redirect::redirect(&call, left),
        ["redirect-loop"] => redirect::to(StatusCode::FOUND, "/redirect-loop"),
        ["redirect-to"] => redirect::redirect_to(&call),

        ["cookies"] => Ok(cookies::received(&call)),
        ["cookies", "set"] => cookies::set(&call),
        ["basic-auth", user, password] => Ok(auth::basic(&call, user, password)),

        ["json"] => Ok(bytes::json()),
        ["bytes", n] => bytes::bytes(n),
        ["chunked", n] => bytes::chunked(&call, n),

        ["slow-head"] => slow::head(&call).await,
        ["slow-body"] => slow::body(&call),
        ["drip"] => slow::drip(&call),
        ["hang"] => std::future::pending().await,

        ["cut"] => broken::cut(&call),
        ["cut-chunked"] => broken::cut_chunked(&call),
        ["cut-encoded", codings] => broken::cut_encoded(codings),
        ["bad-encoding"] => broken::bad_encoding(&call),

        ["encoded", codings] => encoded::encoded(&call, codings),
        ["bomb", coding] => encoded::bomb(&call, coding),

        ["text"] => text::text(&call),
        ["lines"] => Ok(text::lines()),
        ["link"] => Ok(text::link()),
        ["sse"] => Ok(text::events()),

        ["upgrade"] => Ok(raw::upgrade(call)),
        ["trace"] => Ok(raw::trace(&call)),

        ["upload"] => upload::upload(call).await,

        _ => Ok(plain(StatusCode::NOT_FOUND, format!("no route {path}"))),
    }
}

/// The parameters of a query string.
struct Query(Vec<(String, String)>);

impl Query {
    fn parse(query: &str) -> Self {
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The number that `name` says, or `default` where it is missing.
    fn number(&self, name: &str, default: u64) -> Result<u64, Problem> {
        self.get(name).map_or(Ok(default), |value| number(name, value))
    }

    fn milliseconds(&self, name: &str, default: u64) -> Result<std::time::Duration, Problem> {
        self.number(name, default).map(std::time::Duration::from_millis)
    }
}

fn number(name: &str, value: &str) -> Result<u64, Problem> {
    value.parse().map_err(|_| Problem(format!("{name} is not a number: {value}")))
}

fn status_code(value: &str) -> Result<StatusCode, Problem> {
    let code = value.parse().ok().and_then(|code| StatusCode::from_u16(code).ok());
    code.filter(|code| !code.is_informational())
        .ok_or_else(|| Problem(format!("not a status that can be sent: {value}")))
}

fn header_value(value: &str) -> Result<HeaderValue, Problem> {
    HeaderValue::from_bytes(value.as_bytes()).map_err(|_| Problem(format!("not a header value: {value:?}")))
}

fn header_name(name: &str) -> Result<HeaderName, Problem> {
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| Problem(format!("not a header name: {name:?}")))
}

fn reply(status: StatusCode, body: impl Into<Body>) -> Reply {
    let mut reply = Response::new(body.into());
    *reply.status_mut() = status;
    reply
}

fn typed(content_type: &'static str, body: impl Into<Body>) -> Reply {
    let mut reply = Response::new(body.into());
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    reply
}

fn plain(status: StatusCode, text: impl Into<String>) -> Reply {
    let mut reply = typed("text/plain; charset=utf-8", text.into());
    *reply.status_mut() = status;
    reply
}

fn json(value: &Value) -> Reply {
    typed("application/json", value.to_string())
}

/// Header fields as pairs of text, bytes read as Latin-1.
fn pairs(headers: &HeaderMap) -> Vec<(&str, String)> {
    headers.iter().map(|(name, value)| (name.as_str(), latin1(value.as_bytes()))).collect()
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}
