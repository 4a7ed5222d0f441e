//! Parameters of permessage-deflate between Python and the engine.

use rustpython_vm::builtins::{PyBaseExceptionRef, PyDict, PyInt, PyStr};
use rustpython_vm::{AsObject, PyObject, PyObjectRef, PyResult, VirtualMachine};
use tauraro_engine::websocket as engine;
use tauraro_engine::websocket::negotiate::{Parameter, Parameters, Refusal, WindowBits};

use crate::errors;

/// The exception for a negotiation that fails.
pub(super) fn refusal(vm: &VirtualMachine, refusal: Refusal) -> PyBaseExceptionRef {
    match refusal {
        Refusal::Duplicate(name) => errors::new(vm, "DuplicateParameter", (name,)),
        Refusal::Name(name) => errors::new(vm, "InvalidParameterName", (name,)),
        Refusal::Value(name, value) => errors::new(vm, "InvalidParameterValue", (name, value)),
        Refusal::Unacceptable(message) => errors::negotiation_error(vm, message),
    }
}

/// Parses parameters as they are in a header: pairs of a name and a value or None.
///
/// # Errors
/// `NegotiationError` for a parameter that permessage-deflate does not have; `TypeError` for items that are not pairs.
pub(super) fn parse(params: &PyObject, in_request: bool, vm: &VirtualMachine) -> PyResult<Parameters> {
    let mut pairs: Vec<Parameter> = Vec::new();
    for pair in params.try_to_value::<Vec<PyObjectRef>>(vm)? {
        let [name, value] = <[PyObjectRef; 2]>::try_from(pair.try_to_value::<Vec<PyObjectRef>>(vm)?)
            .map_err(|_| vm.new_type_error("a parameter is a name and a value"))?;
        let value = if vm.is_none(&value) { None } else { Some(value.str(vm)?.to_string()) };
        pairs.push((name.str(vm)?.to_string(), value));
    }
    let pairs = pairs.iter().map(|(name, value)| (name.as_str(), value.as_deref()));
    Parameters::parse(pairs, in_request).map_err(|error| refusal(vm, error))
}

/// Parameters as they are in a header.
pub(super) fn build(parameters: Parameters, vm: &VirtualMachine) -> PyObjectRef {
    let pairs = parameters.build().into_iter().map(|(name, value)| {
        let value = value.map_or_else(|| vm.ctx.none(), |value| vm.ctx.new_str(value).into());
        vm.ctx.new_tuple(vec![vm.ctx.new_str(name).into(), value]).into()
    });
    vm.ctx.new_list(pairs.collect()).into()
}

/// A window's size in bits, or None.
///
/// # Errors
/// `ValueError` for one that is not from `minimum` to 15.
pub(super) fn bits(
    name: &str,
    value: Option<&PyObject>,
    minimum: u8,
    vm: &VirtualMachine,
) -> PyResult<Option<u8>> {
    let Some(value) = value else { return Ok(None) };
    let number = value.try_index(vm)?;
    match u8::try_from(number.as_bigint()) {
        Ok(bits) if (minimum..=15).contains(&bits) => Ok(Some(bits)),
        _ => Err(vm.new_value_error(format!("{name} must be between {minimum} and 15"))),
    }
}

/// The limit of a client's window: bits, True for a limit that the server may choose, or None.
///
/// # Errors
/// `ValueError` for a size that is not from 9 to 15.
pub(super) fn client_bits(value: Option<&PyObject>, vm: &VirtualMachine) -> PyResult<Option<WindowBits>> {
    if value.is_some_and(|value| value.is(&vm.ctx.true_value)) {
        return Ok(Some(WindowBits::Supported));
    }
    Ok(bits("client_max_window_bits", value, 9, vm)?.map(WindowBits::Limit))
}

/// The limit of a client's window as a Python object.
pub(super) fn from_client_bits(bits: Option<WindowBits>, vm: &VirtualMachine) -> PyObjectRef {
    match bits {
        None => vm.ctx.none(),
        Some(WindowBits::Supported) => vm.ctx.new_bool(true).into(),
        Some(WindowBits::Limit(bits)) => vm.ctx.new_int(bits).into(),
    }
}

/// Rejects settings that include the size of the window.
///
/// # Errors
/// `ValueError` that names the parameter to set instead.
pub(super) fn refuse_window_bits(
    settings: Option<&PyObject>,
    instead: &str,
    vm: &VirtualMachine,
) -> PyResult<()> {
    let has = settings
        .and_then(|settings| settings.downcast_ref::<PyDict>())
        .is_some_and(|settings| settings.contains_key("wbits", vm));
    if has {
        return Err(
            vm.new_value_error(format!("compress_settings must not include wbits, set {instead} instead"))
        );
    }
    Ok(())
}

/// Reads `compress_settings`, which are arguments of `zlib.compressobj`: `level`, `memLevel`, `strategy` and
/// `method`, which has one value only. Dictionaries are not supported.
///
/// # Errors
/// `TypeError` for an unknown setting or one that is not an integer, `ValueError` for one out of its range.
pub(super) fn settings(value: Option<&PyObject>, vm: &VirtualMachine) -> PyResult<engine::Settings> {
    let mut settings = engine::Settings::default();
    let Some(value) = value else { return Ok(settings) };
    let dict = value.downcast_ref::<PyDict>().ok_or_else(|| {
        vm.new_type_error(format!("compress_settings is not a dict: {}", value.class().name()))
    })?;
    for (key, value) in dict {
        let name = key.downcast_ref::<PyStr>().map(ToString::to_string).unwrap_or_default();
        let Some(number) = value.downcast_ref::<PyInt>() else {
            return Err(vm.new_type_error(format!("compress_settings: {name} must be an int")));
        };
        let invalid =
            || vm.new_value_error(format!("compress_settings: invalid {name}: {}", number.as_bigint()));
        let number = i8::try_from(number.as_bigint()).map_err(|_| invalid())?;
        let unsigned = || u8::try_from(number).map_err(|_| invalid());
        match name.as_str() {
            "level" => settings.level = number,
            "memLevel" => settings.memory_level = unsigned()?,
            "strategy" => settings.strategy = unsigned()?,
            // There is one method, DEFLATE.
            "method" if number == 8 => {}
            "method" => return Err(invalid()),
            _ => return Err(vm.new_type_error(format!("compress_settings: unknown setting {name}"))),
        }
        if !settings.is_valid() {
            return Err(invalid());
        }
    }
    Ok(settings)
}
