//! HTTP for clients: requests, responses, and what surrounds them.
//!
//! | module | what it holds |
//! |---|---|
//! | [`client`] | one HTTP exchange over a pooled connection: [`client::Transport`] |
//! | [`redirect`] | the request that follows a redirect (RFC 9110 section 15.4) |
//! | [`cookies`] | the cookie jar (RFC 6265 with public suffixes) |
//! | [`auth`] | `Basic` and `Digest` authentication |
//! | [`route`] | which transport or proxy a URL uses |
//! | [`url`], [`headers`] | the value types that cross into the bindings |
//! | [`body`], [`multipart`], [`decode`], [`text`] | bodies: sent, encoded, decompressed, read as text |
//! | [`link`] | the `Link` header (RFC 8288) |
//! | [`sse`] | Server-Sent Events |

pub mod auth;
pub mod body;
pub mod client;
pub mod cookies;
pub mod decode;
pub mod headers;
pub mod link;
pub mod multipart;
pub mod redirect;
pub mod route;
pub mod sse;
pub mod text;
pub mod url;
