//! The `Link` header (RFC 8288), as httpx's `Response.links` reads it.

/// One link: its target and parameters in order, `url` first.
pub type Link = Vec<(String, String)>;

/// Reads a `Link` value.
pub fn parse(_value: &str) -> Vec<Link> {
    todo!()
}
