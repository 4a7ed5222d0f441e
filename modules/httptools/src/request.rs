//! `httptools.parse_request` and what it gives.

use rustpython_vm::builtins::{PyBytesRef, PyStrRef};
use rustpython_vm::types::Representable;
use rustpython_vm::{Py, PyPayload, PyRef, PyResult, VirtualMachine, pyclass};
use tauraro_engine::http1::url::{Span, split};
use tauraro_engine::http1::{self, Limits, Version};

use crate::exceptions;
use crate::headers::{Headers, latin1};

/// A request, read as a whole by `parse_request`.
#[pyclass(module = "httptools", name = "Request")]
#[derive(Debug, PyPayload)]
pub(crate) struct Request {
    /// But for its fields and bodies, which are below.
    message: http1::Request,
    headers: PyRef<Headers>,
    trailers: PyRef<Headers>,
    body: PyBytesRef,
    rest: PyBytesRef,
}

/// The name that a start line gives the version.
pub(crate) fn version_name(version: Version) -> String {
    format!("HTTP/{}.{}", version.major, version.minor)
}

/// Reads a request.
///
/// # Errors
/// `HttpParserError` or a class derived from it, for a request that is malformed or incomplete.
pub(crate) fn parse_request(vm: &VirtualMachine, data: &[u8]) -> PyResult<Request> {
    let mut message =
        http1::read_request(data, Limits::DEFAULT).map_err(|error| exceptions::of_message(vm, error))?;
    let headers = Headers::new(std::mem::take(&mut message.fields)).into_ref(&vm.ctx);
    let trailers = Headers::new(std::mem::take(&mut message.trailers)).into_ref(&vm.ctx);
    let body = vm.ctx.new_bytes(std::mem::take(&mut message.body));
    let rest = vm.ctx.new_bytes(data.get(message.end..).unwrap_or_default().to_vec());
    Ok(Request { message, headers, trailers, body, rest })
}

impl Request {
    /// A part of the target, if the target is split and has it.
    fn part(&self, part: impl FnOnce(http1::url::Parts) -> Option<Span>) -> Option<&[u8]> {
        let target = &self.message.target;
        split(target).ok().and_then(part).map(|span| span.of(target))
    }
}

impl Representable for Request {
    fn repr_str(zelf: &Py<Self>, _vm: &VirtualMachine) -> PyResult<String> {
        let path = zelf.part(|parts| parts.path).unwrap_or(b"/");
        Ok(format!("<Request {} {}>", zelf.message.method.name(), path.escape_ascii()))
    }
}

#[pyclass(flags(DISALLOW_INSTANTIATION, HAS_WEAKREF), with(Representable))]
impl Request {
    /// The method: `'GET'`.
    #[pygetset]
    fn method(zelf: &Py<Self>) -> &'static str {
        zelf.message.method.name()
    }

    /// The target as it was sent: path and query, a URL, `'*'`, or the host and port of a `CONNECT`.
    #[pygetset]
    fn target(zelf: &Py<Self>, vm: &VirtualMachine) -> PyStrRef {
        latin1(vm, &zelf.message.target)
    }

    /// The path of the target, not decoded: `'/path'`. Of a `CONNECT`, the target itself.
    #[pygetset]
    fn path(zelf: &Py<Self>, vm: &VirtualMachine) -> PyStrRef {
        let target = &zelf.message.target;
        let path = match split(target) {
            Ok(parts) => parts.path.map_or(b"/".as_slice(), |path| path.of(target)),
            Err(_) => target,
        };
        latin1(vm, path)
    }

    /// What is after the `?` of the target, not decoded; None without it.
    #[pygetset]
    fn query(zelf: &Py<Self>, vm: &VirtualMachine) -> Option<PyStrRef> {
        zelf.part(|parts| parts.query).map(|query| latin1(vm, query))
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

    /// What came after the request: the next one, or another protocol.
    #[pygetset]
    fn rest(zelf: &Py<Self>) -> PyBytesRef {
        zelf.rest.clone()
    }

    /// Whether another request can follow on the connection.
    #[pygetset]
    fn keep_alive(zelf: &Py<Self>) -> bool {
        zelf.message.keep_alive
    }

    /// Whether the connection leaves HTTP after the request.
    #[pygetset]
    fn upgrade(zelf: &Py<Self>) -> bool {
        zelf.message.upgrade
    }
}
