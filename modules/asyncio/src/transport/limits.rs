//! `set_write_buffer_limits` and its relatives.

use rustpython_vm::{FromArgs, PyObject, PyObjectRef, PyResult, VirtualMachine};

/// The arguments of `set_write_buffer_limits` and `set_read_buffer_limits`.
#[derive(FromArgs)]
pub(super) struct Limits {
    #[pyarg(any, optional)]
    high: Option<PyObjectRef>,
    #[pyarg(any, optional)]
    low: Option<PyObjectRef>,
}

/// The high and the low limit, in bytes.
///
/// # Errors
/// `ValueError` unless `high >= low >= 0`, `TypeError` for what is not an integer.
pub(super) fn parse_limits(
    limits: Limits,
    default_high: usize,
    vm: &VirtualMachine,
) -> PyResult<(usize, usize)> {
    let given = |object: Option<PyObjectRef>| object.filter(|object| !vm.is_none(object));
    let (high, low) = (given(limits.high), given(limits.low));
    let parse = |value: &Option<PyObjectRef>| match value {
        Some(value) => limit(value, vm).map(Some),
        None => Ok(None),
    };
    let (high_given, low_given) = (parse(&high)?, parse(&low)?);
    let new_high = match (high_given, low_given) {
        (Some(high), _) => high,
        (None, Some(low)) => low.map(|low| low.saturating_mul(4)),
        (None, None) => Some(default_high),
    };
    let new_low = low_given.unwrap_or(new_high.map(|high| high / 4));
    match (new_high, new_low) {
        (Some(high), Some(low)) if high >= low => Ok((high, low)),
        _ => {
            let shown = |value: Option<PyObjectRef>, number: Option<usize>| match value {
                Some(value) => value.repr(vm).map(|repr| repr.to_string()),
                None => Ok(number.map_or_else(|| "-1".to_owned(), |number| number.to_string())),
            };
            Err(vm.new_value_error(format!(
                "high ({}) must be >= low ({}) must be >= 0",
                shown(high, new_high)?,
                shown(low, new_low)?
            )))
        }
    }
}

/// A limit in bytes, `None` if it is negative; what is larger than an address space is as good as none.
fn limit(limit: &PyObject, vm: &VirtualMachine) -> PyResult<Option<usize>> {
    let number = limit.try_index(vm)?;
    let number = number.as_bigint();
    Ok(match usize::try_from(number) {
        Ok(number) => Some(number),
        Err(_) if number.to_string().starts_with('-') => None,
        Err(_) => Some(usize::MAX),
    })
}
