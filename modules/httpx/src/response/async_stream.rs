//! `Response.stream` of a response from the network to an asynchronous client.

use std::sync::Arc;

use rustpython_vm::{PyObjectRef, PyRef, Traverse, VirtualMachine, pyclass};
use tauraro_bridge::{coroutine, stop_async_iteration, with_vm};

use super::PyResponse;
use super::network::Network;
use crate::async_byte_stream::PyAsyncByteStream;

/// A response's content as it comes off the wire: an asynchronous iterable of bytes with an
/// `aclose` method.
///
/// Iterating it goes past the response: nothing is counted, decompressed or kept. It is there for
/// whoever wraps the stream and sets the wrapper as `Response.stream`.
#[pyclass(module = "httpx", name = "AsyncResponseStream", base = PyAsyncByteStream, traverse)]
#[derive(Debug)]
#[repr(C)]
pub(crate) struct PyAsyncResponseStream {
    #[pytraverse(skip)]
    base: PyAsyncByteStream,
    response: PyRef<PyResponse>,
    #[pytraverse(skip)]
    network: Arc<Network>,
}

impl PyAsyncResponseStream {
    /// The stream of `response`.
    pub(super) fn new(response: PyRef<PyResponse>, network: Arc<Network>) -> Self {
        Self { base: PyAsyncByteStream, response, network }
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION))]
impl PyAsyncResponseStream {
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
