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
pub(crate) use async_base::AsyncBaseTransport;
pub(crate) use async_http::AsyncHTTPTransport;
pub(crate) use base::BaseTransport;
pub(crate) use http::HTTPTransport;
pub(crate) use mock::MockTransport;
pub(crate) use pool::Pool;

use crate::client;
use crate::request::Request;
use crate::response::Response;

/// What `handle_request` and `handle_async_request` of the native transports do. The client completes
/// the response and the exceptions with the request.
async fn respond(pool: Pool, request: PyRef<Request>, mode: ExecutionMode) -> PyResult {
    let received = client::send_native(&pool, &request, &mode, false).await?;
    with_vm(|vm| {
        let encoding = vm.ctx.new_str("utf-8").into();
        let limit = Some(client::DEFAULT_MAX_DECODED_SIZE);
        let is_async = mode.is_async();
        Ok(Response::from_engine(vm, received, None, encoding, limit, is_async).into())
    })
}
