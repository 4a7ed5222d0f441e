//! Transports: what carries a request to its response, when it is not the engine.

mod base;
mod mock;

pub(crate) use base::PyBaseTransport;
pub(crate) use mock::PyMockTransport;
