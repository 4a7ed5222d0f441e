//! Members of the package's enumerations, which are Python's.

use rustpython_vm::{AsObject, PyObject, PyObjectRef, PyResult, VirtualMachine};
use tauraro_engine::websocket::{Opcode, Side, State};

use crate::errors;

fn member(vm: &VirtualMachine, module: &'static str, members: &'static str, index: usize) -> PyResult {
    errors::attribute(vm, module, members)?.get_item(&index, vm)
}

/// A member of `websockets.frames.Opcode`.
///
/// # Errors
/// What importing the module raises.
pub(crate) fn opcode(vm: &VirtualMachine, opcode: Opcode) -> PyResult {
    let index = Opcode::ALL.iter().position(|other| *other == opcode).unwrap_or_default();
    member(vm, "websockets.frames", "_OPCODES", index)
}

/// A member of `websockets.protocol.Side`.
///
/// # Errors
/// What importing the module raises.
pub(crate) fn side(vm: &VirtualMachine, side: Side) -> PyResult {
    member(vm, "websockets.protocol", "_SIDES", side as usize)
}

/// A member of `websockets.protocol.State`.
///
/// # Errors
/// What importing the module raises.
pub(crate) fn state(vm: &VirtualMachine, state: State) -> PyResult {
    member(vm, "websockets.protocol", "_STATES", state as usize)
}

/// A member of `websockets.frames.CloseCode`.
///
/// # Errors
/// What importing the module raises.
pub(crate) fn close_code(vm: &VirtualMachine, code: u16) -> PyResult {
    errors::attribute(vm, "websockets.frames", "CloseCode")?.call((code,), vm)
}

/// The opcode that a member, or its value, stands for.
///
/// # Errors
/// `TypeError` for what is no integer, `ValueError` for what is no opcode.
pub(crate) fn to_opcode(vm: &VirtualMachine, value: &PyObject) -> PyResult<Opcode> {
    let number = value.try_index(vm)?;
    u8::try_from(number.as_bigint())
        .ok()
        .and_then(Opcode::new)
        .ok_or_else(|| vm.new_value_error(format!("{} is not a valid Opcode", number.as_bigint())))
}

/// The state that a member, or its value, stands for.
///
/// # Errors
/// `TypeError` for what is no integer, `ValueError` for what is no state.
pub(crate) fn to_state(vm: &VirtualMachine, value: &PyObject) -> PyResult<State> {
    let number = value.try_index(vm)?;
    match u8::try_from(number.as_bigint()) {
        Ok(0) => Ok(State::Connecting),
        Ok(1) => Ok(State::Open),
        Ok(2) => Ok(State::Closing),
        Ok(3) => Ok(State::Closed),
        _ => Err(vm.new_value_error(format!("{} is not a valid State", number.as_bigint()))),
    }
}

/// The side that a member, or its value, stands for.
///
/// # Errors
/// `TypeError` for what is no integer, `ValueError` for what is no side.
pub(crate) fn to_side(vm: &VirtualMachine, value: &PyObject) -> PyResult<Side> {
    let number = value.try_index(vm)?;
    match u8::try_from(number.as_bigint()) {
        Ok(0) => Ok(Side::Server),
        Ok(1) => Ok(Side::Client),
        _ => Err(vm.new_value_error(format!("{} is not a valid Side", number.as_bigint()))),
    }
}

/// The close code that a member, or its value, stands for; codes that do not fit a close frame become 0, which
/// must not be sent.
///
/// # Errors
/// `TypeError` for what is no integer.
pub(crate) fn to_close_code(vm: &VirtualMachine, value: &PyObject) -> PyResult<u16> {
    Ok(u16::try_from(value.try_index(vm)?.as_bigint()).unwrap_or(0))
}

/// An optional object as Python sees it.
pub(crate) fn or_none(vm: &VirtualMachine, value: Option<impl AsObject + Into<PyObjectRef>>) -> PyObjectRef {
    value.map_or_else(|| vm.ctx.none(), Into::into)
}
