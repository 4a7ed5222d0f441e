//! `Response.stream` of a response from the network to an asynchronous client.

use std::sync::Arc;

use rustpython_vm::{PyObjectRef, PyRef, Traverse, VirtualMachine, pyclass};
use tauraro_bridge::{coroutine, stop_async_iteration, with_vm};

use super::Response;
use super::network::NetworkBody;
use crate::streams::async_byte_stream::AsyncByteStream;

/// A response's content as it comes off the wire: an asynchronous iterable of bytes with an
/// `aclose` method.
///
/// Iterating it goes past the response: nothing is counted, decompressed or kept. It is there for
/// programs that wrap the stream and set the wrapper as `Response.stream`.
#[pyclass(module = "httpx", name = "AsyncResponseStream", base = AsyncByteStream, traverse)]
#[derive(Debug)]
#[repr(C)]
pub(crate) struct AsyncResponseStream {
    #[pytraverse(skip)]
    base: AsyncByteStream,
    response: PyRef<Response>,
    #[pytraverse(skip)]
    network: Arc<NetworkBody>,
}

impl AsyncResponseStream {
    /// The stream of `response`.
    pub(super) fn new(response: PyRef<Response>, network: Arc<NetworkBody>) -> Self {
        Self { base: AsyncByteStream, response, network }
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION))]
impl AsyncResponseStream {
    #[pymethod]
    fn __aiter__(zelf: PyRef<Self>) -> PyRef<Self> {
        zelf
    }

    #[pymethod]
    fn __anext__(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "AsyncResponseStream.__anext__", move |mode| async move {
            let piece = zelf.network.chunk(&zelf.response, &mode).await?;
            with_vm(|vm| match piece {
                Some(piece) => Ok(vm.ctx.new_bytes(piece.into()).into()),
                None => Err(stop_async_iteration(vm)),
            })
        })
    }

    /// Gives up what was not read.
    #[pymethod]
    fn aclose(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "AsyncResponseStream.aclose", move |_| async move {
            zelf.network.close();
            Ok(with_vm(|vm| vm.ctx.none()))
        })
    }
}
