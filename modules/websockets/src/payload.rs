//! The payloads of messages and fragments as Python objects.

use rustpython_vm::{AsObject, PyResult, VirtualMachine};

/// A payload as `str` if it is text, else as `bytes`.
///
/// # Errors
/// `UnicodeDecodeError` for text that is not UTF-8.
pub(crate) fn to_object(data: Vec<u8>, is_text: bool, vm: &VirtualMachine) -> PyResult {
    if !is_text {
        return Ok(vm.ctx.new_bytes(data).into());
    }
    match String::from_utf8(data) {
        Ok(text) => Ok(vm.ctx.new_str(text).into()),
        // Raises the exception that says what is wrong where.
        Err(error) => vm.call_method(vm.ctx.new_bytes(error.into_bytes()).as_object(), "decode", ()),
    }
}

/// Decodes text that arrives in fragments.
#[derive(Debug, Default)]
pub(crate) struct Utf8Decoder {
    /// The start of a character whose end is in the next fragment.
    partial: Vec<u8>,
}

impl Utf8Decoder {
    /// The complete characters of the next fragment, the `last` one or not.
    ///
    /// # Errors
    /// `UnicodeDecodeError` for text that is not UTF-8.
    pub(crate) fn decode(&mut self, data: &[u8], last: bool, vm: &VirtualMachine) -> PyResult {
        let mut all = std::mem::take(&mut self.partial);
        all.extend_from_slice(data);
        if let Err(error) = std::str::from_utf8(&all)
            && error.error_len().is_none()
            && !last
        {
            self.partial = all.split_off(error.valid_up_to());
        }
        to_object(all, true, vm)
    }
}
