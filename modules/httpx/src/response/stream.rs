//! `Response.stream` of a response that was not given a stream object.

use std::sync::Arc;

use rustpython_vm::{
    AsObject, Py, PyObjectRef, PyPayload, PyRef, PyResult, Traverse, VirtualMachine,
    builtins::PyBytesRef,
    protocol::PyIterReturn,
    pyclass,
    types::{IterNext, Iterable},
};

use super::PyResponse;
use super::body::Source;
use super::network::Network;
use crate::exceptions::stream_closed;

/// A response's content as it comes off the wire: an iterable of bytes with a `close` method.
///
/// Iterating it goes past the response: nothing is counted, decompressed or kept. It is there for
/// whoever wraps the stream and sets the wrapper as `Response.stream`.
#[pyclass(module = "httpx", name = "ResponseStream", traverse)]
#[derive(Debug, PyPayload)]
pub(crate) struct PyResponseStream {
    response: PyRef<PyResponse>,
    /// Content given as bytes.
    content: Option<PyBytesRef>,
    #[pytraverse(skip)]
    network: Option<Arc<Network>>,
}

impl PyResponseStream {
    /// The stream of a response: the object it was given, or one of these.
    pub(super) fn of(response: PyRef<PyResponse>, vm: &VirtualMachine) -> PyObjectRef {
        let (source, stream) = {
            let body = response.body.lock();
            (body.source.clone(), body.stream.clone())
        };
        let (content, network) = match (source, stream) {
            (Source::Given | Source::Iterable, Some(stream)) => return stream,
            (Source::Bytes, Some(content)) => (content.downcast().ok(), None),
            (Source::Network(network), _) => (None, Some(network)),
            _ => (None, None),
        };
        Self { response, content, network }.into_ref(&vm.ctx).into()
    }
}

impl Iterable for PyResponseStream {
    fn iter(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyResult {
        match &zelf.content {
            Some(content) => Ok(vm.ctx.new_tuple(vec![content.clone().into()]).as_object().get_iter(vm)?.into()),
            None => Ok(zelf.into()),
        }
    }
}

impl IterNext for PyResponseStream {
    fn next(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyIterReturn> {
        let Some(network) = &zelf.network else {
            return Err(stream_closed(vm));
        };
        let piece = network.chunk(&zelf.response, vm)?;
        Ok(piece.map_or(PyIterReturn::StopIteration(None), |piece| PyIterReturn::Return(vm.ctx.new_bytes(piece.into()).into())))
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION), with(Iterable, IterNext))]
impl PyResponseStream {
    /// Gives up what was not read.
    #[pymethod]
    fn close(zelf: &Py<Self>) {
        if let Some(network) = &zelf.network {
            network.close();
        }
    }
}
