//! The exceptions for a handshake that fails.

use rustpython_vm::builtins::PyBaseExceptionRef;
use rustpython_vm::{PyObjectRef, VirtualMachine};
use tauraro_engine::websocket::grammar::FormatError;
use tauraro_engine::websocket::handshake::Error;
use tauraro_engine::websocket::handshake::check::Problem;
use tauraro_engine::websocket::handshake::error::Part;

use crate::errors;

/// The exception for a value that does not follow the grammar of its field.
pub(super) fn format(vm: &VirtualMachine, error: &FormatError, value: &str) -> PyBaseExceptionRef {
    errors::invalid_header_format(vm, error.field, error.reason, value, error.position)
}

/// The exception for a field that is not acceptable.
pub(super) fn of_field(vm: &VirtualMachine, problem: Problem) -> PyBaseExceptionRef {
    match problem {
        Problem::Format(error, value) => format(vm, &error, &value),
        Problem::Upgrade(name, value) => errors::new(vm, "InvalidUpgrade", (name.to_owned(), value)),
        Problem::Missing(name) => errors::new(vm, "InvalidHeader", (name.to_owned(),)),
        Problem::Several(name) => {
            errors::new(vm, "InvalidHeader", (name.to_owned(), "multiple values".to_owned()))
        }
        Problem::Value(name, value) => errors::new(vm, "InvalidHeaderValue", (name.to_owned(), value)),
    }
}

/// The exception for a message that cannot be read.
pub(super) fn of_head(vm: &VirtualMachine, error: Error) -> PyBaseExceptionRef {
    let message = error.to_string();
    match error {
        Error::Closed { reading, how } => {
            let class = || vm.ctx.exceptions.eof_error.to_owned();
            let exception = vm.new_exception_msg(class(), message.into());
            if reading.is_some() {
                exception.set_cause(Some(vm.new_exception_msg(class(), how.into())));
            }
            exception
        }
        Error::TooLong(part, message) => {
            let class = match part {
                Part::RequestLine => "RequestLineTooLong",
                Part::StatusLine => "StatusLineTooLong",
                Part::Field => "HeaderLineTooLong",
                Part::Body => "SecurityError",
            };
            errors::new(vm, class, (message,))
        }
        Error::TooManyFields(_) => errors::new(vm, "TooManyHeaders", (message,)),
        Error::Body(message) => errors::new(vm, "SecurityError", (message,)),
        Error::Malformed(message) => vm.new_value_error(message),
        Error::NotAscii(data, position) => {
            let args: Vec<PyObjectRef> = vec![
                vm.ctx.new_str("ascii").into(),
                vm.ctx.new_bytes(data).into(),
                vm.ctx.new_int(position).into(),
                vm.ctx.new_int(position.saturating_add(1)).into(),
                vm.ctx.new_str("ordinal not in range(128)").into(),
            ];
            let class: PyObjectRef = vm.ctx.exceptions.unicode_decode_error.to_owned().into();
            let made = class.call(args, vm).and_then(|exception| exception.try_into_value(vm));
            made.unwrap_or_else(|instead| instead)
        }
        Error::Unsupported(message) => vm.new_not_implemented_error(message),
        Error::Repeated(name) => {
            let class = errors::attribute(vm, "websockets.datastructures", "MultipleValuesError");
            let made = class
                .and_then(|class| class.call((name.to_owned(),), vm))
                .and_then(|exception| exception.try_into_value(vm));
            made.unwrap_or_else(|instead| instead)
        }
    }
}
