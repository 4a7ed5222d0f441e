//! Members of the package's enumerations, which are defined in Python.

use rustpython_vm::{AsObject, PyObject, PyObjectRef, PyResult, VirtualMachine};
use tauraro_engine::websocket as engine;

use crate::errors;

fn member(vm: &VirtualMachine, module: &'static str, members: &'static str, index: usize) -> PyResult {
    errors::attribute(vm, module, members)?.get_item(&index, vm)
}

/// A member of `websockets.frames.Opcode`.
///
/// # Errors
/// What importing the module raises.
pub(crate) fn opcode(vm: &VirtualMachine, opcode: engine::OpCode) -> PyResult {
    let index = engine::opcode::ALL.iter().position(|other| *other == opcode).unwrap_or_default();
    member(vm, "websockets.frames", "_OPCODES", index)
}

/// A member of `websockets.protocol.Side`.
///
/// # Errors
/// What importing the module raises.
pub(crate) fn side(vm: &VirtualMachine, side: engine::Side) -> PyResult {
    member(vm, "websockets.protocol", "_SIDES", side as usize)
}

/// A member of `websockets.protocol.State`.
///
/// # Errors
/// What importing the module raises.
pub(crate) fn state(vm: &VirtualMachine, state: engine::State) -> PyResult {
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
/// `TypeError` for an object that is not an integer, `ValueError` for an integer that is not an opcode.
pub(crate) fn to_opcode(vm: &VirtualMachine, value: &PyObject) -> PyResult<engine::OpCode> {
    let number = value.try_index(vm)?;
    u8::try_from(number.as_bigint())
        .ok()
        .and_then(engine::opcode::from_value)
        .ok_or_else(|| vm.new_value_error(format!("{} is not a valid Opcode", number.as_bigint())))
}

/// The state that a member, or its value, stands for.
///
/// # Errors
/// `TypeError` for an object that is not an integer, `ValueError` for an integer that is not a state.
pub(crate) fn to_state(vm: &VirtualMachine, value: &PyObject) -> PyResult<engine::State> {
    let number = value.try_index(vm)?;
    u8::try_from(number.as_bigint())
        .ok()
        .and_then(state_from_value)
        .ok_or_else(|| vm.new_value_error(format!("{} is not a valid State", number.as_bigint())))
}

/// The state with this value in Python.
pub(crate) fn state_from_value(value: u8) -> Option<engine::State> {
    Some(match value {
        0 => engine::State::Connecting,
        1 => engine::State::Open,
        2 => engine::State::Closing,
        3 => engine::State::Closed,
        _ => return None,
    })
}

/// The side that a member, or its value, stands for.
///
/// # Errors
/// `TypeError` for an object that is not an integer, `ValueError` for an integer that is not a side.
pub(crate) fn to_side(vm: &VirtualMachine, value: &PyObject) -> PyResult<engine::Side> {
    let number = value.try_index(vm)?;
    match u8::try_from(number.as_bigint()) {
        Ok(0) => Ok(engine::Side::Server),
        Ok(1) => Ok(engine::Side::Client),
        _ => Err(vm.new_value_error(format!("{} is not a valid Side", number.as_bigint()))),
    }
}

/// The close code that a member, or its value, stands for; codes that do not fit in a close frame become 0, which
/// must not be sent.
///
/// # Errors
/// `TypeError` for an object that is not an integer.
pub(crate) fn to_close_code(vm: &VirtualMachine, value: &PyObject) -> PyResult<engine::CloseCode> {
    Ok(u16::try_from(value.try_index(vm)?.as_bigint()).unwrap_or(0).into())
}

/// An optional object as Python sees it.
pub(crate) fn or_none(vm: &VirtualMachine, value: Option<impl AsObject + Into<PyObjectRef>>) -> PyObjectRef {
    value.map_or_else(|| vm.ctx.none(), Into::into)
}
