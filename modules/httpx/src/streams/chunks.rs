//! Iterating over a Python body, with `await` or without.

use bytes::Bytes;
use rustpython_vm::protocol::{PyIter, PyIterReturn};
use rustpython_vm::{AsObject, PyObject, PyObjectRef, PyResult, VirtualMachine};
use tauraro_bridge::{ExecutionMode, with_vm};

use super::byte_stream::chunk_bytes;

/// Whether an object can be iterated over with `await`, or without.
pub(crate) fn is_iterable(stream: &PyObject, is_async: bool) -> bool {
    let class = stream.class();
    if is_async {
        with_vm(|vm| class.has_attr(vm.ctx.intern_str("__aiter__")))
    } else {
        class.slots().iter.load().is_some()
    }
}

/// Checks that a client can send a request with this body: an asynchronous one with `await` only, a
/// synchronous one without.
///
/// # Errors
/// `RuntimeError`.
pub(crate) fn check_sendable(vm: &VirtualMachine, stream: &PyObject, is_async: bool) -> PyResult<()> {
    if is_iterable(stream, is_async) {
        return Ok(());
    }
    Err(vm.new_runtime_error(if is_async {
        "Attempted to send an sync request with an AsyncClient instance."
    } else {
        "Attempted to send an async request with a sync Client instance."
    }))
}

/// An iterator over a body: an asynchronous one, or one of the other kind.
///
/// # Errors
/// `TypeError` for an object of the other kind; what its `__iter__` or `__aiter__` raises.
pub(crate) fn iterate(vm: &VirtualMachine, stream: &PyObject, is_async: bool) -> PyResult {
    if is_async { vm.call_method(stream, "__aiter__", ()) } else { Ok(stream.get_iter(vm)?.into()) }
}

/// The next item of what [`iterate`] returned for the same mode; `None` at the end.
///
/// # Errors
/// What the iterator raises.
pub(crate) async fn next_item(iterator: &PyObject, mode: &ExecutionMode) -> PyResult<Option<PyObjectRef>> {
    if !mode.is_async() {
        let item = with_vm(|vm| PyIter::new(iterator).next(vm))?;
        return Ok(match item {
            PyIterReturn::Return(item) => Some(item),
            PyIterReturn::StopIteration(_) => None,
        });
    }
    let item = match with_vm(|vm| vm.call_method(iterator, "__anext__", ())) {
        Ok(awaitable) => mode.wait(awaitable).await,
        Err(error) => Err(error),
    };
    match item {
        Ok(item) => Ok(Some(item)),
        Err(error) if with_vm(|vm| error.fast_isinstance(vm.ctx.exceptions.stop_async_iteration)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The bytes of the next chunk that is not empty, of what [`iterate`] returned for the same mode;
/// `None` at the body's end.
///
/// # Errors
/// What the iterator raises; `TypeError` for a chunk that is not bytes-like.
pub(crate) async fn next_chunk(iterator: &PyObject, mode: &ExecutionMode) -> PyResult<Option<Bytes>> {
    while let Some(chunk) = next_item(iterator, mode).await? {
        let chunk = with_vm(|vm| chunk_bytes(vm, &chunk))?;
        if !chunk.is_empty() {
            return Ok(Some(chunk));
        }
    }
    Ok(None)
}

/// Closes a body: `aclose` with `await`, or `close`, where it has one.
///
/// # Errors
/// What closing raises.
pub(crate) async fn close(stream: &PyObject, mode: &ExecutionMode) -> PyResult<()> {
    let name = if mode.is_async() { "aclose" } else { "close" };
    let closed = with_vm(|vm| match vm.get_attribute_opt(stream, name)? {
        Some(close) => close.call((), vm).map(Some),
        None => Ok(None),
    })?;
    match closed {
        Some(closed) => mode.wait(closed).await.map(drop),
        None => Ok(()),
    }
}
