//! Transports: what carries a request to its response.

mod args;
mod async_base;
mod async_http;
mod base;
mod http;
mod mock;
mod pool;

use rustpython_vm::{PyRef, PyResult};
use tauraro_bridge::{ExecutionMode, with_vm};

pub(crate) use args::HTTPTransportArgs;
pub(crate) use async_base::PyAsyncBaseTransport;
pub(crate) use async_http::PyAsyncHTTPTransport;
pub(crate) use base::PyBaseTransport;
pub(crate) use http::PyHTTPTransport;
pub(crate) use mock::PyMockTransport;
pub(crate) use pool::Pool;

use crate::client;
use crate::request::PyRequest;
use crate::response::PyResponse;

/// What `handle_request` and `handle_async_request` of the native transports do. The client completes
/// the response and the exceptions with the request.
async fn respond(pool: Pool, request: PyRef<PyRequest>, mode: ExecutionMode) -> PyResult {
    let answer = client::exchange(&pool, &request, &mode, false).await?;
    with_vm(|vm| {
        let encoding = vm.ctx.new_str("utf-8").into();
        let limit = Some(client::DEFAULT_MAX_DECODED_SIZE);
        let is_async = mode.is_async();
        Ok(PyResponse::from_engine(vm, answer, None, encoding, limit, is_async).into())
    })
}
