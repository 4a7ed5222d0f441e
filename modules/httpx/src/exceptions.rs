//! The exception tree of httpx 0.28, and the one place where engine errors become exceptions.
//!
//! ```text
//! HTTPError
//!   RequestError
//!     TransportError
//!       TimeoutException: ConnectTimeout, ReadTimeout, WriteTimeout, PoolTimeout
//!       NetworkError: ConnectError, ReadError, WriteError, CloseError
//!       ProtocolError: LocalProtocolError, RemoteProtocolError
//!       ProxyError, UnsupportedProtocol
//!     DecodingError, TooManyRedirects
//!   HTTPStatusError
//! InvalidURL
//! CookieConflict
//! StreamError: StreamConsumed, StreamClosed, ResponseNotRead, RequestNotRead
//! ```

use std::error::Error as _;

use rustpython_vm::builtins::{
    PyBaseException, PyBaseExceptionRef, PyException, PyRuntimeError, PyType, PyTypeRef,
};
use rustpython_vm::class::PyClassImpl as _;
use rustpython_vm::function::{FuncArgs, PySetterValue};
use rustpython_vm::types::{Constructor, Initializer};
use rustpython_vm::{
    AsObject, FromArgs, Py, PyObject, PyObjectRef, PyPayload, PyResult, VirtualMachine, pyclass, pyexception,
};
use tauraro_engine::{Error, ErrorKind};

use crate::pickling;

/// Where an exception keeps its request: an ordinary attribute, as upstream has it.
const REQUEST: &str = "_request";

/// An exception of `class`, one of this file's, with its request where there is one.
///
/// The classes whose message is fixed ([`StreamConsumed`] and its siblings) are made by
/// [`stream_consumed`] and so on.
pub(crate) fn new(
    vm: &VirtualMachine,
    class: &Py<PyType>,
    message: impl Into<String>,
    request: Option<PyObjectRef>,
) -> PyBaseExceptionRef {
    let exception = vm.new_exception_msg(class.to_owned(), message.into().into());
    if let Some(request) = request {
        // Cannot fail: every class here has a `__dict__`, and `_request` is not a descriptor.
        let _ = exception.as_object().set_attr(REQUEST, request, vm);
    }
    exception
}

/// The exception that stands for an engine error: its class by the kind, its message, the request
/// where there is one, and the causes below it as `__cause__`.
pub(crate) fn from_engine(
    vm: &VirtualMachine,
    error: Error,
    request: Option<PyObjectRef>,
) -> PyBaseExceptionRef {
    let request = request.filter(|_| has_request(error.kind()));
    let exception = new(vm, class_of(vm, error.kind()), error.message(), request);
    let mut causes = Vec::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        causes.push(cause_of(vm, error));
        cause = error.source();
    }
    let chain = causes.into_iter().rev().reduce(|below, cause| {
        cause.set_cause(Some(below));
        cause
    });
    if chain.is_some() {
        exception.set_cause(chain);
    }
    exception
}

/// The exception for a body whose stream was read already.
pub(crate) fn stream_consumed(vm: &VirtualMachine) -> PyBaseExceptionRef {
    new(vm, StreamConsumed::class(&vm.ctx), STREAM_CONSUMED, None)
}

/// The exception for a body whose stream was closed.
pub(crate) fn stream_closed(vm: &VirtualMachine) -> PyBaseExceptionRef {
    new(vm, StreamClosed::class(&vm.ctx), STREAM_CLOSED, None)
}

/// The exception for a response whose content is asked for before it was read.
pub(crate) fn response_not_read(vm: &VirtualMachine) -> PyBaseExceptionRef {
    new(vm, ResponseNotRead::class(&vm.ctx), RESPONSE_NOT_READ, None)
}

/// The exception for a request whose content is asked for before it was read.
pub(crate) fn request_not_read(vm: &VirtualMachine) -> PyBaseExceptionRef {
    new(vm, RequestNotRead::class(&vm.ctx), REQUEST_NOT_READ, None)
}

