//! Names and values as text and as bytes.

use bytes::Bytes;
use rustpython_vm::builtins::{PyBytes, PyStr, PyStrRef};
use rustpython_vm::{AsObject, Py, PyObject, PyResult, VirtualMachine};

/// The bytes of a str or bytes.
pub(super) fn to_bytes(
    vm: &VirtualMachine,
    value: &PyObject,
    what: &str,
    encoding: Option<&str>,
) -> PyResult<Bytes> {
    if let Some(bytes) = value.downcast_ref::<PyBytes>() {
        return Ok(Bytes::copy_from_slice(bytes.as_bytes()));
    }
    if let Some(text) = value.downcast_ref::<PyStr>() {
        return encode(vm, text, encoding.unwrap_or("ascii"));
    }
    let class = value.class().as_object().repr_utf8(vm)?;
    Err(vm.new_type_error(format!("Header {what} must be str or bytes, not {}", class.as_str())))
}

pub(super) fn encode(vm: &VirtualMachine, text: &Py<PyStr>, encoding: &str) -> PyResult<Bytes> {
    if text.isascii() && is_ascii_superset(encoding) {
        return Ok(Bytes::copy_from_slice(text.as_bytes()));
    }
    let bytes = vm.state.codec_registry.encode_text(text.to_owned(), encoding, None, vm)?;
    Ok(Bytes::copy_from_slice(bytes.as_bytes()))
}

pub(super) fn decode(vm: &VirtualMachine, bytes: &[u8], encoding: &str) -> PyResult<PyStrRef> {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() && is_ascii_superset(encoding) => Ok(vm.ctx.new_str(text)),
        _ => vm.state.codec_registry.decode_text(vm.ctx.new_bytes(bytes.to_vec()).into(), encoding, None, vm),
    }
}

fn is_ascii_superset(encoding: &str) -> bool {
    matches!(encoding, "ascii" | "utf-8" | "iso-8859-1")
}

/// What is assigned to a field is text; `headers[b"a"] = b"b"` is a mistake.
pub(super) fn assigned(vm: &VirtualMachine, value: &PyObject, what: &str, encoding: &str) -> PyResult<Bytes> {
    if let Some(text) = value.downcast_ref::<PyStr>() {
        return encode(vm, text, encoding);
    }
    let class = value.class().as_object().repr_utf8(vm)?;
    Err(vm.new_type_error(format!("Header {what} must be str, not {}", class.as_str())))
}
