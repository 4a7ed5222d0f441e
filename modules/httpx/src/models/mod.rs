//! Values: what requests and responses are made of, and what a client is set up with.

mod cookiejar;
pub(crate) mod cookies;
mod header_text;
pub(crate) mod headers;
pub(crate) mod limits;
pub(crate) mod mapping;
pub(crate) mod proxy;
pub(crate) mod query_params;
pub(crate) mod status_codes;
pub(crate) mod timeout;
pub(crate) mod url;
