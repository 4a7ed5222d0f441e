//! `data={...}`: `application/x-www-form-urlencoded`.

use rustpython_vm::builtins::{PyList, PyTuple};
use rustpython_vm::{PyObject, PyObjectRef, PyResult, VirtualMachine};
use tauraro_engine as engine;

use crate::models::mapping;
use crate::models::query_params::query_value;

/// Encodes a form; a list or tuple is several values of one field.
///
/// # Errors
/// What converting a key or value to text raises.
pub(super) fn encode(vm: &VirtualMachine, data: &PyObject) -> PyResult<Vec<u8>> {
    let mut fields = Vec::new();
    for (key, value) in mapping::items(vm, data)? {
        let key = key.str(vm)?.try_as_utf8(vm)?.as_str().to_owned();
        for value in values(&value) {
            fields.push((key.clone(), query_value(vm, &value)?));
        }
    }
    Ok(engine::QueryParams::from_pairs(fields).encode().into_bytes())
}

/// The values that a form field stands for.
pub(super) fn values(value: &PyObject) -> Vec<PyObjectRef> {
    if let Some(list) = value.downcast_ref::<PyList>() {
        return list.borrow_vec().to_vec();
    }
    if let Some(tuple) = value.downcast_ref::<PyTuple>() {
        return tuple.as_slice().to_vec();
    }
    vec![value.to_owned()]
}
