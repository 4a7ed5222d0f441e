//! `httpx.Request`: the class, its extensions, and its pickling.

mod extensions;
mod pickling;
mod request;

pub(crate) use extensions::Extensions;
pub(crate) use request::{Request, RequestParts, with_params};
