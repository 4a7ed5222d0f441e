//! Checks of the headers of a handshake.

use rustpython_vm::{PyObject, PyObjectRef, PyResult, VirtualMachine};
use tauraro_engine::websocket::handshake::check::{self, Problem};

use super::failure;
use crate::datastructures::Headers;

/// Checks the headers of a request. The value of `Sec-WebSocket-Accept` for it.
///
/// # Errors
/// `InvalidHandshake`, of a class that says more.
pub(super) fn request(vm: &VirtualMachine, headers: &PyObject) -> PyResult<String> {
    upgrade(vm, headers)?;
    let keys = values(vm, headers, "Sec-WebSocket-Key")?;
    let versions = values(vm, headers, "Sec-WebSocket-Version")?;
    let key = match check::key(&keys) {
        Err(Problem::Value(_, key)) => return Err(wrong_key(vm, key)),
        result => result.map_err(|problem| failure::of_field(vm, problem))?,
    };
    check::version(&versions).map_err(|problem| failure::of_field(vm, problem))?;
    Ok(tauraro_engine::websocket::handshake::accept_key(key.as_bytes()))
}

/// Checks the headers of a response.
///
/// # Errors
/// `InvalidHandshake`, of a class that says more.
pub(super) fn response(vm: &VirtualMachine, headers: &PyObject, key: &str) -> PyResult<()> {
    upgrade(vm, headers)?;
    let accepts = values(vm, headers, "Sec-WebSocket-Accept")?;
    check::accept(&accepts, key).map_err(|problem| failure::of_field(vm, problem))
}

fn upgrade(vm: &VirtualMachine, headers: &PyObject) -> PyResult<()> {
    let connection = values(vm, headers, "Connection")?;
    let upgrade = values(vm, headers, "Upgrade")?;
    check::upgrade(&connection, &upgrade).map_err(|problem| failure::of_field(vm, problem))
}

/// The exception for a key that is not 16 bytes in base64; what decoding says about it is the cause.
fn wrong_key(vm: &VirtualMachine, key: String) -> rustpython_vm::builtins::PyBaseExceptionRef {
    let decoded = (|| -> PyResult<()> {
        let encoded = vm.call_method(vm.ctx.new_str(key.as_str()).as_ref(), "encode", ())?;
        vm.import("base64", 0)?.get_attr("b64decode", vm)?.call((encoded, vm.ctx.none(), true), vm).map(drop)
    })();
    let exception = failure::of_field(vm, Problem::Value("Sec-WebSocket-Key", key));
    if let Err(cause) = decoded {
        exception.set_cause(Some(cause));
    }
    exception
}

/// The values of a field in headers, or in what has a `get_all` as they have.
fn values(vm: &VirtualMachine, headers: &PyObject, name: &'static str) -> PyResult<Vec<String>> {
    let values = match headers.downcast_ref_if_exact::<Headers>(vm) {
        Some(headers) => headers.values_of(name),
        None => vm.call_method(headers, "get_all", (name,))?.try_to_value::<Vec<PyObjectRef>>(vm)?,
    };
    values.iter().map(|value| Ok(value.str(vm)?.as_wtf8().to_string_lossy().into_owned())).collect()
}