fn class_of(vm: &VirtualMachine, kind: ErrorKind) -> &'static Py<PyType> {
    let ctx = &vm.ctx;
    match kind {
        ErrorKind::ConnectTimeout => ConnectTimeout::class(ctx),
        ErrorKind::ReadTimeout => ReadTimeout::class(ctx),
        ErrorKind::WriteTimeout => WriteTimeout::class(ctx),
        ErrorKind::PoolTimeout => PoolTimeout::class(ctx),
        ErrorKind::ConnectError => ConnectError::class(ctx),
        ErrorKind::ReadError => ReadError::class(ctx),
        // The feeder of a body has the reason why it gave up; without it, writing failed.
        ErrorKind::WriteError | ErrorKind::BodyAborted => WriteError::class(ctx),
        ErrorKind::ProxyError => ProxyError::class(ctx),
        ErrorKind::UnsupportedProtocol => UnsupportedProtocol::class(ctx),
        ErrorKind::LocalProtocolError => LocalProtocolError::class(ctx),
        ErrorKind::RemoteProtocolError => RemoteProtocolError::class(ctx),
        ErrorKind::DecodingError => DecodingError::class(ctx),
        ErrorKind::InvalidUrl => InvalidURL::class(ctx),
        ErrorKind::CookieConflict => CookieConflict::class(ctx),
        ErrorKind::NotImplemented => ctx.exceptions.not_implemented_error,
        ErrorKind::Denied => ctx.exceptions.permission_error,
        // A kind that was added to the engine, and not yet here.
        _ => TransportError::class(ctx),
    }
}

/// Whether the class of this kind has a `request`.
fn has_request(kind: ErrorKind) -> bool {
    !matches!(
        kind,
        ErrorKind::InvalidUrl | ErrorKind::CookieConflict | ErrorKind::NotImplemented | ErrorKind::Denied
    )
}

/// A cause as an exception: operating system errors keep their class and number.
fn cause_of(vm: &VirtualMachine, error: &(dyn std::error::Error + 'static)) -> PyBaseExceptionRef {
    match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::raw_os_error) {
        Some(errno) => vm.new_errno_error(errno, error.to_string()).upcast(),
        None => vm.new_exception_msg(vm.ctx.exceptions.exception_type.to_owned(), error.to_string().into()),
    }
}

/// Every class of this file by its name, and the manual's name for `TimeoutException`.
pub(crate) fn classes(vm: &VirtualMachine) -> Vec<(&'static str, PyTypeRef)> {
    let mut classes = vec![
        ("HTTPError", HTTPError::make_static_type()),
        ("HTTPStatusError", HTTPStatusError::make_static_type()),
        ("InvalidURL", InvalidURL::make_static_type()),
        ("CookieConflict", CookieConflict::make_static_type()),
        ("StreamError", StreamError::make_static_type()),
    ];
    classes.extend(plain_classes());
    classes.push(("TimeoutError", TimeoutException::class(&vm.ctx).to_owned()));
    classes
}

#[derive(FromArgs)]
pub(crate) struct MessageArgs {
    #[pyarg(any)]
    message: PyObjectRef,
}

#[derive(FromArgs)]
pub(crate) struct RequestErrorArgs {
    #[pyarg(any)]
    message: PyObjectRef,
    #[pyarg(named, optional)]
    request: Option<PyObjectRef>,
}

#[derive(FromArgs)]
pub(crate) struct StatusErrorArgs {
    #[pyarg(any)]
    message: PyObjectRef,
    #[pyarg(named)]
    request: PyObjectRef,
    #[pyarg(named)]
    response: PyObjectRef,
}

#[derive(FromArgs)]
pub(crate) struct NoArgs {}

fn init_message(zelf: &PyObject, message: PyObjectRef, vm: &VirtualMachine) -> PyResult<()> {
    PyBaseException::slot_init(zelf, FuncArgs::from(vec![message]), vm)
}

/// What `__reduce__` returns. `__init__` demands arguments that are not among `args`: it is not called.
fn reduce(zelf: &Py<PyBaseException>, vm: &VirtualMachine) -> PyResult {
    let state = zelf.as_object().dict().map_or_else(|| vm.ctx.none(), Into::into);
    pickling::reduce(vm, zelf.as_object(), zelf.args().as_slice().iter().cloned(), state)
}

/// Writes `__init__` for a class: what its arguments are and what becomes of them.
macro_rules! initializer {
    ($class:ident, $args:ty, $init:expr) => {
        impl Initializer for $class {
            type Args = $args;

            fn slot_init(zelf: &PyObject, args: FuncArgs, vm: &VirtualMachine) -> PyResult<()> {
                let args: $args = args.bind_for(vm, "__init__")?;
                let init: fn(&PyObject, $args, &VirtualMachine) -> PyResult<()> = $init;
                init(zelf, args, vm)
            }

            fn init(zelf: &Py<Self>, args: $args, vm: &VirtualMachine) -> PyResult<()> {
                let init: fn(&PyObject, $args, &VirtualMachine) -> PyResult<()> = $init;
                init(zelf.as_object(), args, vm)
            }
        }
    };
}

