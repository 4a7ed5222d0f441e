//! The package's exceptions, raised from Rust. The classes are in `python/websockets/exceptions.py`.

use rustpython_vm::builtins::{PyBaseExceptionRef, PyTypeRef};
use rustpython_vm::function::IntoFuncArgs;
use rustpython_vm::{AsObject as _, PyObjectRef, PyResult, VirtualMachine};

const MODULE: &str = "websockets.exceptions";

/// The class of a name, such as `"ProtocolError"`.
///
/// # Errors
/// What importing the module raises.
pub(crate) fn class(vm: &VirtualMachine, name: &str) -> PyResult<PyTypeRef> {
    attribute(vm, MODULE, name)?.try_into_value(vm)
}

/// An attribute of a module of this package, imported if it is not yet.
///
/// # Errors
/// What importing the module raises; `AttributeError`.
pub(crate) fn attribute(vm: &VirtualMachine, module: &'static str, name: &str) -> PyResult {
    let modules = vm.sys_module.get_attr("modules", vm)?;
    let name = vm.ctx.new_str(name);
    if let Ok(module) = modules.get_item(module, vm)
        && let Some(value) = vm.get_attribute_opt(&module, &name)?
    {
        return Ok(value);
    }
    // It is not imported, or another thread is importing it, which this waits for.
    vm.import(module, 0)?;
    modules.get_item(module, vm)?.get_attr(&name, vm)
}

/// Creates an exception of a class by its name. An error on the way is the exception instead.
pub(crate) fn new(vm: &VirtualMachine, name: &str, args: impl IntoFuncArgs) -> PyBaseExceptionRef {
    let make = || class(vm, name)?.as_object().to_owned().call(args, vm)?.try_into_value(vm);
    make().unwrap_or_else(|instead| instead)
}

/// `ProtocolError`: a frame, or the order of frames, breaks RFC 6455.
pub(crate) fn protocol_error(vm: &VirtualMachine, message: impl Into<String>) -> PyBaseExceptionRef {
    new(vm, "ProtocolError", (message.into(),))
}

/// `PayloadTooBig`: the frame's size if known, the limit, and the size of the message before it if it has begun.
/// All in bytes; the limit is what the earlier frames of the message have left of it.
pub(crate) fn payload_too_big(
    vm: &VirtualMachine,
    size: Option<u64>,
    max_size: u64,
    current_size: Option<u64>,
) -> PyBaseExceptionRef {
    let number = |number: Option<u64>| -> PyObjectRef {
        number.map_or_else(|| vm.ctx.none(), |number| vm.ctx.new_int(number).into())
    };
    new(vm, "PayloadTooBig", (number(size), vm.ctx.new_int(max_size), number(current_size)))
}

/// `TooManyFragments`: a message in more frames than allowed.
pub(crate) fn too_many_fragments(vm: &VirtualMachine, limit: usize) -> PyBaseExceptionRef {
    new(vm, "TooManyFragments", (limit,))
}

/// `InvalidState`: the connection is not in a state in which this frame may be sent.
pub(crate) fn invalid_state(vm: &VirtualMachine, message: impl Into<String>) -> PyBaseExceptionRef {
    new(vm, "InvalidState", (message.into(),))
}

/// `ConcurrencyError`: two tasks or threads do something that only one may do at a time.
pub(crate) fn concurrency_error(vm: &VirtualMachine, message: impl Into<String>) -> PyBaseExceptionRef {
    new(vm, "ConcurrencyError", (message.into(),))
}

/// `ConnectionClosedOK`, or `ConnectionClosedError` unless `ok`: the `Close` frames received and sent, or None,
/// and which was first if there are both.
pub(crate) fn connection_closed(
    vm: &VirtualMachine,
    ok: bool,
    rcvd: PyObjectRef,
    sent: PyObjectRef,
    rcvd_then_sent: Option<bool>,
) -> PyBaseExceptionRef {
    let name = if ok { "ConnectionClosedOK" } else { "ConnectionClosedError" };
    new(vm, name, (rcvd, sent, rcvd_then_sent))
}

/// `InvalidHeaderFormat`: what was expected, and where in which value of the field `name`.
pub(crate) fn invalid_header_format(
    vm: &VirtualMachine,
    name: &str,
    error: &str,
    header: &str,
    pos: usize,
) -> PyBaseExceptionRef {
    new(vm, "InvalidHeaderFormat", (name.to_owned(), error.to_owned(), header.to_owned(), pos))
}

/// `NegotiationError`: client and server do not agree.
pub(crate) fn negotiation_error(vm: &VirtualMachine, message: impl Into<String>) -> PyBaseExceptionRef {
    new(vm, "NegotiationError", (message.into(),))
}
