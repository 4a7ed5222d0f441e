//! A request for one hop.

use http::Method;

use super::config::Timeouts;
use super::extras::Extras;
use crate::{Body, Headers, Url};

/// A request for one hop, complete: the transport adds no header of its own but `Host`, what framing
/// needs, and `Accept: */*` where there is no `Accept`, which means the same.
#[derive(Debug)]
pub struct Request {
    /// Any method token.
    pub method: Method,
    /// An absolute `http` or `https` URL; its userinfo and fragment are not sent.
    pub url: Url,
    /// The header fields, in order. `Host` is derived from the URL where it is missing.
    pub headers: Headers,
    /// What is sent after the head.
    pub body: Body,
    /// How long each phase may take.
    pub timeouts: Timeouts,
    /// What only few requests ask for.
    pub extras: Extras,
}
