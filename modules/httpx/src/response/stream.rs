//! `Response.stream` of a response from the network.

use std::sync::Arc;

use rustpython_vm::{
    Py, PyObjectRef, PyPayload, PyRef, PyResult, Traverse, VirtualMachine,
    builtins::PyBytes,
    protocol::PyIterReturn,
    pyclass,
    types::{IterNext, Iterable},
};

use tauraro_bridge::{ExecutionMode, poll_to_completion};

use super::Response;
use super::async_stream::AsyncResponseStream;
use super::body::Source;
use super::network::NetworkBody;
use crate::streams::byte_stream::ByteStream;
use crate::streams::sync_byte_stream::SyncByteStream;
use crate::streams::unattached_stream::UnattachedStream;

/// A response's content as it comes off the wire: an iterable of bytes with a `close` method.
///
/// Iterating it goes past the response: nothing is counted, decompressed or kept. It is there for
/// programs that wrap the stream and set the wrapper as `Response.stream`.
#[pyclass(module = "httpx", name = "ResponseStream", base = SyncByteStream, traverse)]
#[derive(Debug)]
#[repr(C)]
pub(crate) struct ResponseStream {
    #[pytraverse(skip)]
    base: SyncByteStream,
    response: PyRef<Response>,
    #[pytraverse(skip)]
    network: Arc<NetworkBody>,
}

impl ResponseStream {
    /// The stream of a response: the object it was given, its bytes, or what reads its connection.
    pub(super) fn of(response: PyRef<Response>, vm: &VirtualMachine) -> PyObjectRef {
        let (source, stream) = {
            let body = response.body.lock();
            (body.source.clone(), body.stream.clone())
        };
        match (source, stream) {
            (Source::Given, Some(stream)) => stream,
            (Source::Bytes, Some(content)) => match content.downcast::<PyBytes>() {
                Ok(content) => ByteStream::new(content).into_ref(&vm.ctx).into(),
                Err(content) => content,
            },
            (Source::Network(network), _) if network.is_async() => {
                AsyncResponseStream::new(response, network).into_ref(&vm.ctx).into()
            }
            (Source::Network(network), _) => {
                Self { base: SyncByteStream, response, network }.into_ref(&vm.ctx).into()
            }
            _ => UnattachedStream::default().into_ref(&vm.ctx).into(),
        }
    }
}

impl Iterable for ResponseStream {
    fn iter(zelf: PyRef<Self>, _vm: &VirtualMachine) -> PyResult {
        Ok(zelf.into())
    }
}

impl IterNext for ResponseStream {
    fn next(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        let piece = poll_to_completion(vm, zelf.network.chunk(&zelf.response, &ExecutionMode::Blocking))?;
        Ok(piece.map_or(PyIterReturn::StopIteration(None), |piece| {
            PyIterReturn::Return(vm.ctx.new_bytes(piece.into()).into())
        }))
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(Iterable, IterNext))]
impl ResponseStream {
    /// Gives up what was not read.
    #[pymethod]
    fn close(zelf: &Py<Self>) {
        zelf.network.close();
    }
}
