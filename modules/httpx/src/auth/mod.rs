//! Authentication: what `auth=` takes, and the flows that carry it out.

mod async_flow;
mod base;
mod basic;
mod digest;
mod digest_flow;
mod flow_driver;
mod flow_state;
mod function;
mod netrc;
mod single_request;
mod sync_flow;

use rustpython_vm::builtins::{PyBytes, PyStr, PyTuple, PyTypeRef};
use rustpython_vm::class::{PyClassImpl, StaticType};
use rustpython_vm::{AsObject, PyObject, PyObjectRef, PyPayload, PyResult, VirtualMachine};

pub(crate) use base::Auth;
pub(crate) use basic::BasicAuth;
pub(crate) use digest::DigestAuth;
pub(crate) use flow_driver::FlowDriver;
pub(crate) use function::FunctionAuth;
pub(crate) use netrc::NetRCAuth;

/// The classes that are not exported.
pub(crate) fn hidden_classes() -> Vec<PyTypeRef> {
    vec![
        digest_flow::DigestFlow::make_static_type(),
        async_flow::AsyncAuthFlow::make_static_type(),
        sync_flow::AuthFlow::make_static_type(),
        single_request::SingleRequest::make_static_type(),
    ]
}

/// The `httpx.Auth` that an `auth=` argument stands for: a pair of user name and password, an `Auth`,
/// or a function that changes the request.
///
/// # Errors
/// `TypeError` for anything else.
pub(crate) fn build(vm: &VirtualMachine, auth: Option<PyObjectRef>) -> PyResult<Option<PyObjectRef>> {
    let Some(auth) = auth else { return Ok(None) };
    if let Some(pair) = auth.downcast_ref::<PyTuple>() {
        let [username, password] = pair.as_slice() else {
            let message =
                format!("Invalid \"auth\" argument: a tuple of {}, not of 2", pair.as_slice().len());
            return Err(vm.new_type_error(message));
        };
        let (username, password) = (text_or_bytes(vm, username)?, text_or_bytes(vm, password)?);
        return Ok(Some(BasicAuth::new(&username, &password).into_ref(&vm.ctx).into()));
    }
    if auth.fast_isinstance(Auth::static_type()) {
        return Ok(Some(auth));
    }
    if auth.is_callable() {
        return Ok(Some(FunctionAuth::new(auth).into_ref(&vm.ctx).into()));
    }
    Err(vm.new_type_error(format!("Invalid \"auth\" argument: {}", auth.repr(vm)?)))
}

/// A user name or password: text as UTF-8, bytes as they are.
///
/// # Errors
/// `TypeError` naming the type of anything else, never its value.
pub(crate) fn text_or_bytes(vm: &VirtualMachine, value: &PyObject) -> PyResult<Vec<u8>> {
    if let Some(text) = value.downcast_ref::<PyStr>() {
        return Ok(text.try_as_utf8(vm)?.as_bytes().to_vec());
    }
    if let Some(bytes) = value.downcast_ref::<PyBytes>() {
        return Ok(bytes.as_bytes().to_vec());
    }
    Err(vm.new_type_error(format!("credentials must be str or bytes, not {}", value.class().name())))
}
