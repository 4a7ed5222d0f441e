//! The exceptions of httptools 0.9, and the one place where the engine's errors become exceptions.
//!
//! ```text
//! HttpParserError: HttpParserCallbackError, HttpParserInvalidStatusError,
//!                  HttpParserInvalidMethodError, HttpParserInvalidURLError
//! HttpParserUpgrade
//! ```

use rustpython_vm::builtins::{PyBaseExceptionRef, PyException, PyType, PyTypeRef};
use rustpython_vm::class::PyClassImpl as _;
use rustpython_vm::types::Constructor;
use rustpython_vm::{Py, PyPayload, VirtualMachine, pyexception};
use tauraro_engine::http1::{Error, ErrorKind};

/// Defines the exceptions and lists them.
macro_rules! exceptions {
    ($($(#[$doc:meta])* $class:ident $name:literal $base:ident;)*) => {
        $(
            $(#[$doc])*
            #[pyexception(name = $name, module = "httptools.parser.errors", base = $base, impl)]
            #[derive(Debug)]
            #[repr(transparent)]
            pub(crate) struct $class($base);
        )*

        /// Every exception by its name.
        pub(crate) fn classes() -> Vec<(&'static str, PyTypeRef)> {
            vec![$(($name, $class::make_static_type()),)*]
        }
    };
}

exceptions! {
    /// A message breaks the protocol. Base class of the more specific errors.
    HttpParserError "HttpParserError" PyException;
    /// A method of the protocol object raised an exception, which is the `__context__` of this one.
    HttpParserCallbackError "HttpParserCallbackError" HttpParserError;
    /// The status line of a response is malformed.
    HttpParserInvalidStatusError "HttpParserInvalidStatusError" HttpParserError;
    /// The method of a request is unknown.
    HttpParserInvalidMethodError "HttpParserInvalidMethodError" HttpParserError;
    /// A URL, or the target of a request, is malformed.
    HttpParserInvalidURLError "HttpParserInvalidURLError" HttpParserError;
    /// The message ends HTTP on the connection. The argument is where in the data that was fed the other
    /// protocol starts.
    HttpParserUpgrade "HttpParserUpgrade" PyException;
}

/// The class that stands for a kind of error.
fn class_of(vm: &VirtualMachine, kind: ErrorKind) -> &'static Py<PyType> {
    match kind {
        ErrorKind::Method => HttpParserInvalidMethodError::class(&vm.ctx),
        ErrorKind::Target => HttpParserInvalidURLError::class(&vm.ctx),
        ErrorKind::Status => HttpParserInvalidStatusError::class(&vm.ctx),
        ErrorKind::Refused => HttpParserCallbackError::class(&vm.ctx),
        _ => HttpParserError::class(&vm.ctx),
    }
}

/// The exception for a stream that breaks the protocol, in the words of upstream.
pub(crate) fn of_stream(vm: &VirtualMachine, error: Error) -> PyBaseExceptionRef {
    vm.new_exception_msg(class_of(vm, error.kind()).to_owned(), error.reason().into())
}

/// The exception for a message that breaks the protocol: what is wrong, and where.
pub(crate) fn of_message(vm: &VirtualMachine, error: Error) -> PyBaseExceptionRef {
    vm.new_exception_msg(class_of(vm, error.kind()).to_owned(), error.to_string().into())
}

/// The exception for a method of the protocol object that failed.
pub(crate) fn callback(vm: &VirtualMachine, name: &str) -> PyBaseExceptionRef {
    let class = HttpParserCallbackError::class(&vm.ctx).to_owned();
    vm.new_exception_msg(class, format!("`{name}` callback error").into())
}

/// The exception for what is not a URL.
pub(crate) fn invalid_url(vm: &VirtualMachine, message: String) -> PyBaseExceptionRef {
    vm.new_exception_msg(HttpParserInvalidURLError::class(&vm.ctx).to_owned(), message.into())
}

/// The exception that says where another protocol starts.
pub(crate) fn upgrade(vm: &VirtualMachine, offset: usize) -> PyBaseExceptionRef {
    let class = HttpParserUpgrade::class(&vm.ctx).to_owned();
    vm.new_exception(class, vec![vm.ctx.new_int(offset).into()])
}