/// Base class of `RequestError` and `HTTPStatusError`: everything that can go wrong between
/// `client.request()` and `response.raise_for_status()`.
///
/// The only argument is the message.
#[pyexception(name = "HTTPError", module = "httpx", base = PyException)]
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct HTTPError(PyException);

initializer!(HTTPError, MessageArgs, |zelf, args, vm| {
    init_message(zelf, args.message, vm)?;
    zelf.set_attr(REQUEST, vm.ctx.none(), vm)
});

#[pyexception(with(Initializer))]
impl HTTPError {
    /// The request that failed.
    ///
    /// Raises `RuntimeError` where none has been set.
    #[pygetset]
    fn request(zelf: &Py<PyBaseException>, vm: &VirtualMachine) -> PyResult {
        let request = vm.get_attribute_opt(zelf.as_object(), REQUEST)?;
        request
            .filter(|request| !vm.is_none(request))
            .ok_or_else(|| vm.new_runtime_error("The .request property has not been set."))
    }

    #[pygetset(setter)]
    fn set_request(zelf: &Py<PyBaseException>, request: PySetterValue, vm: &VirtualMachine) -> PyResult<()> {
        match request {
            PySetterValue::Assign(request) => zelf.as_object().set_attr(REQUEST, request, vm),
            PySetterValue::Delete => Err(vm.new_attribute_error("can't delete attribute 'request'")),
        }
    }

    /// For pickles and copies.
    #[pymethod]
    fn __reduce__(zelf: &Py<PyBaseException>, vm: &VirtualMachine) -> PyResult {
        reduce(zelf, vm)
    }
}

/// Base class of everything that can go wrong while a request is made.
///
/// Arguments: the message, and by keyword the request.
#[pyexception(name = "RequestError", module = "httpx", base = HTTPError)]
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct RequestError(HTTPError);

initializer!(RequestError, RequestErrorArgs, |zelf, args, vm| {
    init_message(zelf, args.message, vm)?;
    zelf.set_attr(REQUEST, vm.unwrap_or_none(args.request), vm)
});

#[pyexception(with(Initializer))]
impl RequestError {}

/// The response has a 4xx or 5xx status; raised by `response.raise_for_status()`.
///
/// Arguments: the message, and by keyword the request and the response, both kept as attributes.
#[pyexception(name = "HTTPStatusError", module = "httpx", base = HTTPError)]
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct HTTPStatusError(HTTPError);

initializer!(HTTPStatusError, StatusErrorArgs, |zelf, args, vm| {
    init_message(zelf, args.message, vm)?;
    zelf.set_attr(REQUEST, args.request, vm)?;
    zelf.set_attr("response", args.response, vm)
});

#[pyexception(with(Initializer))]
impl HTTPStatusError {}

/// The text is not a URL.
#[pyexception(name = "InvalidURL", module = "httpx", base = PyException)]
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct InvalidURL(PyException);

initializer!(InvalidURL, MessageArgs, |zelf, args, vm| init_message(zelf, args.message, vm));

#[pyexception(with(Initializer))]
impl InvalidURL {}

/// A cookie was asked for by name and several answer to it; a domain or a path tells them apart.
#[pyexception(name = "CookieConflict", module = "httpx", base = PyException)]
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct CookieConflict(PyException);

initializer!(CookieConflict, MessageArgs, |zelf, args, vm| init_message(zelf, args.message, vm));

#[pyexception(with(Initializer))]
impl CookieConflict {}

/// Base class of mistakes in the use of a body's stream.
#[pyexception(name = "StreamError", module = "httpx", base = PyRuntimeError)]
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct StreamError(PyRuntimeError);

initializer!(StreamError, MessageArgs, |zelf, args, vm| init_message(zelf, args.message, vm));

#[pyexception(with(Initializer))]
impl StreamError {
    /// For pickles and copies.
    #[pymethod]
    fn __reduce__(zelf: &Py<PyBaseException>, vm: &VirtualMachine) -> PyResult {
        reduce(zelf, vm)
    }
}

