//! Pickling of requests: everything but the extensions and an unread body.

use rustpython_vm::builtins::{PyBytesRef, PyDictRef};
use rustpython_vm::{AsObject, Py, PyPayload, PyResult, VirtualMachine};

use super::Request;
use crate::streams::unattached_stream::UnattachedStream;

/// The state to pickle: the attributes, and the body under `_content` if it is in memory.
///
/// # Errors
/// `AttributeError` on an object whose `__init__` did not run.
pub(super) fn get_state(zelf: &Py<Request>, vm: &VirtualMachine) -> PyResult<PyDictRef> {
    let state = vm.ctx.new_dict();
    if let Some(attributes) = zelf.as_object().dict() {
        state.merge_object(attributes.into(), vm)?;
    }
    state.set_item("method", vm.ctx.new_str(zelf.method_name()).into(), vm)?;
    state.set_item("url", zelf.url_ref(vm)?.into(), vm)?;
    state.set_item("headers", zelf.headers_ref(vm)?.into(), vm)?;
    let in_memory = {
        let state = zelf.state.lock();
        state.stream.is_none() || state.content.is_some()
    };
    if in_memory {
        state.set_item("_content", zelf.read_body(vm)?.into(), vm)?;
    }
    Ok(state)
}

/// Takes the state back. The body is not attached anymore: iterating over it raises
/// `StreamClosed`.
///
/// # Errors
/// What setting an attribute raises.
pub(super) fn set_state(zelf: &Py<Request>, state: PyDictRef, vm: &VirtualMachine) -> PyResult<()> {
    let mut content = None;
    for (name, value) in state.items_vec() {
        let name = name.str(vm)?;
        if name.as_bytes() == b"_content" {
            content = Some(value.try_into_value::<PyBytesRef>(vm)?);
        } else {
            zelf.as_object().set_attr(&*name, value, vm)?;
        }
    }
    let mut request = zelf.state.lock();
    request.content = content;
    request.stream = Some(UnattachedStream::default().into_ref(&vm.ctx).into());
    Ok(())
}
