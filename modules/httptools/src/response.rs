//! `httptools.parse_response` and what it gives.

use rustpython_vm::builtins::{PyBytesRef, PyStrRef};
use rustpython_vm::types::Representable;
use rustpython_vm::{Py, PyPayload, PyRef, PyResult, VirtualMachine, pyclass};
use tauraro_engine::http1::{self, Limits, Method};

use crate::exceptions;
use crate::headers::{Headers, latin1};
use crate::request::version_name;

/// A response, read as a whole by `parse_response`.
#[pyclass(module = "httptools", name = "Response")]
#[derive(Debug, PyPayload)]
pub(crate) struct Response {
    /// But for its fields and bodies, which are below.
    message: http1::Response,
    headers: PyRef<Headers>,
    trailers: PyRef<Headers>,
    body: PyBytesRef,
    rest: PyBytesRef,
}

/// Reads the response to a request of the method.
///
/// # Errors
/// `HttpParserError` or a class derived from it, for a response that is malformed or incomplete;
/// `ValueError` for a method that is not known.
pub(crate) fn parse_response(vm: &VirtualMachine, data: &[u8], method: &str) -> PyResult<Response> {
    let Some(method) = Method::from_name(method.as_bytes()) else {
        return Err(vm.new_value_error(format!("unknown method {method:?}")));
    };
    let mut message = http1::read_response(data, method, Limits::DEFAULT)
        .map_err(|error| exceptions::of_message(vm, error))?;
    let headers = Headers::new(std::mem::take(&mut message.fields)).into_ref(&vm.ctx);
    let trailers = Headers::new(std::mem::take(&mut message.trailers)).into_ref(&vm.ctx);
    let body = vm.ctx.new_bytes(std::mem::take(&mut message.body));
    let rest = vm.ctx.new_bytes(data.get(message.end..).unwrap_or_default().to_vec());
    Ok(Response { message, headers, trailers, body, rest })
}

impl Representable for Response {
    fn repr_str(zelf: &Py<Self>, _vm: &VirtualMachine) -> PyResult<String> {
        let reason = &zelf.message.reason;
        let space = if reason.is_empty() { "" } else { " " };
        Ok(format!("<Response {}{space}{}>", zelf.message.status, reason.escape_ascii()))
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION, HAS_WEAKREF), with(Representable))]
impl Response {
    /// The status: `200`.
    #[pygetset]
    fn status_code(zelf: &Py<Self>) -> u16 {
        zelf.message.status
    }

    /// The text after the status: `'OK'`, perhaps empty.
    #[pygetset]
    fn reason(zelf: &Py<Self>, vm: &VirtualMachine) -> PyStrRef {
        latin1(vm, &zelf.message.reason)
    }

    /// The version: `'HTTP/1.1'`.
    #[pygetset]
    fn version(zelf: &Py<Self>) -> String {
        version_name(zelf.message.version)
    }

    /// The headers.
    #[pygetset]
    fn headers(zelf: &Py<Self>) -> PyRef<Headers> {
        zelf.headers.clone()
    }

    /// The body, without the chunks that it came in.
    #[pygetset]
    fn body(zelf: &Py<Self>) -> PyBytesRef {
        zelf.body.clone()
    }

    /// The headers that came after the last chunk.
    #[pygetset]
    fn trailers(zelf: &Py<Self>) -> PyRef<Headers> {
        zelf.trailers.clone()
    }

    /// What came after the response: the next one, or another protocol.
    #[pygetset]
    fn rest(zelf: &Py<Self>) -> PyBytesRef {
        zelf.rest.clone()
    }

    /// Whether another response can follow on the connection.
    #[pygetset]
    fn keep_alive(zelf: &Py<Self>) -> bool {
        zelf.message.keep_alive
    }

    /// Whether the connection leaves HTTP after the response.
    #[pygetset]
    fn upgrade(zelf: &Py<Self>) -> bool {
        zelf.message.upgrade
    }
}