/// Defines the classes that add nothing to their base but a name, and lists them.
macro_rules! plain {
    ($($(#[$doc:meta])* $class:ident $name:literal $base:ident;)*) => {
        $(
            $(#[$doc])*
            #[pyexception(name = $name, module = "httpx", base = $base, impl)]
            #[derive(Debug)]
            #[repr(transparent)]
            pub(crate) struct $class($base);
        )*

        fn plain_classes() -> impl Iterator<Item = (&'static str, PyTypeRef)> {
            let mut classes = vec![("RequestError", RequestError::make_static_type())];
            $(classes.push(($name, $class::make_static_type()));)*
            classes.extend(fixed_classes());
            classes.into_iter()
        }
    };
}

plain! {
    /// Base class of what can go wrong below the client: connections, protocols, time.
    TransportError "TransportError" RequestError;

    /// Base class of the timeouts. `TimeoutError` is another name for it.
    TimeoutException "TimeoutException" TransportError;
    /// No connection within the connect timeout.
    ConnectTimeout "ConnectTimeout" TimeoutException;
    /// Nothing arrived within the read timeout.
    ReadTimeout "ReadTimeout" TimeoutException;
    /// The server took nothing within the write timeout.
    WriteTimeout "WriteTimeout" TimeoutException;
    /// No connection of the pool became free within the pool timeout.
    PoolTimeout "PoolTimeout" TimeoutException;

    /// Base class of failures of the network.
    NetworkError "NetworkError" TransportError;
    /// The connection broke while something was read from it.
    ReadError "ReadError" NetworkError;
    /// The connection broke while something was written to it.
    WriteError "WriteError" NetworkError;
    /// The connection could not be established.
    ConnectError "ConnectError" NetworkError;
    /// The connection could not be closed.
    CloseError "CloseError" NetworkError;

    /// The proxy refused the connection or answered nonsense.
    ProxyError "ProxyError" TransportError;
    /// The URL's scheme is missing, or not one that requests are made to.
    UnsupportedProtocol "UnsupportedProtocol" TransportError;

    /// Base class of breaches of the protocol.
    ProtocolError "ProtocolError" TransportError;
    /// The request would have broken the protocol; nothing was sent.
    LocalProtocolError "LocalProtocolError" ProtocolError;
    /// The server broke the protocol.
    RemoteProtocolError "RemoteProtocolError" ProtocolError;

    /// The response's body does not decode as its `Content-Encoding` says.
    DecodingError "DecodingError" RequestError;
    /// The response redirects once more than `max_redirects` allows.
    TooManyRedirects "TooManyRedirects" RequestError;
}

/// Defines the classes that take no argument and always say the same, and lists them.
macro_rules! fixed {
    ($($(#[$doc:meta])* $class:ident $name:literal $message:ident = $text:literal;)*) => {
        $(
            const $message: &str = $text;

            $(#[$doc])*
            #[pyexception(name = $name, module = "httpx", base = StreamError)]
            #[derive(Debug)]
            #[repr(transparent)]
            pub(crate) struct $class(StreamError);

            initializer!($class, NoArgs, |zelf, _args, vm| {
                init_message(zelf, vm.ctx.new_str($message).into(), vm)
            });

            #[pyexception(with(Initializer))]
            impl $class {}
        )*

        fn fixed_classes() -> impl Iterator<Item = (&'static str, PyTypeRef)> {
            [$(($name, $class::make_static_type())),*].into_iter()
        }
    };
}

fixed! {
    /// The content was streamed already and cannot be read or sent again.
    StreamConsumed "StreamConsumed" STREAM_CONSUMED =
        "Attempted to read or stream some content, but the content has already been streamed. For requests, \
         this could be due to passing a generator as request content, and then receiving a redirect response \
         or a secondary request as part of an authentication flow.For responses, this could be due to \
         attempting to stream the response content more than once.";
    /// The stream was closed before the content was read.
    StreamClosed "StreamClosed" STREAM_CLOSED =
        "Attempted to read or stream content, but the stream has been closed.";
    /// The content of a streaming response was asked for before `response.read()`.
    ResponseNotRead "ResponseNotRead" RESPONSE_NOT_READ =
        "Attempted to access streaming response content, without having called `read()`.";
    /// The content of a streaming request was asked for before `request.read()`.
    RequestNotRead "RequestNotRead" REQUEST_NOT_READ =
        "Attempted to access streaming request content, without having called `read()`.";
}
