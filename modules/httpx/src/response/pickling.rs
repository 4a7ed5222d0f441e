//! Pickling and copying: the state under the names of httpx's attributes, so that the pickles of
//! either can be read by the other. Streams do not travel.

use std::sync::atomic::Ordering;

use rustpython_vm::{
    AsObject, Py, PyObjectRef, PyResult, TryFromObject, VirtualMachine,
    builtins::{PyBytesRef, PyDictRef, PyIntRef, PyStr, PyStrRef},
};

use super::Response;
use super::body::Source;

impl Response {
    /// The state to pickle, the attributes of a subclass included.
    pub(super) fn state(zelf: &Py<Self>, vm: &VirtualMachine) -> PyResult<PyDictRef> {
        let state = vm.ctx.new_dict();
        if let Some(attributes) = zelf.as_object().dict() {
            for (name, value) in attributes.items_vec() {
                state.set_item(&*name, value, vm)?;
            }
        }
        for name in ["status_code", "headers", "next_request", "history", "is_stream_consumed"] {
            state.set_item(name, zelf.as_object().get_attr(name, vm)?, vm)?;
        }
        state.set_item("default_encoding", default_encoding(zelf, vm)?, vm)?;
        let downloaded = vm.ctx.new_int(zelf.downloaded_bytes()).into();
        state.set_item("_num_bytes_downloaded", downloaded, vm)?;
        state.set_item("_request", vm.unwrap_or_none(zelf.request_if_set()), vm)?;
        let (encoding, text) = {
            let text = zelf.text.lock();
            (text.encoding.clone(), text.decoded.clone())
        };
        let encoding = encoding.map(|encoding| vm.unwrap_or_none(encoding.map(Into::into)));
        let elapsed = zelf.elapsed_delta(vm).ok();
        let content = zelf.content_if_read().map(PyObjectRef::from);
        let optional = [
            ("_content", content),
            ("_text", text.map(PyObjectRef::from)),
            ("_encoding", encoding),
            ("_elapsed", elapsed),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                state.set_item(name, value, vm)?;
            }
        }
        Ok(state)
    }

    /// Takes a pickled state; the response is closed and has no stream.
    pub(super) fn restore(zelf: &Py<Self>, state: &PyDictRef, vm: &VirtualMachine) -> PyResult<()> {
        for (name, value) in state.items_vec() {
            let name = PyStrRef::try_from_object(vm, name)?;
            match name.to_str().unwrap_or_default() {
                "_num_bytes_downloaded" => {
                    let downloaded = PyIntRef::try_from_object(vm, value)?.try_to_primitive(vm)?;
                    zelf.downloaded.store(downloaded, Ordering::Relaxed);
                }
                "_request" => zelf.head.lock().request = vm.option_if_none(value),
                "_elapsed" => zelf.head.lock().elapsed = Some(value),
                "_content" => {
                    let content = PyBytesRef::try_from_object(vm, value)?;
                    zelf.body.lock().content = Some(content);
                }
                "_text" => {
                    let text = PyStrRef::try_from_object(vm, value)?;
                    zelf.text.lock().decoded = Some(text);
                }
                "_encoding" => {
                    let encoding = Option::<PyStrRef>::try_from_object(vm, value)?;
                    zelf.text.lock().encoding = Some(encoding);
                }
                _ => zelf.as_object().set_attr(&*name, value, vm)?,
            }
        }
        let mut body = zelf.body.lock();
        body.closed = true;
        body.source = Source::Unattached;
        body.stream = None;
        Ok(())
    }
}

/// The default encoding, by its name: a function often cannot be pickled, so its answer is.
fn default_encoding(response: &Py<Response>, vm: &VirtualMachine) -> PyResult {
    let object = response.as_object();
    let encoding = object.get_attr("default_encoding", vm)?;
    if encoding.downcastable::<PyStr>() || vm.is_none(&encoding) {
        return Ok(encoding);
    }
    if response.content_if_read().is_some() {
        let answer = object.get_attr("encoding", vm)?;
        if answer.downcastable::<PyStr>() {
            return Ok(answer);
        }
    }
    Ok(vm.ctx.new_str("utf-8").into())
}
