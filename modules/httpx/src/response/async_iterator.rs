//! `AsyncResponseIterator`: what `Response.aiter_bytes` and its like return.

use rustpython_vm::{
    Py, PyObjectRef, PyPayload, PyRef, PyResult, Traverse, VirtualMachine, function::OptionalArg, pyclass,
};
use tauraro_bridge::{ExecutionMode, coroutine, stop_async_iteration, with_vm};

use super::Response;
use super::content_iter::{BytePipeline, ContentIter, LinePipeline, RawPipeline, TextPipeline};

/// What is iterated over.
#[derive(Debug)]
pub(super) enum Items {
    /// `aiter_bytes`
    Bytes(ContentIter<BytePipeline>),
    /// `aiter_text`
    Text(ContentIter<TextPipeline>),
    /// `aiter_lines`
    Lines(ContentIter<LinePipeline>),
    /// `aiter_raw`
    Raw(ContentIter<RawPipeline>),
}

impl Items {
    async fn next(&self, response: &Py<Response>, mode: &ExecutionMode) -> PyResult<Option<PyObjectRef>> {
        let bytes = |item| with_vm(|vm| vm.ctx.new_bytes(item).into());
        let text = |item: String| with_vm(|vm| vm.ctx.new_str(item).into());
        Ok(match self {
            Self::Bytes(flow) => flow.next(response, mode).await?.map(bytes),
            Self::Text(flow) => flow.next(response, mode).await?.map(text),
            Self::Lines(flow) => flow.next(response, mode).await?.map(text),
            Self::Raw(flow) => flow.next(response, mode).await?.map(bytes),
        })
    }

    fn close(&self) {
        match self {
            Self::Bytes(flow) => flow.close(),
            Self::Text(flow) => flow.close(),
            Self::Lines(flow) => flow.close(),
            Self::Raw(flow) => flow.close(),
        }
    }
}

/// Iterates over a response with `async for`: over its bytes, its text, its lines, or what came off
/// the wire.
///
/// Made by the methods `aiter_...` of `Response`. As with an asynchronous generator, nothing happens
/// before the first item is asked for.
#[pyclass(module = "httpx", name = "AsyncResponseIterator", traverse)]
#[derive(Debug, PyPayload)]
pub(crate) struct AsyncResponseIterator {
    response: PyRef<Response>,
    #[pytraverse(skip)]
    items: Items,
}

impl AsyncResponseIterator {
    /// An iterator over a response.
    pub(super) fn new(response: PyRef<Response>, items: Items) -> Self {
        Self { response, items }
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION, HAS_WEAKREF))]
impl AsyncResponseIterator {
    #[pymethod]
    fn __aiter__(zelf: PyRef<Self>) -> PyRef<Self> {
        zelf
    }

    #[pymethod]
    fn __anext__(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "AsyncResponseIterator.__anext__", move |mode| async move {
            let item = zelf.items.next(&zelf.response, &mode).await?;
            item.ok_or_else(|| with_vm(stop_async_iteration))
        })
    }

    /// The next item; nothing can be sent, `value` is not used.
    #[pymethod]
    fn asend(zelf: PyRef<Self>, _value: PyObjectRef, vm: &VirtualMachine) -> PyObjectRef {
        Self::__anext__(zelf, vm)
    }

    /// Ends the iteration and raises the given exception.
    #[pymethod]
    fn athrow(
        zelf: PyRef<Self>,
        exc_type: PyObjectRef,
        exc_val: OptionalArg,
        exc_tb: OptionalArg,
        vm: &VirtualMachine,
    ) -> PyObjectRef {
        coroutine(vm, "AsyncResponseIterator.athrow", move |_| async move {
            zelf.items.close();
            Err(with_vm(|vm| {
                let (value, traceback) = (exc_val.unwrap_or_none(vm), exc_tb.unwrap_or_none(vm));
                vm.normalize_exception(exc_type, value, traceback).unwrap_or_else(|error| error)
            }))
        })
    }

    /// Ends the iteration. The response stays open until it is closed or read to its end.
    #[pymethod]
    fn aclose(zelf: PyRef<Self>, vm: &VirtualMachine) -> PyObjectRef {
        coroutine(vm, "AsyncResponseIterator.aclose", move |_| async move {
            zelf.items.close();
            Ok(with_vm(|vm| vm.ctx.none()))
        })
    }
}
