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

use super::PyResponse;
use super::async_stream::PyAsyncResponseStream;
use super::body::Source;
use super::network::Network;
use crate::byte_stream::PyByteStream;
use crate::content::PyUnattachedStream;
use crate::sync_byte_stream::PySyncByteStream;

/// A response's content as it comes off the wire: an iterable of bytes with a `close` method.
///
/// Iterating it goes past the response: nothing is counted, decompressed or kept. It is there for
/// whoever wraps the stream and sets the wrapper as `Response.stream`.
#[pyclass(module = "httpx", name = "ResponseStream", base = PySyncByteStream, traverse)]
#[derive(Debug)]
#[repr(C)]
pub(crate) struct PyResponseStream {
    #[pytraverse(skip)]
    base: PySyncByteStream,
    response: PyRef<PyResponse>,
    #[pytraverse(skip)]
    network: Arc<Network>,
}

impl PyResponseStream {
    /// The stream of a response: the object it was given, its bytes, or what reads its connection.
    pub(super) fn of(response: PyRef<PyResponse>, vm: &VirtualMachine) -> PyObjectRef {
        let (source, stream) = {
            let body = response.body.lock();
            (body.source.clone(), body.stream.clone())
        };
        match (source, stream) {
            (Source::Given, Some(stream)) => stream,
            (Source::Bytes, Some(content)) => match content.downcast::<PyBytes>() {
                Ok(content) => PyByteStream::new(content).into_ref(&vm.ctx).into(),
                Err(content) => content,
            },
            (Source::Network(network), _) if network.is_async() => {
                PyAsyncResponseStream::new(response, network).into_ref(&vm.ctx).into()
            }
            (Source::Network(network), _) => {
                Self { base: PySyncByteStream, response, network }.into_ref(&vm.ctx).into()
            }
            _ => PyUnattachedStream::default().into_ref(&vm.ctx).into(),
        }
    }
}

impl Iterable for PyResponseStream {
    fn iter(zelf: PyRef<Self>, _vm: &VirtualMachine) -> PyResult {
        Ok(zelf.into())
    }
}

impl IterNext for PyResponseStream {
    fn next(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        let piece = poll_to_completion(vm, zelf.network.chunk(&zelf.response, &ExecutionMode::Blocking))?;
        Ok(piece.map_or(PyIterReturn::StopIteration(None), |piece| {
            PyIterReturn::Return(vm.ctx.new_bytes(piece.into()).into())
        }))
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(Iterable, IterNext))]
impl PyResponseStream {
    /// Gives up what was not read.
    #[pymethod]
    fn close(zelf: &Py<Self>) {
        zelf.network.close();
    }
}
